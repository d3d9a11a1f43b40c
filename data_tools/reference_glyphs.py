"""What a character looks like: its reference glyph, drawn by one of the bundled fonts.

A model that knows characters by their glyphs (`hanzi_lsgan/models/label_embedding.py`) begins
here, with characters that it was trained on and with those that it was not.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import ImageChops

from data_tools.glyphs import GlyphOptions, default_margin, fit_glyph
from data_tools.typefaces import PLAINEST, draw_reference, has_glyph

REFERENCE_SIZE_PIXELS = 32


@lru_cache(maxsize=1 << 15)
def reference_glyph(character: str) -> NDArray[np.float32] | None:
    """The ink of a character, (32, 32) from 0 for paper to 1, fitted as samples of a store are.

    None where the font lacks the character.
    """
    if not has_reference_glyph(character):
        return None
    bitmap = ImageChops.invert(draw_reference(PLAINEST, character))
    size = REFERENCE_SIZE_PIXELS
    options = GlyphOptions(size, "aspect", default_margin(size, "aspect"))
    glyph = fit_glyph(memoryview(bitmap.tobytes()), bitmap.width, bitmap.height, options)
    ink: NDArray[np.float32] = 1 - np.asarray(glyph, np.float32) / np.float32(255)
    return ink


def has_reference_glyph(character: str) -> bool:
    """Whether there is a reference glyph of a character."""
    return has_glyph(PLAINEST, character)
