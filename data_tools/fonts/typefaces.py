"""The bundled fonts, each with its licence beside it (docs/fonts.md).

Twelve are hands. The first four have 5,717 hanzi each; the others are by Japanese writers, and have
other characters beside those. One is the reference font, printed forms of all that people type,
for characters that no hand has.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FOLDER = Path(__file__).parent
_REFERENCE_FILE = _FOLDER / "hanzi-reference" / "hanzi-reference.woff2"

TYPEFACES = tuple(
    _FOLDER / name / f"{name}.woff2"
    for name in (
        "liu-jian-mao-cao",
        "long-cang",
        "ma-shan-zheng",
        "zhi-mang-xing",
        "setofont",
        "kiloji",
        "klee-one",
        "oz-pen",
        "kouzan-regular",
        "kouzan-running",
        "kouzan-cursive",
        "zen-kurenaido",
    )
)
"""Files of the hands' fonts. Their order is part of what a model has learned."""

FIRST_HANDS = 4
"""So many of them there were at first, and for models that were trained then."""

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


def font_of(character: str, hand: int = PLAINEST, hands: int = len(TYPEFACES)) -> int | None:
    """Index of the font that shows how a hand would write a character: its own if that has it.

    Else it is the plainest of the hands' fonts, then the first that has it, and last the reference
    font.

    Args:
        character: to be written.
        hand: index of a hand's font.
        hands: how many hands' fonts there are to choose among.

    Returns:
        None where none of them has it.
    """
    fonts: Iterable[int] = (hand, PLAINEST, *range(FIRST_HANDS, hands), REFERENCE)
    for font in fonts:
        if has_glyph(font, character):
            return font
    return None


def in_a_hand(character: str, hands: int = len(TYPEFACES)) -> bool:
    """Whether the font of any of so many hands draws a character."""
    return any(has_glyph(hand, character) for hand in (PLAINEST, *range(hands)))


def unsupported_characters(characters: Iterable[str]) -> list[str]:
    """Those of the characters that no hand's font can draw, in code point order."""
    return [character for character in sorted(set(characters)) if not in_a_hand(character)]
