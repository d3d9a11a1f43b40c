"""The bundled fonts, all under the SIL Open Font License.

Four are hands, with 5,717 hanzi each, and Latin letters. One is the reference font, printed forms
of all that people type, for characters that no hand has.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FOLDER = Path(__file__).parent
_REFERENCE_FILE = _FOLDER / "hanzi-reference" / "hanzi-reference.woff2"

TYPEFACES = tuple(sorted(set(_FOLDER.glob("*/*.woff2")) - {_REFERENCE_FILE}))
"""Files of the hands' fonts, in order of their names."""

REFERENCE = len(TYPEFACES)
"""Index of the reference font, which no writer writes with."""

EM_PIXELS = 112
"""Side of the em square of `draw_reference`."""

_CANVAS_PIXELS = 160  # flourishes leave the em square
MISSING_CHARACTER = "\U0010ffff"
"""A noncharacter, for which every font has its .notdef glyph."""

PLAINEST = 1
"""Index of Long Cang, the most regular of the hands' fonts."""


@lru_cache
def load_typeface(index: int, size_pixels: int) -> ImageFont.FreeTypeFont:
    """Open a font, that of a hand or the reference font, at a size in pixels."""
    # The basic layout, since a single hanzi needs no shaping and not every Pillow brings libraqm.
    basic = ImageFont.Layout.BASIC
    file = _REFERENCE_FILE if index == REFERENCE else TYPEFACES[index]
    return ImageFont.truetype(file, size_pixels, layout_engine=basic)


def draw_reference(index: int, character: str) -> Image.Image:
    """What a font draws for a character at 112 pixels an em: ink 255, cropped to the ink if any."""
    canvas = Image.new("L", (_CANVAS_PIXELS, _CANVAS_PIXELS))
    centre = (_CANVAS_PIXELS / 2, _CANVAS_PIXELS / 2)
    font = load_typeface(index, EM_PIXELS)
    ImageDraw.Draw(canvas).text(centre, character, 255, font, anchor="mm")
    return canvas.crop(canvas.getbbox())


@lru_cache(maxsize=1 << 17)
def has_glyph(index: int, character: str) -> bool:
    """Whether a font draws a character; far faster than drawing it on a page.

    What it lists and leaves blank, it does not draw.
    """
    font = load_typeface(index, EM_PIXELS)
    left, top, right, bottom = box = font.getbbox(character)
    if right <= left or bottom <= top:
        return False
    if box != _missing_box(index):  # so that it is not drawn, which takes five times as long
        return True
    return bytes(font.getmask(character)) != bytes(font.getmask(MISSING_CHARACTER))


@lru_cache
def _missing_box(index: int) -> tuple[float, float, float, float]:
    """Where a font draws what stands for a character that it lacks."""
    return load_typeface(index, EM_PIXELS).getbbox(MISSING_CHARACTER)


def font_of(character: str, hand: int = PLAINEST) -> int | None:
    """Index of the font that shows how a hand would write a character: its own if that has it.

    Else it is the plainest of the hands' fonts, and last the reference font.

    Returns:
        None where none of them has it.
    """
    for font in (hand, PLAINEST, REFERENCE):
        if has_glyph(font, character):
            return font
    return None


def in_a_hand(character: str) -> bool:
    """Whether any hand's font draws a character."""
    return has_glyph(PLAINEST, character) or any(
        has_glyph(hand, character) for hand in range(len(TYPEFACES))
    )


def unsupported_characters(characters: Iterable[str]) -> list[str]:
    """Those of the characters that not every hand's font can draw, in code point order."""
    fonts = range(len(TYPEFACES))
    return [
        character
        for character in sorted(set(characters))
        if not all(has_glyph(font, character) for font in fonts)
    ]
