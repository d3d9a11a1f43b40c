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
) -> tuple[float, float, float, float]:
    """How pixels of an image become places in the character's square, whose side is 1.

    A pixel (x, y) comes to (across * x + right, along * y + down): the ink keeps its proportions,
    but for what its place stretches, is as large as its place the longer way, and has the same
    centre.

    Args:
        box: of the ink in pixels.
        place: of the ink in the square.

    Returns:
        Across, along, right, down.
    """
    left, top, right, bottom = box
    along = max(place.width / place.stretch, place.height) / max(right - left, bottom - top)
    across = along * place.stretch
    centre_x, centre_y = place.centre
    to_x, to_y = centre_x - across * (left + right) / 2, centre_y - along * (top + bottom) / 2
    return across, along, to_x, to_y


def put_in_square(image: NDArray[np.uint8], place: Placement) -> NDArray[np.uint8]:
    """Draw an image (S, S) as large as its ink is in the character's square, and there: (S, S).

    Ink beyond the square is cut off.
    """
    size = len(image)
    across, along, right, down = pixels_to_square(ink_box(image), place)
    width, height = 1 / across, 1 / along  # of the square, in pixels of the image
    margin = math.ceil(max(width, height, size))
    page = Image.fromarray(np.pad(image, margin, constant_values=_BACKGROUND))
    left, top = margin - right * width, margin - down * height
    box = (left, top, left + width, top + height)
    return np.asarray(page.resize((size, size), Image.Resampling.BILINEAR, box))
