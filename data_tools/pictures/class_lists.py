"""Files that say which character a number or name stands for: `char_dict`, `classes.txt`, JSON."""

import json
import re
import warnings
from ast import literal_eval
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.pictures.names import single_character
from data_tools.pictures.nested_lists import Pairs, counted, pairs_of
from data_tools.pictures.plain_pickle import read_plain_pickle
from data_tools.pictures.text_of_bytes import text_of

MAX_LIST_BYTES = 64 << 20

_REMEDY = "write one `number character` on each line"
_STEMS = (
    "chars?|characters?|class(es)?|classnames?|labels?|char_?dict|char_?list|charset|dict|index"
    "|names|mapping|(class|char|label|idx|index|id)_?(to|2|map|mapping|names?|list|indices|dict)"
    "_?(class|char|label|idx|index|id|map)?|.*classmap|.*-mapping"
)
_NAME = re.compile(
    rf"({_STEMS})(\.(txt|json|csv|tsv|pkl|pickle|names|ya?ml))?|(data|dataset)\.ya?ml"
    r"|(.*[-_])?label_?map\.pbtxt",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\bitem\s*\{(.*?)\}", re.DOTALL)
_FIELD = re.compile(r"\b(\w+)\s*:\s*(\d+|\"[^\"]*\"|'[^']*')")
# `0: 永`, `"0"; "永"`, `永=0`
_AFTER_NUMBER = re.compile(r'^("?[0-9]+"?)\s*[:;=|]\s*(?=\S)')
_BEFORE_NUMBER = re.compile(r'(?<=\S)\s*[:;=|]\s*("?[0-9]+"?)$')
_END_OF_LINE = re.compile(r"\r\n|\n|\r")
_MOST_OF = 0.5  # of the rows, in a column of characters
_PLAIN_SPACE = " \t"  # others are classes of their own in lists of OCR


def is_class_list(path: str) -> bool:
    """Whether the name of a file is one that lists of classes have."""
    return bool(_NAME.fullmatch(PurePosixPath(path).name))


def key_of(name: str) -> str:
    """What a number is looked up by, however many zeros stand before it; a name by itself."""
    return str(int(name)) if is_number_key(name) else name


def is_number_key(name: str) -> bool:
    """Whether a key is a number."""
    return name.isascii() and name.isdigit()


class UncountedError(UserError):
    """Nothing tells whether a list without numbers counts from 0 or from 1."""


@dataclass(frozen=True)
class ClassList:
    """What a list of classes says.

    Attributes:
        characters: of each key, as `key_of` makes them.
        lines: how many it has, where they have no numbers and `characters` counts them from 0; else
            0.
        first: the number that the first of such lines turned out to have.
        choice: a line on a column of characters that was not taken, where there are two.
    """

    characters: dict[str, str]
    lines: int = 0
    first: int | None = None
    choice: str = ""

    def may_have(self, key: str) -> str | None:
        """The character of a key; of a number that waits for the count, one of those possible.

        Where the first line is no character, 0 may still be a class: the next line's.
        """
        if (character := self.characters.get(key)) is None and self.lines and is_number_key(key):
            return self.characters.get("1" if key == "0" else str(int(key) - 1))
        return character

    def first_number(self, asked: Set[str]) -> int | None:
        """Whether lines without numbers count from 0 or from 1, by the numbers in use.

        Of a first line that is no character, as `background` or the head of a table, only the last
        number can tell whether it counts, since the first may have no pictures.

        Returns:
            None where that leaves it open.
        """
        is_head = "0" not in self.characters
        if "0" in asked and not is_head:
            return 0
        if "0" not in asked and str(self.lines) in asked:
            return 1
        return 0 if is_head and str(self.lines - 1) in asked else None

    def counted_from(self, first: int) -> "ClassList":
        """The list with numbers for its lines, beside whatever other keys it has."""
        characters = {
            str(int(key) + first) if is_number_key(key) else key: character
            for key, character in self.characters.items()
        }
        return ClassList(characters, first=first)


def uncounted(where: str) -> UncountedError:
    """The error of a list whose `first_number` is open."""
    problem = "does not say whether its first line is 0 or 1, and the pictures' numbers fit both"
    return UncountedError(join_message(where, problem, _REMEDY))


def read_class_list(data: bytes, where: str) -> ClassList:
    """Read a list of classes in any of its usual forms.

    A pickle, as `char_dict` often is, is read by what it says and never run: numbers, texts, lists
    and dictionaries are taken, anything else is refused.

    Args:
        data: the file: JSON, YAML, a pickle, a label map of TensorFlow, or lines of `character`,
            `number character`, `character number` or `number code`, parted by spaces, tabs or
            commas.
        where: what messages call it.

    Raises:
        UserError: it cannot be read as a list, or gives one number to two characters.
    """
    if len(data) > MAX_LIST_BYTES:
        problem = f"has {len(data):,} bytes, too many for a list of classes"
        raise UserError(join_message(where, problem, _REMEDY))
    try:
        pairs, lines, choice = _pairs(data, where)
    except UserError:
        raise
    except Exception as error:  # a foreign file may break a parser anyhow
        problem = f"cannot be read as a list of classes ({error})"
        raise UserError(join_message(where, problem, _REMEDY)) from None
    if not lines:
        pairs = [pair for pair in pairs if all(map(str.strip, pair))]
    characters: dict[str, str] = {}
    for key, character in _directed(pairs, is_backward=not lines and _is_backward(pairs)):
        if characters.setdefault(key, character) != character:
            problem = f"{key} stands for {characters[key]} and for {character}"
            raise UserError(join_message(where, problem, "leave one of the two"))
    if not characters:
        problem = "no character in it has a number or name"
        raise UserError(join_message(where, problem, _REMEDY))
    return ClassList(characters, lines, choice=choice)


def is_pickle(data: bytes, where: str) -> bool:
    """Whether a list is no text but a pickled dictionary."""
    has_name = where.lower().endswith((".pkl", ".pickle"))
    return has_name or data.startswith((b"\x80", b"(d", b"(l", b"}", b"]"))


def _pairs(data: bytes, where: str) -> tuple[Pairs, int, str]:
    """Pairs of texts, in which of the two directions is open.

    Returns:
        The pairs; how many were counted here; a line on what was chosen, as `ClassList` has it.
    """
    name = PurePosixPath(where).name.lower()
    if is_pickle(data, where):
        return *pairs_of(read_plain_pickle(data, where)), ""
    text = text_of(data, where)
    if name.endswith(".pbtxt"):
        return _pairs_of_items(text), 0, ""
    if name.endswith((".json", ".yaml", ".yml")) or text.lstrip().startswith(("{", "[")):
        return *pairs_of(_parsed(text, name)), ""
    # Not by `splitlines`, whose ends of lines are characters too.
    lines = _END_OF_LINE.split(text.rstrip(f"\r\n{_PLAIN_SPACE}"))
    return _pairs_of_lines(lines, where, are_codes=name.endswith("-mapping.txt"))


def _parsed(text: str, name: str) -> object:
    """What JSON says, or Python as `str` and `print` write it, or YAML.

    Raises:
        ValueError, yaml.YAMLError and others: it is none of them.
    """
    if name.endswith((".yaml", ".yml")):
        import yaml  # type: ignore[import-untyped]

        return yaml.load(text, yaml.BaseLoader)  # which makes texts, and no objects
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        with suppress(ValueError, SyntaxError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know
            return literal_eval(text.strip())
        raise error


def _pairs_of_items(text: str) -> Pairs:
    """The pairs of TensorFlow's label maps: `item { id: 1 name: '永' }`."""
    pairs = []
    for item in _ITEM.findall(text):
        fields = {name: quoted.strip("\"'") for name, quoted in _FIELD.findall(item)}
        shown = (fields.get(name, "") for name in ("display_name", "name"))
        pairs.append((fields.get("id", ""), next(filter(single_character, shown), "")))
    return pairs


def _pairs_of_lines(lines: list[str], where: str, are_codes: bool) -> tuple[Pairs, int, str]:
    """What lines tell, as `_pairs` returns it."""
    rows = [_fields(line.strip()) for line in lines if line.strip()]
    if rows and all(len(row) == 1 for row in rows):
        return *counted(_without_gaps(lines, where)), ""
    rows = [row for row in rows if len(row) > 1]
    if are_codes:  # EMNIST: number, code of the capital, code of the small letter
        return [(row[0], chr(int(row[1]))) for row in rows], 0, ""
    if all(len(row) == 2 for row in rows):
        return [(row[0], row[1]) for row in rows], 0, ""
    # Beside number and character there may be a code point, a pronunciation, a count.
    columns = range(max(map(len, rows)) - 1, -1, -1)
    text = max(columns, key=lambda column: _characters_in(column, rows))
    key = max((one for one in columns[::-1] if one != text), key=lambda one: _numbers_in(one, rows))
    rows = [row for row in rows if max(key, text) < len(row)]
    return [(row[key], row[text]) for row in rows], 0, _not_taken(rows, key, text, where)


def _not_taken(rows: list[list[str]], key: int, text: int, where: str) -> str:
    """A line on another column that has characters as well, and others; empty without one."""
    for column in range(max(map(len, rows))):
        told = [row for row in rows if column < len(row) and single_character(row[column])]
        told = [row for row in told if not row[column].isdigit()]
        others = [
            row for row in told if single_character(row[column]) != single_character(row[text])
        ]
        if column not in (key, text) and others and len(told) > _MOST_OF * len(rows):
            row = others[0]
            return join_message(
                where,
                f"has two columns of characters, of which column {text + 1} is taken "
                f"({row[key]} is {row[text]}, and not {row[column]})",
                "if that is wrong, take it out",
            )
    return ""


def _without_gaps(lines: list[str], where: str) -> list[str]:
    """What is in lines that count, where every other one, or none, is empty.

    Raises:
        UserError: one is empty, so that the numbers of those behind it are open.
    """
    if len(lines) > 1 and not any(line.strip() for line in lines[1::2]):
        lines = lines[::2]
    for number, line in enumerate(lines, start=1):
        if not line.strip(_PLAIN_SPACE):
            problem = f"line {number:,} is empty, so that what number the next has is open"
            raise UserError(join_message(where, problem, _REMEDY))
    return [line.strip() for line in lines]


def _fields(line: str) -> list[str]:
    """The fields of a line, which may be quoted, or parted by `:`, `;` or `=` behind a number."""
    if len(line) == 1:
        return [line]
    parted = _AFTER_NUMBER.sub(r"\1 ", _BEFORE_NUMBER.sub(r" \1", line))
    fields = re.split(r"[\s,]+", parted)
    return [one[1:-1] if len(one) > 2 and one[0] == one[-1] == '"' else one for one in fields]


def _numbers_in(column: int, rows: list[list[str]]) -> int:
    """How many different numbers a column has."""
    return len({row[column] for row in rows if column < len(row) and is_number_key(row[column])})


def _characters_in(column: int, rows: list[list[str]]) -> int:
    """How many different characters, digits aside, a column has."""
    found = {single_character(row[column]) for row in rows if column < len(row)}
    return sum(one is not None and not one.isdigit() for one in found)


def _is_backward(pairs: Pairs) -> bool:
    """Whether characters come before keys."""

    def told(side: int) -> tuple[int, int]:
        found = [one for pair in pairs if (one := single_character(pair[side])) is not None]
        return sum(not one.isdigit() for one in found), len(found)

    return told(0) > told(1)


def _directed(pairs: Pairs, is_backward: bool) -> Iterable[tuple[str, str]]:
    """Key and character; rows without a character fall out."""
    for first, second in pairs:
        key, text = (second, first) if is_backward else (first, second)
        if (character := single_character(text)) is not None:
            yield key_of(key.strip()), character
