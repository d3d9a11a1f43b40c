"""Signs that networks draw mottled or broken, as a ruler and a pair of compasses have them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.fonts.placement import Placement
from hanzi_lsgan.writing.characters import WrittenCharacter
from hanzi_lsgan.writing.whole_signs import close, fill, fill_square

Image = NDArray[np.uint8]
Y, X = np.mgrid[:64, :64]
RADIUS = np.hypot(X - 32, Y - 32)
TURN = np.degrees(np.arctan2(Y - 32, X - 32))


def drawn(ink: NDArray[np.bool_]) -> Image:
    return np.where(ink, 40, 255).astype(np.uint8)


def square_ring(side: int, thickness: int) -> NDArray[np.bool_]:
    distance = np.maximum(abs(X - 32), abs(Y - 32))
    ring: NDArray[np.bool_] = (distance <= side) & (distance > side - thickness)
    return ring


def test_a_square_that_is_little_more_than_dots_is_full() -> None:
    whole = (abs(X - 32) <= 20) & (abs(Y - 32) <= 24)
    corners = (abs(X - 32) == 20) & (abs(Y - 32) == 24)
    dots = np.random.default_rng(0).random((64, 64)) < 0.2
    filled = fill_square(drawn(whole & (dots | corners)))
    assert (filled[10:54, 14:51] == 40).all()
    assert (filled[~whole] == 255).all()


def test_holes_of_a_solid_sign_are_filled_and_its_edge_stays() -> None:
    disc = RADIUS < 25
    image = drawn(disc & (np.hypot(X - 26, Y - 30) > 3) & (np.hypot(X - 40, Y - 38) > 2))
    image[(RADIUS >= 25) & (RADIUS < 26)] = 180
    filled = fill(image)
    assert (filled[disc] == 40).all()
    assert (filled[~disc] == image[~disc]).all()


@pytest.mark.parametrize("at", [-150, -90, 10, 135])
def test_gaps_of_a_circle_are_drawn_as_its_line_goes(at: int) -> None:
    """Of 25 degrees, in a line from 21 to 24 pixels from the middle, about a stroke inside."""
    line = (RADIUS >= 21) & (RADIUS <= 24)
    stroke = (abs(X - 32) < 2) & (abs(Y - 32) < 10)
    gap = abs((TURN - at + 180) % 360 - 180) < 12.5
    closed = close(drawn(line & ~gap | stroke))
    assert (closed[(RADIUS >= 22) & (RADIUS <= 23)] < 148).all()  # half of the way to 255
    outside = (RADIUS < 19.5) | (RADIUS > 25.5)
    assert (closed[outside & ~stroke] == 255).all()
    assert (closed[line & ~gap | stroke] == 40).all()


def test_gaps_of_a_box_are_drawn_straight_and_two_rings_stay_two() -> None:
    box = square_ring(24, 3)
    closed = close(drawn(box & ~((abs(X - 30) < 6) & (Y < 32))), straight=True)
    assert (closed[9, 8:57] < 148).all() and (closed[14:50, 14:50] == 255).all()
    beside_a_corner = close(drawn(box & ~((X < 36) & (X > 10) & (Y < 32))), straight=True)
    assert (beside_a_corner[9, 8:57] < 148).all()
    rings = (abs(RADIUS - 24) < 1.5) & (abs(TURN - 60) > 40) | (abs(RADIUS - 14) < 1.5)
    assert (close(drawn(rings))[(RADIUS > 17) & (RADIUS < 21)] == 255).all()


def test_the_thinnest_lines_are_closed_by_one_that_has_an_outline() -> None:
    """Of one pixel and a slope that takes it across rows: as much ink as of two is in each column.

    Of its two ends the line leaves one pixel each, at most.
    """
    sides = (abs(X - 8) < 1) & (Y > 14) | (abs(X - 56) < 1) & (Y > 10) | (Y == 60)
    image = drawn(sides & (X > 7) & (X < 57) & (Y < 61))
    closed = close(image, straight=True)
    ink = (255 - closed[5:24, 11:54].astype(int)).sum(axis=0) / 215
    assert (ink > 1.6).all()
    assert (closed[5:24, 11:54].min(axis=0) < 100).all()


def test_what_is_no_sign_stays() -> None:
    empty = np.full((64, 64), 255, np.uint8)
    line = drawn((Y == 30) & (X > 9))
    for image in (empty, line):
        for mend in (fill, fill_square, close):
            assert (mend(image) == image).all()


@pytest.mark.parametrize("character", ["■", "●", "□", "①"])
def test_written_signs_are_whole(character: str) -> None:
    class AnyHand:
        def dot_count(self, character: str) -> int:
            return 0

        def place(self, character: str) -> Placement:
            return Placement(0.1, 0.1, 0.9, 0.9, 1.0)

    broken = drawn(square_ring(24, 3) & ~((abs(X - 30) < 6) & (Y < 32)))
    if character == "●":
        broken = drawn((RADIUS < 28) & (np.hypot(X - 30, Y - 10) > 2))
    written = WrittenCharacter.by(AnyHand(), character, broken)  # type: ignore[arg-type]
    assert written.image[8:13, 30].min() < 148
