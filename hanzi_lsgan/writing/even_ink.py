"""Ink that is as dark in a pale stroke as in a dark one, so that both have an outline."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from hanzi_lsgan.drawing.in_square import ink_level

_BACKGROUND = 255
_STROKE_PIXELS = 5  # about as broad as strokes are; wider windows lose what lies beside dark ink
_LOOKED_AT_PIXELS = 0.5  # standard deviation: one dark pixel is no stroke
_CHANGE_PIXELS = 1.0  # standard deviation: darkening has no edges of its own
_MOST_TIMES = 3.0  # beyond, the faint grey that networks leave beside strokes becomes ink


def even_ink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing whose pale strokes are darkened to what its dark ones are, at most three times.

    Ink counts from half of what the hand's is on, so that thin strokes, which networks draw paler,
    are else broken or lost.

    Args:
        image: (S, S), 255 is background.
    """
    darkness = _BACKGROUND - image.astype(np.float32)
    full = 2 * (_BACKGROUND - ink_level(image))
    strokes = maximum_filter(gaussian_filter(darkness, _LOOKED_AT_PIXELS), _STROKE_PIXELS)
    own = np.maximum(gaussian_filter(strokes, _CHANGE_PIXELS), 1)
    darkened = darkness * np.clip(full / own, 1, _MOST_TIMES)
    levels: NDArray[np.uint8] = np.rint(np.clip(_BACKGROUND - darkened, 0, _BACKGROUND)).astype(
        np.uint8
    )
    return levels
