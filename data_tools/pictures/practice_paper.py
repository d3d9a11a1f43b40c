"""Whether a picture shows a frame or a cross of practice paper, as 方格, 田字格 and 米字格 have.

One picture does not tell, since 国 has a frame and 十 is a cross; but few characters have them.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.glyphs.fit import BACKGROUND

_SIDE = 64  # cells of a picture
_INK_SHARE = 0.1  # of a cell, of which thin lines of a large picture fill little
_FAINTEST_INK = 240
_OUTER = 14  # cells, in which a frame lies
_MARGIN = 10  # cells at the ends of a side, where a frame may already have ended
_MIDDLE = range(24, 40)
_SLANT = range(-3, 4)  # cells from one end to the other
_SEEN_SHARE = 0.92
_FRAME_SIDES = 3  # the fourth may be cut off


def has_printed_lines(grey: NDArray[np.uint8]) -> bool:
    """Whether straight lines run along the sides, or through the middle from side to side.

    Args:
        grey: (height, width), 255 is background.
    """
    ink = np.where(grey < _FAINTEST_INK, np.uint8(BACKGROUND), np.uint8(0))
    small = Image.fromarray(ink).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    across = np.asarray(small) > _INK_SHARE * BACKGROUND
    outer = range(_OUTER)
    ways = (across, across[::-1], across.T, across.T[::-1])
    sides = sum(_has_line(way, outer, _MARGIN) for way in ways)
    if sides >= _FRAME_SIDES:
        return True
    return _has_line(across, _MIDDLE, 0) and _has_line(across.T, _MIDDLE, 0)


def _has_line(cells: NDArray[np.bool_], rows: range, margin: int) -> bool:
    """Whether a straight line runs from left to right in some rows."""
    thick = cells.copy()  # a slanted line lies in two rows here and there
    thick[1:] |= cells[:-1]
    places, columns = _lines(rows, margin)
    return bool(thick[places, columns].mean(axis=1).max() >= _SEEN_SHARE)


@lru_cache(maxsize=4)
def _lines(rows: range, margin: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (lines, cells) and columns (cells,) of lines that begin in some rows, each slanted."""
    columns = np.arange(margin, _SIDE - margin)
    share = (columns - margin) / (len(columns) - 1)
    starts = [row + slant * share for row in rows for slant in _SLANT]
    return np.rint(starts).astype(np.int64).clip(0, _SIDE - 1), columns
