"""Labelled lines: they read what they say, boxes cover ink, and processes change nothing."""

from contextlib import closing
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import hanzi_lsgan
from data_tools.errors import UserError
from data_tools.fonts.placement import Placement
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing import lines as lines_module
from hanzi_lsgan.writing.characters import WrittenCharacter, write_characters
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.line_degradations import Degradations, degrade
from hanzi_lsgan.writing.line_setting import Habit, SetLine, set_line
from hanzi_lsgan.writing.line_texts import lines_of_text, sampled_lines
from hanzi_lsgan.writing.lines import LineSettings, draw_lines

TEXT = "永和，九年2b。（好）"
KINDS = [field.name for field in fields(Degradations)]


@pytest.fixture(scope="module")
def trained() -> TrainedGenerator:
    return hanzi_lsgan.load().trained


@pytest.fixture(scope="module")
def written(trained: TrainedGenerator) -> list[WrittenCharacter]:
    known = trained.with_unseen(TEXT)
    return list(write_characters(known, TEXT, Hand.named(known.network, "7")))


def spread(written: list[WrittenCharacter]) -> list[WrittenCharacter | None]:
    """The characters so far from one another that boxes do not touch."""
    return [part for one in written for part in (one, None, None, None)]


def ink_of(
    line: SetLine, darkest_background: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool]]:
    return line.image < darkest_background


def assert_covers(line: SetLine, darkest_background: int) -> None:
    """Each box has ink, and without the boxes there is none."""
    ink = ink_of(line, darkest_background).copy()
    height, width = ink.shape
    for left, top, right, bottom in line.boxes:
        columns = slice(max(int(np.floor(left)), 0), min(int(np.ceil(right)), width))
        rows = slice(max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), height))
        assert ink[rows, columns].any()
        ink[rows, columns] = False
    assert not ink.any()


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_two_dashes_are_one_stroke_in_their_boxes(down: bool, seed: int) -> None:
    bar = np.full((64, 64), 255, np.uint8)
    bar[29:35, 2:62] = 0
    dash = WrittenCharacter("—", bar, Placement(-0.03, 0.45, 1.03, 0.55, 1.0, stretch=2))
    line = set_line([dash, dash], Habit(0.0, 0.3), np.random.default_rng(seed), down=down)
    along = np.flatnonzero(ink_of(line, 160).any(axis=1 if down else 0))
    assert len(along) == along[-1] - along[0] + 1  # without a gap
    assert_covers(line, 200)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_boxes_cover_their_ink_and_little_more(
    written: list[WrittenCharacter], down: bool, seed: int
) -> None:
    line = set_line(spread(written), Habit(0.2, 0.1), np.random.default_rng(seed), down=down)
    assert_covers(line, 250)
    along = line.boxes[:, 1 if down else 0]
    assert (np.diff(along) > 0).all()  # in the order of the text, and apart
    slack: list[int] = []
    for left, top, right, bottom in line.boxes.round().astype(int):
        inner = ink_of(line, 245)[max(top, 0) : bottom, max(left, 0) : right]
        rows, columns = np.flatnonzero(inner.any(axis=1)), np.flatnonzero(inner.any(axis=0))
        slack += [rows[0], columns[0], inner.shape[0] - rows[-1], inner.shape[1] - columns[-1]]
    assert np.mean(np.array(slack) <= 4) > 0.9  # some hold specks that are hardly seen


def test_marks_of_columns_stand_where_they_do_whatever_the_font() -> None:
    bar = np.full((64, 64), 255, np.uint8)
    bar[24:40] = 0
    block = np.zeros((64, 64), np.uint8)
    column = [
        WrittenCharacter("永", block, Placement(0.1, 0.1, 0.9, 0.9, 1.0)),
        WrittenCharacter("…", bar, Placement(0.1, 0.7, 0.9, 0.9, 1.0)),
        WrittenCharacter("，", block, Placement(0.1, 0.8, 0.3, 1.0, 1.0)),
    ]
    line = set_line(column, Habit(0, 0.05), np.random.default_rng(3), down=True)
    left, top, right, bottom = line.boxes.T
    side = (right - left)[0] / 0.8  # of a square
    middles = (left + right) / 2 - left[0]
    assert abs(middles[1] - middles[0]) < 0.1 * side  # in lines it is low, which would be left here
    assert middles[2] - middles[0] > 0.15 * side
    assert top[2] - bottom[1] < 0.3 * side  # close below, not at the square's bottom


@pytest.mark.parametrize("mark", [Placement(0.05, 0.72, 0.21, 0.88, 0.26), None])
def test_a_full_stop_stands_midway_between_the_figures_of_a_column(mark: Placement | None) -> None:
    """In a row it is at the bottom, which here is right above the next figure."""
    block = np.zeros((64, 64), np.uint8)
    place = mark or Placement(0.05, 0.1, 0.15, 0.3, 0.2)  # an apostrophe, which is at the top
    column = [
        WrittenCharacter("2", block, Placement(0.05, 0.1, 0.45, 0.86, 0.5)),
        WrittenCharacter("." if mark else "'", block, place),
        WrittenCharacter("5", block, Placement(0.05, 0.1, 0.45, 0.86, 0.5)),
    ]
    for seed in range(6):
        line = set_line(column, Habit(0, 0.05), np.random.default_rng(seed), down=True)
        _, top, _, bottom = line.boxes.T
        side = (bottom - top)[0] / 0.76  # of a square
        above, below = (top[1:] - bottom[:-1]) / side
        assert 0 < above < 0.35 and 0 < below < 0.35


@pytest.mark.parametrize("mark", "（）【】〖〗〘〙〚〛｟｠‹›()[]{}«»")
def test_brackets_lie_in_columns(mark: str) -> None:
    """Whatever their width: what is high in a row is wide in a column."""
    advance = 0.4 if mark.isascii() or mark in "«»‹›" else 1.0
    stroke = np.full((64, 64), 255, np.uint8)
    stroke[:, 26:38] = 0
    tall = WrittenCharacter(mark, stroke, Placement(0.1, 0, 0.3, 1, advance))
    line = set_line([tall], Habit(0, 0.05), np.random.default_rng(3), down=True)
    height, width = (line.image < 160).any(axis=1).sum(), (line.image < 160).any(axis=0).sum()
    assert width > 3 * height


@pytest.mark.parametrize("mark", "…‥—―～－")
def test_lines_of_ink_run_down_the_middle_of_columns(mark: str) -> None:
    bar = np.full((64, 64), 255, np.uint8)
    bar[29:35] = 0
    column = [
        WrittenCharacter("永", np.zeros((64, 64), np.uint8), Placement(0.1, 0.1, 0.9, 0.9, 1.0)),
        WrittenCharacter(mark, bar, Placement(0.1, 0.8, 0.9, 0.9, 1.0)),  # low in a row
    ]
    line = set_line(column, Habit(0, 0.05), np.random.default_rng(3), down=True)
    left, top, right, bottom = line.boxes.T
    assert abs((left + right)[0] - (left + right)[1]) / 2 < 0.1 * (right - left)[0]
    assert (bottom - top)[1] > 3 * (right - left)[1]


def test_columns_give_an_exclamation_mark_its_height() -> None:
    stroke = np.zeros((64, 64), np.uint8)
    marks = [WrittenCharacter("！", stroke, Placement(0.12, 0.05, 0.24, 0.95, 1.0))] * 5
    for seed in range(6):
        line = set_line(marks, Habit(0, 0.05), np.random.default_rng(seed), down=True)
        covered = line.boxes[:-1, 3] - line.boxes[1:, 1]
        assert covered.max() < 0.1 * (line.boxes[:, 3] - line.boxes[:, 1]).mean()


def test_marks_are_low_small_and_letters_narrow(written: list[WrittenCharacter]) -> None:
    line = set_line(written, Habit(0, 0.05), np.random.default_rng(3))
    boxes = dict(zip(TEXT, line.boxes.tolist(), strict=True))
    hanzi = np.array([boxes[c] for c in "永和九年好"])
    top, bottom = hanzi[:, 1].mean(), hanzi[:, 3].mean()
    width = (hanzi[:, 2] - hanzi[:, 0]).mean()
    for mark in "，。":
        assert boxes[mark][1] > (top + bottom) / 2
    for narrow in "2b，。":
        assert boxes[narrow][2] - boxes[narrow][0] < 0.8 * width


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_each_degradation_changes_pixels_and_boxes_still_cover_ink(
    written: list[WrittenCharacter], kind: str, seed: int
) -> None:
    clean = set_line(spread(written), Habit(0, 0.1), np.random.default_rng(seed))
    strengths = Degradations(**{**vars(Degradations.none()), kind: 1.0})
    line = degrade(clean, strengths, np.random.default_rng(seed))
    assert line.image.shape == clean.image.shape
    assert (line.image != clean.image).any()
    if kind in ("bleed", "perspective", "blur"):
        assert_covers(line, 240)
    else:  # nothing moves
        np.testing.assert_array_equal(line.boxes, clean.boxes)
    same = degrade(clean, strengths, np.random.default_rng(seed))
    np.testing.assert_array_equal(line.image, same.image)


def test_perspective_moves_boxes_with_their_ink() -> None:
    """A black rectangle, whose box is known, is found again where its box says."""
    image = np.full((64, 400), 255, np.uint8)
    image[20:44, 300:330] = 0
    clean = SetLine(image, np.array([[300.0, 20.0, 330.0, 44.0]]))
    only = Degradations(**{**vars(Degradations.none()), "perspective": 1.0})
    for seed in range(5):
        line = degrade(clean, only, np.random.default_rng(seed))
        rows, columns = np.nonzero(line.image < 128)
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(line.boxes[0], found, atol=2.5)


def test_no_strength_is_no_change(written: list[WrittenCharacter]) -> None:
    clean = set_line(written, Habit(0, 0), np.random.default_rng(0))
    line = degrade(clean, Degradations.none(), np.random.default_rng(0))
    np.testing.assert_array_equal(line.image, clean.image)
    np.testing.assert_array_equal(line.boxes, clean.boxes)


@pytest.mark.parametrize("settings", [LineSettings(seed=5), LineSettings(3, True, 2, 40, True)])
def test_processes_change_nothing(trained: TrainedGenerator, settings: LineSettings) -> None:
    texts = ["一二", "三 十，", "2"] * 30  # more than the lines of one task
    one, two = (list(draw_lines(trained, texts, settings, jobs=jobs)) for jobs in (1, 2))
    assert one == two
    assert [line.text for line in one] == texts
    assert all(
        [character for character, _ in line.boxes] == list(line.text.replace(" ", ""))
        for line in one
    )
    assert len({line.png for line in one}) == len(texts)  # never twice the same
    hands = [line.facts["hand"] for line in one]
    if settings.hands is None:
        assert len(set(hands)) == len(texts)
    else:
        assert {hand for hand in hands if isinstance(hand, int)} <= {0, 1}
        assert len(set(hands[:40])) == len(set(hands[40:80])) == 1


@pytest.mark.parametrize("reuse", [False, True])
def test_a_hand_of_many_lines_is_drawn_a_part_at_a_time(
    trained: TrainedGenerator, monkeypatch: pytest.MonkeyPatch, reuse: bool
) -> None:
    texts = ["永", "和 年，", "2b永"] * 6
    settings = LineSettings(7, lines_a_hand=11, reuse=reuse)
    whole = list(draw_lines(trained, texts, settings, jobs=1))
    monkeypatch.setattr(lines_module, "_LINES_A_TASK", 4)
    monkeypatch.setattr(lines_module, "_REUSING_LINES_A_TASK", 4)
    for jobs in (1, 2):
        assert list(draw_lines(trained, texts, settings, jobs=jobs)) == whole
    written: list[str] = []
    finish = lines_module._finish

    def counted(*arguments: Any) -> Any:
        written.append(arguments[1])
        return finish(*arguments)

    monkeypatch.setattr(lines_module, "_finish", counted)
    with closing(draw_lines(trained, texts, settings, jobs=1)) as drawn:
        next(drawn)
    assert written == texts[:4]


def test_another_seed_has_other_hands(trained: TrainedGenerator) -> None:
    one, other = (
        next(draw_lines(trained, ["永"], LineSettings(seed=seed), jobs=1)) for seed in (0, 1)
    )
    assert one.facts["hand"] != other.facts["hand"]


def test_a_text_is_cut_and_cleaned() -> None:
    text = "  一二三四五  六七\n\n\u200b\n八　九\t十\r\n@十"
    found = lines_of_text(text, 4, lambda character: True)
    assert found.texts == ("一二三四", "五 六七", "八 九", "十", "@十")


def test_what_cannot_be_drawn_is_named_with_its_line_or_left_out() -> None:
    text = "一二\n三龘\n四\n"
    with pytest.raises(UserError, match=r"1 line has .*line 2: 龘.*--skip-unknown"):
        lines_of_text(text, 25, lambda character: character != "龘")
    found = lines_of_text(text, 25, lambda character: character != "龘", skip_unknown=True)
    assert (found.texts, found.left_out) == (("一二", "四"), 1)
    with pytest.raises(UserError, match="no line that can be drawn"):
        lines_of_text("龘", 25, lambda character: False, skip_unknown=True)
    with pytest.raises(UserError, match="no character is in it"):
        lines_of_text(" \n", 25, lambda character: True)


def test_lines_with_marks_that_compose_with_nothing_are_left_out_or_named() -> None:
    text = "一\n1\ufe0f\u20e3二\ne\u0301\n"
    with pytest.raises(UserError, match=r"^the text, line 2: U\+0031 U\+20E3 is no single"):
        lines_of_text(text, 25, lambda character: True)
    found = lines_of_text(text, 25, lambda character: True, skip_unknown=True)
    assert (found.texts, found.left_out) == (("一", "é"), 1)
    with pytest.raises(UserError, match="no line that can be drawn"):
        lines_of_text("1\u20e3", 25, lambda character: True, skip_unknown=True)


def test_remarks_on_many_lines_are_one() -> None:
    found = lines_of_text("永\u200b和\n" * 30, 25, lambda character: True)
    remark = "left out of 30 lines of the text, as they cannot be seen: U+200B"
    assert (found.texts, found.remarks) == (("永和",) * 30, (remark,))


def test_samples_have_all_lengths_and_balanced_ones_each_character_alike() -> None:
    lines = sampled_lines("一二三四五六七", 700, 9, 1, balance=True)
    assert {len(line) for line in lines} == set(range(1, 10))
    counts = [sum(line.count(c) for line in lines) for c in "一二三四五六七"]
    assert max(counts) - min(counts) <= 1
    assert set("".join(sampled_lines("一二三", 50, 5, 1))) == set("一二三")
    assert sampled_lines("一二三", 5, 5, 1) != sampled_lines("一二三", 5, 5, 2)
