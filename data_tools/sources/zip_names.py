"""Names in a zip archive that does not tell their encoding: UTF-8, GBK, Big5 or Shift-JIS.

A name without the mark for UTF-8 is in code page 437, as the format has it, or in whatever the
machine that packed it used, which only all names together tell.
"""

import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache

from data_tools.errors import UserError, join_message
from data_tools.hwdb.standard_sets import big5_level_1, gb2312_level_1

_LEAST_CHARACTERS = 4  # fewer cannot tell
_CLEARLY_MORE = 0.15  # of the characters are frequent ones than in another encoding
_MANY_KANA = 0.5
_SHOWN = 3
_REMEDY = "unpack it and name the folder"


_ENCODINGS = {"GBK": "gbk", "Big5": "cp950", "Shift-JIS": "cp932"}
_KANA = frozenset(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7))))
_NARROW_KANA = frozenset(map(chr, range(0xFF61, 0xFFA0)))  # what GBK's bytes are in Shift-JIS
_JIS_LEVEL_1 = range(0x889F, 0x9873)


def decoded_names(entries: Sequence[zipfile.ZipInfo], place: str) -> tuple[list[str], str]:
    """The names of an archive's files as they are meant.

    Args:
        entries: of the whole archive.
        place: what messages call it.

    Returns:
        The name of each, and a line on their encoding where nothing states it, else an empty one.

    Raises:
        UserError: the names may as well be in one encoding as in another.
    """
    codes = {entry.filename: code for entry in entries if (code := _code(entry)) is not None}
    names, line = _decoded(codes, place)
    return [names.get(entry.filename, entry.filename) for entry in entries], line


def _code(entry: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name that needs an encoding and states none."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return None
    try:
        return entry.filename.encode("cp437")
    except UnicodeEncodeError:  # the archive has the name in Unicode beside
        return None


def _decoded(codes: Mapping[str, bytes], place: str) -> tuple[dict[str, str], str]:
    if (names := _all_in("utf-8", codes)) is not None:
        return names, ""
    possible = {
        called: names
        for called, encoding in _ENCODINGS.items()
        if (names := _all_in(encoding, codes)) is not None
        and _share(_characters(names), _NARROW_KANA) < _MANY_KANA
    }
    called = _likeliest(possible, place)
    if called is None:
        called, names = "UTF-8 or GBK", {name: _alone(name, code) for name, code in codes.items()}
    else:
        names = possible[called]
    if all(name == decoded for name, decoded in names.items()):
        return names, ""
    line = f"{place}: names are read as {called} ({_some(names)}), which the archive does not state"
    return names, f"{line}; if they are in another encoding, {_REMEDY}"


def _likeliest(possible: Mapping[str, Mapping[str, str]], place: str) -> str | None:
    """The encoding in which most characters are frequent ones, GBK among equals; None if none fits.

    Raises:
        UserError: another than GBK has the most, but not clearly.
    """
    characters = {called: _characters(names) for called, names in possible.items()}
    if len(next(iter(characters.values()), ())) < _LEAST_CHARACTERS:
        return "GBK" if "GBK" in possible else None
    shares = {called: _share(some, _frequent(called)) for called, some in characters.items()}
    best = max(shares, key=lambda called: shares[called])
    close = [called for called in shares if shares[best] - shares[called] < _CLEARLY_MORE]
    # The simplest characters of Big5 are kana in GBK.
    is_sure = best == "GBK" and _share(characters["GBK"], _KANA) < _MANY_KANA
    if len(close) > 1 and not is_sure:
        readings = ", ".join(f"{called} {_some(possible[called])}" for called in close)
        problem = f"names do not tell their encoding ({readings})"
        raise UserError(join_message(place, problem, _REMEDY))
    return best


@lru_cache
def _frequent(called: str) -> frozenset[str]:
    """Characters that are frequent where an encoding is in use."""
    if called == "Big5":
        return big5_level_1()
    if called == "GBK":  # also for traditional characters
        return gb2312_level_1() | big5_level_1() | _KANA
    encoding = _ENCODINGS[called]
    return _KANA.union(code.to_bytes(2).decode(encoding, "ignore") for code in _JIS_LEVEL_1)


def _all_in(encoding: str, codes: Mapping[str, bytes]) -> dict[str, str] | None:
    try:
        return {name: code.decode(encoding) for name, code in codes.items()}
    except UnicodeDecodeError:
        return None


def _alone(name: str, code: bytes) -> str:
    for encoding in ("utf-8", "gbk"):
        try:
            return code.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _characters(names: Mapping[str, str]) -> list[str]:
    """All that are not ASCII, once, in order."""
    return list(dict.fromkeys(one for name in names.values() for one in name if not one.isascii()))


def _share(characters: Sequence[str], some: frozenset[str]) -> float:
    return sum(one in some for one in characters) / len(characters)


def _some(names: Mapping[str, str]) -> str:
    characters = _characters(names)
    return "".join(characters[:_SHOWN]) + ("…" if len(characters) > _SHOWN else "")
