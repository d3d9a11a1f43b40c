"""Standard character sets, by the names that a user writes."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from data_tools.characters import is_file
from data_tools.errors import UserError, join_message

_GENERAL_STANDARD = Path(__file__).parent / "general_standard.txt"
# 通用规范汉字表, issued by the State Council in 2013: a line for each of its three levels, in the
# table's own order. Taken from the property kTGH of Unicode's Unihan database, version 15.0.

FORM_CHARACTERS = Path(__file__).parent.parent / "forms" / "form_characters.txt"
"""200 characters that show how a hand writes others, the most telling first; how they were chosen
stands in `forms/choose_characters.py`."""

_BIG5_LEVEL_1 = range(0xA440, 0xC67F)
_NEARLY = 0.8  # alike by difflib: a letter or two; gb2312.txt is less like gb2312 than that


def _gb2312_rows(first: int, last: int) -> frozenset[str]:
    """The characters of GB2312 rows `first` to `last`, each row of 94 cells."""
    characters = set()
    for row in range(first, last + 1):
        for cell in range(1, 95):
            try:
                characters.add(bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312"))
            except UnicodeDecodeError:  # row 55 ends five cells early
                continue
    return frozenset(characters)


@lru_cache
def gb2312_level_1() -> frozenset[str]:
    """The 3,755 most frequent hanzi, rows 16 to 55 of GB2312."""
    return _gb2312_rows(16, 55)


@lru_cache
def gb2312_level_2() -> frozenset[str]:
    """The 3,008 hanzi of rows 56 to 87 of GB2312."""
    return _gb2312_rows(56, 87)


@lru_cache
def gb2312() -> frozenset[str]:
    """All 6,763 hanzi of GB2312."""
    return gb2312_level_1() | gb2312_level_2()


@lru_cache
def general_standard_level(level: int) -> frozenset[str]:
    """A level, 1 to 3, of the General Standard: 3,500, 3,000 and 1,605 hanzi."""
    lines = _GENERAL_STANDARD.read_text("utf-8").splitlines()
    return frozenset(lines[level - 1])


@lru_cache
def general_standard() -> frozenset[str]:
    """All 8,105 hanzi of the General Standard."""
    return frozenset().union(*map(general_standard_level, (1, 2, 3)))


@lru_cache
def big5_level_1() -> frozenset[str]:
    """The 5,401 most frequent hanzi of Big5, which are traditional ones."""
    characters = set()
    for code in _BIG5_LEVEL_1:
        try:
            characters.add(code.to_bytes(2).decode("big5"))
        except UnicodeDecodeError:  # the second byte leaves gaps
            continue
    return frozenset(characters)


@lru_cache
def form_characters(count: int) -> str:
    """The first `count` characters, at most 200, of those that stand for a hand on a form."""
    return FORM_CHARACTERS.read_text("utf-8").strip()[:count]


STANDARD_SETS: dict[str, Callable[[], frozenset[str]]] = {
    "gb2312": gb2312,
    "gb2312-1": gb2312_level_1,
    "gb2312-2": gb2312_level_2,
    "general-standard": general_standard,
    "general-standard-1": lambda: general_standard_level(1),
    "general-standard-2": lambda: general_standard_level(2),
    "general-standard-3": lambda: general_standard_level(3),
    "big5-1": big5_level_1,
    "form-30": lambda: frozenset(form_characters(30)),
    "form-100": lambda: frozenset(form_characters(100)),
    "form-200": lambda: frozenset(form_characters(200)),
}
"""Character sets by name."""


def named_set(text: str) -> frozenset[str] | None:
    """The set that is named as `NAME` or `@NAME`, or None; after an @, a file of that name wins.

    Capitals are as good as small letters.

    Raises:
        UserError: the text is the name of a set but for its number, or after an @ nearly one.
    """
    name = text.removeprefix("@")
    if name != text and is_file(Path(name)):
        return None
    if name.lower() in STANDARD_SETS:
        return STANDARD_SETS[name.lower()]()
    family, _, number = name.lower().rpartition("-")
    likes = [known for known in STANDARD_SETS if known.rpartition("-")[0] == family]
    if family and number.isdecimal() and likes and not is_file(Path(name)):
        raise UserError(join_message(text, "there is no such set", f"name {', '.join(likes)}"))
    if name != text and (nearest := get_close_matches(name.lower(), STANDARD_SETS, 1, _NEARLY)):
        problem = "there is no such set, and no such file"
        raise UserError(join_message(text, problem, f"did you mean @{nearest[0]}?"))
    return None


def expand_set(text: str) -> str:
    """The characters of `@NAME` in code point order, where that names a set; else the text.

    Raises:
        UserError: as `named_set`.
    """
    characters = named_set(text) if text.startswith("@") else None
    return text if characters is None else "".join(sorted(characters))
