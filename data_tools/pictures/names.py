"""The character that a name tells: `永`, `U+6C38`, `u6c38`, `U+6C38_永`, `永_12`; 54208, D3C0."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from data_tools.hwdb.charset import character_of_tag, is_hanzi

# U+6C38 and \u6c38 wherever they stand, and #U6c38 as unzip writes it; by themselves u6c38, 0x6c38
# and uni6C38 as fonts have it. Behind a sign, as in U_6C38, may as well be a user's number.
_CODE_POINT = re.compile(
    r"(?:(?:U\+|\\u|#U|(?<![0-9A-Za-z])(?:0x|uni|u))([0-9a-f]{4,6})"
    r"|(?<![0-9A-Za-z])(?:uni(?:code)?[-_ +=]|unicode|u[-_ =])([0-9a-f]{4,5}))(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_EAST_ASIAN_RUN = re.compile(r"[⺀-\uFAFF\U00020000-\U0003FFFF]+")
_EAST_ASIAN = re.compile(r"[⺀-\uFAFF\uFF01-\uFFEE\U00020000-\U0003FFFF]")
_IN_WORD = re.compile(rf"[0-9A-Za-z]{_EAST_ASIAN_RUN.pattern}|{_EAST_ASIAN_RUN.pattern}[0-9A-Za-z]")
_SIGNS = re.compile(r"[　-〄\u3008-〠]")  # brackets and stops between words
_BESIDE_CODE_POINT = re.compile(r"[\s()\[\]<>,:;/\-]")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_HEX = re.compile(r"[0-9a-fA-F]{4,5}")
_MARKED_HEX = re.compile(r"0[xX][0-9a-fA-F]{4,5}")
_DECIMAL = re.compile(r"[0-9]{1,6}")
_LARGEST_TAG = 0xFFFF
_NEARLY_ALL = 0.9  # HWDB has 171 symbols beside 3,755 hanzi


@lru_cache(maxsize=1 << 16)
def characters_named(name: str) -> frozenset[str]:
    """The characters that a name gives by themselves or as code points; usually one or none.

    Words of several characters, as of a writer's name, name none.
    """
    name = _composed(_decoded(name))
    if len(name) == 1 and not name.isascii():
        return frozenset(name)
    found = {_at(*digits) for digits in _CODE_POINT.findall(name)}
    rest = _SIGNS.sub(" ", _CODE_POINT.sub(" ", name))
    found |= {run for run in _EAST_ASIAN_RUN.findall(rest) if len(run) == 1}
    return frozenset(one for one in found if one)


def _decoded(name: str) -> str:
    """A name as it was before a browser or a web server wrote it as `%E6%B0%B8` or `&#27704;`."""
    if "&#" in name:
        name = html.unescape(name)
    for encoding in ("utf-8", "gb18030") if "%" in name else ():
        with suppress(UnicodeDecodeError):
            return unquote(name, encoding, "strict")
    return name


def texts_among(names: Iterable[str]) -> set[str]:
    """Of folders side by side, those whose one character is part of a text: `2023年`, `T恤`, `3楼`.

    `1永`, `2和` and `永12`, `和3` are classes: there are several, and each has another character.
    """
    inside = {name: characters_named(name) for name in names if _IN_WORD.search(name)}
    inside = {name: some for name, some in inside.items() if len(some) == 1}
    are_classes = len(inside) > 1 and len(set(inside.values())) == len(inside)
    return set() if are_classes else set(inside)


def unscrambled(name: str) -> str:
    """The Chinese name in an archive that does not tell its encoding; any other as it is.

    Such names are read as code page 437, as the format has it, and were written in GBK or UTF-8.
    """
    if name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            read = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(map(is_hanzi, read)):
            return read
    return name


def single_character(text: str) -> str | None:
    """The one character that a text is or names, or None."""
    text = _composed(text.strip())
    if len(text) == 1:
        return text
    named = characters_named(text)
    return next(iter(named)) if len(named) == 1 else None


def character_shown(text: str) -> str | None:
    """The one character that a text is or names, or None where it is in a longer text.

    `U+6C38_永` and `永_12` name one, as classes do; `2023年` and `T恤` are what a line reads.
    """
    character = single_character(text)
    text = _composed(text.strip())
    if character is None or len(text) == 1:
        return character
    rest = _CODE_POINT.sub("_", text)
    if rest != text:
        rest = _BESIDE_CODE_POINT.sub("_", rest)
    words = [word.strip() for word in rest.split("_")]
    is_named = all(word in ("", character) or (word.isascii() and word.isalnum()) for word in words)
    return character if is_named else None


def is_number(name: str) -> bool:
    """Whether a name is a number, decimal or of four or five hexadecimal digits."""
    return bool(_DECIMAL.fullmatch(name) or _HEX.fullmatch(name) or is_marked_hex(name))


def is_marked_hex(name: str) -> bool:
    """Whether a name is a hexadecimal number behind `0x`: a code point or a GBK tag."""
    return bool(_MARKED_HEX.fullmatch(name))


def _composed(name: str) -> str:
    # One character alone is meant as it is; composing would turn some into their modern forms.
    name = _VARIATION_SELECTORS.sub("", name)
    return unicodedata.normalize("NFC", name) if len(name) > 1 else name


def _character(code: int) -> str | None:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return None
    return chr(code)


def _at(certain: str, likely: str) -> str | None:
    """The character at a code point; where it is only likely to be one, East Asian ones alone."""
    character = _character(int(certain or likely, 16))
    if character is None or unicodedata.category(character)[0] in "CZ":
        return None
    return character if certain or _EAST_ASIAN.match(character) else None


def _of_tag(number: int) -> str | None:
    """The character of a tag as a number: the high byte first, a symbol's second byte 0."""
    return character_of_tag(number.to_bytes(2, "big")) if number <= _LARGEST_TAG else None


@dataclass(frozen=True)
class NumberScheme:
    """A way in which numbers stand for characters."""

    description: str
    pattern: re.Pattern[str]
    base: int
    character: Callable[[int], str | None]

    def read(self, name: str) -> str | None:
        """The character of a number, or None."""
        if is_marked_hex(name):
            if self.base != 16:
                return None
            name = name[2:]
        if not self.pattern.fullmatch(name):
            return None
        return self.character(int(name, self.base))


_CODE_POINTS = NumberScheme("code points in hexadecimal", _HEX, 16, _character)
_SCHEMES = (
    NumberScheme("GBK tags in decimal", _DECIMAL, 10, _of_tag),
    NumberScheme("GBK tags in hexadecimal", re.compile(r"[0-9a-fA-F]{4}"), 16, _of_tag),
    _CODE_POINTS,
    NumberScheme("code points in decimal", re.compile(r"[0-9]{5,6}"), 10, _character),
)


def schemes_of(names: Iterable[str]) -> list[NumberScheme]:
    """The ways to read all of some numbers as characters, nearly all of them hanzi.

    One number may be read in several ways; a folder of many usually leaves one. Without a letter
    among them, numbers of four digits may as well be places in a list and are not hexadecimal.
    Behind `0x` they are code points where that is no hanzi in any way.
    """
    names = list(names)
    have_letters = any(not name.isdigit() for name in names)
    possible = []
    for scheme in _SCHEMES:
        characters = [scheme.read(name) for name in names]
        hanzi = sum(1 for one in characters if one is not None and is_hanzi(one))
        is_meant = scheme.base == 10 or have_letters
        if is_meant and None not in characters and hanzi >= _NEARLY_ALL * len(names):
            possible.append(scheme)
    if not possible and names and all(map(is_marked_hex, names)):
        return [_CODE_POINTS]
    return possible
