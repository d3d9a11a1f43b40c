import numpy as np

from hanzi_lsgan.writing.specks import without_specks


def drawing(*squares: tuple[int, int, int]) -> np.ndarray:
    """Black squares (top, left, side) on 64 × 64 pixels of white."""
    image = np.full((64, 64), 255, np.uint8)
    for top, left, side in squares:
        image[top : top + side, left : left + side] = 0
    return image


def test_a_speck_goes_and_dots_and_strokes_stay() -> None:
    strokes = ((10, 10, 30), (50, 20, 4))  # the second is as small as a dot of a character
    assert (without_specks(drawing(*strokes, (60, 50, 2))) == drawing(*strokes)).all()
    assert (without_specks(drawing(*strokes)) == drawing(*strokes)).all()


def test_what_is_nothing_but_specks_stays_and_so_does_a_blank_image() -> None:
    for image in (drawing((30, 30, 2)), drawing((30, 30, 2), (5, 5, 1)), drawing()):
        assert (without_specks(image) == image).all()
