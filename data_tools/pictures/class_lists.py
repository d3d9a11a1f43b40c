"""Files that say which character a number or name stands for: `char_dict`, `classes.txt`, JSON."""

import json
import pickletools
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.pictures.names import single_character

MAX_LIST_BYTES = 64 << 20

_REMEDY = "write one `number character` on each line"
_STEMS = (
    "chars?|characters?|class(es)?|classnames?|labels?|char_?dict|char_?list|charset|dict|index"
    "|(class|char|label|idx|index|id)_?(to|2|map|names?|list|indices|dict)_?(class|char|label|idx"
    "|index|id|map)?|.*classmap|.*-mapping"
)
_NAME = re.compile(rf"({_STEMS})(\.(txt|json|csv|tsv|pkl|pickle|names))?", re.IGNORECASE)
_MARK = object()


def is_class_list(path: str) -> bool:
    """Whether the name of a file is one that lists of classes have."""
    return bool(_NAME.fullmatch(PurePosixPath(path).name))


def key_of(name: str) -> str:
    """What a number is looked up by, however many zeros stand before it; a name by itself."""
    return str(int(name)) if name.isascii() and name.isdigit() else name


def read_class_list(data: bytes, where: str) -> dict[str, str]:
    """Read a list of classes in any of its usual forms.

    A pickle, as `char_dict` often is, is read by what it says and never run: numbers, texts, lists
    and dictionaries are taken, anything else is refused.

    Args:
        data: the file: JSON, a pickle, or lines of `character`, `number character`, `character
            number` or `number code`, parted by spaces, tabs or commas.
        where: what messages call it.

    Returns:
        The character of each key; keys are as `key_of` makes them.

    Raises:
        UserError: it cannot be read as a list, or gives one number to two characters.
    """
    if len(data) > MAX_LIST_BYTES:
        problem = f"has {len(data):,} bytes, too many for a list of classes"
        raise UserError(join_message(where, problem, _REMEDY))
    try:
        pairs = list(_pairs(data, where))
    except UserError:
        raise
    except Exception as error:  # a foreign file may break a parser anyhow
        problem = f"cannot be read as a list of classes ({error})"
        raise UserError(join_message(where, problem, _REMEDY)) from None
    characters: dict[str, str] = {}
    for key, character in _directed(pairs):
        if characters.setdefault(key, character) != character:
            problem = f"{key} stands for {characters[key]} and for {character}"
            raise UserError(join_message(where, problem, "leave one of the two"))
    if not characters:
        problem = "no character in it has a number or name"
        raise UserError(join_message(where, problem, _REMEDY))
    return characters


def _pairs(data: bytes, where: str) -> Iterable[tuple[str, str]]:
    """Pairs of texts, in which of the two directions is open."""
    name = PurePosixPath(where).name.lower()
    if name.endswith((".pkl", ".pickle")) or data.startswith((b"\x80", b"(d", b"(l", b"}", b"]")):
        return _pairs_of(_read_pickle(data, where))
    text = text_of(data)
    if name.endswith(".json") or text.lstrip().startswith(("{", "[")):
        return _pairs_of(json.loads(text))
    return _pairs_of_lines(text.splitlines(), are_codes=name.endswith("-mapping.txt"))


def text_of(data: bytes) -> str:
    """Decode UTF-8, or GBK as older Windows writes it.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _pairs_of(content: object) -> list[tuple[str, str]]:
    if isinstance(content, dict):
        return [(_text(key), _text(value)) for key, value in content.items()]
    if isinstance(content, list):
        return [(str(number), _text(value)) for number, value in enumerate(content)]
    raise ValueError("neither a dictionary nor a list")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return text_of(value)
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"{value!r:.40} is neither a text nor a number")


def _pairs_of_lines(lines: list[str], are_codes: bool) -> Iterable[tuple[str, str]]:
    rows = [re.split(r"[\s,]+", line.strip()) for line in lines if line.strip()]
    if all(len(row) == 1 for row in rows):
        yield from ((str(number), row[0]) for number, row in enumerate(rows))
        return
    for row in rows:
        if len(row) < 2:
            continue
        if are_codes:  # EMNIST: number, code of the capital, code of the small letter
            yield row[0], chr(int(row[1]))
        else:  # of number, code point and character, the last tells as much
            yield row[0], row[1] if len(row) == 2 else row[-1]


def _directed(pairs: list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Key and character, whichever of the two comes first; rows without a character fall out."""

    def told(side: int) -> tuple[int, int]:
        found = [one for pair in pairs if (one := single_character(pair[side])) is not None]
        return sum(not one.isdigit() for one in found), len(found)

    backward = told(0) > told(1)
    for first, second in pairs:
        key, text = (second, first) if backward else (first, second)
        if (character := single_character(text)) is not None:
            yield key_of(key.strip()), character


def _read_pickle(data: bytes, where: str) -> object:
    """Follow a pickle's opcodes as far as they build plain data; none is ever executed."""
    stack: list[object] = []
    memo: dict[object, object] = {}

    def popped() -> list[object]:
        start = len(stack) - 1 - stack[::-1].index(_MARK)
        items = stack[start + 1 :]
        del stack[start:]
        return items

    def fill(items: list[object]) -> None:
        target = stack[-1]
        if isinstance(target, dict):
            target.update(zip(items[::2], items[1::2], strict=True))
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise ValueError("it is damaged")

    for opcode, value, _ in pickletools.genops(data):
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "DICT":
                items = popped()
                stack.append(dict(zip(items[::2], items[1::2], strict=True)))
            case "LIST":
                stack.append(popped())
            case "SETITEM":
                items, stack[-2:] = stack[-2:], []
                fill(items)
            case "APPEND":
                fill([stack.pop()])
            case "SETITEMS" | "APPENDS":
                fill(popped())
            case "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1" | "LONG4":
                stack.append(value)
            case "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE" | "BINBYTES" | "SHORT_BINBYTES":
                stack.append(value)
            case "STRING" | "BINSTRING" | "SHORT_BINSTRING":  # Python 2's, bytes shown as Latin-1
                stack.append(str(value).encode("latin-1"))
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[value] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[value])
            case "STOP":
                return stack.pop()
            case name:
                problem = f"is a pickle with more in it than texts and numbers ({name})"
                remedy = "write it anew as JSON, which cannot run code"
                raise UserError(join_message(where, problem, remedy))
    raise ValueError("it is cut off")
