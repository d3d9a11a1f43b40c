import numpy as np

from hanzi_lsgan.writing.specks import without_specks


def drawing(*squares: tuple[int, int, int]) -> np.ndarray:
    """Black squares (top, left, side) on 64 × 64 pixels of white."""
    image = np.full((64, 64), 255, np.uint8)
    for top, left, side in squares:
        image[top : top + side, left : left + side] = 0
    return image


STROKE, SPECK, DOT = (10, 10, 30), (60, 50, 1), (2, 50, 2)


def test_of_what_is_small_so_much_stays_as_the_character_has_dots() -> None:
    every = drawing(STROKE, SPECK, DOT)
    assert (without_specks(every, dots=2) == every).all()
    assert (without_specks(every, dots=1) == drawing(STROKE, DOT)).all()  # 犬
    assert (without_specks(every, dots=0) == drawing(STROKE)).all()  # 大


def test_a_large_dot_is_one_of_them_and_what_is_not_small_stays_in_any_case() -> None:
    large = (50, 20, 4)  # 16 pixels
    assert (without_specks(drawing(STROKE, large, DOT), dots=1) == drawing(STROKE, large)).all()
    assert (without_specks(drawing(STROKE, large), dots=0) == drawing(STROKE, large)).all()


def test_what_is_nothing_but_specks_stays_and_so_does_a_blank_image() -> None:
    for image in (drawing(SPECK), drawing(SPECK, DOT), drawing()):
        assert (without_specks(image, dots=0) == image).all()
