"""The hands' fonts beside what their publishers and distributors say of them."""

import numpy as np
import pytest
from scipy import ndimage

from data_tools.fonts.typefaces import (
    FIRST_HANDS,
    KAITI,
    PLAINEST,
    REFERENCE,
    TYPEFACES,
    KnownFonts,
    draw_reference,
    has_glyph,
    has_ink,
    load_typeface,
)
from data_tools.hwdb.standard_sets import STANDARD_SETS

# Hanzi of GB2312 that the fonts draw, counted with another program on the packages they come in.
OF_GB2312 = {
    "liu-jian-mao-cao": 5717,
    "long-cang": 5717,
    "ma-shan-zheng": 5717,
    "zhi-mang-xing": 5717,
    "setofont": 5714,
    "kiloji": 3378,
    "klee-one": 3779,
    "oz-pen": 4187,
    "kouzan-regular": 4402,
    "kouzan-running": 3333,
    "kouzan-cursive": 3486,
    "zen-kurenaido": 3377,
}
LICENCES = ("SIL OPEN FONT LICENSE Version 1.1", "Redistributions in binary form", "著作権放棄")


def test_their_order_is_what_models_have_learned() -> None:
    assert [path.stem for path in TYPEFACES] == list(OF_GB2312)


def test_each_comes_with_its_licence_and_under_no_reserved_name() -> None:
    for index, path in enumerate(TYPEFACES):
        licence = (path.parent / "LICENSE").read_text("utf-8")
        assert any(words in licence for words in LICENCES), path.stem
        assert "yozfont" not in str(load_typeface(index, 32).getname()).lower().replace(".", "")


@pytest.mark.parametrize("name", [path.stem for path in TYPEFACES])
def test_each_draws_what_it_is_said_to(name: str) -> None:
    """A font that lists a character and leaves it blank does not have it."""
    index = [path.stem for path in TYPEFACES].index(name)
    drawn = sum(has_ink(index, character) for character in STANDARD_SETS["gb2312"]())
    assert abs(drawn - OF_GB2312[name]) <= 1


def test_a_hand_of_traditional_forms_writes_no_simplified_characters() -> None:
    """Liu Jian Mao Cao draws 樂 for 乐 and 麵 for 面, so another font shows these for its hand."""
    hand = list(OF_GB2312).index("liu-jian-mao-cao")
    for character in "乐艺广气电国面后云几门离挂游":
        assert not has_glyph(hand, character), character
        assert KnownFonts().font_of(character, hand) == KAITI
        assert KnownFonts(len(TYPEFACES)).font_of(character, hand) == PLAINEST
        assert has_glyph(PLAINEST, character)
    for character in "永和人山水花":
        assert KnownFonts().font_of(character, hand) == hand, character
    kept = sum(has_glyph(hand, character) for character in STANDARD_SETS["gb2312"]())
    assert 3_500 < kept < 3_800


@pytest.mark.parametrize(
    ("name", "misdrawn", "right"),
    [
        ("long-cang", "汇洵敏兽", "江询每曾"),
        ("ma-shan-zheng", "娈料", "恋科淀"),
        ("zhi-mang-xing", "则侧费", "厕贝财"),
    ],
)
def test_a_hand_does_not_write_what_its_font_draws_as_another_character(
    name: str, misdrawn: str, right: str
) -> None:
    hand = list(OF_GB2312).index(name)
    assert not any(has_glyph(hand, character) for character in misdrawn)
    assert all(has_glyph(hand, character) for character in right)
    assert all(KnownFonts().font_of(character, hand) == KAITI for character in misdrawn)


def test_no_hand_writes_a_yen_sign_for_a_backslash() -> None:
    for hand in range(len(TYPEFACES)):
        if has_glyph(hand, "\\"):  # a backslash is empty below at the left, ¥ above its middle
            ink = np.asarray(draw_reference(hand, "\\"))
            height, width = ink.shape
            assert not ink[-height // 4 :, : width // 3].any()
            assert not ink[: height // 4, -width // 3 :].any()
        assert KnownFonts().font_of("\\", hand) is not None


def test_each_hand_divides_by_two_dots_and_a_bar() -> None:
    for hand in range(len(TYPEFACES)):
        if has_glyph(hand, "÷"):
            _, parts = ndimage.label(np.asarray(draw_reference(hand, "÷")) > 128)
            assert parts == 3, hand


def test_models_of_the_first_hands_see_those_alone() -> None:
    first, all_of_them = KnownFonts(FIRST_HANDS), KnownFonts(len(TYPEFACES))
    assert not first.in_a_hand("學")
    assert all_of_them.in_a_hand("學")
    for character in "學灣龜":
        assert first.font_of(character) == REFERENCE
        assert all_of_them.font_of(character) == list(OF_GB2312).index("setofont")
