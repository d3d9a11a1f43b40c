"""Tables that name pictures and what they show, in the forms that people write → rows.

With a head that names the columns, as CSV or lines of JSON; without one, a picture and its text on
each line, as OCR trainers read it; and JSON.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, zip_longest
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from data_tools.pictures.names import character_shown
from data_tools.sources.column_names import (
    BOX_COLUMNS,
    FILE_COLUMNS,
    SPLIT_COLUMNS,
    TEXT_COLUMNS,
    WRITER_COLUMNS,
    columns_among,
)
from data_tools.sources.kinds import PICTURE_SUFFIXES
from data_tools.sources.stored import Columns

_PICTURE = rf"[^\t\"]+?(?:{'|'.join(map(re.escape, PICTURE_SUFFIXES))})"
# `a.png 永`, `"a.png", "永"`, `永<tab>i/a.png`
_FILE_FIRST = re.compile(rf'"?({_PICTURE})"?(\s*[\s,;:|]\s*)("?(.+?)"?)', re.IGNORECASE)
_FILE_LAST = re.compile(rf'"?([^\s"]+?)"?\s*[\s,;:|]\s*"?({_PICTURE})"?', re.IGNORECASE)
_BARE_FIRST = re.compile(r'"?([^\s",;|]+)"?(\s*[\s,;|]\s*)("?(.+?)"?)')  # `a 永`, `a,永`
_END_OF_LINE = re.compile(r"\r\n?")
# Of Chinese MNIST, whose suites are a person's each; its pictures are input_1_2_3.jpg.
_CHINESE_MNIST = ("suite_id", "sample_id", "code", "character")
_LEAST_SHARE = 0.5  # of lines that name a picture, in a table


class BoxesError(ValueError):
    """A table tells what boxes in pictures show, and not what those do."""


class RawRow(NamedTuple):
    """What a table says of a picture, as it is written; empty where it says nothing.

    Attributes:
        file: the picture.
        text: what it shows.
        split: train or test, in any of its words.
        writer: who wrote it.
        is_number: whether the text is certainly the number of a class, and no digit.
    """

    file: str
    text: str
    split: str = ""
    writer: str = ""
    is_number: bool = False


def rows_of_text(
    text: str, suffix: str, is_picture: Callable[[str], bool] = lambda name: False
) -> list[RawRow] | None:
    """Read the rows of a table.

    Args:
        text: the whole file.
        suffix: of its name, in lower case.
        is_picture: whether a name without an ending is that of a picture, where no head says it.

    Returns:
        None where it is no table of pictures: no columns are called so, or most lines name none.

    Raises:
        ValueError, csv.Error, RecursionError: it is damaged.
        BoxesError: rows are boxes in pictures.
    """
    text = _END_OF_LINE.sub("\n", text)
    if suffix == ".json":
        return list(_rows_in(json.loads(text))) or None
    if suffix == ".jsonl":
        entries = [json.loads(line) for line in text.split("\n") if line.strip()]
        if not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("a line is no object")
        return _named(entries)
    lines = text.split("\n")
    for separator in "\t,;" if suffix == ".tsv" else ",;\t":
        head = next(csv.reader(lines[:1], delimiter=separator, skipinitialspace=True), [])
        if columns := _all_columns(head, _CHINESE_MNIST):
            table = csv.DictReader(lines, delimiter=separator, skipinitialspace=True, strict=True)
            named = ([(row[name] or "").strip() for name in columns] for row in table)
            return [
                RawRow(f"input_{suite}_{sample}_{code}.jpg", character, writer=f"suite {suite}")
                for suite, sample, code, character in named
            ]
        if columns_among(head, FILE_COLUMNS) and columns_among(head, TEXT_COLUMNS):
            rows = _rows_below(lines, separator, head)
            return _named([dict(zip_longest(head, row[: len(head)])) for row in rows])
        if columns_among(head, FILE_COLUMNS) and (marks := _marks(lines, separator, head)):
            return _of_marks(head, marks)
    return _of_lines([line.strip() for line in text.splitlines() if line.strip()], is_picture)


def _all_columns(head: Sequence[str], names: tuple[str, ...]) -> list[str]:
    """The columns with the names, in their order; none where one is missing."""
    columns = columns_among(head, names)
    return columns if len(columns) == len(names) else []


def _rows_below(lines: Sequence[str], separator: str, head: Sequence[str]) -> Iterator[list[str]]:
    """The rows below a head, where a quote alone is that character and opens no text.

    Raises:
        csv.Error: a quote leaves open whether the lines behind it are rows.
    """
    file = head.index(columns_among(head, FILE_COLUMNS)[0])
    place = 1
    while place < len(lines):
        # Strictly, as else one quote takes in all lines up to another one or the end.
        reader = csv.reader(
            (f"{line}\n" for line in islice(lines, place, None)),
            delimiter=separator,
            skipinitialspace=True,
            strict=True,
        )
        row = None
        with suppress(csv.Error):
            row = next(reader, None)
        count = max(1, reader.line_num)
        parted = [field.strip() for field in lines[place].split(separator)]
        inside = [line.split(separator) for line in lines[place + 1 : place + count]]
        may_be_row = len(parted) >= len(head)
        if row is None or (
            may_be_row and any(_are_alike(row, one, file, len(head)) for one in inside)
        ):
            if len(parted) != len(head) or '"' not in parted:
                raise csv.Error(f"line {place + 1:,}: the quote in it is not closed")
            row, count = parted, 1
        if row:
            yield row
        place += count


def _marks(lines: Sequence[str], separator: str, head: Sequence[str]) -> list[dict[str, str]]:
    """The rows where all columns but those of files, splits and writers are 0 or 1, else none."""
    with suppress(csv.Error):
        rows = [[cell.strip() for cell in row] for row in _rows_below(lines, separator, head)]
        marks = [dict(zip(head, row, strict=False)) for row in rows if len(row) == len(head)]
        columns = _columns_of_marks(head)
        if columns and all(row[name] in ("0", "1") for row in marks for name in columns):
            return marks
    return []


def _of_marks(head: Sequence[str], marks: Sequence[Mapping[str, str]]) -> list[RawRow] | None:
    """The rows of a table with a column for each class, as Roboflow has it: 1 where it shows that.

    None where columns are no classes, as one that says which pictures somebody has checked.
    """
    columns = _columns_of_marks(head)
    shown = [[name.strip() for name in columns if row[name] == "1"] for row in marks]
    are_classes = len(columns) > 1 and all(len(some) == 1 for some in shown)
    if not are_classes and not any(map(character_shown, columns)):
        return None
    return _named(
        [{**row, TEXT_COLUMNS[0]: " ".join(some)} for row, some in zip(marks, shown, strict=True)]
    )


def _columns_of_marks(head: Sequence[str]) -> list[str]:
    others = columns_among(head, (*FILE_COLUMNS, *SPLIT_COLUMNS, *WRITER_COLUMNS))
    return [name for name in head if name not in others]


def _are_alike(row: Sequence[str], other: Sequence[str], file: int, columns: int) -> bool:
    """Whether both have all columns, and files of one ending."""
    return len(row) == len(other) == columns and (
        PurePosixPath(row[file].strip()).suffix == PurePosixPath(other[file].strip()).suffix
    )


def _of_lines(lines: Sequence[str], is_picture: Callable[[str], bool]) -> list[RawRow] | None:
    """The rows of a table without a head."""
    bare = [match for line in lines if (match := _BARE_FIRST.fullmatch(line))]
    first = [match for line in lines if (match := _FILE_FIRST.fullmatch(line))]
    last = [match for line in lines if (match := _FILE_LAST.fullmatch(line))]
    for rows in (
        [RawRow(match[1].strip(), _text_in(match[4], match[3], match[2])) for match in first],
        [RawRow(match[2].strip(), match[1].strip()) for match in last],
        [
            RawRow(match[1], _text_in(match[4], match[3], match[2]))
            for match in bare
            if is_picture(match[1])
        ],
    ):
        if rows and len(rows) >= _LEAST_SHARE * len(lines):  # one of two may be a head
            return rows
    return None


def _text_in(text: str, quoted: str, between: str) -> str:
    """The text of a line without a head: of several columns, the one that is a character.

    Args:
        text: all that stands behind the picture's name.
        quoted: the same with its quotes.
        between: what parts it from the name.
    """
    separator = between.strip() or ("\t" if "\t" in between else " ")
    reader = csv.reader([quoted], delimiter=separator, skipinitialspace=True)
    fields = [field.strip() for field in next(reader, [])]
    shown = [field for field in fields if not field.isdigit() and character_shown(field)]
    others_tell = separator == " " and not all(map(str.isdigit, fields[1:]))  # words of a line
    if len(fields) < 2 or len(shown) != 1 or others_tell:
        return text.strip()
    return shown[0]


def _rows_in(content: object, split: str = "") -> Iterator[RawRow]:
    """The rows in JSON: `{"a.png": "永"}`, a list of objects, or either below any other key."""
    if isinstance(content, list):
        if content and all(isinstance(entry, dict) for entry in content):
            rows = _named(content) or ()
            yield from (row._replace(split=row.split or split) for row in rows)
        return
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if not key.lower().endswith(PICTURE_SUFFIXES):
            yield from _rows_in(value, key)
        elif isinstance(value, dict):
            rows = _named([{FILE_COLUMNS[0]: key, **value}]) or ()
            yield from (row._replace(file=key, split=row.split or split) for row in rows)
        elif isinstance(value, str | int):
            yield RawRow(key, str(value), split)


def _named(entries: Sequence[dict[str, Any]]) -> list[RawRow] | None:
    """The rows under a head; of several columns of texts, that with the most characters."""
    head = list(entries[0]) if entries else []
    files, texts = columns_among(head, FILE_COLUMNS), columns_among(head, TEXT_COLUMNS)
    if not files or not texts:
        return None
    if boxes := columns_among(head, BOX_COLUMNS):
        raise BoxesError(f"tells of boxes in pictures ({boxes[0]}), which are not cut out here")
    columns = {name: [entry.get(name) for entry in entries] for name in head}
    text = _most_telling({name: columns[name] for name in texts})
    text = _characters_beside(columns, text) or text
    split = next(iter(columns_among(head, SPLIT_COLUMNS)), "")
    writer = next(iter(columns_among(head, WRITER_COLUMNS)), "")
    return [
        RawRow(
            str(entry[files[0]]).strip(),
            str(entry[text]),
            str(entry.get(split) or ""),
            "" if entry.get(writer) is None else str(entry[writer]).strip(),
        )
        for entry in entries
        if entry.get(files[0]) and entry.get(text) is not None
    ]


def rows_of_columns(files: Sequence[str], columns: Columns) -> list[RawRow]:
    """The rows of pictures that lie in the file which says what they show.

    Args:
        files: names of the pictures.
        columns: what is said of each. Where none is called a text, those are texts that are no
            splits and no writers.
    """
    split = next(iter(columns_among(columns, SPLIT_COLUMNS)), "")
    writer = next(iter(columns_among(columns, WRITER_COLUMNS)), "")
    others = [name for name in columns if name not in (split, writer)]
    texts = columns_among(columns, TEXT_COLUMNS) or others
    text = _most_telling({name: columns[name] for name in texts})
    text = _characters_beside(columns, text) or text
    nothing = [None] * len(files)
    of_rows = [columns[text], columns.get(split, nothing), columns.get(writer, nothing)]
    return [
        RawRow(file, _said(shown), _said(part), _said(hand), isinstance(shown, int))
        for file, shown, part, hand in zip(files, *of_rows, strict=True)
    ]


def _said(value: object) -> str:
    return "" if value is None else str(value).strip()


def _most_telling(columns: Mapping[str, Sequence[object]]) -> str:
    """Of columns of texts that with the most characters; of several the first."""
    if len(columns) == 1:
        return next(iter(columns))

    def characters(column: str) -> int:
        shown = (character_shown(str(value)) for value in columns[column])
        return sum(one is not None and not one.isdigit() for one in shown)

    return max(columns, key=characters)


def _characters_beside(columns: Mapping[str, Sequence[object]], text: str) -> str | None:
    """The column of characters beside one of numbers, of which each has its own there.

    So sets like Chinese MNIST have it; what a picture shows may be called anything, as `value`.
    """
    numbers = [_said(number) for number in columns[text]]
    if not all(map(str.isdecimal, numbers)) or len(set(numbers)) < 2:
        return None
    for name, values in columns.items():
        shown = [character_shown(_said(value)) for value in values]
        of_numbers = set(zip(numbers, shown, strict=True))
        are_characters = all(one is not None and not one.isdigit() for one in shown)
        if are_characters and len(of_numbers) == len(set(numbers)) == len(set(shown)):
            return name
    return None
