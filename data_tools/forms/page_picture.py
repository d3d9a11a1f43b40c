"""A photographed page made flat and evenly lit: how dark each point of it is, and its code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.forms.layout import Square
from data_tools.forms.page_code import MODULES, PageCode, known_modules, read_code
from data_tools.forms.registration import Registration

PIXELS_A_MM = 12
"""Of the flat page: a box of 14 mm has 168 pixels, more than the largest glyph of a store."""

_BEYOND_MM = 4.0  # of the outermost dots
_MESH_PIXELS = 12  # between points that are placed one by one
_ENLARGED = 1.3  # a photograph that has more pixels than the flat page is reduced before
_LIGHT_PIXELS_A_MM = 2
_WIDEST_INK_MM = 9.0  # what is wider is a shadow, or a box that is all ink
_SHADOW_EDGE_MM = 1.0
_WIDEST_BLOT_MM = 26.0
_DARKEST_SHADOW = 0.4  # of the light around it
_CODE_STRAY_MM = 0.9
_CODE_BEND_MM = 0.5
_CODE_PATTERNS = (6, 30, 54)  # modules, by rows and by columns, of a QR code of version 11
_CODE_PIXELS_A_MODULE = 6
_BLUR_MODULES = 2  # from which light strays into a module of a blurred code
_BLUR_RIDGE = 0.01
_CODE_WINDOW_MODULES = 13  # in which about half of the modules are dark


class TwoPagesError(Exception):
    """What looks like one page is parts of two."""


@dataclass(frozen=True)
class FlatPage:
    """The part of a page that has boxes.

    Attributes:
        left: of the first pixel, in mm on the page.
        top: likewise.
        darkness: (height, width) float32; 0 is background, 1 black; what is printed is in it.
    """

    left: float
    top: float
    darkness: NDArray[np.float32]

    def part(self, square: Square, more_mm: float = 0.0) -> tuple[slice, slice]:
        """The rows and columns of a square of the page, grown by `more_mm` on all sides."""
        return (
            self._range(square.top - more_mm, square.bottom + more_mm, self.top, 0),
            self._range(square.left - more_mm, square.right + more_mm, self.left, 1),
        )

    def _range(self, first: float, last: float, origin: float, axis: int) -> slice:
        size = self.darkness.shape[axis]
        start = round((first - origin) * PIXELS_A_MM)
        end = round((last - origin) * PIXELS_A_MM)
        return slice(min(max(start, 0), size), min(max(end, 0), size))


def find_code(grey: NDArray[np.uint8], page: Registration) -> PageCode | None:
    """Read what a page says of itself, from the better of its two codes or from both together.

    Raises:
        UnknownLayoutError: another version of the program has made it.
        TwoPagesError: its two codes are those of different pages.
    """
    both = np.zeros((2, MODULES, MODULES))
    found: set[PageCode] = set()
    for place in page.sheet.codes:
        levels = _best_placed(grey, page, place)
        ways = np.stack([levels, _sharpened(levels)])
        both += ways
        if (code := _first_code(ways)) is not None:
            found.add(code)
    # Where a folded sheet lies on another, the boxes beyond the fold are those of another page.
    if len(found) > 1:
        raise TwoPagesError
    return found.pop() if found else _first_code(both)


def _first_code(ways: NDArray[np.float64]) -> PageCode | None:
    """The code that the first of some ways to see it, (ways, 61, 61), says; None if none does."""
    codes = (read_code(way > 0) for way in ways)
    return next((code for code in codes if code is not None), None)


def flatten(photograph: NDArray[np.uint8], page: Registration) -> FlatPage:
    """Make a page flat and its light even.

    Args:
        photograph: (height, width, 3) RGB.
        page: found in it.
    """
    dots = page.sheet.dots
    left, top = (dots[0, 0] - _BEYOND_MM).tolist()
    right, bottom = (dots[-1, -1] + _BEYOND_MM).tolist()
    flat = _warp(photograph, page, (left, top, right - left, bottom - top), PIXELS_A_MM)
    return FlatPage(left, top, _by_ink_colour(1 - _evenly_lit(flat)))


def _warp(
    photograph: NDArray[np.uint8],
    page: Registration,
    part: tuple[float, float, float, float],
    pixels_a_mm: float,
) -> NDArray[np.uint8]:
    """A part of a page as it was printed.

    Args:
        photograph: grey or RGB.
        page: found in it.
        part: left, top, width and height in mm.
        pixels_a_mm: of the result.
    """
    import cv2

    scale = min(1.0, _ENLARGED * pixels_a_mm / page.pixels_a_mm())
    if scale < 1:  # or single pixels would be picked out of many
        photograph = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top, width_mm, height_mm = part
    width, height = round(width_mm * pixels_a_mm), round(height_mm * pixels_a_mm)
    step = _MESH_PIXELS
    # The middle of a pixel lies half a pixel from its beginning; OpenCV counts from the middle.
    xs = left + (np.arange(0, width + 2 * step, step) + 0.5) / pixels_a_mm
    ys = top + (np.arange(0, height + 2 * step, step) + 0.5) / pixels_a_mm
    points = np.stack(np.meshgrid(xs, ys), axis=-1)
    places = (page.to_pixels(points.reshape(-1, 2)) + 0.5) * scale - 0.5
    mesh = places.reshape(points.shape).astype(np.float32)
    across = np.tile(np.arange(width, dtype=np.float32) / step, (height, 1))
    down = np.tile(np.arange(height, dtype=np.float32)[:, None] / step, (1, width))
    maps = cv2.remap(mesh, across, down, cv2.INTER_LINEAR)
    return np.asarray(
        cv2.remap(photograph, maps, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )


def _evenly_lit(flat: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours over those of the light behind, so that the sheet is 1 wherever nothing is on it."""
    import cv2

    reduced = PIXELS_A_MM // _LIGHT_PIXELS_A_MM
    height, width = flat.shape[:2]
    size = (max(1, width // reduced), max(1, height // reduced))
    small = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(small, 3)
    light = _lightest_around(small, _WIDEST_INK_MM)
    # A box that is all ink is no shadow, which would leave more of the light.
    light = np.maximum(light, _DARKEST_SHADOW * _lightest_around(light, _WIDEST_BLOT_MM))
    light = cv2.GaussianBlur(light.astype(np.float32), (0, 0), 1.0)
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    even = flat.astype(np.float32) / np.maximum(light, 8)
    # The closing takes the lightest of the grain: what most of the sheet has is the sheet's own.
    usual = np.median(even[::7, ::7], axis=(0, 1)).astype(np.float32)
    return np.asarray(even / np.maximum(usual, np.float32(0.2)), np.float32)


def _lightest_around(small: NDArray[np.uint8], width_mm: float) -> NDArray[np.uint8]:
    """Colours without what is darker than its surroundings and narrower than a width."""
    import cv2

    side = 2 * round(width_mm * _LIGHT_PIXELS_A_MM / 2) + 1
    # The darker side of a shadow's edge reaches a little farther, or the edge would count as ink.
    more = side + 2 * round(_SHADOW_EDGE_MM * _LIGHT_PIXELS_A_MM)
    window, larger = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)) for size in (side, more)
    )
    lightest = cv2.dilate(small, window, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.erode(lightest, larger, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _by_ink_colour(depths: NDArray[np.float32]) -> NDArray[np.float32]:
    """One darkness of three colours: each counts as much as the ink on the page is dark in it.

    Blue ink is darkest in red light, red ink in green and blue; of black and grey all count alike.
    """
    mean = depths.mean(axis=2)
    some = mean[::3, ::3]
    ink = (some > max(0.2, float(np.percentile(some, 97)) / 2)) & (some < 0.75)  # not black print
    weights = np.full(3, 1 / 3, np.float32)
    if np.count_nonzero(ink) > 200:
        levels = np.maximum(np.median(depths[::3, ::3][ink], axis=0), 0.02)
        weights = (levels / levels.sum()).astype(np.float32)
    return np.asarray(depths @ weights, np.float32)


def _best_placed(grey: NDArray[np.uint8], page: Registration, place: Square) -> NDArray[np.float64]:
    """How dark the modules of a code are, above or below 0, where its known ones agree best.

    Codes lie beyond the outermost dots, where the bend is known less well.
    """
    import cv2

    pixels_a_mm = _CODE_PIXELS_A_MODULE * MODULES / place.side
    around = _CODE_STRAY_MM + place.side / MODULES
    side = place.side + 2 * around
    part = (place.left - around, place.top - around, side, side)
    flat = _warp(grey, page, part, pixels_a_mm).astype(np.float32)
    light = cv2.blur(flat, (_CODE_PIXELS_A_MODULE * _CODE_WINDOW_MODULES,) * 2)
    levels = cv2.blur(light - flat, (_CODE_PIXELS_A_MODULE // 2,) * 2)
    levels /= max(float(levels.std()), 1e-6)
    first = round(around * pixels_a_mm) + _CODE_PIXELS_A_MODULE // 2
    middles = first + _CODE_PIXELS_A_MODULE * np.arange(MODULES)
    whole = slice(0, MODULES)
    reach = round(_CODE_STRAY_MM * pixels_a_mm)
    shift = _best_shift(levels, middles, (whole, whole), (0, 0), reach)
    # Then at each of the patterns that QR codes have for it, in three rows of three.
    reach = round(_CODE_BEND_MM * pixels_a_mm)
    around_pattern = [slice(max(at - 4, 0), at + 5) for at in _CODE_PATTERNS]
    shifts = np.array(
        [
            [
                _best_shift(levels, middles, (rows, columns), shift, reach)
                for columns in around_pattern
            ]
            for rows in around_pattern
        ]
    )
    down, across = np.moveaxis(_between_patterns(shifts), -1, 0).round().astype(int)
    most = len(levels) - 1
    rows = (middles[:, None] + down).clip(0, most)
    columns = (middles[None, :] + across).clip(0, most)
    return np.asarray(levels[rows, columns], np.float64)


def _sharpened(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels of modules without what blur brings over from their neighbours.

    The weights of a module and those around it are the ones by which known modules come out best.
    """
    known, is_known = known_modules()
    size = 2 * _BLUR_MODULES + 1
    padded = np.pad(levels, _BLUR_MODULES, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    around = around.reshape(MODULES, MODULES, size * size)
    seen, wanted = around[is_known], np.where(known[is_known], 1.0, -1.0)
    ridge = _BLUR_RIDGE * len(seen) * np.eye(size * size)
    weights = np.linalg.solve(seen.T @ seen + ridge, seen.T @ wanted)
    return np.asarray(around @ weights, np.float64)


def _best_shift(
    levels: NDArray[np.float32],
    middles: NDArray[np.int64],
    window: tuple[slice, slice],
    start: tuple[int, int],
    reach: int,
) -> tuple[int, int]:
    """How far down and across the known modules in a window lie from where they should."""
    known, is_known = known_modules()
    signs = (np.where(known, 1.0, -1.0) * is_known)[window]
    rows, columns = middles[window[0]], middles[window[1]]
    best, most = start, -np.inf
    last = len(levels) - 1
    for down in range(start[0] - reach, start[0] + reach + 1):
        for across in range(start[1] - reach, start[1] + reach + 1):
            places = np.ix_((rows + down).clip(0, last), (columns + across).clip(0, last))
            agree = float((levels[places] * signs).sum())
            if agree > most:
                best, most = (down, across), agree
    return best


def _between_patterns(shifts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shifts at three rows of three patterns (3, 3, 2) → those of all modules, (61, 61, 2)."""
    steps = np.interp(np.arange(MODULES), _CODE_PATTERNS, np.arange(len(_CODE_PATTERNS)))
    weights = np.maximum(1 - np.abs(steps[:, None] - np.arange(len(_CODE_PATTERNS))), 0)
    return np.asarray(np.einsum("ri,cj,ijk->rck", weights, weights, shifts), np.float64)
