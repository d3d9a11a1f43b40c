"""The pen beside what its settings say: where it goes, how wide its line is, when it stays down."""

from dataclasses import replace

import numpy as np
import pytest

from data_tools.fonts.pen import Pen, draw_lines, stray
from data_tools.fonts.strokes import Stroke
from data_tools.fonts.typefaces import EM_PIXELS

STEADY = Pen(width_em=0.05, straying=0, rounding_em=0, joining=0, lifting=0)


def line(x1: float, y1: float, x2: float, y2: float) -> Stroke:
    return np.linspace((x1, y1), (x2, y2), 20)


STROKES = (line(-40, -30, 40, -30), line(-40, 10, 40, 10), line(0, -30, 0, 50))


def test_a_steady_pen_follows_the_strokes() -> None:
    rng = np.random.default_rng(0)
    for written, stroke in zip(stray(STROKES, STEADY, rng), STROKES, strict=True):
        np.testing.assert_allclose(written[:, :2], stroke, atol=1e-9)


def test_strokes_stray_each_by_itself_and_more_with_a_looser_pen() -> None:
    def distances(straying: float) -> np.ndarray:
        pen = replace(STEADY, straying=straying)
        times = [stray(STROKES, pen, np.random.default_rng(seed)) for seed in range(200)]
        middles = [
            [one.mean(axis=0)[:2] - STROKES[n].mean(axis=0) for n, one in enumerate(t)]
            for t in times
        ]
        return np.array(middles)  # (200, 3, 2)

    usual, loose = distances(1), distances(2)
    # 2.3 % of an em each way, as the pen's description of what is usual says.
    assert usual.std() == pytest.approx(0.023 * EM_PIXELS, rel=0.25)
    assert loose.std() == pytest.approx(2 * usual.std(), rel=0.15)
    assert abs(np.corrcoef(usual[:, 0, 0], usual[:, 1, 0])[0, 1]) < 0.2


def test_a_pen_that_is_not_lifted_joins_near_strokes_and_seldom_far_ones() -> None:
    pen = replace(STEADY, joining=1)
    near = (line(-40, 0, 0, 0), line(2, 2, 2, 40))
    far = (line(-40, -50, 0, -50), line(30, 50, 50, 50))
    joined = [len(stray(near, pen, np.random.default_rng(seed))) == 1 for seed in range(100)]
    of_far = [len(stray(far, pen, np.random.default_rng(seed))) == 1 for seed in range(100)]
    assert np.mean(joined) > 0.85
    assert np.mean(of_far) < 0.2
    assert not any(len(stray(near, STEADY, np.random.default_rng(seed))) == 1 for seed in range(20))


def test_the_link_between_joined_strokes_is_thin() -> None:
    pen = replace(STEADY, joining=1)
    strokes = (line(-40, 0, -20, 0), line(10, 0, 40, 0))
    tries = (stray(strokes, pen, np.random.default_rng(seed)) for seed in range(50))
    (written,) = next(lines for lines in tries if len(lines) == 1)
    linked = (written[:, 0] > -19) & (written[:, 0] < 9)
    assert linked.any()
    assert written[linked, 2].max() < written[~linked, 2].min()


def test_a_line_covers_its_width_and_nothing_else() -> None:
    drawn = draw_lines([np.array([[10.0, 20, 1], [50, 20, 1]])], radius=4, size=(60, 40))
    assert drawn.shape == (40, 60)
    middle = drawn[:, 30]
    assert middle.sum() == pytest.approx(8, abs=0.1)  # twice the radius
    assert (middle[17:23] == 1).all()
    assert drawn[:, 3].sum() == 0
    assert drawn.sum() == pytest.approx(40 * 8 + np.pi * 16, rel=0.02)  # with round ends


def test_where_the_pen_is_lifted_the_line_is_thinner() -> None:
    (even,) = stray((line(0, 0, 40, 0),), STEADY, np.random.default_rng(3))
    (lifted,) = stray((line(0, 0, 40, 0),), replace(STEADY, lifting=1), np.random.default_rng(3))
    assert lifted[-1, 2] == pytest.approx(0.35 * even[-1, 2], rel=1e-6)
    np.testing.assert_allclose(lifted[:10, 2], even[:10, 2])


def test_pens_of_people_differ() -> None:
    pens = [Pen.at_random(np.random.default_rng(seed)) for seed in range(200)]
    widths = np.array([pen.width_em for pen in pens])
    assert 0.035 < np.median(widths) < 0.05
    assert widths.min() < 0.04 and widths.max() > 0.08
    assert all(0 <= pen.joining <= 1 and 0 <= pen.lifting <= 1 for pen in pens)
