"""How many dots a glyph has: parts that touch no other, and are short beside the whole."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_tools.fonts.typefaces import Font, draw_reference

DOT_SIDE = 0.3
"""The longest side of a dot's box, as a share of the glyph's longer one."""

_HALF_INK = 127
_AROUND = np.ones((3, 3), bool)


@lru_cache(maxsize=1 << 12)
def dot_count(font: Font, character: str) -> int:
    """How many dots a font's glyph has: 1 of 犬 and i, 3 of …, none of 大 and of a comma."""
    ink = np.asarray(draw_reference(font, character)) > _HALF_INK
    places, _ = ndimage.label(ink, _AROUND)
    return int(np.count_nonzero(part_sides(places) <= DOT_SIDE * max(ink.shape)))


def part_sides(places: NDArray[np.int32]) -> NDArray[np.int64]:
    """The longer side in pixels of the box of each part, as `ndimage.label` numbers them."""
    boxes = ndimage.find_objects(places)
    return np.array([max(side.stop - side.start for side in box) for box in boxes], np.int64)
