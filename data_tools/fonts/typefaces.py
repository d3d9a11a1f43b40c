"""The bundled fonts, each with its licence beside it (docs/fonts.md).

Twelve are hands. The first four have 5,717 hanzi each; the others are by Japanese writers, and have
other characters beside those. One is the reference font, printed forms of all that people type,
for characters that no hand has. A thirteenth hand has no font: it writes along known strokes.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from data_tools.errors import UserError, join_message
from data_tools.fonts.known_strokes import known_strokes
from data_tools.fonts.misdrawn import is_misdrawn

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

KAITI = 12
"""Index of the hand that has no font, but writes along known strokes (`known_strokes.py`). Where an
outline of it is needed, the reference font's stands for it, whose forms are nearly the same."""

HANDS = range(KAITI + 1)
"""Indices of the hands; they too are part of what a model has learned."""

REFERENCE = len(HANDS)
"""Index of the reference font, which no writer writes with."""

EM_PIXELS = 112
"""Side of the em square of `draw_reference`."""

_CANVAS_PIXELS = 160  # flourishes leave the em square
MISSING_CHARACTER = "\U0010ffff"
"""A noncharacter, for which every font has its .notdef glyph."""

_LOOKED_FOR = "一人大國国あAa1\U00020000"  # the last for fonts of rare hanzi alone

Font = int | Path
"""A bundled font (its index among `TYPEFACES`, `KAITI` or `REFERENCE`), or a file of the user's."""

PLAINEST = 1
"""Index of Long Cang, the most regular of the hands' fonts."""


@lru_cache
def load_typeface(font: Font, size_pixels: int) -> ImageFont.FreeTypeFont:
    """Open a font at a size in pixels."""
    # The basic layout, since a single hanzi needs no shaping and not every Pillow brings libraqm.
    basic = ImageFont.Layout.BASIC
    files = (*TYPEFACES, _REFERENCE_FILE, _REFERENCE_FILE)
    file = font if isinstance(font, Path) else files[font]
    return ImageFont.truetype(file, size_pixels, layout_engine=basic)


def draw_reference(font: Font, character: str) -> Image.Image:
    """What a font draws for a character at 112 pixels an em: ink 255, cropped to the ink if any."""
    canvas = Image.new("L", (_CANVAS_PIXELS, _CANVAS_PIXELS))
    centre = (_CANVAS_PIXELS / 2, _CANVAS_PIXELS / 2)
    typeface = load_typeface(font, EM_PIXELS)
    ImageDraw.Draw(canvas).text(centre, character, 255, typeface, anchor="mm")
    return canvas.crop(canvas.getbbox())


@lru_cache(maxsize=1 << 18)
def has_glyph(font: Font, character: str) -> bool:
    """Whether a font draws a character, and not another one in its place."""
    if font == KAITI:
        return character in known_strokes() and has_ink(font, character)
    if isinstance(font, int) and font < KAITI and is_misdrawn(TYPEFACES[font].stem, character):
        return False
    return has_ink(font, character)


def has_ink(font: Font, character: str) -> bool:
    """Whether a font draws anything for a character; far faster than drawing it on a page.

    What it lists and leaves blank, it does not draw.
    """
    typeface = load_typeface(font, EM_PIXELS)
    left, top, right, bottom = box = typeface.getbbox(character)
    if right <= left or bottom <= top:
        return False
    if box != _missing_box(font):  # so that it is not drawn, which takes five times as long
        return True
    return bytes(typeface.getmask(character)) != bytes(typeface.getmask(MISSING_CHARACTER))


@lru_cache
def _missing_box(font: Font) -> tuple[float, float, float, float]:
    """Where a font draws what stands for a character that it lacks."""
    return load_typeface(font, EM_PIXELS).getbbox(MISSING_CHARACTER)


@dataclass(frozen=True)
class KnownFonts:
    """The fonts that show a model, or a page, how characters look.

    Attributes:
        hands: how many hands' fonts, the first of `HANDS`.
        reference: a font of the user's, for what no hand has, before the bundled reference font.
        fallback: a font for what that has not either.
    """

    hands: int = len(HANDS)
    reference: Path | None = None
    fallback: Path | None = None

    def font_of(self, character: str, hand: int = PLAINEST) -> Font | None:
        """The font that shows how a hand would write a character: its own if that has it.

        Else it is the hand of known strokes, whose forms are those that are taught, then the
        plainest of the hands' fonts, then the first that has it, and last a reference font.

        Returns:
            None where none of them has it.
        """
        fonts: list[Font] = [hand, self.regular, PLAINEST, *range(FIRST_HANDS, self.hands)]
        if self.reference is not None:
            fonts.append(self.reference)
        fonts.append(REFERENCE)
        if self.fallback is not None:
            fonts.append(self.fallback)
        return next((font for font in fonts if has_glyph(font, character)), None)

    @property
    def regular(self) -> int:
        """The hand that writes the forms which are taught, or else the plainest."""
        return KAITI if self.hands > KAITI else PLAINEST

    def in_a_hand(self, character: str) -> bool:
        """Whether the font of any hand draws a character."""
        return any(has_glyph(hand, character) for hand in (PLAINEST, *range(self.hands)))


ALL_FONTS = KnownFonts()
"""Those that come along."""


def take_font(path: Path) -> Path:
    """Make sure that a file is a font that draws hanzi, letters or kana.

    Returns:
        The file, by a path that holds wherever the program goes.

    Raises:
        UserError: it is none.
    """
    path = path.resolve()
    if not path.is_file():
        problem = "there is no such file"
        raise UserError(join_message(str(path), problem, "name a .ttf, .otf or .woff2"))
    try:
        drawn = any(has_glyph(path, character) for character in _LOOKED_FOR)
    except (OSError, ValueError) as error:
        problem = f"is no font that can be read ({error})"
        raise UserError(join_message(str(path), problem, "name a .ttf, .otf or .woff2")) from None
    if not drawn:
        problem = "this font has neither hanzi nor letters"
        raise UserError(join_message(str(path), problem, "name another one"))
    return path
