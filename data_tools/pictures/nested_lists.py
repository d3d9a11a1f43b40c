"""What JSON, YAML, Python and pickles say of classes → pairs of a number or name and a character.

`{"0": "永"}`, `{"永": 0}` and `["永"]`; `{"names": …}` around one of those, as YOLO has it; and
`{"0": {"char": "永"}}` or `[{"id": 0, "char": "永"}]`, as databases are exported.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from data_tools.pictures.names import single_character
from data_tools.sources.column_names import TEXT_COLUMNS, columns_among

Pairs = list[tuple[str, str]]

_TEXTS = (*TEXT_COLUMNS, "name", "display_name", "value")
_NUMBERS = ("id", "index", "idx", "number", "class_id", "class_index", "label_id", "label", "class")
_OF_BOXES = ("annotations", "shapes", "regions")


def pairs_of(content: object) -> tuple[Pairs, int]:
    """Pairs of texts, in which of the two directions is open, and how many were counted here.

    Raises:
        ValueError: it is no list of classes, or several that differ.
    """
    if isinstance(content, list):
        if content and all(isinstance(value, dict) for value in content):
            return _of_entries(content)
        return counted([_text(value) for value in content])
    if not isinstance(content, dict):
        raise ValueError("neither a dictionary nor a list")
    values = list(content.values())
    if not any(isinstance(value, dict | list) for value in values):
        return [(_text(key), _text(value)) for key, value in content.items()], 0
    if found := columns_among(content, _OF_BOXES):
        raise ValueError(f"its {found[0]} tell of boxes in pictures")
    if all(isinstance(value, dict) for value in values):
        if column := _text_column(values):
            return [(_text(key), _text(one.get(column))) for key, one in content.items()], 0
        if all(map(_shown, content)) and (column := _number_column(values)):
            return [(_text(key), _text(one[column])) for key, one in content.items()], 0
    return _of_parts(value for value in values if isinstance(value, dict | list))


def counted(texts: Sequence[str]) -> tuple[Pairs, int]:
    """Texts without numbers, as pairs with their places from 0, and how many they are."""
    return [(str(number), text) for number, text in enumerate(texts)], len(texts)


def _of_entries(entries: Sequence[Mapping[str, Any]]) -> tuple[Pairs, int]:
    """The pairs of objects that are a class each."""
    if all(len(entry) == 1 for entry in entries) and len({next(iter(one)) for one in entries}) > 1:
        return [(_text(key), _text(value)) for one in entries for key, value in one.items()], 0
    column = _text_column(entries)
    if not column:
        raise ValueError("no column of its objects has characters")
    texts = [_text(entry.get(column)) for entry in entries]
    if number := _number_column(entries):
        return [(_text(entry[number]), text) for entry, text in zip(entries, texts, strict=True)], 0
    return counted(texts)


def _of_parts(parts: Iterable[Any]) -> tuple[Pairs, int]:
    """The one list among what stands beside each other, perhaps once in either direction."""
    found = []
    part = None
    for part in parts:
        with suppress(ValueError):  # another part may be the list
            pairs, lines = pairs_of(part)
            if any(_shown(text) for pair in pairs for text in pair):
                found.append((pairs, lines))
    if not found:
        raise ValueError(f"{part!r:.40} is neither a text nor a number, nor a list of classes")
    if len({frozenset(map(frozenset, pairs)) for pairs, _ in found}) > 1:
        raise ValueError("lists that differ are in it")
    return found[0]


def _text_column(entries: Iterable[Mapping[str, Any]]) -> str:
    """The column with the most characters; empty where none has one."""
    entries = list(entries)
    names = columns_among({name: None for entry in entries for name in entry}, _TEXTS)
    counts = {name: sum(_shown(entry.get(name)) for entry in entries) for name in names}
    best = max(counts, key=lambda name: counts[name], default="")
    return best if counts.get(best) else ""


def _number_column(entries: Sequence[Mapping[str, Any]]) -> str:
    """The first column that has another number for each; empty where none has."""
    for name in columns_among(entries[0], _NUMBERS):
        numbers = [str(entry.get(name)) for entry in entries]
        if all(map(str.isdecimal, numbers)) and len(set(numbers)) == len(numbers):
            return name
    return ""


def _shown(value: object) -> bool:
    """Whether a text is or names a character that is no digit."""
    character = single_character(value) if isinstance(value, str) else None
    return character is not None and not character.isdigit()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("gb18030")
    if value is None:
        return ""
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"{value!r:.40} is neither a text nor a number")
