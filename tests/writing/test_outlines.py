"""Outlines, beside areas that geometry gives."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.fonts.placement import Placement
from hanzi_lsgan.writing.characters import WrittenCharacter
from hanzi_lsgan.writing.outlines import Contour, trace

WHOLE = Placement(0.1, 0.2, 0.9, 1.0, 1.0)  # 0.8 wide and high, its centre at (0.5, 0.6)


def points_of(contour: Contour, steps: int = 8) -> NDArray[np.float64]:
    """Points of its curves, close together: (N, 2)."""
    points = [np.array(contour.start)]
    for curve in contour.curves:
        if len(curve) == 1:
            points.append(np.array(curve[0]))
            continue
        control = np.array([points[-1], *curve])
        for t in np.linspace(0, 1, steps + 1)[1:]:
            weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
            points.append(weights @ control)
    return np.array(points)


def area(contour: Contour) -> float:
    """Of the polygon through points of its curves (the shoelace formula)."""
    x, y = points_of(contour).T
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2))


def disc(radius: float, hole: float = 0.0, ink: int = 0) -> NDArray[np.uint8]:
    """A disc, or a ring, of 64 pixels, its edges smooth."""
    y, x = np.mgrid[:64, :64] - 31.5
    distance = np.hypot(x, y)
    covered = np.clip(radius - distance + 0.5, 0, 1)
    if hole:
        covered -= np.clip(hole - distance + 0.5, 0, 1)
    bitmap: NDArray[np.uint8] = (255 - (255 - ink) * covered).round().astype(np.uint8)
    return bitmap


@pytest.mark.parametrize("ink", [0, 120])
def test_a_disc_has_the_area_of_a_disc_in_its_place(ink: int) -> None:
    (contour,) = trace(WrittenCharacter("。", disc(28, ink=ink), WHOLE))
    assert area(contour) == pytest.approx(math.pi * 0.4**2, rel=0.03)
    points = points_of(contour)
    assert points.min(axis=0) == pytest.approx((0.1, 0.2), abs=0.02)
    assert points.max(axis=0) == pytest.approx((0.9, 1.0), abs=0.02)


def test_stretched_ink_is_wider_and_no_thicker() -> None:
    bar = np.full((64, 64), 255, np.uint8)
    bar[29:35, 2:62] = 0
    (contour,) = trace(WrittenCharacter("—", bar, Placement(0, 0.4, 1, 0.6, 1.0, stretch=2)))
    points = points_of(contour)
    assert points.min(axis=0) == pytest.approx((0, 0.475), abs=0.015)
    assert points.max(axis=0) == pytest.approx((1, 0.525), abs=0.015)


def test_a_ring_keeps_its_hole() -> None:
    contours = trace(WrittenCharacter("〇", disc(28, hole=14), WHOLE))
    areas = sorted(area(contour) for contour in contours)
    expected = [math.pi * 0.2**2, math.pi * 0.4**2]
    assert areas == pytest.approx(expected, rel=0.05)


def test_boldness_widens_strokes() -> None:
    written = WrittenCharacter("。", disc(20), WHOLE)
    thin, plain, bold = (area(trace(written, level)[0]) for level in (-1, 0, 1))
    assert thin < plain < bold


def test_no_ink_has_no_outline() -> None:
    assert trace(WrittenCharacter("一", np.full((64, 64), 255, np.uint8), WHOLE)) == ()


def test_a_quarter_turn_is_clockwise() -> None:
    turned = Contour((0.0, 0.0), (((1.0, 0.0),),)).turned()
    assert turned.start == (1.0, 0.0)  # the upper left corner comes to the upper right
    assert turned.curves == (((1.0, 1.0),),)


def turning(contour: Contour) -> float:
    """How often it turns around on its way, a turn to the left counting like one to the right."""
    steps = np.diff(points_of(contour), axis=0)
    steps = steps[np.hypot(*steps.T) > 1e-6]
    directions = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    return float(np.abs(np.diff(directions)).sum() / math.tau)


@pytest.mark.parametrize("degrees", [10, 25, 40, 55, 70])
def test_a_stroke_has_no_teeth(degrees: int) -> None:
    # What is convex turns around once, nearly: stairs of pixels turn to and fro.
    along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    places = np.stack(np.meshgrid(np.arange(64), np.arange(64)), axis=-1) - 31.5
    nearest = np.clip(places @ along, -22, 22)[..., None] * along
    distance = np.hypot(*np.moveaxis(places - nearest, -1, 0))
    stroke = (255 * (1 - np.clip(2.2 - distance + 0.5, 0, 1))).round().astype(np.uint8)
    (contour,) = trace(WrittenCharacter("一", stroke, WHOLE))
    assert turning(contour) == pytest.approx(1, abs=0.2)
