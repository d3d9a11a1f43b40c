"""A pen that writes along strokes: a line of its own width, whatever the font's.

People write forms that a font shows and leave its outlines: each stroke strays a little from its
place, corners become round, and a fast pen does not leave the paper between two strokes.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from data_tools.fonts.strokes import SPACING_PIXELS, Stroke, smooth
from data_tools.fonts.typefaces import EM_PIXELS
from data_tools.glyphs.compiled import compile_now

_JOIN_EM = 0.35  # strokes that are further apart are seldom joined
_THINNEST = 0.35  # of the pen's width, where it hardly touches the paper
_LEAST_RADIUS_PIXELS = 0.55  # thinner lines would fall between pixels


@dataclass(frozen=True)
class Pen:
    """How somebody's pen runs.

    Attributes:
        width_em: of its line.
        straying: of each stroke from its place, its direction and its length; 1 is usual.
        rounding_em: standard deviation of the Gaussian that rounds corners.
        joining: how likely it stays on the paper between two strokes that lie near, 0 to 1.
        lifting: how much thinner lines become at their ends, 0 to 1.
    """

    width_em: float
    straying: float
    rounding_em: float
    joining: float
    lifting: float

    @classmethod
    def at_random(cls, rng: np.random.Generator) -> Self:
        """Somebody's."""
        return cls(
            width_em=0.043 * math.exp(rng.normal(0, 0.25)),
            straying=math.exp(rng.normal(0, 0.3)),
            rounding_em=float(rng.uniform(0.005, 0.06)),
            joining=float(rng.uniform(0, 1) ** 2 * 0.8),
            lifting=float(rng.uniform(0, 0.8)),
        )


def stray(strokes: tuple[Stroke, ...], pen: Pen, rng: np.random.Generator) -> list[Stroke]:
    """Strokes as they come out this time, rounded, each (N, 3): x, y, and the share of the width.

    Args:
        strokes: at `EM_PIXELS` an em, in the order of writing.
        pen: what writes them.
        rng: what makes this time differ from others.
    """
    written = [_stray_once(stroke, pen, rng) for stroke in strokes]
    lines: list[Stroke] = []
    for stroke in written:
        if lines and rng.random() < pen.joining * math.exp(-_gap_em(lines[-1], stroke) / _JOIN_EM):
            lines[-1] = np.concatenate([lines[-1], _link(lines[-1], stroke), stroke])
        else:
            lines.append(stroke)
    points = pen.rounding_em * EM_PIXELS / SPACING_PIXELS
    return [smooth(line, points) for line in lines]


def _gap_em(first: Stroke, second: Stroke) -> float:
    return math.dist(first[-1, :2], second[0, :2]) / EM_PIXELS


def _stray_once(stroke: Stroke, pen: Pen, rng: np.random.Generator) -> Stroke:
    middle = stroke.mean(axis=0)
    shift = rng.normal(0, 0.023 * pen.straying * EM_PIXELS, 2)
    turn = rng.normal(0, 0.075 * pen.straying)
    stretch = math.exp(rng.normal(0, 0.1 * pen.straying))
    bow = rng.normal(0, 0.05 * pen.straying)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    points = (stroke - middle) * stretch @ rotation + middle + shift
    along = np.linspace(0, 1, len(points))
    across = (points[-1] - points[0])[::-1] * (-1, 1)
    points += bow * across * np.sin(np.pi * along)[:, None]
    begin, end = rng.uniform(0.8, 1.2, 2)
    lifted = 1 - pen.lifting * (1 - _THINNEST) * np.clip((along - 0.6) / 0.4, 0, 1) ** 2
    width = (begin + (end - begin) * along) * lifted
    return np.column_stack([points, width])


def _link(first: Stroke, second: Stroke) -> Stroke:
    """The thin line from the end of a stroke to the beginning of the next, both left out."""
    line = np.stack([first[-1], second[0]])
    count = max(1, round(math.dist(line[0, :2], line[1, :2]) / SPACING_PIXELS))
    share = np.arange(1, count)[:, None] / count
    points: Stroke = line[0] + share * (line[1] - line[0])
    points[:, 2] = 0.6
    return points


def draw_lines(lines: list[Stroke], radius: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel lines cover: (height, width), 0 to 1.

    Args:
        lines: each (N, 3), x and y in pixels, and the share of the radius.
        radius: of the pen in pixels.
        size: width and height.
    """
    width, height = size
    coverage = np.zeros((height, width), np.float32)
    for line in lines:
        _draw_line(coverage, np.ascontiguousarray(line), radius)
    return coverage


def _draw_line(coverage: NDArray[np.float32], line: NDArray[np.float64], radius: float) -> None:
    height, width = coverage.shape
    for place in range(len(line) - 1):
        x, y, share = line[place]
        run_x, run_y, widening = line[place + 1] - line[place]
        square = run_x * run_x + run_y * run_y
        reach = radius * max(share, share + widening) + 1
        left = max(0, math.floor(min(x, x + run_x) - reach))
        right = min(width, math.ceil(max(x, x + run_x) + reach))
        top = max(0, math.floor(min(y, y + run_y) - reach))
        bottom = min(height, math.ceil(max(y, y + run_y) + reach))
        for row in range(top, bottom):
            for column in range(left, right):
                away_x, away_y = column + 0.5 - x, row + 0.5 - y
                along = 0.0
                if square > 0:
                    along = min(1.0, max(0.0, (away_x * run_x + away_y * run_y) / square))
                distance = math.hypot(away_x - along * run_x, away_y - along * run_y)
                here = max(_LEAST_RADIUS_PIXELS, radius * (share + along * widening))
                covered = min(1.0, here + 0.5 - distance)
                coverage[row, column] = max(coverage[row, column], covered)


_draw_line = compile_now(_draw_line, types.float32[:, ::1], types.float64[:, ::1], types.float64)
