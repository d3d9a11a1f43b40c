"""Forms as they are printed: codes, marks and boxes, checked by other programs than ours."""

import io

import cv2
import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.forms import page_code
from data_tools.forms.choose_characters import COUNT, choose, frequent_characters
from data_tools.forms.layout import BOX_MM, MARK_BITS, SHEETS, Sheet
from data_tools.forms.page_code import (
    PageCode,
    UnknownLayoutError,
    draw_code,
    form_number,
    read_code,
)
from data_tools.forms.printing import check_sheet, form_pdf, page_codes
from data_tools.hwdb.standard_sets import form_characters, gb2312_level_1, named_set

PIXELS_A_MM = 8


def render(pdf: bytes, page: int = 0) -> NDArray[np.uint8]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    image = document[page].render(scale=PIXELS_A_MM * 25.4 / 72).to_pil()
    return np.asarray(image.convert("L"))


def code_of(characters: str) -> PageCode:
    return PageCode(1, 67, 68, form_number(characters), characters)


@pytest.mark.parametrize("count", [1, 37, 100])
def test_a_code_is_read_though_modules_are_wrong(count: int) -> None:
    rare = "".join(chr(0x2A6D6 - number) for number in range(count // 2))
    code = code_of(rare + "".join(chr(0x4E00 + number) for number in range(count - len(rare))))
    modules = draw_code(code).copy()
    assert read_code(modules) == code
    rows, columns = np.random.default_rng(count).integers(0, len(modules), (2, 20))
    modules[rows, columns] ^= True
    assert read_code(modules) == code


def test_what_is_no_code_is_none() -> None:
    noise = np.random.default_rng(0).random((61, 61)) > 0.5
    assert read_code(noise) is None
    assert read_code(np.zeros((61, 61), np.bool_)) is None


def test_the_code_of_another_layout_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_code, "_LAYOUT", 2)
    newer = draw_code(code_of("永"))
    monkeypatch.undo()
    with pytest.raises(UnknownLayoutError):
        read_code(newer)


def test_any_reader_of_qr_codes_reads_the_printed_one() -> None:
    codes = page_codes("永和九年", SHEETS[0])
    picture = render(form_pdf(codes, "a test"))
    for place in SHEETS[0].codes:
        rows = slice(int((place.top - 2) * PIXELS_A_MM), int((place.bottom + 2) * PIXELS_A_MM))
        columns = slice(int((place.left - 2) * PIXELS_A_MM), int((place.right + 2) * PIXELS_A_MM))
        enlarged = np.kron(picture[rows, columns], np.ones((2, 2), np.uint8))
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(enlarged)
        # Its first two bytes are hf, 0x6866; in base 45 (RFC 9285) 26726 = 13·45² + 8·45 + 41.
        assert [page_code._SIGNS.index(sign) for sign in text[:3]] == [41, 8, 13]


def test_marks_are_those_of_the_aruco_dictionary() -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, rows in enumerate(MARK_BITS):
        drawn = cv2.aruco.generateImageMarker(dictionary, number, 6) > 0
        inner = [[bit == "1" for bit in row] for row in rows]
        assert not drawn[[0, -1]].any() and not drawn[:, [0, -1]].any()
        np.testing.assert_array_equal(drawn[1:-1, 1:-1], inner)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: str(sheet.name))
def test_marks_and_boxes_are_printed_where_the_layout_says(sheet: Sheet) -> None:
    chosen = check_sheet(sheet.name.lower())
    picture = render(form_pdf(page_codes(form_characters(100), chosen), "form-100"))
    assert picture.shape == pytest.approx(
        (chosen.height * PIXELS_A_MM, chosen.width * PIXELS_A_MM), abs=1
    )
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    corners, numbers, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(picture)
    found = dict(zip(numbers.ravel().tolist(), corners, strict=True))
    assert sorted(found) == list(range(6))
    for number, mark in enumerate(chosen.marks):
        away = np.abs((found[number].reshape(4, 2) + 0.5) / PIXELS_A_MM - mark.corners)
        assert away.max() < 0.25
    for number in range(100):
        box = chosen.box(number)
        inner = picture[
            int((box.top + 0.5) * PIXELS_A_MM) : int((box.bottom - 0.5) * PIXELS_A_MM),
            int((box.left + 0.5) * PIXELS_A_MM) : int((box.right - 0.5) * PIXELS_A_MM),
        ]
        assert inner.min() == 255 and min(inner.shape) > (BOX_MM - 2) * PIXELS_A_MM
        guide = chosen.guide(number)
        above = picture[
            int(guide.top * PIXELS_A_MM) : int(guide.bottom * PIXELS_A_MM),
            int(guide.left * PIXELS_A_MM) : int(guide.right * PIXELS_A_MM),
        ]
        assert above.min() < 150


def test_the_same_form_has_the_same_bytes_and_a_hundred_characters_a_page() -> None:
    characters = "".join(sorted(gb2312_level_1()))[:201]
    codes = page_codes(characters, SHEETS[1])
    assert [len(code.characters) for code in codes] == [100, 100, 1]
    assert {code.form for code in codes} == {form_number(characters)}
    pdf = form_pdf(codes, "some")
    assert pdf == form_pdf(page_codes(characters, SHEETS[1]), "some")
    assert len(pypdfium2.PdfDocument(io.BytesIO(pdf))) == 3


def test_what_cannot_be_printed_is_an_error() -> None:
    with pytest.raises(UserError, match="choose A4 or Letter"):
        check_sheet("A3")
    with pytest.raises(UserError, match="no bundled font has 1 of them"):
        page_codes("永\U0002a6d6", SHEETS[0])
    with pytest.raises(UserError, match="no character"):
        page_codes("", SHEETS[0])


def test_form_sets_hold_each_other_and_frequent_characters() -> None:
    sets = [named_set(name) for name in ("form-30", "form-100", "@form-200")]
    assert [len(one or ()) for one in sets] == [30, 100, 200]
    assert (sets[0] or set()) < (sets[1] or set()) < (sets[2] or set()) <= gb2312_level_1()


def test_the_greedy_choice_covers_what_others_are_alike_to() -> None:
    # Of two families, the second choice cannot be of the first one's family.
    chosen = choose(["一", "二", "三", "囚", "因", "困", "团"], 2)
    assert len({character in "囚因困团" for character in chosen}) == 2


@pytest.mark.slow
def test_the_list_is_what_the_rule_chooses() -> None:
    assert choose(frequent_characters(), COUNT) == form_characters(COUNT)
