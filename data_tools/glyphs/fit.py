"""From a scanned bitmap of any size to the square glyph that networks see."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from data_tools.errors import UserError

Fit = Literal["aspect", "stretch"]

BACKGROUND = 255
GLYPH_SIZES_PIXELS = (28, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class GlyphOptions:
    """How a bitmap becomes a square glyph.

    Attributes:
        size: side of the glyph in pixels, one of 28, 32, 48, 64, 96, 128.
        fit: `aspect` keeps the proportions of the ink and centres it; `stretch` squashes the whole
            bitmap into the square, as the original LSGAN's data was.
        margin: pixels on each side that the ink never enters, less than half the size.
    """

    size: int = 64
    fit: Fit = "aspect"
    margin: int = 2

    def __post_init__(self) -> None:
        if self.size not in GLYPH_SIZES_PIXELS:
            known = ", ".join(map(str, GLYPH_SIZES_PIXELS))
            raise UserError(f"--size {self.size}: no such glyph size; choose one of {known}")
        check_fit(self.fit)
        largest = (self.size - 1) // 2
        if not 0 <= self.margin <= largest:
            raise UserError(f"--margin {self.margin}: outside 0 to {largest} pixels; choose fewer")


def check_fit(fit: str) -> Fit:
    """Take a word for a way to fit.

    Raises:
        UserError: it is none.
    """
    for known in get_args(Fit):
        if fit == known:
            return cast(Fit, known)
    raise UserError(f"--fit {fit}: no such way to fit; choose aspect or stretch")


def default_margin(size: int, fit: Fit) -> int:
    """Margin in pixels when the user names none: 1/32 of the side, and none for `stretch`."""
    return size // 32 if fit == "aspect" else 0


def fit_glyph(
    pixels: memoryview, width: int, height: int, options: GlyphOptions
) -> NDArray[np.uint8]:
    """Fit one scanned character into a square.

    Pillow's bilinear filter widens its triangle when it shrinks an image, so that every scanned
    pixel counts and thin strokes stay.

    Args:
        pixels: width * height bytes, row by row: 255 is background, 0 the darkest ink.
        width: of the bitmap in pixels, at least 1.
        height: of the bitmap in pixels, at least 1.
        options: size, fit and margin of the result.

    Returns:
        A grey image (size, size), the same polarity. A bitmap without ink becomes an empty page.
    """
    bitmap = Image.frombuffer("L", (width, height), bytes(pixels), "raw", "L", 0, 1)
    inner = options.size - 2 * options.margin
    page = np.full((options.size, options.size), BACKGROUND, np.uint8)
    columns, rows = inner, inner
    if options.fit == "aspect":
        ink_box = ImageChops.invert(bitmap).getbbox()
        if ink_box is None:
            return page
        bitmap = bitmap.crop(ink_box)  # or the background around would bleed into the outermost ink
        scale = inner / max(bitmap.size)
        columns, rows = (max(1, round(side * scale)) for side in bitmap.size)
    # Pillow may turn the order of the two, and with it the rounding, from version to version.
    narrowed = bitmap.resize((columns, bitmap.height), Image.Resampling.BILINEAR)
    fitted = narrowed.resize((columns, rows), Image.Resampling.BILINEAR)
    left, top = (options.size - columns) // 2, (options.size - rows) // 2
    page[top : top + rows, left : left + columns] = np.asarray(fitted)
    return page
