"""What a character looks like: its reference glyphs, drawn by the bundled fonts.

A model that knows characters by their glyphs (`hanzi_lsgan/models/label_embedding.py`) begins
here, with characters that it was trained on and with those that it was not.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import ImageChops

from data_tools.fonts.typefaces import ALL_FONTS, PLAINEST, KnownFonts, draw_reference
from data_tools.glyphs.fit import GlyphOptions, default_margin, fit_glyph

REFERENCE_SIZE_PIXELS = 32


@lru_cache(maxsize=1 << 11)
def reference_glyph(
    character: str, hand: int = PLAINEST, fonts: KnownFonts = ALL_FONTS
) -> NDArray[np.uint8] | None:
    """The ink of a character, (32, 32) from 0, none, to 255, fitted as samples of a store are.

    Args:
        character: to draw.
        hand: whose font draws it; where that lacks it, another does, see `KnownFonts.font_of`.
        fonts: to choose among.

    Returns:
        None where none of them has the character.
    """
    font = fonts.font_of(character, hand)
    if font is None:
        return None
    bitmap = ImageChops.invert(draw_reference(font, character))
    size = REFERENCE_SIZE_PIXELS
    options = GlyphOptions(size, "aspect", default_margin(size, "aspect"))
    glyph = fit_glyph(memoryview(bitmap.tobytes()), bitmap.width, bitmap.height, options)
    return 255 - glyph


def has_reference_glyph(character: str, fonts: KnownFonts = ALL_FONTS) -> bool:
    """Whether there are reference glyphs of a character."""
    return fonts.font_of(character) is not None
