"""Tables that name pictures and what they show: `metadata.csv`, `gt.txt` and their like."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.pictures.rows import BoxesError, RawRow, rows_of_columns, rows_of_text
from data_tools.pictures.text_of_bytes import text_of
from data_tools.sources.kinds import PICTURE_SUFFIXES
from data_tools.sources.split_names import NamedSplit, split_of_names
from data_tools.sources.stored import Columns
from data_tools.splits import Split


class Row(NamedTuple):
    """What a table says of a picture.

    Attributes:
        text: what it shows.
        table: path of the table.
        named_split: train or test, as the row or the table's name says; None where neither does.
        writer: who wrote it; empty where the table does not say.
        is_number: whether the text is certainly the number of a class, and no digit.
    """

    text: str
    table: str
    named_split: NamedSplit | None = None
    writer: str = ""
    is_number: bool = False


Tables = dict[PurePosixPath, dict[str, Row]]
"""What tables say of pictures, by folders and the paths below those."""

MAX_TABLE_BYTES = 256 << 20
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")

# `gt.txt`, `rec_gt_train.txt`, `labels.json`, `val_list.txt`: OCR trainers have no suffix for them.
_WORDS = "gt|labels?|list|annotations?|transcriptions?|metadata|index|train|trn|test|tst|val|valid"
_UNMARKED = re.compile(
    rf"(?:.*[^a-z])?(?:{_WORDS}|validation|dev|ground_?truth|info|data|images?)(?:[^a-z].*)?"
    r"\.(?:txt|json)"
)
_REMEDY = "mend the table, or move it away"
_CUT = (
    "cut each out as a picture in a folder for its character; or leave the columns of boxes out, "
    "where each picture shows one character"
)


class HeadError(UserError):
    """A table lacks the columns of files and of texts."""


def is_table(path: str) -> bool:
    """Whether a file may be a table by its name.

    What competitions want to be handed in is a form for answers, filled with whatever.
    """
    name = PurePosixPath(path).name.lower()
    may_be = name.endswith(TABLE_SUFFIXES) or bool(_UNMARKED.fullmatch(name))
    return may_be and "submission" not in name


def read_table(
    data: bytes, where: str, is_picture: Callable[[str], bool] = lambda name: False
) -> dict[str, Row] | None:
    """Read what pictures show, as `datasets`' imagefolder and others write it.

    Args:
        data: JSON, lines of JSON, or of CSV with commas, semicolons or tabs, under a head that
            names the columns, or without a head a picture and its text on each.
        where: what messages call the file.
        is_picture: as of `rows_of_text`.

    Returns:
        What it says of each picture by its path relative to the table's folder; None where the
        file is no such table and need not be, as one that may be a list of classes.

    Raises:
        UserError: it is damaged, tells of boxes in pictures, or names a picture twice with
            different texts.
        HeadError: it is called metadata and has no such columns.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise UserError(join_message(where, f"has {len(data):,} bytes", "split the table"))
    suffix = PurePosixPath(where).suffix.lower()
    try:
        rows = rows_of_text(text_of(data, where), suffix, is_picture)
    except BoxesError as error:
        raise UserError(join_message(where, str(error), _CUT)) from None
    except (ValueError, csv.Error, RecursionError) as error:
        if suffix not in TABLE_SUFFIXES:
            return None
        problem = f"cannot be read as a table ({error})"
        raise UserError(join_message(where, problem, _REMEDY)) from None
    if rows is None:
        if PurePosixPath(where).stem.lower() == "metadata" and suffix in TABLE_SUFFIXES:
            problem = "has no columns of files and of texts"
            raise HeadError(join_message(where, problem, "call them file_name and text"))
        return None
    name = PurePosixPath(where).name
    of_table = split_of_names([PurePosixPath(where).stem])
    if of_table is not None:
        of_table = NamedSplit(of_table.split, name)
    read: dict[str, Row] = {}
    for raw in rows:
        path = PurePosixPath(raw.file.replace("\\", "/")).as_posix()
        row = _row(raw, where, of_table)
        known = read.setdefault(path, row)
        if known.text != row.text:
            problem = f"says of {path} that it shows {known.text} and {row.text}"
            raise UserError(join_message(where, problem, _REMEDY))
        read[path] = _one_of(known, row)
    return read


def rows_within(files: Sequence[str], columns: Columns, where: str) -> list[Row]:
    """What a file says of the pictures that lie in it.

    Args:
        files: names of the pictures.
        columns: what is said of each, as of `rows_of_columns`.
        where: what messages call the file.
    """
    return [_row(raw, where, None) for raw in rows_of_columns(files, columns)]


def _row(raw: RawRow, where: str, of_table: NamedSplit | None) -> Row:
    """A row of a table, whose name may tell the split where the row does not."""
    of_row = _split_told(raw.split)
    name = PurePosixPath(where).name
    named_split = of_table if of_row is None else NamedSplit(of_row, name)
    return Row(raw.text, where, named_split, raw.writer, raw.is_number)


@lru_cache(maxsize=64)
def _split_told(word: str) -> Split | None:
    told = split_of_names([word])
    return None if told is None else told.split


def _one_of(row: Row, other: Row) -> Row:
    """Two rows with one text; a split and a writer that only one of them names, or both."""
    splits = {one.named_split.split: one.named_split for one in (row, other) if one.named_split}
    writers = {one.writer for one in (row, other) if one.writer}
    return row._replace(
        named_split=next(iter(splits.values())) if len(splits) == 1 else None,
        writer=next(iter(writers)) if len(writers) == 1 else "",
    )


def joined_tables(
    tables: Mapping[str, Mapping[str, Row]],
) -> tuple[dict[str, Row], list[UserError]]:
    """What the tables of one folder's pictures say together.

    Args:
        tables: by their paths.

    Returns:
        What they say of each picture, without those on which tables contradict each other, and an
        error for each table that contradicts one before it.
    """
    joined: dict[str, Row] = {}
    disputed: set[str] = set()
    errors = []
    for where, rows in tables.items():
        others = []
        for path, row in rows.items():
            known = joined.setdefault(path, row)
            if known.text == row.text:
                joined[path] = _one_of(known, row)
            else:
                others.append(path)
        disputed.update(others)
        if others:
            told = f"it shows {rows[others[0]].text}, another table says {joined[others[0]].text}"
            problem = f"says of {others[0]} that {told}"
            if len(others) > 1:
                problem += f" ({len(others):,} such rows)"
            remedy = "put each table into the folder of its pictures, or leave one of them"
            errors.append(UserError(join_message(where, problem, remedy)))
    return {path: row for path, row in joined.items() if path not in disputed}, errors


def missing_rows(paths: Iterable[str], rows: Mapping[str, Row], folder: PurePosixPath) -> list[str]:
    """The files that rows of a folder name and that are not among the pictures."""
    inside = "" if folder == PurePosixPath() else f"{folder}/"
    there = {path.removeprefix(inside) for path in paths if path.startswith(inside)}
    names = {bare_name(path) for path in there}
    return [path for path in rows if path not in there and bare_name(path) not in names]


def bare_path(path: str) -> str:
    """A path without a picture's ending and without regard to case, as tables may give it."""
    bare = path.casefold()
    return next((bare.removesuffix(one) for one in PICTURE_SUFFIXES if bare.endswith(one)), bare)


def bare_name(path: str) -> str:
    """The same of the file's name alone."""
    return bare_path(path.rpartition("/")[2])


def _name(path: str) -> str:
    return path.rpartition("/")[2]


class Told(NamedTuple):
    """What tables say of pictures.

    Attributes:
        of_pictures: the row of each; None where none names it.
        unclear: by tables, names of files that rows give without a folder, and that several
            pictures have; with two of those.
    """

    of_pictures: list[Row | None]
    unclear: dict[str, dict[str, tuple[str, str]]]


def rows_of(paths: Sequence[str], tables: Tables, first_names: Mapping[str, str]) -> Told:
    """What the nearest table says of each picture.

    Tables may have been moved, and name pictures without their ending or by another: a row that
    leads to no file is of the one that has its path but for the ending, its name, or that but for
    the ending. `first_names` are as of `label_pictures`.
    """
    found = Told([None] * len(paths), {})
    below: dict[PurePosixPath, list[int]] = {}
    for place, path in enumerate(paths if tables else ()):
        for folder in PurePosixPath(path).parents:
            if folder in tables:
                below.setdefault(folder, []).append(place)
    for folder in sorted(below, key=lambda one: len(one.parts), reverse=True):
        rows = dict(tables[folder])
        without: dict[str, int] = {}
        for place in below[folder]:
            inside = PurePosixPath(paths[place]).relative_to(folder).as_posix()
            row = rows.pop(inside, None)
            if found.of_pictures[place] is None:
                found.of_pictures[place] = row
                if row is None:
                    without[inside] = place
        for alike in (bare_path, _name, bare_name):
            _give_rows(rows, without, alike, paths, found, first_names)
    return found


def _give_rows(
    rows: dict[str, Row],
    without: dict[str, int],
    alike: Callable[[str], str],
    paths: Sequence[str],
    found: Told,
    first_names: Mapping[str, str],
) -> None:
    """Give rows to pictures without one that are alike by a key; both are taken out.

    Args:
        rows: by their paths.
        without: places of pictures in `paths`, by their paths below the folder of the rows.
        alike: the key of a path.
        paths: of all pictures.
        found: where what is found is noted.
        first_names: as of `label_pictures`.
    """
    by_key: dict[str, list[str]] = {}
    for inside in without:
        by_key.setdefault(alike(inside), []).append(inside)
    times = Counter(map(alike, rows))
    for path in [path for path in rows if times[alike(path)] == 1]:
        pictures = by_key.get(alike(path), [])
        if not pictures:
            continue
        row = rows.pop(path)
        there = [paths[without[one]] for one in pictures]
        if len({first_names.get(one, one) for one in there}) == 1:  # all are names of one file
            for one in pictures:
                found.of_pictures[without.pop(one)] = row
        else:
            two = (there[0], there[1])
            found.unclear.setdefault(row.table, {})[path.rpartition("/")[2]] = two
