"""Text whose encoding nothing states: UTF-8, GBK, Big5 or Shift-JIS, as it tells by itself."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from data_tools.errors import UserError, join_message
from data_tools.hwdb.standard_sets import big5_level_1, gb2312_level_1

_LEAST_CHARACTERS = 4  # fewer cannot tell
_CLEARLY_MORE = 0.15  # of the characters are frequent ones than in another encoding
_MANY_KANA = 0.5
_SHOWN = 3
_ENCODINGS = {"GBK": "gbk", "Big5": "cp950", "Shift-JIS": "cp932"}
_KANA = frozenset(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7))))
_NARROW_KANA = frozenset(map(chr, range(0xFF61, 0xFFA0)))  # what GBK's bytes are in Shift-JIS
_JIS_LEVEL_1 = range(0x889F, 0x9873)


def likeliest(
    codes: Mapping[str, bytes], place: str, what: str, remedy: str
) -> tuple[str, dict[str, str]] | None:
    """The encoding in which most characters are frequent ones, and the texts in it.

    GBK among equals; None if none fits.

    Args:
        codes: texts that are not UTF-8, by whatever key.
        place: what messages call the file.
        what: what they call the texts.
        remedy: the way on where the encoding is open.

    Raises:
        UserError: another than GBK has the most, but not clearly.
    """
    possible = {
        called: texts
        for called, encoding in _ENCODINGS.items()
        if (texts := all_in(encoding, codes)) is not None
        and _share(characters_of(texts), _NARROW_KANA) < _MANY_KANA
    }
    characters = {called: characters_of(texts) for called, texts in possible.items()}
    if len(next(iter(characters.values()), ())) < _LEAST_CHARACTERS:
        return ("GBK", possible["GBK"]) if "GBK" in possible else None
    shares = {called: _share(some, _frequent(called)) for called, some in characters.items()}
    best = max(shares, key=lambda called: shares[called])
    close = [called for called in shares if shares[best] - shares[called] < _CLEARLY_MORE]
    # The simplest characters of Big5 are kana in GBK.
    is_sure = best == "GBK" and _share(characters["GBK"], _KANA) < _MANY_KANA
    if len(close) > 1 and not is_sure:
        readings = ", ".join(f"{called} {some_of(possible[called])}" for called in close)
        problem = f"{what} do not tell their encoding ({readings})"
        raise UserError(join_message(place, problem, remedy))
    return best, possible[best]


@lru_cache
def _frequent(called: str) -> frozenset[str]:
    """Characters that are frequent where an encoding is in use."""
    if called == "Big5":
        return big5_level_1()
    if called == "GBK":  # also for traditional characters
        return gb2312_level_1() | big5_level_1() | _KANA
    encoding = _ENCODINGS[called]
    return _KANA.union(code.to_bytes(2).decode(encoding, "ignore") for code in _JIS_LEVEL_1)


def all_in(encoding: str, codes: Mapping[str, bytes]) -> dict[str, str] | None:
    """The texts in an encoding; None where that cannot be."""
    try:
        return {name: code.decode(encoding) for name, code in codes.items()}
    except UnicodeDecodeError:
        return None


def characters_of(names: Mapping[str, str]) -> list[str]:
    """All that are not ASCII, once, in order."""
    return list(dict.fromkeys(one for name in names.values() for one in name if not one.isascii()))


def _share(characters: Sequence[str], some: frozenset[str]) -> float:
    return sum(one in some for one in characters) / len(characters)


def some_of(names: Mapping[str, str]) -> str:
    """A few of their characters, for a message."""
    characters = characters_of(names)
    return "".join(characters[:_SHOWN]) + ("…" if len(characters) > _SHOWN else "")
