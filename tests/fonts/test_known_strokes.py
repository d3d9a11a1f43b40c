"""Strokes of characters beside what every primary school teaches of them."""

import hashlib

import numpy as np
import pytest

from data_tools.fonts.simulated_hand import Hand
from data_tools.fonts.strokes import strokes_of
from data_tools.fonts.typefaces import (
    HANDS,
    KAITI,
    REFERENCE,
    TYPEFACES,
    KnownFonts,
    draw_reference,
    has_glyph,
)
from data_tools.hwdb.standard_sets import STANDARD_SETS

RIGHT, DOWN, DOWN_LEFT = np.array([(1, 0), (0, 1), (-0.7, 0.7)])


@pytest.mark.parametrize(
    ("character", "count"),
    [("一", 1), ("十", 2), ("口", 3), ("飞", 3), ("永", 5), ("我", 7), ("国", 8), ("餐", 16)],
)
def test_a_character_has_as_many_strokes_as_dictionaries_count(character: str, count: int) -> None:
    assert len(strokes_of(KAITI, character)) == count


@pytest.mark.parametrize(
    ("character", "number", "direction"),
    [
        ("十", 0, RIGHT),  # 横 before 竖
        ("十", 1, DOWN),
        ("三", 2, RIGHT),
        ("人", 0, DOWN_LEFT),  # 撇 before 捺
        ("小", 0, DOWN),  # the middle first
        ("国", 0, DOWN),  # the frame first, but
        ("国", -1, RIGHT),  # closed at last
    ],
)
def test_strokes_come_in_their_order_and_run_as_they_are_written(
    character: str, number: int, direction: np.ndarray
) -> None:
    stroke = strokes_of(KAITI, character)[number]
    way = stroke[-1] - stroke[0]
    assert way @ direction > 0.85 * np.hypot(*way)


def test_the_last_stroke_of_a_frame_is_the_lowest() -> None:
    strokes = strokes_of(KAITI, "国")
    assert strokes[-1][:, 1].min() > max(stroke[:, 1].max() for stroke in strokes[1:-1]) - 15


def test_strokes_are_as_large_as_what_the_reference_font_prints() -> None:
    """Which stands for them where an outline is needed; lines run in the middle of its strokes."""
    for character in "国永我餐":
        points = np.concatenate(strokes_of(KAITI, character))
        size = points.max(axis=0) - points.min(axis=0)
        printed = draw_reference(REFERENCE, character).size
        assert (size / printed > 0.7).all() and (size / printed < 1).all(), character


def test_all_of_gb2312_has_known_strokes() -> None:
    assert all(has_glyph(KAITI, c) for c in STANDARD_SETS["gb2312"]())
    assert not any(has_glyph(KAITI, c) for c in "，A2。")
    assert KnownFonts().font_of("，", KAITI) != KAITI


def test_its_writers_always_hold_a_pen() -> None:
    """Outlines of a printed font are nobody's handwriting."""
    hands = [Hand.of_writer(0, writer, [KAITI]) for writer in range(30)]
    assert all(hand.pen is not None for hand in hands)
    assert any(Hand.of_writer(0, writer, [0]).pen is None for writer in range(30))


def test_their_licence_and_what_was_changed_are_beside_them() -> None:
    folder = TYPEFACES[0].parents[1] / "kaiti-strokes"
    # To be passed on unaltered.
    digest = hashlib.sha256((folder / "ARPHICPL.TXT").read_bytes()).hexdigest()
    assert digest == "5590533436c70f10f2f524ee61456238c290175c6662fbe1c700b5f038a6d328"
    with np.load(folder / "kaiti-strokes.npz") as file:
        notice = str(file["notice"])
    assert "Copyright (C) 1999 Arphic" in notice
    assert "Changed in November 2026" in notice


def test_its_number_is_what_models_have_learned() -> None:
    assert KAITI == len(TYPEFACES) == 12
    assert list(HANDS) == list(range(13))


def test_models_of_twelve_hands_see_those_alone() -> None:
    twelve = KnownFonts(12)
    for character in "飞學永":
        for hand in range(12):
            shown = twelve.font_of(character, hand)
            assert shown == hand if has_glyph(hand, character) else shown not in (KAITI, REFERENCE)
    assert twelve.font_of("觇") == REFERENCE  # of GB2312, and in no hand's font
    assert KnownFonts().font_of("觇") == KAITI
