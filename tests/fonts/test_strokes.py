"""Strokes of drawn lines whose course is known, and of characters that everybody can count."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_tools.fonts.strokes import resample, smooth, strokes_of, trace
from data_tools.fonts.thinning import thin
from data_tools.fonts.typefaces import TYPEFACES, has_glyph

KLEE = next(index for index, path in enumerate(TYPEFACES) if path.stem == "klee-one")


def ink_of(*lines: tuple[int, int, int, int], width: int = 9) -> NDArray[np.bool_]:
    page = Image.new("L", (100, 100))
    for line in lines:
        ImageDraw.Draw(page).line(line, 255, width)
    return np.asarray(page) > 0


def test_a_skeleton_is_one_pixel_wide_and_in_the_middle() -> None:
    skeleton = thin(ink_of((20, 50, 80, 50)))
    assert (skeleton.sum(axis=0) <= 1).all()
    rows, columns = np.nonzero(skeleton)
    assert set(rows) <= {49, 50, 51}
    assert columns.max() - columns.min() > 45


def test_a_skeleton_keeps_rings_and_what_is_connected() -> None:
    page = Image.new("L", (60, 60))
    ImageDraw.Draw(page).ellipse((10, 10, 50, 50), outline=255, width=7)
    skeleton = thin(np.asarray(page) > 0)
    assert not skeleton[30, 30]
    # From the centre no way leads out across it: the ring is closed.
    reached = np.zeros_like(skeleton)
    reached[30, 30] = True
    for _ in range(60):
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        reached = grown & ~skeleton
    assert not reached[0].any()


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        ([(20, 50, 80, 50)], [((20, 50), (80, 50))]),
        ([(80, 30, 20, 70)], [((80, 30), (20, 70))]),  # downward to the left, as 丿
        (  # 十: each goes on straight across the other
            [(50, 10, 50, 90), (10, 50, 90, 50)],
            [((10, 50), (90, 50)), ((50, 10), (50, 90))],
        ),
    ],
)
def test_strokes_run_where_they_were_drawn(
    lines: list[tuple[int, int, int, int]],
    ends: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    strokes = sorted(trace(ink_of(*lines)), key=lambda stroke: float(stroke[0, 0]))
    assert len(strokes) == len(ends)
    for stroke, (begin, end) in zip(strokes, sorted(ends), strict=True):
        assert stroke[0] == pytest.approx(begin, abs=6)
        assert stroke[-1] == pytest.approx(end, abs=6)
        straight = np.linspace(begin, end, 200)
        assert max(np.hypot(*(straight - point).T).min() for point in stroke) < 4


@pytest.mark.parametrize(
    ("character", "count"),
    [("一", 1), ("二", 2), ("三", 3), ("十", 2), ("川", 3), ("八", 2), ("。", 1)],
)
def test_plain_characters_have_as_many_strokes_as_people_count(character: str, count: int) -> None:
    assert len(strokes_of(KLEE, character)) == count


def test_an_empty_page_has_none_and_a_blot_has_one() -> None:
    assert trace(np.zeros((20, 20), bool)) == []
    blot = np.zeros((20, 20), bool)
    blot[8:12, 8:12] = True
    (stroke,) = trace(blot)
    assert len(stroke) >= 2
    assert stroke.mean(axis=0) == pytest.approx((9.5, 9.5), abs=1.5)


@pytest.mark.parametrize("font", range(len(TYPEFACES)))
def test_the_thinnest_marks_have_strokes_too(font: int) -> None:
    for mark in ".,·、'-":
        if has_glyph(font, mark):
            assert strokes_of(font, mark), mark


def test_points_are_equally_far_apart_and_ends_stay() -> None:
    corner = np.array([[0.0, 0], [0, 30], [30, 30]])
    points = resample(corner, 3)
    assert len(points) == 21
    np.testing.assert_allclose(points[[0, -1]], corner[[0, -1]])
    rounded = smooth(points, 2)
    np.testing.assert_allclose(rounded[[0, -1]], corner[[0, -1]], atol=1e-9)
    assert np.hypot(*(rounded - (0, 30)).T).min() > 1  # the corner is cut
    straight = np.stack([np.arange(30.0), np.arange(30.0)], axis=1)
    np.testing.assert_allclose(smooth(straight, 3), straight, atol=1e-9)
