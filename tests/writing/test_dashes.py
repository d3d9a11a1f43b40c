"""Dashes and bars lie level, whatever slope and bend a hand gives each."""

import numpy as np
import pytest

from hanzi_lsgan.writing.dashes import level


def stroke(slope: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A stroke 5 pixels thick through the middle of 64 × 64."""
    y, x = np.mgrid[:64, :64]
    ink = (np.abs(y - 32 - slope * (x - 32)) <= 2) & (np.abs(x - 32) < 25)
    return np.where(ink, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("slope", [-0.3, 0.0, 0.3])
def test_a_sloping_stroke_becomes_level_and_stays_as_thick(slope: float) -> None:
    rows, columns = (level(stroke(slope)) < 128).nonzero()
    assert 5 <= rows.max() - rows.min() + 1 <= 7
    assert columns.min() == 8 and columns.max() == 56
    assert (rows.min() + rows.max()) / 2 == pytest.approx(32, abs=1)


def test_bars_with_waves_become_straight_each_at_its_height() -> None:
    """Two waves of 6 pixels, 4 pixels thick, about rows 22 and 42; the lower one falls as well."""
    y, x = np.mgrid[:64, :64]
    within = np.abs(x - 32) < 25
    wave = 3 * np.sin((x - 32) / 8)
    upper, lower = np.abs(y - 22 - wave) < 2, np.abs(y - 42 - wave - 0.1 * (x - 32)) < 2
    ink = level(np.where((upper | lower) & within, 0, 255).astype(np.uint8)) < 128
    rows = np.flatnonzero(ink.any(axis=1))
    assert set(rows) <= {*range(19, 26), *range(39, 46)}
    assert (ink[20:25].sum(axis=0) >= 3)[8:57].all() and (ink[40:45].sum(axis=0) >= 3)[8:57].all()


def test_what_is_no_stroke_stays() -> None:
    empty = np.full((64, 64), 255, np.uint8)
    assert (level(empty) == empty).all()
    upright = empty.copy()
    upright[10:50, 30] = 0
    assert (level(upright) == upright).all()
