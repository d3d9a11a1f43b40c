"""Where characters stand in their square, beside what is known of Chinese type."""

import pytest

from data_tools.errors import UserError
from data_tools.fonts.placement import HANZI_INK, place_by, placement
from data_tools.fonts.typefaces import HANDS


@pytest.mark.parametrize("hand", HANDS)
def test_marks_and_hanzi_stand_where_writers_put_them(hand: int) -> None:
    comma, stop, one, square = (placement(c, hand) for c in "，。一固")
    assert comma.top > 0.5 and comma.right < 0.5  # low at the left, as on the mainland
    assert stop.top > 0.5 and stop.right < 0.5
    assert max(comma.height, stop.height) < 0.55 * square.height
    assert 0.3 < one.centre[1] < 0.7 and one.height < 0.4 and one.width > 0.7
    for axis in range(2):
        assert square.centre[axis] == pytest.approx(0.5, abs=0.03)
    assert square.width / 2 + square.height / 2 == pytest.approx(HANZI_INK, abs=0.12)
    assert {p.advance for p in (comma, stop, one, square)} == {1.0}


@pytest.mark.parametrize("hand", HANDS)
def test_letters_stand_on_one_line_and_take_their_own_width(hand: int) -> None:
    small, capital, falling, narrow = (placement(c, hand) for c in "aHgl")
    assert small.bottom == pytest.approx(capital.bottom, abs=0.12)
    assert falling.bottom > small.bottom + 0.1
    assert small.height < 0.95 * capital.height
    assert narrow.advance < small.advance < 0.8


@pytest.mark.parametrize("hand", HANDS)
def test_signs_that_another_font_lends_suit_the_hands_own_figures(hand: int) -> None:
    figures = [placement(figure, hand) for figure in "0123456789"]
    height = sum(figure.height for figure in figures) / len(figures)
    base = sum(figure.bottom for figure in figures) / len(figures)
    # Long Cang lends most hands these; beside its own figures × is 0.67 as high, £ 0.85.
    for sign, least, most in (("×", 0.35, 0.8), ("±", 0.6, 1.1), ("£", 0.75, 1.2), ("é", 0.6, 1.3)):
        place = placement(sign, hand)
        assert least * height < place.height < most * height, sign
        assert place.bottom < base + 0.05, sign
    assert placement("£", hand).bottom == pytest.approx(base, abs=0.05)


@pytest.mark.parametrize("hand", HANDS)
def test_two_dashes_are_one_line_of_two_squares(hand: int) -> None:
    dash, hyphen = placement("—", hand), placement("-", hand)
    assert dash.advance == 1.0 and hyphen.advance < 0.8
    assert -0.1 < dash.left <= 0 and 1 <= dash.right < 1.1  # the next one begins where it ends
    assert dash.height < 0.2 and hyphen.stretch == 1.0
    own = place_by("—", {"—": (0.2, 0.4, 0.7, 0.5)}, hand)
    assert (own.left, own.right, own.advance) == (dash.left, dash.right, 1.0)
    assert (own.top, own.bottom) == (0.4, 0.5)
    assert own.stretch == pytest.approx(own.width / 0.5)


@pytest.mark.parametrize("hand", HANDS)
def test_letters_and_degrees_take_no_more_than_their_ink_and_a_little(hand: int) -> None:
    for character in "mWM@%°":  # some of them as wide as a square, or in one, by their fonts
        place = placement(character, hand)
        assert place.advance - place.right < 0.11, character


@pytest.mark.parametrize("hand", HANDS)
def test_dots_between_names_and_ellipses_stand_in_the_middle(hand: int) -> None:
    dot, ellipsis = placement("·", hand), placement("…", hand)
    assert dot.centre[0] == pytest.approx(dot.advance / 2, abs=0.05)
    assert ellipsis.advance == 1 and ellipsis.width > 0.6
    assert ellipsis.centre[0] == pytest.approx(0.5, abs=0.03)


def test_a_character_that_no_font_has_is_named() -> None:
    with pytest.raises(UserError, match="lacks it"):
        placement("\ue000")
