"""Dashes: a hand draws each with a slope, and two in a row are one line all the same."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DASH = "—"

_INK = 128  # grey levels below it are the stroke


def level(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing (S, S) of one stroke, sheared so that it lies level: (S, S)."""
    rows, columns = np.nonzero(image < _INK)
    if not len(columns) or columns.min() == columns.max():
        return image
    slope = float(np.polyfit(columns, rows, 1)[0])
    middle = float(columns.min() + columns.max()) / 2
    # Pillow asks for the way back: a pixel's row comes from farther down where the stroke falls.
    back = (1.0, 0.0, 0.0, slope, 1.0, -slope * middle)
    shape = image.shape[::-1]
    sheared = Image.fromarray(image).transform(
        shape, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor=255
    )
    return np.asarray(sheared)


def is_one_line(before: str, after: str) -> bool:
    """Whether two characters in a row are one line of ink."""
    return before == after == DASH
