"""Mistakes of programs that write `.gnt` files, told by many samples that are sound otherwise."""

from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_tools.hwdb.charset import character_of_tag, is_hanzi, tag_of_character
from data_tools.hwdb.gnt import GntRecord
from data_tools.hwdb.standard_sets import gb2312_level_1, gb2312_level_2

_LEAST = 30  # characters or samples; fewer may be so by chance
_NEARLY_ALL = 0.95
_MOST_AS_THEY_STAND = 0.7
_LEAST_FIRST_BYTES = 10
_LEAST_TAGS = 10
_LEAST_NO_GBK = 0.1
_OTHER_ENCODINGS = {
    "Big5": "cp950",
    "Shift-JIS": "cp932",
    "Unicode, low byte first": "utf-16-le",
    "Unicode, high byte first": "utf-16-be",
}


def have_swapped_tags(characters: set[str]) -> bool:
    """Whether tags have their low byte first, though the format has it last: 一 is D2 BB.

    Half of GB2312's tags name another of its characters when they are swapped. Its two levels take
    up first bytes of their own, and any second byte: what names nearly only one level when swapped,
    but as it stands names both, was written so. Neighbours in a row of the standard, whose second
    bytes may be alike, have few first bytes.

    Args:
        characters: what the tags of a file name, each once.
    """
    return len(characters) >= _LEAST and any(
        len(characters & _misread(level)) >= _NEARLY_ALL * len(characters)
        and len(characters & level) <= _MOST_AS_THEY_STAND * len(characters)
        and len({tag_of_character(one)[0] for one in characters}) >= _LEAST_FIRST_BYTES
        for level in (gb2312_level_1(), gb2312_level_2())
    )


@lru_cache
def _misread(level: frozenset[str]) -> frozenset[str]:
    """What the tags of some characters name when their bytes are swapped."""
    names = (character_of_tag(tag_of_character(one)[::-1]) for one in level)
    return frozenset(one for one in names if one is not None)


def other_encoding_of(tags: Collection[bytes]) -> str:
    """In what other encoding than GBK tags are: all name hanzi in it, and many nothing in GBK.

    Args:
        tags: of a file, each once.

    Returns:
        What messages call it; empty where there is none, or too few tags to tell.
    """
    no_gbk = sum(character_of_tag(tag) is None for tag in tags)
    if len(tags) < _LEAST_TAGS or no_gbk < _LEAST_NO_GBK * len(tags):
        return ""
    hanzi = {
        called: sum(
            is_hanzi(one) for tag in tags if len(one := tag.decode(encoding, "ignore")) == 1
        )
        for called, encoding in _OTHER_ENCODINGS.items()
    }
    best = max(hanzi, key=lambda called: hanzi[called])
    return best if hanzi[best] >= _NEARLY_ALL * len(tags) else ""


def have_swapped_sides(records: Sequence[GntRecord]) -> bool:
    """Whether headers have height before width: rows then run on smoothly only when swapped.

    Of real handwriting at most 2 % of the samples do.
    """
    oblong = [one for one in records if one.width != one.height and min(one.bitmap.shape) > 1]
    if len(oblong) < _LEAST:
        return False
    swapped = sum(
        _roughness(one.bitmap.reshape(one.width, one.height)) < _roughness(one.bitmap)
        for one in oblong
    )
    return swapped >= _NEARLY_ALL * len(oblong)


def _roughness(bitmap: NDArray[np.uint8]) -> float:
    """The mean difference of neighbouring rows."""
    return float(np.abs(np.diff(bitmap.astype(np.int16), axis=0)).mean())
