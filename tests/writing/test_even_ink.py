"""Ink made even, beside strokes whose darkness is known."""

import numpy as np
from scipy import ndimage

from hanzi_lsgan.drawing.in_square import ink_level
from hanzi_lsgan.writing.even_ink import even_ink


def strokes(*levels: int) -> np.ndarray:
    """Bars of three pixels one below the other, each of a grey level: (64, 64)."""
    image = np.full((64, 64), 255, np.uint8)
    for row, level in zip(range(10, 60, 12), levels, strict=False):
        image[row : row + 3, 8:56] = level
    return image


def test_a_pale_stroke_is_ink_as_a_dark_one_is() -> None:
    """Of 255 the dark bars have 235, the pale one 85: less than half, and more than a third."""
    image = strokes(20, 20, 170, 20)
    assert not (image < ink_level(image))[34:37, 8:56].any()
    even = even_ink(image)
    ink = even < ink_level(even)
    assert ink[34:37, 8:56].all()
    _, parts = ndimage.label(ink)
    assert parts == 4
    assert np.flatnonzero(ink.any(axis=1)).tolist() == [
        *range(10, 13), *range(22, 25), *range(34, 37), *range(46, 49)
    ]  # fmt: skip


def test_what_a_stroke_leaves_beside_it_and_faint_grey_become_no_ink() -> None:
    image = strokes(20, 20, 225, 20)
    image[[9, 13], 8:56] = 200  # the soft edge of a dark stroke
    even = even_ink(image)
    assert not (even < ink_level(even))[34:37].any()
    assert not (even < ink_level(even))[[9, 13]].any()


def test_even_ink_and_paper_alone_stay_as_they_are() -> None:
    for image in (strokes(20, 20, 20, 20), np.full((64, 64), 255, np.uint8)):
        np.testing.assert_allclose(even_ink(image).astype(int), image.astype(int), atol=40)
        assert ((even_ink(image) < 128) == (image < 128)).all()
