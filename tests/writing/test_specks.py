import numpy as np
import pytest

from hanzi_lsgan.writing.specks import without_specks


def drawing(*squares: tuple[int, int, int]) -> np.ndarray:
    """Black squares (top, left, side) on 64 × 64 pixels of white."""
    image = np.full((64, 64), 255, np.uint8)
    for top, left, side in squares:
        image[top : top + side, left : left + side] = 0
    return image


def test_a_speck_goes_and_dots_and_strokes_stay() -> None:
    strokes = ((10, 10, 30), (50, 20, 2))  # the second is as small as the dot of some 犬
    assert (without_specks(drawing(*strokes, (60, 50, 1)), "犬") == drawing(*strokes)).all()
    assert (without_specks(drawing(*strokes), "犬") == drawing(*strokes)).all()


@pytest.mark.parametrize("character", "…！?ij3ä")
def test_marks_letters_and_digits_keep_what_is_as_small_as_a_speck(character: str) -> None:
    dots = drawing((10, 10, 30), (60, 50, 1))
    assert (without_specks(dots, character) == dots).all()


def test_what_is_nothing_but_specks_stays_and_so_does_a_blank_image() -> None:
    for image in (drawing((30, 30, 1)), drawing((30, 30, 1), (5, 5, 1)), drawing()):
        assert (without_specks(image, "丶") == image).all()
