"""Boxes that a writer has crossed out: two straight lines from corner to corner.

Only long runs of ink in about the direction of a diagonal count, so that strokes which merely lie
close to each other along it are no line.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.typefaces import ALL_FONTS, draw_reference
from data_tools.forms.layout import BOX_MM
from data_tools.forms.page_picture import PIXELS_A_MM
from data_tools.glyphs.fit import BACKGROUND

_SIDE = round(BOX_MM * PIXELS_A_MM)  # of a box in pixels
_RUN_MM = 5.0
_DIRECTIONS_DEGREES = range(30, 65, 5)
_FIRST, _LAST = 0.15, 0.85  # of a diagonal: lines may begin and end a little inside
_ENDS_MM = np.arange(-3.0, 3.01, 0.3)  # beside the diagonal
_SAGS_MM = np.linspace(-1.2, 1.2, 5)  # of lines that are slightly bent
_POINTS = 60  # of a line
_SEEN_SHARE = 0.88
"""Of a line that is ink. Nine in ten of drawn crosses are told so, over characters or alone, and
none of 3,603 samples by people of 85 to 105 % of a box, 又 and 乂 among them."""
_BESIDE_MM = 1.0  # from the middle of a line
_END_SHARE = 0.2  # of a line at either end
_MOST_BESIDE_SHARE = 0.7  # of such an end may have ink beside it
_OF_PRINT_SHARE = 0.7  # of a character that is nearly such a cross itself


def is_crossed_out(ink: NDArray[np.bool_], top: int, left: int, character: str) -> bool:
    """Whether both diagonals of a box are drawn, as those of the character are not.

    Args:
        ink: of the box, with some of what is around it.
        top: row of the box's upper side in it.
        left: column of its left side.
        character: to be written in it. 乂, 又 and × look like what is crossed out.
    """
    right = ink.shape[1] - left - _SIDE
    for way, side in ((ink, left), (ink[:, ::-1], right)):
        line = _diagonal(way, top, side, _SEEN_SHARE)
        if line is None or not _stands_out(way, *line):
            return False
    return not _is_cross(character)


@lru_cache(maxsize=1024)
def _is_cross(character: str) -> bool:
    """Whether the printed character, as high and wide as a box, has about the two diagonals."""
    font = ALL_FONTS.font_of(character)
    if font is None:
        return True  # nothing tells
    glyph = draw_reference(font, character)
    if 2 * min(glyph.size) < max(glyph.size):
        return False  # 一, which would be all ink
    ink = np.asarray(glyph.resize((_SIDE, _SIDE))) > BACKGROUND / 2  # in which ink is light
    return all(_diagonal(way, 0, 0, _OF_PRINT_SHARE) is not None for way in (ink, ink[:, ::-1]))


def _diagonal(
    ink: NDArray[np.bool_], top: int, left: int, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rows and columns of that line along a box's falling diagonal of which most is ink.

    Returns:
        None where less than a share of it is.
    """
    runs = _long_runs(ink)
    if np.count_nonzero(runs) < least * (_LAST - _FIRST) * _SIDE:
        return None
    height, width = ink.shape
    rows, columns = _lines()
    rows, columns = (rows + top).clip(0, height - 1), (columns + left).clip(0, width - 1)
    shares = runs[rows, columns].mean(axis=1)
    best = int(shares.argmax())
    return (rows[best], columns[best]) if shares[best] >= least else None


def _stands_out(
    ink: NDArray[np.bool_], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> bool:
    """Whether there is bare sheet beside both ends of a line, on either side.

    Broad strokes that lie close to each other may make a line too, but it hardly has such ends.
    """
    height, width = ink.shape
    beside = round(_BESIDE_MM * PIXELS_A_MM / np.sqrt(2))
    end = round(_END_SHARE * _POINTS)
    for points in (slice(0, end), slice(-end, None)):
        for step in (-beside, beside):
            row = (rows[points] - step).clip(0, height - 1)
            column = (columns[points] + step).clip(0, width - 1)
            if ink[row, column].mean() > _MOST_BESIDE_SHARE:
                return False
    return True


def _long_runs(ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Ink that lies in straight runs about from the upper left to the lower right."""
    import cv2

    pixels = np.ascontiguousarray(ink, np.uint8)
    runs = np.zeros_like(pixels)
    for window in _windows():
        runs |= np.asarray(cv2.morphologyEx(pixels, cv2.MORPH_OPEN, window), np.uint8)
    return runs


@lru_cache(maxsize=1)
def _windows() -> list[NDArray[np.uint8]]:
    """Lines of the length and directions of runs, each in the middle of a square."""
    import cv2

    length = round(_RUN_MM * PIXELS_A_MM)
    windows = []
    for degrees in _DIRECTIONS_DEGREES:
        window = np.zeros((length + 1, length + 1), np.uint8)
        along = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
        ends = [(length / 2 * (1 + sign * along)).round().astype(int).tolist() for sign in (-1, 1)]
        cv2.line(window, ends[0], ends[1], 1, 1)
        windows.append(window)
    return windows


@lru_cache(maxsize=1)
def _lines() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns, from a box's corner, of lines along its falling diagonal: (lines, points).

    Of each both ends and how far it is bent vary.
    """
    first, last, sag = (
        values.reshape(-1, 1) for values in np.meshgrid(_ENDS_MM, _ENDS_MM, _SAGS_MM)
    )
    share = np.linspace(0, 1, _POINTS)
    along = (_FIRST + (_LAST - _FIRST) * share) * _SIDE
    beside_mm = first * (1 - share) + last * share + 4 * sag * share * (1 - share)
    beside = beside_mm * PIXELS_A_MM / np.sqrt(2)
    return (along - beside).round().astype(np.int64), (along + beside).round().astype(np.int64)
