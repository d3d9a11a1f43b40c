"""Specks of ink beside a drawn character, which a pen would not have left."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_tools.hwdb.charset import is_hanzi
from hanzi_lsgan.drawing.in_square import ink_level

_SPECK_SHARE = 0.0009
"""Of an image's pixels: 3 of 64 × 64. Dots of 犬 and 州 are drawn with 4 pixels at times."""

_BACKGROUND = 255
_AROUND = np.ones((3, 3), bool)


def without_specks(image: NDArray[np.uint8], character: str) -> NDArray[np.uint8]:
    """A drawing (S, S) of a hanzi without what lies apart and is smaller than any of its dots.

    Dots of marks, digits and letters may be as small as specks: their drawings stay as they are.
    """
    if not is_hanzi(character):
        return image
    parts, count = ndimage.label(image < ink_level(image), _AROUND)
    areas = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    small = np.flatnonzero(areas < _SPECK_SHARE * image.size) + 1
    if not len(small) or len(small) == count:
        return image
    specks = ndimage.binary_dilation(np.isin(parts, small), _AROUND, iterations=2)
    strokes = ndimage.binary_dilation((parts > 0) & ~np.isin(parts, small), _AROUND)
    return np.where(specks & ~strokes, np.uint8(_BACKGROUND), image)
