"""Signs to tick and to list by: solid ones without holes, rings without gaps.

Networks have never been trained on them, and draw broad ink mottled and long thin lines broken.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from hanzi_lsgan.drawing.in_square import ink_level

SQUARE = "■"
SOLID = frozenset(SQUARE + "●▲▼◆★")
"""Ink alone."""
BOX = "□"
RINGS = frozenset(BOX + "○◎⊙〇" + "".join(map(chr, range(ord("①"), ord("⑳") + 1))))
"""A closed line about whatever is in it."""

_BACKGROUND = 255
_ENLARGED = 4  # so that what is added has soft edges as drawings have
_ANGLES = 240
_SEEN_TO_EACH_SIDE = 20  # angles: 30 degrees
_END_TO_EACH_SIDE = 4  # angles: the last of a line shows but a part of its end
_INNER = 0.75  # of how far the ring is near by: what is nearer is in it
_ALIKE = 0.8  # of how far one end of a gap is, at least, is the other; else that is in the ring
_THINNEST_PIXELS = 2.0  # of which one is dark, wherever the line lies: less has no outline
_AROUND = np.ones((3, 3), bool)


def fill(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A solid sign (S, S) without holes: (S, S)."""
    inside = ndimage.binary_erosion(
        ndimage.binary_fill_holes(image < ink_level(image)), _AROUND
    )  # for edges are grey
    return np.where(inside, np.minimum(image, _darkest(image)), image)


def fill_square(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A solid square (S, S), of which some hands draw little, inked between its ends: (S, S)."""
    rows, columns = (image < ink_level(image)).nonzero()
    places = np.stack([columns, rows], axis=1)
    try:
        corners = places[ConvexHull(places).vertices]
    except (QhullError, ValueError):  # fewer than three places, or all in a row
        return image
    canvas, pen = _canvas(image)
    pen.polygon([_enlarged(x, y) for x, y in corners], fill=255)
    return _with_ink(image, canvas)


def close(image: NDArray[np.uint8], *, straight: bool = False) -> NDArray[np.uint8]:
    """A ring (S, S) whose gaps are drawn, from one end of its line to the other: (S, S).

    Angles about its middle tell what is a gap: those at which there is no ink, or where the
    outermost is what stands inside of the ring.

    Args:
        image: of the ring.
        straight: its sides are, nothing is in it, and a gap may lie beside a corner.
    """
    ink = image < ink_level(image)
    rows, columns = ink.nonzero()
    if len(rows) < 2 or not np.ptp(rows) or not np.ptp(columns):
        return image
    thickness = max(_THINNEST_PIXELS, 2 * float(np.median(_middle_depths(ink))))
    # About the middle of the line's own box, which becomes as wide as it is high.
    half_width, half_height = (np.ptp(columns) + 1) / 2, (np.ptp(rows) + 1) / 2
    middle_x, middle_y = columns.min() + half_width - 0.5, rows.min() + half_height - 0.5
    across, along = (columns - middle_x) / half_width, (rows - middle_y) / half_height
    angles = np.floor(np.arctan2(along, across) / (2 * np.pi) * _ANGLES).astype(int) % _ANGLES
    reach = np.zeros(_ANGLES)
    np.maximum.at(reach, angles, np.hypot(across, along))
    ring = (reach > 0) & (reach > _INNER * _medians(reach, _SEEN_TO_EACH_SIDE))
    reach = _medians(np.where(ring, reach, 0), _END_TO_EACH_SIDE)
    known = np.flatnonzero(ring)
    canvas, pen = _canvas(image)
    for before, after in zip(known, np.roll(known, -1), strict=True):
        steps = (after - before) % _ANGLES
        ends = sorted((reach[before], reach[after]))
        if steps < 2 or (not straight and ends[0] < _ALIKE * ends[1]):
            continue
        share = np.arange(steps + 1) / steps
        radius = reach[before] + share * (reach[after] - reach[before])
        turn = 2 * np.pi * (before + 0.5 + share * steps) / _ANGLES
        cosine, sine = np.cos(turn), np.sin(turn)
        # From the middle of the outermost pixel to that of the line.
        radius -= (thickness - 1) / 2 / np.hypot(half_width * cosine, half_height * sine)
        x, y = middle_x + half_width * radius * cosine, middle_y + half_height * radius * sine
        line = [_enlarged(*point) for point in zip(x, y, strict=True)]
        line = [line[0], line[-1]] if straight else line
        pen.line(line, fill=255, width=round(thickness * _ENLARGED), joint="curve")
    return _with_ink(image, canvas)


def _medians(reach: NDArray[np.float64], to_each_side: int) -> NDArray[np.float64]:
    """Of how far ink reaches at each angle (A,) and beside it, where it does: (A,)."""
    shifts = range(-to_each_side, to_each_side + 1)
    near_by = np.ma.masked_equal([np.roll(reach, shift) for shift in shifts], 0)
    middle = np.ma.median(near_by, axis=0)  # type: ignore[no-untyped-call]
    medians: NDArray[np.float64] = middle.filled(0)
    return medians


def _middle_depths(ink: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far the background is from the middles of strokes, in pixels, from their edge."""
    depth = ndimage.distance_transform_edt(ink)
    middles = ink & (depth == ndimage.maximum_filter(depth, 3))
    inner: NDArray[np.float64] = depth[middles] - 0.5
    return inner


def _canvas(image: NDArray[np.uint8]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.new("L", (image.shape[1] * _ENLARGED, image.shape[0] * _ENLARGED))
    return canvas, ImageDraw.Draw(canvas)


def _enlarged(x: float, y: float) -> tuple[float, float]:
    """The middle of a pixel on the canvas."""
    return (x + 0.5) * _ENLARGED - 0.5, (y + 0.5) * _ENLARGED - 0.5


def _with_ink(image: NDArray[np.uint8], canvas: Image.Image) -> NDArray[np.uint8]:
    """A drawing with what was added on its canvas, as dark as the rest."""
    cover = np.asarray(canvas.reduce(_ENLARGED), np.float32) / 255
    added = np.rint(_BACKGROUND - cover * (_BACKGROUND - _darkest(image))).astype(np.uint8)
    return np.minimum(image, added)


def _darkest(image: NDArray[np.uint8]) -> np.uint8:
    """The grey level of a hand's ink."""
    return np.uint8(round(2 * ink_level(image) - _BACKGROUND))
