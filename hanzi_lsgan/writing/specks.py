"""Specks of ink beside a drawn character, which a pen would not have left."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hanzi_lsgan.drawing.in_square import ink_level

_SPECK_SHARE = 0.0022
"""Of an image's pixels: 9 of 64 × 64. What lies apart in drawings is smaller or far larger."""

_BACKGROUND = 255
_AROUND = np.ones((3, 3), bool)


def without_specks(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing (S, S) without what lies apart and is smaller than any dot of a character."""
    parts, count = ndimage.label(image < ink_level(image), _AROUND)
    areas = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    small = np.flatnonzero(areas < _SPECK_SHARE * image.size) + 1
    if not len(small) or len(small) == count:
        return image
    specks = ndimage.binary_dilation(np.isin(parts, small), _AROUND, iterations=2)
    strokes = ndimage.binary_dilation((parts > 0) & ~np.isin(parts, small), _AROUND)
    return np.where(specks & ~strokes, np.uint8(_BACKGROUND), image)
