"""Written characters → a line: where each comes to stand, its ink there, and the box of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hanzi_lsgan.writing.characters import WrittenCharacter
from hanzi_lsgan.writing.column_marks import TURNED, UPRIGHT, WESTERN_BRACKETS, column_shift
from hanzi_lsgan.writing.dashes import is_one_line
from hanzi_lsgan.writing.line_widths import NARROW, NARROW_MARKS, SPACE

_SQUARE_PIXELS = 64  # of a character while the line is put together
_LEAST_SQUARE_PIXELS, _MOST_SQUARE_PIXELS = 28, 72
_LEAST_MARGIN, _LARGEST_MARGIN = 0.1, 0.3  # of a square, on each side
_INK = 250  # grey levels below it are ink, or the edge of a stroke
_BASE_LINE = 0.88  # of a square from above, about which characters lean
_FULL_WIDTH = 0.8  # narrower characters stand in the middle of a column
_LOW_INK = 0.35  # of a square: a letter or sign less high takes no figure's room in a column
_BESIDE_LOW = 0.14  # of a square, above and below such ink
_TURNED = TURNED | WESTERN_BRACKETS  # in a column, whose letters stand upright

_TURN, _LEAN, _STRETCH, _SIZE, _SHIFT = 0.02, 0.03, 0.03, 0.04, 0.02  # a character's own straying
_TILT, _WAVE = 0.008, 0.035  # of the base line: climb, and height of its waves in squares
_WAVE_SQUARES = 9.0

Boxes = NDArray[np.float64]
"""Left, top, right, bottom of each character's ink in pixels: (N, 4)."""

OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
"""What is added to boxes to make them larger by a pixel on each side."""


@dataclass(frozen=True)
class Habit:
    """How a hand sets its lines.

    Attributes:
        slant: shift to the right for each part upward.
        spacing: between characters, in squares.
    """

    slant: float
    spacing: float

    @classmethod
    def of_hand(cls, number: int) -> "Habit":
        """The habit of a hand: a number gives the same again."""
        rng = np.random.default_rng((number, 1))
        return cls(float(rng.normal(0.02, 0.08)), float(rng.uniform(-0.06, 0.14)))


@dataclass(frozen=True)
class SetLine:
    """A line as a picture.

    Attributes:
        image: (h, w) uint8, 255 is background.
        boxes: of the characters, in their order.
    """

    image: NDArray[np.uint8]
    boxes: Boxes


@dataclass(frozen=True)
class _Patch:
    """The ink of a character, and where its upper left corner comes."""

    ink: NDArray[np.uint8]
    left: int
    top: int


def set_line(
    written: Sequence[WrittenCharacter | None],
    habit: Habit,
    rng: np.random.Generator,
    *,
    down: bool = False,
) -> SetLine:
    """Put characters side by side as a hand does, or one below the other.

    Args:
        written: None is a space; at least one is a character.
        habit: of the hand.
        rng: of what differs from line to line: size, spacing, the way of the base line.
        down: a column.

    Returns:
        The line, whose squares have sides of 28 to 72 pixels. Boxes cover all ink.
    """
    spacing = habit.spacing + rng.normal(0, 0.02)
    slant = habit.slant + rng.normal(0, 0.02)
    tilt, wave = rng.normal(0, _TILT), rng.normal(0, _WAVE)
    phase = rng.uniform(0, 2 * math.pi)
    strays = rng.normal(0, 1, (len(written), 7))
    for number, (before, one) in enumerate(pairwise(written), start=1):
        if before and one and is_one_line(before.character, one.character):
            strays[number] = strays[number - 1]
    pen, patches = 0.0, []
    for one, stray, after in zip(written, strays, [*written[1:], None], strict=True):
        if one is None:
            pen += SPACE
            continue
        across = tilt * pen + wave * math.sin(phase + 2 * math.pi * pen / _WAVE_SQUARES)
        if down:
            patches.append(_column_patch(one, slant, pen, across, stray))
        else:
            patches.append(_patch(one, slant, (pen, across), stray))
        advance = _advance(one, down)
        if after and is_one_line(one.character, after.character):
            pen += advance
            continue
        gap = spacing + _SHIFT * float(stray[0])
        # A column's characters are as high as their squares, where a row's are less wide.
        pen += advance + (max(gap, 0.02) if down else max(gap, -0.1) * min(advance, 1))
    return _compose(patches, rng)


def _advance(one: WrittenCharacter, down: bool) -> float:
    """What a character takes of the line, in squares."""
    if one.character in NARROW_MARKS:
        return 1.0 if down and one.character in UPRIGHT else NARROW
    narrow = one.place.advance <= _FULL_WIDTH
    if down and _is_low(one):
        return one.place.height + 2 * _BESIDE_LOW
    if down and narrow:
        return max(one.place.advance, NARROW) if one.character in _TURNED else _FULL_WIDTH
    return one.place.advance


def _is_low(one: WrittenCharacter) -> bool:
    """Whether a character that stands upright in a column is a full stop or the like of letters.

    At its height in a row it stood right above the next figure, far below the one before.
    """
    narrow = one.place.advance <= _FULL_WIDTH and one.character not in NARROW_MARKS
    return narrow and one.place.height < _LOW_INK and one.character not in _TURNED


def _column_patch(
    one: WrittenCharacter,
    slant: float,
    pen: float,
    across: float,
    stray: NDArray[np.float64],
) -> _Patch:
    if one.character in _TURNED:
        if one.place.advance <= _FULL_WIDTH or one.character in NARROW_MARKS:
            along = _advance(one, down=True) / 2
            across, pen = across + 0.5 - one.place.centre[0], pen + along - one.place.centre[1]
        else:
            across += column_shift(one.character, one.place)[0]
        return _patch(one, 0.0, (across, pen), stray, turned=True)
    right, below = column_shift(one.character, one.place)
    if one.place.advance <= _FULL_WIDTH:
        right, below = (1 - one.place.advance) / 2, -0.1
    if _is_low(one):
        below = _advance(one, down=True) / 2 - one.place.centre[1]
    return _patch(one, slant, (across + right, pen + below), stray)


def _patch(
    one: WrittenCharacter,
    slant: float,
    square: tuple[float, float],
    stray: NDArray[np.float64],
    *,
    turned: bool = False,
) -> _Patch:
    """Draw a character whose square begins at `square`, in squares."""
    turn, lean, stretch, size, shift_x, shift_y = stray[1:].tolist()
    pivot_x, pivot_y = 0.5, 0.5 if turned else _BASE_LINE
    if one.place.advance <= _FULL_WIDTH or one.character in NARROW_MARKS:
        middle, height = one.place.centre  # a small thing leans about itself
        pivot_x, pivot_y = middle, height if turned else _BASE_LINE

    # Turned, leant and stretched, place p of the square comes to L (p - pivot) + pivot + square. In
    # plain numbers: for each of a million characters an array of four is what takes the time.
    turn = _TURN * turn + (math.pi / 2 if turned else 0)
    cos, sin = math.cos(turn), math.sin(turn)
    shear = -slant - _LEAN * lean
    wide = math.exp(_SIZE * size + _STRETCH * stretch) * _SQUARE_PIXELS
    high = math.exp(_SIZE * size - _STRETCH * stretch) * _SQUARE_PIXELS
    xx, xy = cos * wide, (cos * shear - sin) * high
    yx, yy = sin * wide, (sin * shear + cos) * high

    # p is that of a pixel of the image
    across, along, right, down = one.pixels_to_square()
    right, down = right - pivot_x, down - pivot_y
    to_x = xx * right + xy * down + (square[0] + _SHIFT * shift_x + pivot_x) * _SQUARE_PIXELS
    to_y = yx * right + yy * down + (square[1] + _SHIFT * shift_y + pivot_y) * _SQUARE_PIXELS
    xx, xy, yx, yy = xx * across, xy * along, yx * across, yy * along

    # What the ink and a little around it reaches
    left, top, far, bottom = one.ink_box
    side = len(one.image)
    left, top, far, bottom = max(left - 2, 0), max(top - 2, 0), far + 2, bottom + 2
    far, bottom = min(far, side), min(bottom, side)
    corners = [(x, y) for x in (left, far) for y in (top, bottom)]
    reached_x = [xx * x + xy * y + to_x for x, y in corners]
    reached_y = [yx * x + yy * y + to_y for x, y in corners]
    first_x, first_y = math.floor(min(reached_x)) - 1, math.floor(min(reached_y)) - 1
    width = math.ceil(max(reached_x)) + 1 - first_x
    height = math.ceil(max(reached_y)) + 1 - first_y

    # The way back from there to the image's pixels, which is what Pillow asks for
    area = xx * yy - xy * yx
    back_xx, back_xy, back_yx, back_yy = yy / area, -xy / area, -yx / area, xx / area
    from_x, from_y = first_x - to_x, first_y - to_y
    ink = one.without_haze.transform(
        (width, height),
        Image.Transform.AFFINE,
        (
            back_xx,
            back_xy,
            back_xx * from_x + back_xy * from_y,
            back_yx,
            back_yy,
            back_yx * from_x + back_yy * from_y,
        ),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )
    return _Patch(np.asarray(ink), first_x, first_y)


def _compose(patches: Sequence[_Patch], rng: np.random.Generator) -> SetLine:
    """Lay patches over one another, and bring the line to a size by lot."""
    tight = np.array([_ink_box(patch) for patch in patches], float)
    margins = np.ceil(rng.uniform(_LEAST_MARGIN, _LARGEST_MARGIN, 4) * _SQUARE_PIXELS).astype(int)
    first = tight[:, :2].min(axis=0).astype(int) - margins[:2]
    width, height = (tight[:, 2:].max(axis=0).astype(int) + margins[2:] - first).tolist()
    canvas = np.full((height, width), 255, np.uint8)
    for patch in patches:
        top, left = patch.top - first[1], patch.left - first[0]
        ink = patch.ink[max(-top, 0) :, max(-left, 0) :]  # what is cut off has no ink
        top, left = max(top, 0), max(left, 0)
        region = canvas[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.minimum(region, ink[: region.shape[0], : region.shape[1]], out=region)
    boxes = tight - np.tile(first, 2)
    factor = rng.integers(_LEAST_SQUARE_PIXELS, _MOST_SQUARE_PIXELS + 1) / _SQUARE_PIXELS
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    image = np.asarray(Image.fromarray(canvas).resize(size, Image.Resampling.BICUBIC))
    # Resizing spreads ink by less than two of the new pixels, of which the first alone is seen.
    boxes *= np.tile([size[0] / width, size[1] / height], 2)
    return SetLine(image, boxes + OUTWARD)


def _ink_box(patch: _Patch) -> tuple[int, int, int, int]:
    ink = patch.ink < _INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):  # strokes too fine for a trace: where they were meant to be
        height, width = ink.shape
        return patch.left, patch.top, patch.left + width, patch.top + height
    return (
        patch.left + int(columns[0]),
        patch.top + int(rows[0]),
        patch.left + int(columns[-1]) + 1,
        patch.top + int(rows[-1]) + 1,
    )
