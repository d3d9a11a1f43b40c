"""A character in its square: a comma low and small, where its image shows it as large as any."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.fonts.placement import Placement

_BACKGROUND = 255
_LIGHTEST_INK = 250  # grey levels above it are no ink, nor the edge of a stroke


def ink_level(image: NDArray[np.uint8]) -> float:
    """The grey level halfway between a drawing's ink and the background, where strokes end."""
    inked = image[image < _LIGHTEST_INK]
    darkest = float(np.percentile(inked, 10)) if inked.size else 0.0
    return (darkest + _BACKGROUND) / 2


def ink_box(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the ink in pixels; the middle one where there is none."""
    ink = image < ink_level(image)
    columns, rows = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    if not len(rows):
        middle = len(image) // 2
        return middle, middle, middle + 1, middle + 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def pixels_to_square(
    box: tuple[int, int, int, int], place: Placement
) -> tuple[float, float, float]:
    """How pixels of an image become places in the character's square, whose side is 1.

    A pixel (x, y) comes to (scale * x + right, scale * y + down): the ink keeps its proportions, is
    as large as its place the longer way, and has the same centre.

    Args:
        box: of the ink in pixels.
        place: of the ink in the square.

    Returns:
        Scale, right, down.
    """
    left, top, right, bottom = box
    scale = max(place.width, place.height) / max(right - left, bottom - top)
    centre_x, centre_y = place.centre
    return scale, centre_x - scale * (left + right) / 2, centre_y - scale * (top + bottom) / 2


def put_in_square(image: NDArray[np.uint8], place: Placement) -> NDArray[np.uint8]:
    """Draw an image (S, S) as large as its ink is in the character's square, and there: (S, S).

    Ink beyond the square is cut off.
    """
    size = len(image)
    scale, right, down = pixels_to_square(ink_box(image), place)
    side = 1 / scale  # of the square, in pixels of the image
    margin = math.ceil(max(side, size))
    page = Image.fromarray(np.pad(image, margin, constant_values=_BACKGROUND))
    left, top = margin - right * side, margin - down * side
    box = (left, top, left + side, top + side)
    return np.asarray(page.resize((size, size), Image.Resampling.BILINEAR, box))
