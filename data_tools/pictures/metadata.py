"""Tables that name pictures and what they show: `metadata.csv`, `metadata.jsonl` and their like."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

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


def missing_rows(
    paths: Iterable[str], texts: Mapping[str, str], folder: PurePosixPath
) -> list[str]:
    """The files that a folder's table names and that are not among the pictures."""
    inside = "" if folder == PurePosixPath() else f"{folder}/"
    there = {path.removeprefix(inside) for path in paths if path.startswith(inside)}
    names = {path.rpartition("/")[2] for path in there}
    return [path for path in texts if path not in there and path.rpartition("/")[2] not in names]


def texts_of(paths: Sequence[str], tables: Tables) -> list[str | None]:
    """What the nearest table says of each picture."""
    if not tables:
        return [None] * len(paths)
    by_file_name = {folder: _unique_names(texts) for folder, texts in tables.items()}

    def text_of(path: PurePosixPath) -> str | None:
        for folder in path.parents:
            if (texts := tables.get(folder)) is not None:
                inside = path.relative_to(folder).as_posix()
                if (text := texts.get(inside)) is not None:
                    return text
                if (text := by_file_name[folder].get(path.name)) is not None:
                    return text
        return None

    return [text_of(PurePosixPath(path)) for path in paths]


def _unique_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by file names alone, of those that occur once: tables may have been moved."""
    times = Counter(PurePosixPath(path).name for path in texts)
    return {
        name: text for path, text in texts.items() if times[name := PurePosixPath(path).name] == 1
    }
