"""Tables that name pictures and what they show: `metadata.csv`, `metadata.jsonl` and their like."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import text_of
from data_tools.pictures.names import single_character

Tables = dict[PurePosixPath, dict[str, str]]
"""What tables say of pictures, by the tables' folders and the paths below those."""

MAX_TABLE_BYTES = 256 << 20
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")

_FILE_COLUMNS = ("file_name", "filename", "file", "image", "path", "img", "image_path", "img_path")
_TEXT_COLUMNS = ("text", "label", "char", "character", "class", "transcription", "unicode")
_REMEDY = "mend the table, or move it away"


class HeadError(UserError):
    """A table lacks the columns of files and of texts."""


def is_table(path: str) -> bool:
    """Whether a file may be a table by its name."""
    return PurePosixPath(path).suffix.lower() in TABLE_SUFFIXES


def read_table(data: bytes, where: str) -> dict[str, str] | None:
    """Read what pictures show, as `datasets`' imagefolder and others write it.

    Args:
        data: lines of JSON, or of CSV with commas, semicolons or tabs, under a head that names the
            columns.
        where: what messages call the file.

    Returns:
        The text of each picture by its path relative to the table's folder; None where the table
        has no column of files or none of texts and need not have.

    Raises:
        UserError: it is damaged, or names a picture twice with different texts.
        HeadError: it is called metadata and has no such columns.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise UserError(join_message(where, f"has {len(data):,} bytes", "split the table"))
    try:
        rows = _rows(text_of(data), PurePosixPath(where).suffix.lower())
    except (ValueError, csv.Error, RecursionError) as error:
        problem = f"cannot be read as a table ({error})"
        raise UserError(join_message(where, problem, _REMEDY)) from None
    if rows is None:
        if PurePosixPath(where).stem.lower() == "metadata":
            problem = "has no columns of files and of texts"
            raise HeadError(join_message(where, problem, "call them file_name and text"))
        return None
    texts: dict[str, str] = {}
    for file, text in rows:
        path = PurePosixPath(file.replace("\\", "/")).as_posix()
        if texts.setdefault(path, text) != text:
            problem = f"says of {path} that it shows {texts[path]} and {text}"
            raise UserError(join_message(where, problem, _REMEDY))
    return texts


def _rows(text: str, suffix: str) -> list[tuple[str, str]] | None:
    if suffix == ".jsonl":
        entries = [json.loads(line) for line in text.splitlines() if line.strip()]
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("a line is no object")
        return _named(entries)
    separators = "\t,;" if suffix == ".tsv" else ",;\t"
    for separator in separators:
        reader = csv.DictReader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
        head = reader.fieldnames or ()
        if _columns(head, _FILE_COLUMNS) and _columns(head, _TEXT_COLUMNS):
            return _named(list(reader))
    return None


def _named(entries: Sequence[dict[str, Any]]) -> list[tuple[str, str]] | None:
    """File and text of each entry; of several columns of texts, that with the most characters."""
    head = list(entries[0]) if entries else []
    files, texts = _columns(head, _FILE_COLUMNS), _columns(head, _TEXT_COLUMNS)
    if not files or not texts:
        return None

    def characters(column: str) -> int:
        values = (single_character(str(entry.get(column))) for entry in entries)
        return sum(one is not None and not one.isdigit() for one in values)

    text = texts[0] if len(texts) == 1 else max(texts, key=characters)
    return [
        (str(entry[files[0]]).strip(), str(entry[text]))
        for entry in entries
        if entry.get(files[0]) and entry.get(text) is not None
    ]


def _columns(head: Iterable[object], names: tuple[str, ...]) -> list[str]:
    """The columns with one of the names, in the order of those."""
    known = {name.strip().lower(): name for name in head if isinstance(name, str)}
    return [known[name] for name in names if name in known]


def joined_tables(
    tables: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, str], list[UserError]]:
    """What the tables of one folder say together.

    Args:
        tables: by their paths.

    Returns:
        The text of each picture, without those on which tables contradict each other, and an error
        for each table that contradicts one before it.
    """
    joined: dict[str, str] = {}
    disputed: set[str] = set()
    errors = []
    for where, texts in tables.items():
        others = [path for path, text in texts.items() if joined.setdefault(path, text) != text]
        disputed.update(others)
        if others:
            told = f"it shows {texts[others[0]]}, another table says {joined[others[0]]}"
            problem = f"says of {others[0]} that {told}"
            if len(others) > 1:
                problem += f" ({len(others):,} such rows)"
            remedy = "put each table into the folder of its pictures, or leave one of them"
            errors.append(UserError(join_message(where, problem, remedy)))
    return {path: text for path, text in joined.items() if path not in disputed}, errors


def missing_rows(
    paths: Iterable[str], texts: Mapping[str, str], folder: PurePosixPath
) -> list[str]:
    """The files that a folder's table names and that are not among the pictures."""
    inside = "" if folder == PurePosixPath() else f"{folder}/"
    there = {path.removeprefix(inside) for path in paths if path.startswith(inside)}
    names = {path.rpartition("/")[2] for path in there}
    return [path for path in texts if path not in there and path.rpartition("/")[2] not in names]


class Texts(NamedTuple):
    """What tables say of pictures.

    Attributes:
        of_pictures: the text of each; None where no row names it.
        unclear: by the tables' folders, names of files that rows give without a folder, and that
            several pictures have; with two of those.
    """

    of_pictures: list[str | None]
    unclear: dict[PurePosixPath, dict[str, tuple[str, str]]]


def texts_of(paths: Sequence[str], tables: Tables) -> Texts:
    """What the nearest table says of each picture.

    Tables may have been moved: a row that leads to no file is of the one that has its name.
    """
    found = Texts([None] * len(paths), {})
    below: dict[PurePosixPath, list[int]] = {}
    for place, path in enumerate(paths if tables else ()):
        for folder in PurePosixPath(path).parents:
            if folder in tables:
                below.setdefault(folder, []).append(place)
    for folder in sorted(below, key=lambda one: len(one.parts), reverse=True):
        rows = dict(tables[folder])
        by_name: dict[str, list[int]] = {}
        for place in below[folder]:
            inside = PurePosixPath(paths[place]).relative_to(folder).as_posix()
            text = rows.pop(inside, None)
            if found.of_pictures[place] is None:
                found.of_pictures[place] = text
                if text is None:
                    by_name.setdefault(PurePosixPath(inside).name, []).append(place)
        for name, text in _unique_names(rows).items():
            places = by_name.get(name, [])
            if len(places) == 1:
                found.of_pictures[places[0]] = text
            elif places:
                found.unclear.setdefault(folder, {})[name] = (paths[places[0]], paths[places[1]])
    return found


def _unique_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by file names alone, of those that occur once."""
    times = Counter(PurePosixPath(path).name for path in texts)
    return {
        name: text for path, text in texts.items() if times[name := PurePosixPath(path).name] == 1
    }
