"""Many glyphs at a time: what `fit_glyph` draws, byte for byte, in a fifth of the time.

`prepare` spends most of its time here, on bitmaps so small that calling Pillow for each costs as
much as resizing it. Numba compiles these functions when they are first imported and keeps the
result on the disk. A single glyph is drawn sooner by Pillow, which needs no loading.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from data_tools.glyphs.fit import BACKGROUND, GlyphOptions
from data_tools.hwdb.gnt import GntRecord

# Weights are integers in units of 2^-22, as in Pillow: with them, pixels of 8 bits and a sum of
# weights of 1, sums fit into 32 bits.
_FRACTION_BITS = 22
_ONE = 1 << _FRACTION_BITS
_HALF = _ONE >> 1


def fit_glyphs(records: Sequence[GntRecord], options: GlyphOptions) -> NDArray[np.uint8]:
    """Fit each of some scanned characters into a square.

    Args:
        records: with bitmaps of any size.
        options: size, fit and margin of the results.

    Returns:
        Grey images (len(records), size, size), each the one that `fit_glyph` draws.
    """
    widths = np.array([record.width for record in records], np.int64)
    heights = np.array([record.height for record in records], np.int64)
    ends = np.cumsum(widths * heights)
    pixels = bytearray().join([record.pixels for record in records])
    pages = np.full((len(records), options.size, options.size), BACKGROUND, np.uint8)
    _fit_into(
        pages,
        np.frombuffer(pixels, np.uint8),
        ends - widths * heights,
        widths,
        heights,
        options.margin,
        options.fit == "aspect",
    )
    return pages


@njit
def _resize_lines(lines: NDArray[np.uint8], resized: NDArray[np.uint8]) -> None:
    """Resize along the first axis by the bilinear filter, a triangle as wide as what it shrinks.

    Each line that comes out is a weighted mean of some that go in, which makes whole lines of
    additions that run in parallel: (side, n) becomes (count, n).
    """
    side, length = lines.shape
    count = len(resized)
    scale = side / count
    reach = max(scale, 1.0)
    weights = np.empty(2 * math.ceil(reach) + 1)
    sums = np.empty(length, np.int32)
    for line in range(count):
        centre = (line + 0.5) * scale
        first = max(0, int(centre - reach + 0.5))
        taps = min(side, int(centre + reach + 0.5)) - first
        for tap in range(taps):
            weights[tap] = max(0.0, 1.0 - abs((first + tap - centre + 0.5) * (1.0 / reach)))
        total = weights[:taps].sum()
        sums[:] = _HALF
        for tap in range(taps):
            weight = int(0.5 + weights[tap] / total * _ONE)
            source = lines[first + tap]
            for place in range(length):
                sums[place] += weight * source[place]
        for place in range(length):
            resized[line, place] = sums[place] >> _FRACTION_BITS


@njit
def _is_paper(line: NDArray[np.uint8]) -> bool:
    for pixel in line:  # noqa: SIM110
        if pixel != BACKGROUND:
            return False
    return True


@njit
def _crop_to_ink(bitmap: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The smallest part that holds all ink; nothing of an empty page."""
    top, left = 0, 0
    bottom, right = bitmap.shape
    while top < bottom and _is_paper(bitmap[top]):
        top += 1
    while bottom > top and _is_paper(bitmap[bottom - 1]):
        bottom -= 1
    while left < right and _is_paper(bitmap[top:bottom, left]):
        left += 1
    while right > left and _is_paper(bitmap[top:bottom, right - 1]):
        right -= 1
    return bitmap[top:bottom, left:right]


def _fit_into(
    pages: NDArray[np.uint8],
    pixels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    widths: NDArray[np.int64],
    heights: NDArray[np.int64],
    margin: int,
    keep_aspect: bool,
) -> None:
    """Draw the bitmaps that lie in `pixels` one behind another, each into its empty page."""
    size = pages.shape[1]
    inner = size - 2 * margin
    for number in range(len(pages)):
        start, width, height = starts[number], widths[number], heights[number]
        bitmap = pixels[start : start + width * height].reshape(height, width)
        rows, columns = inner, inner
        if keep_aspect:
            bitmap = _crop_to_ink(bitmap)
            if bitmap.size == 0:
                continue
            height, width = bitmap.shape
            scale = inner / max(height, width)
            rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        narrowed = np.empty((columns, height), np.uint8)
        _resize_lines(np.ascontiguousarray(bitmap.T), narrowed)
        top, left = (size - rows) // 2, (size - columns) // 2
        place = pages[number, top : top + rows, left : left + columns]
        _resize_lines(np.ascontiguousarray(narrowed.T), place)


def compile_now(function: Callable[..., None], *arguments: types.Type) -> Callable[..., None]:
    """Compile for arguments of these types now, before processes are forked that would each."""
    signature = types.void(*arguments)
    compiled: Callable[..., None]
    try:
        compiled = njit(signature, cache=True)(function)
    except (RuntimeError, OSError):  # there is no place to keep it, so every start compiles anew
        compiled = njit(signature)(function)
    return compiled


_INTEGERS = types.int64[::1]
_fit_into = compile_now(
    _fit_into,
    types.uint8[:, :, ::1],
    types.uint8[::1],
    _INTEGERS,
    _INTEGERS,
    _INTEGERS,
    types.int64,
    types.boolean,
)
