"""Places on a sheet, worked out with a ruler; and what begins and ends a line."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.fonts.placement import Placement
from hanzi_lsgan.writing.layout import ink_of, lay_out
from hanzi_lsgan.writing.line_breaks import CLOSING, OPENING
from hanzi_lsgan.writing.page import Page, Placed
from hanzi_lsgan.writing.page_grid import printed_lines, printed_squares
from hanzi_lsgan.writing.settings import WritingSettings
from hanzi_lsgan.writing.write import clean_text

# On A4 with margins of 20: 17 squares of 10 mm across, and 17 lines 15 mm apart.
BLANK = WritingSettings(
    margin_top_mm=20,
    margin_right_mm=20,
    margin_bottom_mm=20,
    margin_left_mm=20,
    character_mm=10,
    line_spacing=1.5,
)


def advance_of(character: str) -> float:
    return 0.5 if character.isascii() else 1.0


def place_of(character: str) -> Placement:
    low = Placement(0.1, 0.7, 0.3, 0.9, 1.0)
    return low if character in "，…！" else Placement(0.1, 0.1, 0.9, 0.9, advance_of(character))


def place(text: str, settings: WritingSettings = BLANK, title: str = "") -> list[Page]:
    return lay_out(text, settings, place_of, title)


def lines_of(pages: list[Page]) -> list[str]:
    return ["".join(one.character for one in line.characters) for p in pages for line in p.lines]


def corner(placed: Placed) -> tuple[float, float]:
    return placed.left_mm, placed.top_mm


def test_a_paragraph_is_indented_and_goes_on_at_the_margin() -> None:
    (page,) = place("一" * 16)
    placed = list(page.characters)
    assert corner(placed[0]) == pytest.approx((40, 20))
    assert corner(placed[14]) == pytest.approx((180, 20))  # the last square before the margin
    assert corner(placed[15]) == pytest.approx((20, 35))
    assert [one.index for one in placed] == list(range(16))


def test_a_paragraph_keeps_full_width_spaces_before_it_that_are_more_than_the_indent() -> None:
    pages = place("\n \n　　　二\n　一\n　　\n三", title="题")
    assert [one.left_mm for one in pages[0].characters][1:] == pytest.approx([50, 40, 40])
    assert [len(page.lines) for page in pages] == [4]
    pages = place("　　一\n　二", BLANK.model_copy(update={"indent": 0}))
    assert [one.left_mm for one in pages[0].characters] == pytest.approx([40, 30])


def test_a_sheet_holds_what_its_height_holds() -> None:
    pages = place("\n".join(["一"] * 18))
    assert [len(page.lines) for page in pages] == [17, 1]
    assert corner(next(iter(pages[0].lines[16].characters))) == pytest.approx((40, 260))
    assert corner(next(iter(pages[1].characters))) == pytest.approx((40, 20))


def test_a_closing_mark_takes_the_character_before_it_to_the_next_line() -> None:
    assert lines_of(place("一" * 14 + "二，三")) == ["一" * 14, "二，三"]
    assert lines_of(place("一" * 13 + "二。”三")) == ["一" * 13, "二。”三"]


def test_an_opening_mark_begins_the_next_line() -> None:
    assert lines_of(place("一" * 14 + "《二》")) == ["一" * 14, "《二》"]


def test_straight_quotes_open_and_close_in_turn() -> None:
    # Of 15 squares a quote takes half of one.
    assert lines_of(place("一" * 14 + '"二"')) == ["一" * 14, '"二"']
    assert lines_of(place('"' + "一" * 14 + '。"二')) == ['"' + "一" * 13, '一。"二']
    assert lines_of(place("一" * 14 + '"二')) == ["一" * 14 + '"', "二"]  # which, nobody knows


def test_spacing_parts_no_dash() -> None:
    spaced = BLANK.model_copy(update={"spacing": 0.5, "indent": 0})
    (page,) = place("一——一一", spaced)
    assert [one.left_mm for one in page.characters] == pytest.approx([20, 35, 45, 60, 75])
    widths = [one.width for one in page.characters]
    assert widths == pytest.approx([1.5, 1.0, 1.5, 1.5, 1.5])


def test_a_word_is_not_parted_and_takes_its_own_width() -> None:
    # 14 squares and 2.5 of "hello" are more than 15; a space stands at no line's end.
    pages = place("一" * 14 + " hello 二")
    assert lines_of(pages) == ["一" * 14, "hello二"]
    second = pages[0].lines[1].characters
    assert [one.left_mm for one in second[:3]] == pytest.approx([20, 25, 30])
    assert second[5].left_mm == pytest.approx(20 + 5 * 5 + 3)
    assert lines_of(place("a" * 40)) == ["a" * 30, "a" * 10]  # longer than any line


def test_a_word_is_parted_where_its_line_can_end_nowhere_else() -> None:
    # 17 squares hold 34 letters; 15, after the indent, 30.
    assert lines_of(place("a" * 32)) == ["a" * 30, "aa"]
    assert lines_of(place("a" * 30 + "。二")) == ["a" * 29, "a。二"]
    assert lines_of(place("." * 32)) == ["." * 30, ".."]
    flush = BLANK.model_copy(update={"indent": 0})
    assert lines_of(place("（" + "b" * 32 + "）二", flush)) == ["（" + "b" * 31, "b）二"]
    assert lines_of(place("（" + "b" * 34 + "）二", flush)) == ["（" + "b" * 32, "bb）二"]
    assert lines_of(place("一" * 9 + "b" * 32, flush)) == ["一" * 9, "b" * 32]


def test_an_opening_mark_before_a_space_ends_no_line() -> None:
    assert lines_of(place("一" * 14 + "（ 二")) == ["一" * 14, "（二"]


@pytest.mark.parametrize("mark", "．〗°²")
def test_rarer_closing_marks_begin_no_line(mark: str) -> None:
    assert lines_of(place("一" * 14 + f"二{mark}三")) == ["一" * 14, f"二{mark}三"]
    assert lines_of(place("一" * 14 + "〖二〗")) == ["一" * 14, "〖二〗"]


@pytest.mark.parametrize("sign", "√№＃￥∠¥△∵∴⊙")
def test_a_sign_before_a_number_ends_no_line(sign: str) -> None:
    assert lines_of(place("一" * 14 + f"{sign}二≈三")) == ["一" * 14, f"{sign}二≈三"]


@pytest.mark.parametrize("unit", "㎡㎏℃")
def test_a_unit_begins_no_line(unit: str) -> None:
    assert lines_of(place("一" * 14 + f"５{unit}三")) == ["一" * 14, f"５{unit}三"]


def test_an_address_that_no_line_holds_is_parted_after_its_marks() -> None:
    # 15 squares, after the indent, hold 30 letters, and 17 hold 34.
    address = "https://www.abc.com/abcdef/some-page.html?query=12&langs=chinese"
    lines = ["https://www.abc.com/abcdef/", "some-page.html?query=12&langs=", "chinese。二"]
    assert lines_of(place(address + "。二")) == lines
    squared = BLANK.model_copy(update={"stationery": "squared"})
    lines = ["https://www.abc.com/abcdefg/", "h" * 20]
    assert lines_of(place("".join(lines), squared)) == lines
    # A piece that no line holds goes on at once; a number has no joints.
    long = ["a." + "b" * 28, "b" * 12 + "/cc"]
    assert lines_of(place("a." + "b" * 40 + "/cc")) == long
    digits = "3.141592653589793238462643383279502884"
    assert lines_of(place(digits)) == [digits[:30], digits[30:]]


def test_an_address_is_parted_after_a_mark_where_what_follows_has_no_room() -> None:
    # As long as the line, which a full stop must not leave.
    assert lines_of(place("a" * 22 + "/" + "b" * 7 + "。二")) == ["a" * 22 + "/", "b" * 7 + "。二"]


def test_an_apostrophe_parts_no_word() -> None:
    # 12 squares, a space of 0.3 and 2.5 of "don’" are less than 15, and "t" is half a square.
    assert lines_of(place("一" * 12 + " don’t")) == ["一" * 12, "don’t"]
    assert lines_of(place("一" * 13 + "‘a’二")) == ["一" * 13, "‘a’二"]


def test_greek_and_cyrillic_words_and_numbers_with_signs_are_not_parted() -> None:
    assert lines_of(place("一" * 13 + "мир二")) == ["一" * 13, "мир二"]
    assert lines_of(place("一" * 14 + "±5二")) == ["一" * 14, "±5二"]
    assert lines_of(place("一" * 14 + "x²二")) == ["一" * 14, "x²二"]
    assert lines_of(place("一" * 14 + "￥5二")) == ["一" * 14, "￥5二"]


def test_squares_hold_a_character_or_two_digits() -> None:
    settings = BLANK.model_copy(update={"stationery": "squared", "line_spacing": 1.2})
    (page,) = place("2026年，（", settings)
    placed = list(page.characters)
    # 17 squares fill the 170 mm; 21 lines of 12 mm, and 250 of 257 mm: 3.5 above and below.
    assert [one.left_mm for one in placed] == pytest.approx([40, 45, 50, 55, 60, 70, 80])
    assert {one.top_mm for one in placed} == {23.5}
    squares = list(printed_squares(settings))
    assert len(squares) == 17 * 21
    assert squares[0] == pytest.approx((20, 23.5))
    assert squares[-1] == pytest.approx((180, 263.5))


@pytest.mark.parametrize("down", [False, True])
def test_a_word_in_squares_is_parted_as_elsewhere_only_where_its_line_can_end_nowhere_else(
    down: bool,
) -> None:
    changes = {"stationery": "squared", "down": down, "indent": 0, "margin_bottom_mm": 107}
    settings = BLANK.model_copy(update=changes)  # 17 squares across, and as many down
    assert lines_of(place("一" * 16 + "and二", settings)) == ["一" * 16, "and二"]
    assert lines_of(place("一" * 16 + " I am二", settings)) == ["一" * 16 + "I", "am二"]
    assert lines_of(place("一" * 15 + "a。b", settings)) == ["一" * 15 + "a。", "b"]
    assert lines_of(place("一" * 14 + "130.5元", settings)) == ["一" * 14 + "130.5", "元"]
    assert lines_of(place("一" * 14 + "130.5。", settings)) == ["一" * 14, "130.5。"]
    # 17 squares hold 34 letters: longer than any line, and so long that nothing else goes with it.
    assert lines_of(place("一" + "a" * 36, settings)) == ["一" + "a" * 32, "aaaa"]
    assert lines_of(place("a" * 34 + "。二", settings)) == ["a" * 32, "aa。二"]
    assert lines_of(place("a" * 32, settings.model_copy(update={"indent": 2}))) == ["a" * 30, "aa"]


def test_spaces_are_empty_squares() -> None:
    settings = BLANK.model_copy(update={"stationery": "squared", "line_spacing": 1.2})
    (page,) = place("abc de 中 文　　一  二", settings)
    # ab, c, one between words, de, 中文 without one, two full-width ones, one for two others.
    expected = [40, 45, 52.5, 70, 75, 80, 90, 120, 140]
    assert [one.left_mm for one in page.characters] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "squares"),
    [
        ("2026-12-01", "20 26 - 12 - 01"),
        ("09:30", "09 : 30"),
        ("3.14×25+7=?", "3. 14 × 25 +7 =?"),
        ("$19.99", "$ 19 . 99"),
        ("150cm", "15 0 cm"),
        ("x2y", "x2 y"),
        ("1,234.5", "1, 23 4. 5"),
    ],
)
def test_a_number_of_several_digits_begins_a_square(text: str, squares: str) -> None:
    (page,) = place(text, BLANK.model_copy(update={"stationery": "squared"}))
    found = groupby(page.characters, key=lambda one: one.within)
    assert " ".join("".join(one.character for one in group) for _, group in found) == squares


@pytest.mark.parametrize("stationery", ["blank", "squared"])
@pytest.mark.parametrize("down", [False, True])
def test_columns_of_a_table_that_tabs_part_begin_one_below_the_other(
    stationery: str, down: bool
) -> None:
    settings = BLANK.model_copy(update={"stationery": stationery, "indent": 0, "down": down})
    pages = place("甲\t乙\n一二三\t四\t五\n\t六\t七\n八九", settings)
    at = "top_mm" if down else "left_mm"
    begins = [[getattr(one, at) for one in line.characters] for line in pages[0].lines]
    origin = begins[0][0]
    squares = [[round((one - origin) / 10) for one in line] for line in begins]
    # The widest cell of the first column has 3 squares, and a tab at least one.
    assert squares == [[0, 4], [0, 1, 2, 4, 6], [4, 6], [0, 1]]


def test_a_table_that_is_wider_than_a_line_has_a_square_between_its_cells() -> None:
    (page,) = place("甲\t乙\n" + "一" * 15 + "\t" + "二" * 5, BLANK)
    assert [one.left_mm for one in page.lines[0].characters] == pytest.approx([40, 60])


def test_squares_hold_two_letters_of_any_script_and_an_apostrophe_beside_one() -> None:
    settings = BLANK.model_copy(update={"stationery": "squared", "line_spacing": 1.2})
    for text, squares in (("мир и", [0, 0, 1, 3]), ("don’t", [0, 0, 1, 1, 2])):
        (page,) = place(text, settings)
        assert [int(one.left_mm - 40) // 10 for one in page.characters] == squares
    (page,) = place("don’t", settings.model_copy(update={"down": True}))
    apostrophe = list(page.characters)[3]
    assert not apostrophe.turned and apostrophe.shift[0] > 0.3


def test_columns_run_from_right_to_left() -> None:
    down = BLANK.model_copy(update={"down": True})
    (page,) = place("永，a（" + "一" * 25, down)
    placed = list(page.characters)
    assert corner(placed[0]) == pytest.approx((180, 40))
    assert placed[1].shift[0] > 0 > placed[1].shift[1]  # to the right and up
    assert [one.turned for one in placed[:5]] == [False, False, True, True, False]
    # 257 mm hold 25.7 squares, of which 2 are indent: 1 + 0.62 + 0.5 + 1 and 20 more.
    assert corner(placed[23]) == pytest.approx((180, 40 + 10 * (3.12 + 19)))
    assert corner(placed[24]) == pytest.approx((165, 20))
    assert len(list(printed_lines(down.model_copy(update={"stationery": "ruled"})))) == 11 + 1


def test_marks_of_columns_stand_where_they_do_whatever_the_font() -> None:
    down = BLANK.model_copy(update={"down": True})
    (page,) = place("，…一！", down)
    comma, ellipsis, one, exclamation = page.characters
    # Its ink's middle, at (0.2, 0.8) of the square in a line, comes to the upper right.
    assert 0.7 < 0.2 + comma.shift[0] < 0.8
    assert 0.25 < 0.8 + comma.shift[1] < 0.35
    # Turned, what is low would be at the left: it comes to the middle.
    assert ellipsis.turned
    assert (1 - 0.8) + ellipsis.shift[0] == pytest.approx(0.5)
    assert one.shift == (0.0, 0.0)
    assert (0.2 + exclamation.shift[0], exclamation.shift[1]) == pytest.approx((0.5, 0))


def test_what_is_narrow_and_upright_takes_a_square_of_a_column() -> None:
    def narrow_place_of(character: str) -> Placement:
        narrow = Placement(0.1, 0.4, 0.3, 0.6, 0.4)
        return narrow if character in "•β" else place_of(character)

    down = BLANK.model_copy(update={"down": True, "indent": 0})
    (page,) = lay_out("•一β", down, narrow_place_of)
    bullet, one, beta = page.characters
    assert not bullet.turned and beta.turned
    assert (0.2 + bullet.shift[0], bullet.shift[1]) == pytest.approx((0.5, 0))  # its ink's middle
    assert one.top_mm == pytest.approx(bullet.top_mm + 10)
    (page,) = lay_out("•一", down.model_copy(update={"stationery": "squared"}), narrow_place_of)
    bullet = next(page.characters)
    top = printed_squares(down.model_copy(update={"stationery": "squared"}))
    assert bullet.top_mm + 10 * bullet.shift[1] == pytest.approx(next(top)[1])
    assert 0.2 + bullet.shift[0] == pytest.approx(0.5)


def test_paragraphs_end_as_lines_of_a_text_do() -> None:
    # By Windows, old Macs, the soft break of word processors, a page's end, and Unicode's own.
    cleaned = clean_text("一\r\n二\r三\v四\f五\u2028六\n", "the text", lambda character: True)
    (page,) = place(cleaned.characters)
    assert lines_of([page]) == ["一", "二", "三", "四", "五", "六"]


def test_a_title_stands_in_the_middle_and_a_signature_at_the_end() -> None:
    settings = BLANK.model_copy(update={"flush_first": True, "right_last": 1})
    (page,) = place("老师：\n一二\n李明", settings, title="信一")
    title, address, text, signature = (line.characters for line in page.lines)
    assert title[0].left_mm == pytest.approx(95)
    assert address[0].left_mm == pytest.approx(20)
    assert text[0].left_mm == pytest.approx(40)
    assert signature[-1].left_mm == pytest.approx(180)


@pytest.mark.parametrize("end", ["", "\n", "\n  \n", "\n\n　"])
def test_empty_lines_are_no_signatures(end: str) -> None:
    settings = BLANK.model_copy(update={"flush_first": True, "right_last": 2})
    (page,) = place("老师：\n一二\n李明\n\n一月" + end, settings)
    lefts = [line.characters[0].left_mm for line in page.lines]
    assert lefts == pytest.approx([20, 40, 170, 170])  # of 170 mm two squares at the right
    tops = [line.characters[0].top_mm for line in page.lines]
    assert tops == pytest.approx([20, 35, 50, 80])


def test_the_first_paragraph_is_no_signature() -> None:
    settings = BLANK.model_copy(update={"flush_first": True, "right_last": 2})
    (page,) = place("一二\n李明", settings)
    assert [line.characters[0].left_mm for line in page.lines] == pytest.approx([20, 170])
    (page,) = place("一二", settings)
    assert page.lines[0].characters[0].left_mm == pytest.approx(20)


def test_who_signs_stands_at_the_right_with_the_name() -> None:
    letter = BLANK.model_copy(update={"right_last": 2, "flush_first": True})
    (page,) = place("一：\n一一\n你的朋友\n一一\n一一一", letter)
    lefts = [line.characters[0].left_mm for line in page.lines]
    assert lefts == pytest.approx([20, 40, 150, 170, 160])  # 17 squares end at 190
    (page,) = place("一：\n你的朋友好。\n一一\n一一一", letter)
    assert page.lines[1].characters[0].left_mm == pytest.approx(40)


@pytest.mark.parametrize(
    ("end", "signed"),
    [
        ("祝\n身体健康", 0),
        ("此致\n敬礼！", 0),
        ("祝您：\n万事如意\n李明", 1),
        ("此致\n敬礼\n李明\n一月二日", 2),
        ("祝你身体健康\n李明", 1),
        ("天冷了，多穿衣。\n李明", 1),
        ("信写到这里，就此停笔。", 0),
        ("祝英台\n一月二日", 2),
        ("顺颂\n秋祺\n你的朋友\n李明\n一月", 3),
    ],
)
def test_text_and_wishes_before_a_signature_or_without_one_are_none(end: str, signed: int) -> None:
    """17 squares end at 190: what signs has its last character's left side at 180."""
    letter = BLANK.model_copy(update={"right_last": 2, "flush_first": True})
    (page,) = place("老师：\n一二三\n" + end, letter)
    at_right = [line.characters[-1].left_mm == pytest.approx(180) for line in page.lines]
    assert at_right == [False] * (len(at_right) - signed) + [True] * signed


@pytest.mark.parametrize(("before", "sheets"), [(14, [17]), (15, [14, 4]), (17, [16, 4])])
def test_a_signature_stays_on_one_sheet_with_a_line_before_it(
    before: int, sheets: list[int]
) -> None:
    letter = BLANK.model_copy(update={"right_last": 3})
    pages = place("\n".join(["一"] * before + ["二"] * 3), letter)
    assert [len(page.lines) for page in pages] == sheets
    last = [line.characters[0].character for line in pages[-1].lines]
    assert last[-4:] == list("一二二二")


def test_a_wish_that_goes_with_a_signature_takes_along_what_leads_to_it() -> None:
    letter = BLANK.model_copy(update={"right_last": 2})
    for before, sheets in ((13, [17]), (14, [14, 4]), (15, [15, 4])):  # a sheet has 17 lines
        pages = place("\n".join(["一"] * before + ["祝", "身体健康", "李明", "一月"]), letter)
        written = [[line.characters[0].character for line in page.lines] for page in pages]
        assert [len(page) for page in written] == sheets
        assert written[-1][-4:] == list("祝身李一")


def test_a_copybook_gives_each_character_a_line_to_trace() -> None:
    settings = BLANK.model_copy(update={"copybook": True, "stationery": "tian"})
    (page,) = place("天地", settings)
    assert lines_of([page]) == ["天" * 17, "地" * 17]
    first = page.lines[0].characters
    assert [one.to_trace for one in first] == [False] + [True] * 16
    assert {one.index for one in page.lines[1].characters} == {1}


def test_a_copybook_has_letters_in_the_middle_of_their_squares() -> None:
    settings = BLANK.model_copy(update={"copybook": True, "stationery": "tian"})
    (page,) = place("a", settings)
    lefts = [one.left_mm for one in page.lines[0].characters]
    assert lefts == pytest.approx([20 + 10 * n + 2.5 for n in range(17)])  # half a square wide


@pytest.mark.parametrize("down", [False, True])
def test_wide_letters_are_smaller_so_that_two_fit_in_a_square(down: bool) -> None:
    settings = BLANK.model_copy(update={"stationery": "squared", "indent": 0, "down": down})
    wide = Placement(0.05, 0.16, 0.75, 0.86, 0.8)
    (page,) = lay_out("mW", settings, lambda character: wide)
    squares = list(printed_squares(settings))
    for one in page.characters:
        assert one.side_mm == pytest.approx(10 / 1.6)
        assert one.within == pytest.approx((*squares[0], 10))
        left = one.left_mm + (one.shift[0] + 0.05) * one.side_mm - squares[0][0]
        assert left == pytest.approx(10 * (0.05 / 1.6 + 0.5 * one.index))
        base = one.top_mm + (one.shift[1] + 0.86) * one.side_mm - squares[0][1]
        assert base == pytest.approx(8.6)


@given(
    text=st.text(alphabet="一二三四，。！（《”“…—09az.’ \n", max_size=120),
    word=st.text(alphabet="az.(", max_size=60),
    down=st.booleans(),
    stationery=st.sampled_from(["blank", "squared"]),
)
def test_every_character_is_set_once_inside_the_margins(
    text: str, word: str, down: bool, stationery: str
) -> None:
    text = text[:60] + word + text[60:]
    settings = BLANK.model_copy(update={"down": down, "stationery": stationery})
    pages = place(text, settings)
    placed = [one for page in pages for one in page.characters]
    assert "".join(one.character for one in placed) == ink_of(text)
    assert [one.index for one in placed] == list(range(len(placed)))
    for one in placed:
        assert one.left_mm >= 20 - 1e-6 and one.top_mm >= 20 - 1e-6
        # A word's last letter is narrower than its square.
        width = 10 * advance_of(one.character)
        along = (one.top_mm, 277) if down else (one.left_mm, 190)
        if stationery == "blank" and one.character not in "，。！":
            assert along[0] + width <= along[1] + 1e-6
    for line in lines_of(pages):
        if len(line) > 3 and set(line) & set("一二三四"):
            begins = line.lstrip("".join(CLOSING))
            ends = line.rstrip("".join(OPENING))
            assert begins and ends
