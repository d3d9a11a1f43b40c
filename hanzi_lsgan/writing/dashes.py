"""Dashes, and the bars of signs: drawn with a slope and a bend, they would be another sign's.

Two dashes in a row are one line, and ＝ with waves is ≈.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hanzi_lsgan.drawing.in_square import ink_level

DASH = "—"

BARS = frozenset(DASH + "＝=≡")
"""Characters of level strokes alone."""

_BACKGROUND = 255
_BEND_PIXELS = 2.0  # standard deviation: what is shorter is the edge of a pen, which stays
_AROUND = np.ones((3, 3), bool)


def level(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing (S, S) of strokes one above the other, each laid level: (S, S).

    Columns move up and down, so that a stroke stays as thick and as long as it is.
    """
    places, count = ndimage.label(image < ink_level(image), _AROUND)
    if not count:
        return image
    # What lies about a stroke is its edge.
    nearest = ndimage.distance_transform_edt(
        places == 0, return_distances=False, return_indices=True
    )
    owners = places[tuple(nearest)]
    strokes = [np.where(owners == one, image, _BACKGROUND) for one in range(1, count + 1)]
    levelled: NDArray[np.uint8] = np.min([_level_stroke(stroke) for stroke in strokes], axis=0)
    return levelled


def _level_stroke(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One stroke (S, S), each of its columns moved to where the stroke has its middle."""
    ink = image < ink_level(image)
    inked = np.flatnonzero(ink.any(axis=0))
    if len(inked) < 2:
        return image
    rows = np.arange(len(image))
    middles = (ink * rows[:, None]).sum(axis=0)[inked] / ink.sum(axis=0)[inked]
    bend = np.interp(rows, inked, ndimage.gaussian_filter1d(middles, _BEND_PIXELS, mode="nearest"))
    moved = bend - middles.mean()
    from_row = np.broadcast_to(rows[:, None] + moved, image.shape)
    from_column = np.broadcast_to(rows, image.shape)
    grey: NDArray[np.uint8] = ndimage.map_coordinates(
        image, [from_row, from_column], order=1, cval=_BACKGROUND
    )
    return grey


def is_one_line(before: str, after: str) -> bool:
    """Whether two characters in a row are one line of ink."""
    return before == after == DASH
