"""Where a character comes to lie in its square, beside the numbers of its place."""

import numpy as np
import pytest

import hanzi_lsgan
from data_tools.fonts.placement import Placement
from hanzi_lsgan.drawing.in_square import ink_box, put_in_square

COMMA = Placement(0.1, 0.75, 0.3, 0.95, 1.0)


def box_image(left: int, top: int, right: int, bottom: int, size: int = 64) -> np.ndarray:
    image = np.full((size, size), 255, np.uint8)
    image[top:bottom, left:right] = 20
    return image


def test_ink_comes_to_its_place() -> None:
    placed = put_in_square(box_image(2, 2, 62, 62), COMMA)
    assert placed.shape == (64, 64)
    left, top, right, bottom = (edge / 64 for edge in ink_box(placed))
    assert (left, top, right, bottom) == pytest.approx((0.1, 0.75, 0.3, 0.95), abs=0.02)
    assert placed[:40].min() == 255


def test_ink_keeps_its_proportions_and_the_centre_of_its_place() -> None:
    placed = put_in_square(box_image(2, 28, 62, 36), Placement(0.1, 0.3, 0.9, 0.7, 1.0))
    left, top, right, bottom = ink_box(placed)
    assert (left + right) / 128 == pytest.approx(0.5, abs=0.02)
    assert (top + bottom) / 128 == pytest.approx(0.5, abs=0.02)
    assert (right - left) / 64 == pytest.approx(0.8, abs=0.03)
    assert (right - left) / (bottom - top) == pytest.approx(60 / 8, rel=0.2)


def test_stretched_ink_is_wider_and_no_thicker() -> None:
    # 60 × 6 pixels in half a square are 0.05 high; twice as wide, they still are.
    placed = put_in_square(box_image(2, 29, 62, 35), Placement(0, 0.4, 1, 0.6, 1.0, stretch=2))
    left, top, right, bottom = ink_box(placed)
    assert right - left >= 62
    assert bottom - top == pytest.approx(0.05 * 64, abs=1.5)
    assert (top + bottom) / 2 == pytest.approx(32, abs=1)


def test_ink_beyond_the_square_is_cut_and_an_empty_image_stays_empty() -> None:
    placed = put_in_square(box_image(2, 2, 62, 62), Placement(-0.3, 0.2, 0.3, 0.8, 1.0))
    assert placed[32, 0] < 60
    assert (put_in_square(np.full((32, 32), 255, np.uint8), COMMA) == 255).all()


def test_a_loaded_model_draws_marks_small_and_low() -> None:
    model = hanzi_lsgan.load()
    comma, square, one = model.draw("，国一", in_square=True)
    fitted = model.draw("，国一")
    assert ink_box(comma)[1] > 32 and ink_box(comma)[2] < 32  # low at the left
    assert (255 - comma.astype(int)).sum() < 0.4 * (255 - fitted[0].astype(int)).sum()
    left, top, right, bottom = ink_box(square)
    assert bottom - top > 38  # of 64; hands are narrower than high
    assert right - left > 2 * max(np.subtract(ink_box(comma)[2:], ink_box(comma)[:2]))
    assert 16 < (ink_box(one)[1] + ink_box(one)[3]) / 2 < 48
