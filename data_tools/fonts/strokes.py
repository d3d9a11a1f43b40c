"""A glyph as the strokes of a pen: lines through the middle of its ink.

A font draws outlines. Whoever would write a character with another pen, or loosely, needs to know
where its strokes run. They are found in the glyph's skeleton: its branches, joined where they go on
straight across a crossing, and each turned as strokes are written, to the right and downward. One
hand has no font, but strokes that are known (`known_strokes.py`).
"""

import math
from collections import Counter
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.known_strokes import known_strokes
from data_tools.fonts.thinning import thin
from data_tools.fonts.typefaces import EM_PIXELS, KAITI, Font, draw_reference

Stroke = NDArray[np.float64]
"""Points (N, 2) from the beginning to the end, N at least 2: to the right and below."""

SPACING_PIXELS = 3.0
"""Between two points of a stroke, more or less."""

_INK = 128
_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
_DIRECTION_PIXELS = 9.0  # of a branch, from which its direction at a crossing is taken
_STRAIGHT_ON = math.cos(math.radians(50))  # branches that differ more are different strokes
_SPUR = 0.9  # of the strokes' half width: a shorter branch is a corner of the ink and no stroke
_SMOOTHING_PIXELS = 2.0

_Pixel = tuple[int, int]


class _Branch:
    """A chain of pixels between two crossings or ends."""

    def __init__(self, points: Stroke, ends: tuple[int, int]) -> None:
        self.points = points  # (N, 2) x, y
        self.ends = ends  # the crossing at either end; -1 where it simply ends

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum()) + 1

    def away(self, end: int) -> NDArray[np.float64]:
        """The direction, a unit vector, in which it leaves the crossing at one of its ends."""
        points = self.points if end == 0 else self.points[::-1]
        ahead = points[min(len(points) - 1, round(_DIRECTION_PIXELS))] - points[0]
        length = float(np.hypot(*ahead))
        return ahead / length if length else np.zeros(2)


@lru_cache(maxsize=1 << 16)
def strokes_of(font: Font, character: str) -> tuple[Stroke, ...]:
    """The strokes that a font draws, in an order in which they might be written.

    Args:
        font: one that has the character.
        character: to take apart.

    Returns:
        Points at 112 pixels an em, from the centre of the glyph's ink.
    """
    strokes = _known(character) if font == KAITI else _found(font, character)
    for stroke in strokes:
        stroke.flags.writeable = False
    return tuple(strokes)


def _known(character: str) -> list[Stroke]:
    strokes = [_smooth(stroke * EM_PIXELS) for stroke in known_strokes().of(character)]
    points = np.concatenate(strokes)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    return [stroke - centre for stroke in strokes]


def _found(font: Font, character: str) -> list[Stroke]:
    glyph = np.asarray(draw_reference(font, character))
    centre = np.array([glyph.shape[1] / 2, glyph.shape[0] / 2])
    # Of the thinnest strokes no pixel may be covered by half.
    return [stroke - centre for stroke in trace(glyph >= min(_INK, int(glyph.max()) // 2 + 1))]


def trace(ink: NDArray[np.bool_]) -> list[Stroke]:
    """The strokes of ink (H, W), in its pixels; none where there is no ink."""
    skeleton = thin(ink)
    if not skeleton.any():
        return []
    half_width = ink.sum() / max(1, skeleton.sum()) / 2
    branches, crossings = _branches(skeleton)
    branches = _without_spurs(branches, _SPUR * half_width + 1)
    strokes = [_smooth(line) for line in _join(branches, crossings)]
    strokes = [_as_written(stroke) for stroke in strokes]
    return sorted(strokes, key=lambda stroke: float(stroke[0, 1] + 0.6 * stroke[0, 0]))


def _branches(skeleton: NDArray[np.bool_]) -> tuple[list[_Branch], list[NDArray[np.float64]]]:
    """The branches of a skeleton, and the places of its crossings."""
    pixels: set[_Pixel] = set(zip(*map(np.ndarray.tolist, np.nonzero(skeleton)), strict=True))
    near = {
        (y, x): [(y + dy, x + dx) for dy, dx in _NEIGHBOURS if (y + dy, x + dx) in pixels]
        for y, x in pixels
    }
    crossing_of: dict[_Pixel, int] = {}
    crossings: list[NDArray[np.float64]] = []
    forks = {p for p in pixels if len(near[p]) > 2}
    for pixel in sorted(forks):
        if pixel not in crossing_of:
            group = _connected(pixel, {p: [q for q in near[p] if q in forks] for p in forks})
            crossing_of |= dict.fromkeys(group, len(crossings))
            crossings.append(np.mean(group, axis=0)[::-1])
    chains = {p: [q for q in near[p] if q not in crossing_of] for p in pixels - set(crossing_of)}
    branches: list[_Branch] = []
    left = set(chains)
    # From open ends first; what remains are rings.
    for first in sorted(chains, key=lambda p: (len(chains[p]) > 1, p)):
        if first not in left:
            continue
        chain = [first]
        left.discard(first)
        while following := [p for p in chains[chain[-1]] if p in left]:
            chain.append(min(following, key=partial(_steps_between, chain[-1])))
            left.discard(chain[-1])
        ends = [_crossing_beside(chain[0], near, crossing_of)]
        others = [p for p in near[chain[-1]] if p in crossing_of]
        met = [crossing_of[p] for p in others if len(chain) > 1 or crossing_of[p] != ends[0]]
        ends.append(met[0] if met else -1)
        if len(chain) > 2 and chain[0] in chains[chain[-1]]:
            chain.append(chain[0])
        branches.append(_Branch(np.array(chain, np.float64)[:, ::-1], (ends[0], ends[1])))
    if not branches:  # a blot whose skeleton is nothing but a crossing
        branches = [_Branch(np.array([place, place]), (-1, -1)) for place in crossings[:1]]
    return branches, crossings


def _steps_between(first: _Pixel, second: _Pixel) -> int:
    return abs(first[0] - second[0]) + abs(first[1] - second[1])


def _connected(start: _Pixel, near: dict[_Pixel, list[_Pixel]]) -> list[_Pixel]:
    found, todo = {start}, [start]
    while todo:
        fresh = [p for p in near[todo.pop()] if p not in found]
        found.update(fresh)
        todo += fresh
    return sorted(found)


def _crossing_beside(
    pixel: _Pixel, near: dict[_Pixel, list[_Pixel]], crossing_of: dict[_Pixel, int]
) -> int:
    return next((crossing_of[p] for p in near[pixel] if p in crossing_of), -1)


def _without_spurs(branches: list[_Branch], shortest: float) -> list[_Branch]:
    """Leave out short branches that stand out of others; one that is all there is stays."""
    kept = [b for b in branches if min(b.ends) != -1 or max(b.ends) == -1 or b.length >= shortest]
    return kept or branches


def _join(branches: list[_Branch], crossings: list[NDArray[np.float64]]) -> list[Stroke]:
    """Lines across crossings: at each, the two ends that are nearest to a straight line, and so on.

    An end that finds no other reaches to the middle of the crossing.
    """
    partner: dict[tuple[int, int], tuple[int, int]] = {}
    at_crossing: dict[int, list[tuple[int, int]]] = {}
    for number, branch in enumerate(branches):
        for end, crossing in enumerate(branch.ends):
            if crossing != -1:
                at_crossing.setdefault(crossing, []).append((number, end))
    for ends in at_crossing.values():
        directions = {end: branches[end[0]].away(end[1]) for end in ends}
        fits = sorted(
            (
                (float(directions[a] @ directions[b]), a, b)
                for place, a in enumerate(ends)
                for b in ends[place + 1 :]
                if a[0] != b[0]
            ),
        )
        alone = Counter(ends)
        for cosine, a, b in fits:
            # Two that are all there is belong together, however sharp the corner.
            if alone[a] and alone[b] and (cosine < -_STRAIGHT_ON or len(ends) == 2):
                partner[a], partner[b] = b, a
                alone -= Counter((a, b))

    lines: list[Stroke] = []
    used: set[int] = set()
    starts = [(n, e) for n in range(len(branches)) for e in (0, 1) if (n, e) not in partner]
    for start in [*starts, *((n, 0) for n in range(len(branches)))]:
        if start[0] in used:
            continue
        parts: list[Stroke] = []
        at: tuple[int, int] | None = start
        if (crossing := branches[start[0]].ends[start[1]]) != -1 and start not in partner:
            parts.append(crossings[crossing][None])
        while at is not None and at[0] not in used:
            number, end = at
            used.add(number)
            points = branches[number].points
            parts.append(points if end == 0 else points[::-1])
            out = (number, 1 - end)
            at = partner.get(out)
            if at is None and (crossing := branches[number].ends[1 - end]) != -1:
                parts.append(crossings[crossing][None])
        lines.append(np.concatenate(parts))
    return lines


def resample(line: Stroke, spacing: float) -> Stroke:
    """The same line with points at equal distances, at least two, ends kept."""
    lengths = np.hypot(*np.diff(line, axis=0).T)
    places = np.concatenate([[0.0], np.cumsum(lengths)])
    count = max(2, round(places[-1] / spacing) + 1)
    wanted = np.linspace(0, places[-1], count)
    return np.stack([np.interp(wanted, places, line[:, axis]) for axis in range(2)], axis=1)


def smooth(line: Stroke, points: float) -> Stroke:
    """A line rounded by a Gaussian of this standard deviation in points; its ends stay."""
    reach = min(math.ceil(3 * points), len(line) - 1)
    if reach < 1:
        return line
    # Turned about its ends the line goes on beyond them, so that they do not shrink.
    before = 2 * line[0] - line[reach:0:-1]
    after = 2 * line[-1] - line[-2 : -reach - 2 : -1]
    longer = np.concatenate([before, line, after])
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / points) ** 2)
    weights /= weights.sum()
    columns = [np.convolve(column, weights, "valid") for column in longer.T]
    return np.stack(columns, axis=1)


def _smooth(line: Stroke) -> Stroke:
    fine = smooth(resample(line, 1.0), _SMOOTHING_PIXELS)
    return resample(fine, SPACING_PIXELS)


def _as_written(stroke: Stroke) -> Stroke:
    """From the left to the right, or from above downward where it is steeper."""
    right, down = stroke[-1] - stroke[0]
    return stroke if down + 0.4 * right >= 0 else stroke[::-1].copy()
