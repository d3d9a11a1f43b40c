"""A background of shadows, stains and noise becomes exactly white; strokes keep their shades.

The light behind the strokes is found by a closing (the darkest of the lightest around), which takes
away whatever is dark and narrower than its window. Compiled as `glyphs/compiled.py` is: in numpy
this takes six times as long as decoding the picture.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray
from PIL import Image

from data_tools.glyphs.compiled import compile_now
from data_tools.glyphs.fit import BACKGROUND

_BACKGROUND_SIDE_PIXELS = 64  # shadows and stains are seen as well in a small picture
_WIDEST_STROKE = 0.3  # of the longer side; what is wider is a shadow
_DARKEST_SHADOW = 0.35  # of the lightest part; what is darker is ink
_INK_DEPTH = 0.25  # of the background's light: what is darker than that is no noise
_LEAST_DEPTH = 0.08  # what is lighter than that is no ink
_NOISE_DEVIATIONS = 2.0
_DEVIATION_OF_MEDIAN = 1.4826  # of normal noise, the ratio of its deviation to its median size
_FULL = np.uint8(BACKGROUND)
_STEPS = 8  # in which a grey level is parted to find medians


def level(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide dark ink by the background and clear what noise remains.

    Args:
        grey: (height, width), ink darker than what is around it.

    Returns:
        A picture of the same size, 255 where there is no ink.
    """
    grey = np.ascontiguousarray(grey)
    height, width = grey.shape
    reduced = max(1.0, max(height, width) / _BACKGROUND_SIDE_PIXELS)
    size = (max(1, round(width / reduced)), max(1, round(height / reduced)))
    small = grey
    if reduced > 1:
        small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    light = np.empty(small.shape, np.float32)
    _find_light(light, small, 2 * round(_WIDEST_STROKE * max(size) / 2) + 1)
    if reduced > 1:
        large = Image.fromarray(light).resize((width, height), Image.Resampling.BILINEAR)
        light = np.asarray(large)
    levelled = np.empty_like(grey)
    _divide(levelled, grey, light)
    return levelled


@njit
def _mean_of_nine(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each pixel and its eight neighbours, edges repeated outside."""
    height, width = picture.shape
    sums = np.empty((height, width), np.float32)
    for row in range(height):
        above, below = picture[max(row - 1, 0)], picture[min(row + 1, height - 1)]
        for column in range(width):
            sums[row, column] = above[column] + picture[row, column] + below[column]
    means = np.empty((height, width), np.float32)
    ninth = np.float32(1 / 9)
    for row in range(height):
        line = sums[row]
        for column in range(1, width - 1):
            means[row, column] = (line[column - 1] + line[column] + line[column + 1]) * ninth
        for column in (0, width - 1):
            before, behind = max(column - 1, 0), min(column + 1, width - 1)
            means[row, column] = (line[before] + line[column] + line[behind]) * ninth
    return means


@njit
def _lightest(lines: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """The largest of each `window` lines that follow each other.

    In steps that double what each line has seen: (n, m) becomes (n - window + 1, m).
    """
    count, length = lines.shape
    seen = 1
    while seen < window:
        step = min(seen, window - seen)
        count -= step
        larger = np.empty((count, length), np.uint8)  # in place it would not run in parallel
        for number in range(count):
            for place in range(length):
                first, second = lines[number, place], lines[number + step, place]
                larger[number, place] = first if first > second else second
        lines = larger
        seen += step
    return lines


@njit
def _lightest_around(picture: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """The largest of each square window: (n, m) becomes (m - window + 1, n - window + 1)."""
    across: NDArray[np.uint8] = _lightest(picture, window)
    both: NDArray[np.uint8] = _lightest(np.ascontiguousarray(across.T), window)
    return both


def _find_light(light: NDArray[np.float32], small: NDArray[np.uint8], window: int) -> None:
    """The light behind the strokes, (h, w), by a closing wider than any of them."""
    height, width = small.shape
    smooth = _mean_of_nine(small.astype(np.float32))  # single light pixels are no background
    # Edges are repeated far enough, or light would flow in from inside.
    wide = np.empty((height + 2 * window, width + 2 * window), np.uint8)
    for row in range(height + 2 * window):
        line = smooth[min(max(row - window, 0), height - 1)]
        for column in range(width):
            wide[row, window + column] = int(line[column] + np.float32(0.5))
        wide[row, :window] = wide[row, window]
        wide[row, window + width :] = wide[row, window + width - 1]
    dark = _FULL - _lightest_around(wide, window)
    # One pixel more of the darker side, or the edge of a shadow would be taken for ink.
    closed = (_FULL - _lightest_around(dark, window + 2)).astype(np.float32)
    least = max(np.float32(1), np.float32(_DARKEST_SHADOW) * closed.max())
    light[:] = _mean_of_nine(np.maximum(closed, least))


@njit
def _median(counts: NDArray[np.int64], lowest: int) -> float:
    """The middle of counted values, which are steps of a grey level from `lowest` on."""
    half = (counts.sum() + 1) // 2
    below = 0
    for number in range(len(counts)):
        below += counts[number]
        if below >= half:
            return (number + lowest) / _STEPS
    return 0.0


def _divide(
    levelled: NDArray[np.uint8], grey: NDArray[np.uint8], light: NDArray[np.float32]
) -> None:
    """Ink over the light behind it, and 255 wherever there is none."""
    height, width = grey.shape
    depth = np.empty((height, width), np.float32)
    lowest = -256 * _STEPS
    counts = np.zeros(2 * 256 * _STEPS + 1, np.int64)
    for row in range(height):
        for column in range(width):
            depth[row, column] = light[row, column] - grey[row, column]
            if depth[row, column] < _INK_DEPTH * light[row, column]:
                counts[int(depth[row, column] * _STEPS) - lowest] += 1
    bias = _median(counts, lowest)  # a closing lies on top of the noise, by as much as this
    sizes = np.zeros_like(counts)
    for number in range(len(counts)):
        away = abs(number + lowest - int(bias * _STEPS))
        if away < len(sizes):
            sizes[away] += counts[number]
    noise = _NOISE_DEVIATIONS * _DEVIATION_OF_MEDIAN * _median(sizes, 0)
    depth -= np.float32(bias)
    around = _mean_of_nine(depth)
    for row in range(height):
        for column in range(width):
            behind = light[row, column]
            # Single dark pixels are noise, and ink has neighbours: a stroke's edge on one side.
            is_ink = depth[row, column] > max(noise, _LEAST_DEPTH * behind)
            if is_ink and around[row, column] > max(noise, _LEAST_DEPTH / 2 * behind):
                share = max(np.float32(0), 1 - depth[row, column] / behind)
                levelled[row, column] = int(share * BACKGROUND + np.float32(0.5))
            else:
                levelled[row, column] = BACKGROUND


_READ_ONLY = types.Array(types.uint8, 2, "C", readonly=True)
_LIGHT = types.Array(types.float32, 2, "C", readonly=True)
_find_light = compile_now(_find_light, types.float32[:, ::1], _READ_ONLY, types.int64)
_divide = compile_now(_divide, types.uint8[:, ::1], _READ_ONLY, _LIGHT)
