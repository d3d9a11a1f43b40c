"""Specks of ink beside a drawn character, which a pen would not have left."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_tools.fonts.glyph_dots import DOT_SIDE, part_sides
from hanzi_lsgan.drawing.in_square import ink_level

_SPECK_SHARE = 0.0022
"""Of an image's pixels: 9 of 64 × 64. So are dots of 犬 and … at times, but they are counted."""

_BACKGROUND = 255
_AROUND = np.ones((3, 3), bool)


def without_specks(image: NDArray[np.uint8], dots: int) -> NDArray[np.uint8]:
    """A drawing without what is small, lies apart, and is none of its character's dots.

    Args:
        image: (S, S), 255 is background.
        dots: how many the character has: so many of the largest stay, however small they are.
    """
    places, count = ndimage.label(image < ink_level(image), _AROUND)
    if count < 2:
        return image
    areas = np.bincount(places.ravel(), minlength=count + 1)[1:]
    may_be_dots = np.flatnonzero(part_sides(places) <= DOT_SIDE * len(image))
    largest_first = may_be_dots[np.argsort(-areas[may_be_dots], kind="stable")]
    others = largest_first[dots:]
    small = others[areas[others] < _SPECK_SHARE * image.size] + 1
    if not len(small) or len(small) == count:
        return image
    specks = ndimage.binary_dilation(np.isin(places, small), _AROUND, iterations=2)
    strokes = ndimage.binary_dilation((places > 0) & ~np.isin(places, small), _AROUND)
    return np.where(specks & ~strokes, np.uint8(_BACKGROUND), image)
