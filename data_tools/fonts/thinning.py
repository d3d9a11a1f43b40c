"""A glyph's skeleton: its strokes worn down to lines one pixel wide (Guo and Hall, 1989).

Compiled as `glyphs/compiled.py` is: a glyph takes tens of passes over all its pixels.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from data_tools.glyphs.compiled import compile_now


def thin(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The skeleton of ink (H, W): as connected as the ink is, and nowhere thicker than it need be.

    Returns:
        (H, W), a part of the ink.
    """
    skeleton = np.pad(ink, 1).astype(np.uint8)
    _thin(skeleton)
    return skeleton[1:-1, 1:-1].astype(bool)


@njit
def _wears_away(skeleton: NDArray[np.uint8], y: int, x: int, turn: int) -> bool:
    """Whether a pixel may go in this half of a pass: at the border, and no bridge and no end."""
    p2, p3, p4 = skeleton[y - 1, x], skeleton[y - 1, x + 1], skeleton[y, x + 1]
    p5, p6, p7 = skeleton[y + 1, x + 1], skeleton[y + 1, x], skeleton[y + 1, x - 1]
    p8, p9 = skeleton[y, x - 1], skeleton[y - 1, x - 1]
    parts = (
        ((p2 == 0) & ((p3 | p4) != 0))
        + ((p4 == 0) & ((p5 | p6) != 0))
        + ((p6 == 0) & ((p7 | p8) != 0))
        + ((p8 == 0) & ((p9 | p2) != 0))
    )
    if parts != 1:
        return False
    pairs = min(
        (p9 | p2) + (p3 | p4) + (p5 | p6) + (p7 | p8), (p2 | p3) + (p4 | p5) + (p6 | p7) + (p8 | p9)
    )
    if not 2 <= pairs <= 3:
        return False
    if turn == 0:
        return bool((p2 | p3 | (1 - p5)) & p4 == 0)
    return bool((p6 | p7 | (1 - p9)) & p8 == 0)


def _thin(skeleton: NDArray[np.uint8]) -> None:
    height, width = skeleton.shape
    going = np.zeros((height, width), np.bool_)
    changed = True
    while changed:
        changed = False
        for turn in range(2):
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    going[y, x] = skeleton[y, x] == 1 and _wears_away(skeleton, y, x, turn)
            for y in range(1, height - 1):
                for x in range(1, width - 1):
                    if going[y, x]:
                        skeleton[y, x] = 0
                        changed = True


_thin = compile_now(_thin, types.uint8[:, ::1])
