"""Where a character stands in its square: a comma low and small, 一 in the middle of it.

Samples of a store are fitted to their own ink, so a model draws a comma as large as 好. What tells
them apart is in the fonts: the box of a character's ink beside those of ordinary hanzi.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.fonts.typefaces import (
    ALL_FONTS,
    PLAINEST,
    Font,
    KnownFonts,
    has_ink,
    load_typeface,
)
from data_tools.fonts.western import BETWEEN_NAMES, is_western
from data_tools.glyphs.place import Place

HANZI_INK = 0.84
"""Mean of width and height of an ordinary hanzi's ink, of its square's side."""

BASE_LINE = 0.86
"""Of letters, of the square's side from above."""

_MEASURED_PIXELS = 224  # an em, so that a rounded box is exact to half a percent
_MARKS_AT_THE_LEFT = "，、。；：！？"  # where the mainland writes them; some fonts centre them
_MARK_LEFT = 0.12
_FULL_WIDTH = 0.8  # of a square, above which all is a whole one but for letters such as m
_BEARING = 0.05  # beside a letter of a font that gives all the same width, which nobody writes so
_FIGURES = "0123456789"
_DASH = "—"
_DASH_INK = 1.06  # of a square: two of them are one line, without a gap where they meet
_ELLIPSIS = "…"
_ELLIPSIS_INK = 0.8  # of a square: two of them are a row of six dots
_ORDINARY = (
    "国田四日固是的有我好家学都得经着高重长真"  # dense hanzi, as large as a hand writes them
)


@dataclass(frozen=True)
class Placement:
    """The box of a character's ink in its square, whose side is 1.

    Attributes:
        left: from the left side of the square, to the right; some ink may leave the square.
        top: from its upper side, downward.
        right: likewise, more than `left`.
        bottom: likewise, more than `top`.
        advance: the width that it takes in a line; 1 for hanzi and full-width marks, which stand in
            the middle of it, and less for letters, whose square begins where the pen stands.
        stretch: how many times wider the ink is there than its own proportions have it.
    """

    left: float
    top: float
    right: float
    bottom: float
    advance: float
    stretch: float = 1.0

    @property
    def width(self) -> float:
        """Of the ink."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Of the ink."""
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """Of the ink, from the left and from above."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@lru_cache(maxsize=1 << 15)
def placement(character: str, hand: int = PLAINEST, fonts: KnownFonts = ALL_FONTS) -> Placement:
    """Where a font puts a character, in the square that its ordinary hanzi fill alike.

    Args:
        character: to measure.
        hand: index of a hand's font; where this one lacks the character, another is measured, see
            `KnownFonts.font_of`.
        fonts: to choose among.

    Raises:
        UserError: none of them has it.
    """
    font = fonts.font_of(character, hand)
    if font is None:
        problem = "the reference font lacks it"
        raise UserError(join_message(show_characters(character), problem, "leave it out"))
    scale, shift_right, shift_down = _square(font)
    if is_western(character):
        scale, shift_down = _beside_figures(font, fonts.font_of(_FIGURES[0], hand))
    left, top, right, bottom = _ink_box(font, character)
    advance = load_typeface(font, _MEASURED_PIXELS).getlength(character) * scale
    if advance > _FULL_WIDTH and not is_western(character):
        advance = 1.0  # each font's squares differ from one by a little
    elif advance > _FULL_WIDTH or _is_monospaced(font):
        shift_right = _BEARING - left * scale
        advance = (right - left) * scale + 2 * _BEARING
    else:
        shift_right = 0.0
    if character in _MARKS_AT_THE_LEFT:
        shift_right = _MARK_LEFT - left * scale
    elif character == BETWEEN_NAMES and advance == 1:  # in some fonts at the left side
        shift_right = 0.5 - (left + right) / 2 * scale
    placed = Placement(
        left * scale + shift_right,
        top * scale + shift_down,
        right * scale + shift_right,
        bottom * scale + shift_down,
        advance,
    )
    if character == _ELLIPSIS and advance < 1:
        placed = _in_a_square(placed)
    return _across(placed) if character == _DASH else placed


def place_by(
    character: str,
    own: Mapping[str, Place],
    hand: int = PLAINEST,
    fonts: KnownFonts = ALL_FONTS,
) -> Placement:
    """Where writers put a character if that is known, else where a font does.

    Args:
        character: to place.
        own: what is known, in the same square (`store/mean_places.py`).
        hand: as of `placement`.
        fonts: likewise.

    Raises:
        UserError: none of the fonts has it.
    """
    by_font = placement(character, hand, fonts)
    if character not in own:
        return by_font
    left, top, right, bottom = own[character]
    advance = by_font.advance
    if advance < 1:  # where the pen stood before a letter, no box says
        advance += right - left - by_font.width
        left, right = by_font.left, by_font.left + right - left
    placed = Placement(left, top, right, bottom, advance)
    return _across(placed) if character == _DASH else placed


def _across(place: Placement) -> Placement:
    """A dash from side to side of its square, as thick and as high as it was.

    Many fonts have one of half a square, two of which read as 一一.
    """
    left = (1 - _DASH_INK) / 2
    stretch = _DASH_INK / place.width
    return replace(place, left=left, right=left + _DASH_INK, advance=1.0, stretch=stretch)


def _in_a_square(place: Placement) -> Placement:
    """An ellipsis of half a square enlarged to a whole one, at its height.

    Two of them would have a gap between them in printed squares.
    """
    scale = _ELLIPSIS_INK / place.width
    left, middle = (1 - _ELLIPSIS_INK) / 2, place.centre[1]
    half = place.height * scale / 2
    return Placement(left, middle - half, left + _ELLIPSIS_INK, middle + half, 1.0)


@lru_cache
def _square(font: Font) -> tuple[float, float, float]:
    """How a font's pixels become parts of the square: a scale, and shifts right and down."""
    if not any(has_ink(font, c) for c in _ORDINARY):  # of letters alone
        return 1 / _MEASURED_PIXELS, 0.0, BASE_LINE
    boxes = np.array([_ink_box(font, c) for c in _ORDINARY if has_ink(font, c)])
    left, top, right, bottom = boxes.mean(axis=0).tolist()
    scale = HANZI_INK / ((right - left + bottom - top) / 2)
    return scale, 0.5 - (left + right) / 2 * scale, 0.5 - (top + bottom) / 2 * scale


@lru_cache
def _beside_figures(font: Font, beside: Font | None) -> tuple[float, float]:
    """Scale and shift down of a font's letters and signs that stand beside another one's figures.

    Figures of some fonts are nearly twice as high as those of others, in squares that hanzi fill
    alike: the × that a hand's font lacks is as large as the hand's own figures ask for.
    """
    scale, _, shift_down = _square(font)
    if beside is None or not all(has_ink(one, c) for one in (font, beside) for c in _FIGURES):
        return scale, shift_down
    own_scale, _, own_shift_down = _square(beside)
    (top, bottom), (own_top, own_bottom) = _figure_ends(font), _figure_ends(beside)
    scale = own_scale * (own_bottom - own_top) / (bottom - top)
    return scale, own_bottom * own_scale + own_shift_down - bottom * scale


def _figure_ends(font: Font) -> tuple[float, float]:
    """Mean upper and lower end of a font's figures in pixels, from the base line."""
    _, top, _, bottom = np.array([_ink_box(font, one) for one in _FIGURES]).mean(axis=0).tolist()
    return top, bottom


@lru_cache
def _is_monospaced(font: Font) -> bool:
    typeface = load_typeface(font, _MEASURED_PIXELS)
    return typeface.getlength("i") > 0.9 * typeface.getlength("a")


def _ink_box(font: Font, character: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the ink in pixels, from where the pen stands on the base line."""
    typeface = load_typeface(font, _MEASURED_PIXELS)
    # Not `getbbox`, whose box also holds the pen's own place before and after.
    ink, (right_shift, down_shift) = typeface.getmask2(character, "L", anchor="ls")
    left, top, right, bottom = ink.getbbox()
    return left + right_shift, top + down_shift, right + right_shift, bottom + down_shift
