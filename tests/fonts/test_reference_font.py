"""The reference font, which shows what no hand's font does and changes nothing else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from data_tools.errors import UserError
from data_tools.fonts.corpus import corpus_characters, write_corpus
from data_tools.fonts.placement import placement
from data_tools.fonts.reference_glyphs import has_reference_glyph, reference_glyph
from data_tools.fonts.typefaces import (
    ALL_FONTS,
    HANDS,
    PLAINEST,
    REFERENCE,
    TYPEFACES,
    draw_reference,
    has_glyph,
    load_typeface,
)
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.hwdb.standard_sets import STANDARD_SETS

IN_NO_HAND = "诇谞赪跐酂郚"


def fitted(font: int, character: str) -> np.ndarray:
    bitmap: Image.Image = ImageChops.invert(draw_reference(font, character))
    options = GlyphOptions(32, "aspect", 1)
    return 255 - fit_glyph(memoryview(bitmap.tobytes()), bitmap.width, bitmap.height, options)


def test_it_is_no_hand() -> None:
    assert not any("reference" in path.name for path in TYPEFACES)
    for character in IN_NO_HAND:
        assert not ALL_FONTS.in_a_hand(character)
        assert corpus_characters("general-standard").find(character) == -1


def test_a_hand_shows_a_character_by_its_own_font_if_that_has_it() -> None:
    for hand in range(len(TYPEFACES)):
        for character in "永固,2《":
            assert ALL_FONTS.font_of(character, hand) == hand
            glyph = reference_glyph(character, hand)
            assert glyph is not None
            assert np.array_equal(glyph, fitted(hand, character))


def test_what_no_hand_has_the_reference_font_shows_to_all_alike() -> None:
    for character in IN_NO_HAND:
        assert not has_glyph(PLAINEST, character)
        assert has_reference_glyph(character)
        printed = fitted(REFERENCE, character)
        assert printed.max() > 200
        for hand in HANDS:
            assert ALL_FONTS.font_of(character, hand) == REFERENCE
            glyph = reference_glyph(character, hand)
            assert glyph is not None
            assert np.array_equal(glyph, printed)
    glyphs = np.array([reference_glyph(character) for character in IN_NO_HAND])
    assert len(np.unique(glyphs.reshape(len(IN_NO_HAND), -1), axis=0)) == len(IN_NO_HAND)


@pytest.mark.parametrize("blank", ["\u3000", " "])
def test_what_is_listed_but_blank_is_missing(blank: str) -> None:
    """All fonts list both spaces."""
    assert ALL_FONTS.font_of(blank) is None
    assert not ALL_FONTS.in_a_hand(blank)
    assert reference_glyph(blank) is None
    with pytest.raises(UserError, match="lacks it"):
        placement(blank)


@pytest.mark.parametrize("name", ["gb2312", "general-standard", "big5-1"])
def test_it_completes_the_standards(name: str) -> None:
    some = sorted(STANDARD_SETS[name]())[::7]  # to look each up takes seconds
    assert all(map(has_reference_glyph, some))


def test_it_stands_in_the_square_as_the_hands_do() -> None:
    for character in IN_NO_HAND:
        place = placement(character)
        assert place.advance == 1
        assert place.centre == pytest.approx((0.5, 0.5), abs=0.08)
        assert 0.6 < max(place.width, place.height) < 1
    small = placement("é")
    assert small.advance < 0.7
    # On the line of the letters and figures beside it, which are the plainest hand's own.
    assert small.bottom == pytest.approx(placement("e").bottom, abs=0.05)
    assert small.bottom == pytest.approx(placement("8").bottom, abs=0.05)


def test_its_licence_and_what_was_changed_are_beside_it() -> None:
    folder = TYPEFACES[0].parents[1] / "hanzi-reference"
    licence = (folder / "LICENSE").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Copyright 2021-2023 LXGW" in licence
    assert "subset of **LXGW WenKai** 1.311" in (folder / "README.md").read_text("utf-8")
    # Its reserved names are not what a program would list it by.
    name, _ = load_typeface(REFERENCE, 32).getname()
    assert name == "Hanzi Reference"


def test_writers_do_not_write_with_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot draw 1 of the characters: 诇"):
        write_corpus(tmp_path / "corpus", characters="诇", writers=1)
