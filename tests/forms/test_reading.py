"""Photographs of filled-in forms, and what is cut of them, beside the ink that was put there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data_tools.errors import UserError
from data_tools.forms.crossed_out import is_crossed_out
from data_tools.forms.cutting import State
from data_tools.forms.page_reading import ReadPage, read_page
from data_tools.forms.photograph import read_photographs
from data_tools.forms.printing import check_sheet, form_pdf, page_codes
from data_tools.forms.reading import read_forms
from data_tools.hwdb.standard_sets import form_characters
from data_tools.splits import Split
from tests.forms.photographs import (
    BLACK,
    BLUE,
    PENCIL,
    PIXELS_A_MM,
    RED,
    Circumstances,
    FilledPage,
    fill,
    in_black_points,
    overlap,
    photograph,
    print_pages,
)

EASY = Circumstances(pixels_a_mm=6, angle=-3, bend_mm=2, shadow=0.3)


@pytest.fixture(scope="module")
def blank() -> FilledPage:
    return print_pages(form_characters(30))[0]


@pytest.fixture(scope="module")
def filled(blank: FilledPage) -> FilledPage:
    return fill(blank, writer=2, leave_empty=(4,))


@pytest.fixture(scope="module")
def picture(filled: FilledPage) -> NDArray[np.uint8]:
    return photograph(filled, EASY)


def share_cut_right(page: FilledPage, read: ReadPage) -> float:
    assert read.code == page.code
    right = [
        read.boxes[number].state.is_taken and overlap(page, number, read.boxes[number].bitmap) > 0.5
        for number in page.inks
    ]
    return sum(right) / len(right)


def test_each_box_holds_the_character_that_was_written_in_it(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    read = read_page("a.jpg", picture)
    assert share_cut_right(filled, read) == 1
    assert [box.number for box in read.boxes if not box.state.is_taken] == [4]
    assert read.boxes[4].state is State.EMPTY
    for number in filled.inks:
        others = [overlap(filled, other, read.boxes[number].bitmap) for other in filled.inks]
        assert int(np.argmax(others)) == sorted(filled.inks).index(number)


def test_ink_stands_where_it_was_written(filled: FilledPage, picture: NDArray[np.uint8]) -> None:
    """To two hundredths of a box of 14 mm, which is 168 pixels of the page as it was filled in."""
    read = read_page("a.jpg", picture)
    for number, (left, top, darkness) in filled.inks.items():
        rows, columns = (np.flatnonzero((darkness > 0.35).any(axis=axis)) for axis in (1, 0))
        box = filled.sheet.box(number)
        edges = np.array(
            [left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1]
        )
        corner = np.tile(np.array([box.left, box.top]) * PIXELS_A_MM, 2)
        expected = (edges - corner) / (box.side * PIXELS_A_MM)
        assert read.boxes[number].place == pytest.approx(expected, abs=0.02)


def test_a_sheet_may_be_a_small_part_of_the_photograph(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    """A quarter as high, with 84 pixels a box."""
    height, width = picture.shape[:2]
    wide = np.full((4 * height, 3 * height, 3), 120, np.uint8)
    wide[height : 2 * height, height : height + width] = picture
    assert share_cut_right(filled, read_page("a.jpg", wide)) == 1


def test_a_small_or_shaken_photograph_will_do(filled: FilledPage) -> None:
    for pixels_a_mm, blur_mm in ((3.6, 0.1), (6, 0.28)):
        how = Circumstances(pixels_a_mm=pixels_a_mm, blur_mm=blur_mm, angle=4)
        assert share_cut_right(filled, read_page("a.jpg", photograph(filled, how))) == 1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_sheet_may_lie_any_way(
    turns: int, filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    read = read_page("a.jpg", np.ascontiguousarray(np.rot90(picture, turns)))
    assert share_cut_right(filled, read) == 1


def test_ink_is_dark_on_exact_white_whichever_pen_wrote_it(blank: FilledPage) -> None:
    for ink, strength in ((PENCIL, 0.75), (BLUE, 0.9)):
        page = fill(blank, writer=1, ink=ink, strength=strength, fineness=0.9)
        read = read_page("a.jpg", photograph(page, replace(EASY, light=(0.95, 0.8, 0.55))))
        assert share_cut_right(page, read) == 1
        for box in read.boxes:
            assert np.percentile(box.bitmap, 2) < 110
            assert np.median(box.bitmap) == 255


def test_pencil_of_which_parts_are_not_seen_is_left_out_and_said(blank: FilledPage) -> None:
    how = replace(EASY, pixels_a_mm=7, angle=4, shadow=0.2, light=(0.95, 0.78, 0.5))
    found = []
    for strength in (0.12, 0.3):  # which take a fifteenth of the light, or a sixth
        page = fill(blank, writer=3, ink=PENCIL, strength=strength, fineness=0.9, leave_empty=(5,))
        read = read_page("a.jpg", photograph(page, how))
        found.append({box.state for box in read.boxes})
    assert State.FAINT in found[0] and not any(state.is_taken for state in found[0])
    assert found[1] == {State.TAKEN, State.EMPTY}


def test_a_broad_pen_may_leave_less_of_the_boxes_bare_than_it_covers(blank: FilledPage) -> None:
    """Whose ink was taken for the sheet's noise, so that parts of characters were missing."""
    picture = blank.picture.copy()
    for number in range(len(blank.code.characters)):
        box = blank.sheet.box(number)
        # Two strokes of 0.3 × 0.8 boxes, a fifth of a box apart.
        for left, right in ((0.1, 0.4), (0.6, 0.9)):
            places = np.array([(left, 0.1), (right, 0.9)]) * box.side + (box.left, box.top)
            first, last = (places * PIXELS_A_MM).round().astype(int).tolist()
            picture[first[1] : last[1], first[0] : last[0]] = 0.1
    read = read_page("a.jpg", photograph(replace(blank, picture=picture), EASY))
    assert {cut.state for cut in read.boxes} == {State.TAKEN}
    for cut in read.boxes:
        assert cut.place == pytest.approx((0.1, 0.1, 0.9, 0.9), abs=0.02)


def test_marks_may_be_covered_and_a_corner_touch_the_edge(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    page = filled.sheet
    covered = filled.picture.copy()
    for number in (1, 4):
        mark = page.marks[number]
        rows = slice(int((mark.top - 2) * PIXELS_A_MM), int((mark.bottom + 2) * PIXELS_A_MM))
        columns = slice(int((mark.left - 2) * PIXELS_A_MM), int((mark.right + 2) * PIXELS_A_MM))
        covered[rows, columns] = (0.8, 0.6, 0.5)  # by a thumb
    read = read_page("a.jpg", photograph(replace(filled, picture=covered), EASY))
    assert read.marks == 4
    assert share_cut_right(filled, read) == 1


def test_doubtful_boxes_are_told(blank: FilledPage) -> None:
    page = fill(blank, writer=2, leave_empty=(0, 1, 2, 3, 12))
    ink = page.picture

    def draw(number: int, points: list[tuple[float, float]], width_mm: float) -> None:
        box = page.sheet.box(number)
        places = (np.array(points) * box.side + (box.left, box.top)) * PIXELS_A_MM
        cv2.polylines(
            ink, [places.round().astype(np.int32)], False, (0.1, 0.1, 0.1), round(width_mm * 12)
        )

    draw(0, [(0.4, 0.5), (0.45, 0.5)], 0.5)  # a touch of the pen
    draw(1, [(0.1, 0.2), (0.9, 0.2), (0.1, 0.5), (0.9, 0.5), (0.1, 0.8), (0.9, 0.8)], 4.0)
    draw(2, [(0.2, 0.5), (1.9, 0.5)], 0.6)  # across the gap into the box with number 3
    draw(12, [(0.2, 0.5), (1.08, 0.5)], 0.6)  # a little over the frame
    read = read_page("a.jpg", photograph(page, EASY))
    states = [read.boxes[number].state for number in (0, 1, 2, 3, 12)]
    expected = [State.LITTLE, State.FULL, State.SHARED, State.SHARED, State.OVER]
    assert states == expected
    assert [state.is_taken for state in states] == [False, False, False, False, True]
    assert read.boxes[12].bitmap.shape[1] == pytest.approx(0.9 * 14 * PIXELS_A_MM, abs=12)
    assert share_cut_right(page, read) == 1


def test_boxes_blackened_in_part_are_told(blank: FilledPage) -> None:
    """By a blot of 6 mm over a character, a seventh of the box."""
    page = fill(blank, writer=2)
    for number in range(5):
        box = page.sheet.box(number)
        middle = np.array([box.left, box.top]) + box.side / 2
        place = (middle * PIXELS_A_MM).round().astype(int).tolist()
        cv2.circle(page.picture, place, 3 * PIXELS_A_MM, (0.1,) * 3, -1)
    read = read_page("a.jpg", photograph(page, EASY))
    assert [box.state.is_taken for box in read.boxes] == [False] * 5 + [True] * 25
    assert {box.state for box in read.boxes[:5]} == {State.BLOT}


def test_boxes_crossed_out_from_corner_to_corner_are_told(blank: FilledPage) -> None:
    """Empty ones and written ones; one line alone may be a stroke, and a small cross 乂."""
    page = fill(blank, writer=2, leave_empty=(0, 6))
    a, b, c, d = (0.05, 0.08), (0.95, 0.9), (0.92, 0.06), (0.1, 0.97)
    bent = (0.47, 0.53)  # 0.6 mm beside the diagonal
    crosses = {0: ([a, b], [c, d]), 1: ([a, b], [c, d]), 2: ([a, bent, b], [c, d]), 3: ([a, b],)}
    crosses[6] = ([(0.3, 0.3), (0.7, 0.7)], [(0.7, 0.3), (0.3, 0.7)])
    for number, lines in crosses.items():
        box = page.sheet.box(number)
        for line in lines:
            places = (np.array(line) * box.side + (box.left, box.top)) * PIXELS_A_MM
            points = places.round().astype(np.int32)
            cv2.polylines(page.picture, [points], False, (0.1,) * 3, 6)
    read = read_page("a.jpg", photograph(page, EASY))
    states = {box.number: box.state for box in read.boxes if not box.state.is_taken}
    assert states == dict.fromkeys((0, 1, 2), State.CROSSED_OUT)


def test_characters_that_are_crosses_are_not_crossed_out() -> None:
    ink = np.zeros((200, 220), np.uint8)  # around a box of 168 pixels at row 10, column 20
    cv2.line(ink, (25, 15), (183, 173), 1, 6)
    cv2.line(ink, (183, 15), (25, 173), 1, 6)
    told = [name for name in "乂×X又义永十一口林" if is_crossed_out(ink > 0, 10, 20, name)]
    assert told == list("永十一口林")
    cv2.rectangle(ink, (25, 15), (75, 65), 1, -1)  # broad strokes that merge in a corner
    assert not is_crossed_out(ink > 0, 10, 20, "永")


def test_specks_of_a_copier_are_no_writing(filled: FilledPage) -> None:
    """1,500 black points of 0.1 to 0.5 mm all over the sheet, twelve to a box and around it."""
    rng = np.random.default_rng(1)
    picture = filled.picture.copy()
    sides = filled.sheet.width, filled.sheet.height
    for x, y, across in rng.uniform((0, 0, 0.1), (*sides, 0.5), (1500, 3)):
        centre = round(x * PIXELS_A_MM), round(y * PIXELS_A_MM)
        cv2.circle(picture, centre, max(1, round(across * PIXELS_A_MM / 2)), (0.05,) * 3, -1)
    read = read_page("a.jpg", photograph(replace(filled, picture=picture), EASY))
    assert read.boxes[4].state is State.EMPTY
    assert sum(box.state is State.TAKEN for box in read.boxes) > 26  # specks at strokes lengthen
    assert share_cut_right(filled, read) == 1


def test_printed_characters_traced_with_a_broad_pen_are_nothing_in_their_boxes(
    blank: FilledPage,
) -> None:
    picture = blank.picture.copy()
    for number in range(len(blank.code.characters)):
        guide = blank.sheet.guide(number)
        sides = guide.top, guide.bottom + 0.3, guide.left, guide.right  # a pen's half below
        top, bottom, left, right = (round(side * PIXELS_A_MM) for side in sides)
        traced = cv2.erode(picture[top:bottom, left:right], np.ones((11, 11)))
        picture[top:bottom, left:right] = np.where(traced < 0.6, 0.1, traced)
    read = read_page("a.jpg", photograph(replace(blank, picture=picture), EASY))
    assert {box.state for box in read.boxes} == {State.EMPTY}


def test_boxes_of_which_a_part_is_covered_are_told(filled: FilledPage) -> None:
    """By blank paper, whose edges part nine boxes: columns 3 to 5 of rows 1 to 3."""
    picture = filled.picture.copy()
    sides = (58.0, 98.0, 60.0, 97.0)  # in the third of boxes from 55.5 mm on, and so forth
    top, bottom, left, right = (round(side * PIXELS_A_MM) for side in sides)
    picture[top:bottom, left:right] = (0.97, 0.95, 0.8)
    read = read_page("a.jpg", photograph(replace(filled, picture=picture), EASY))
    assert {box.number: box.state for box in read.boxes if not box.state.is_taken} == dict.fromkeys(
        (2, 3, 4, 12, 13, 14, 22, 23, 24), State.COVERED
    )


def test_frames_that_too_much_light_takes_away_are_not_covered(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    bright = (picture * 1.45).clip(0, 255).astype(np.uint8)
    assert share_cut_right(filled, read_page("a.jpg", bright)) == 1


def test_a_folded_sheet_on_that_of_another_page_is_told(filled: FilledPage) -> None:
    """Whose boxes would all have the labels of the upper one."""
    other = print_pages(form_characters(60)[30:])[0]
    picture = filled.picture.copy()
    middle = picture.shape[0] // 2
    picture[middle:] = other.picture[middle:]
    with pytest.raises(UserError, match=r"a\.jpg: its head and its foot are those of different"):
        read_page("a.jpg", photograph(replace(filled, picture=picture), EASY))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (Circumstances(pixels_a_mm=2.9), "too small: a box has 4[01] pixels a side, of 45"),
        (
            Circumstances(pixels_a_mm=6, blur_mm=0.6),
            "is blurred: its dots have 5[0-9]% of the contrast",
        ),
    ],
)
def test_a_photograph_of_no_use_says_why(filled: FilledPage, how: Circumstances, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        read_page("a.jpg", photograph(filled, how))
    assert "\n" not in str(error.value) and str(error.value).startswith("a.jpg: ")


def test_parts_of_a_sheet_say_what_is_missing(picture: NDArray[np.uint8]) -> None:
    height, width = picture.shape[:2]
    with pytest.raises(UserError, match="upper left corner of the sheet is cut off"):
        read_page("a.jpg", picture[:, width // 4 :])
    with pytest.raises(UserError, match="only these can be made out: upper left, upper right;"):
        read_page("a.jpg", picture[: height // 3])
    with pytest.raises(UserError, match="no marks of a form"):
        read_page("a.jpg", np.full((800, 600, 3), 200, np.uint8))


def test_two_sheets_in_one_photograph_are_told_and_a_part_of_a_second_does_no_harm(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    with pytest.raises(UserError, match=r"a.jpg: several sheets are in it; photograph each by"):
        read_page("a.jpg", np.concatenate([picture, picture], axis=1))
    edge = picture[:, : picture.shape[1] // 3].copy()  # which has three marks, of which one stays
    other = edge.copy()
    other[: 3 * picture.shape[0] // 5] = 90
    assert share_cut_right(filled, read_page("a.jpg", np.concatenate([picture, other], 1))) == 1
    edge[: picture.shape[0] // 3] = 90  # which leaves two
    for side_by_side in ((edge, picture), (picture, edge)):
        read = read_page("a.jpg", np.concatenate(side_by_side, axis=1))
        assert share_cut_right(filled, read) == 1


def test_a_picture_of_a_mirror_is_read_like_any_other(
    filled: FilledPage, picture: NDArray[np.uint8]
) -> None:
    assert share_cut_right(filled, read_page("a.jpg", picture[:, ::-1])) == 1


def save(picture: NDArray[np.uint8], path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=90, **options)
    return path


def test_files_are_one_writer_and_folders_are_one_each(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    first = save(picture, tmp_path / "photos" / "li.jpg")
    again = save(picture, tmp_path / "photos" / "again.jpg")
    save(picture, tmp_path / "many" / "wang" / "1.jpg")
    save(picture, tmp_path / "many" / "zhao" / "1.png")
    save(picture, tmp_path / "others" / "1.jpg")
    read = read_forms([first, again, tmp_path / "many"], [tmp_path / "others"])
    assert [part.name for part in read.parts()] == ["li", "many/wang", "many/zhao", "others"]
    assert [part.split for part in read.parts()] == [Split.TRAIN] * 3 + [Split.TEST]
    assert all(len(part.samples) == 29 for part in read.parts())
    assert f"{again} shows the same page as {first}, and takes its place" in read.lines


def test_what_is_named_for_the_test_split_is_taken_out_of_the_folder_that_holds_it(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    many = tmp_path / "many"
    li, zhao = save(picture, many / "li" / "1.jpg"), save(picture, many / "zhao" / "1.jpg")
    wang = save(picture, many / "wang" / "2.jpg")
    parts = read_forms([many], [zhao.parent, wang]).parts()
    assert [(part.name, part.split) for part in parts] == [
        ("many/li", Split.TRAIN),
        ("2", Split.TEST),
        ("zhao", Split.TEST),
    ]
    for twice in ([many, li.parent], [li, many]):
        with pytest.raises(UserError, match=r"li.1\.jpg: the same photograph is given twice"):
            read_forms(twice)


def test_what_is_left_of_a_folder_is_told(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    folder = tmp_path / "a"
    save(picture, folder / "1.jpg").rename(folder / "1.JPE")
    save(picture, folder / "1.jpg").rename(folder / "2.jfif")
    (folder / "form.pdf").write_bytes(form_pdf(page_codes("一二", check_sheet("A4")), "two"))
    for name in ("notes.txt", ".DS_Store", "Thumbs.db", "me.cut.png"):
        (folder / name).write_bytes(b"no photograph")
    for hidden in (".thumbnails", "@eaDir/1.jpg", "__MACOSX"):
        save(picture[::2, ::2], folder / hidden / "1.jpg")
    (folder / "0.heic").write_bytes(b"\x00\x00\x00\x18ftypheic....")
    (folder / "3.PDF").write_bytes(b"%PDF-1.4 and more")
    with pytest.raises(UserError, match=r"0\.heic: is a HEIC picture"):
        read_forms([folder])
    read = read_forms([folder], skip_bad=True)
    assert [str(line).partition(";")[0] for line in read.damaged] == [
        f"{folder / '0.heic'}: is a HEIC picture",
        f"{folder / '3.PDF'}: is a PDF",
    ]
    names = f"{folder / 'form.pdf'}, {folder / 'notes.txt'}"
    assert read.lines[0] == f"passed over: 2 files that are no photographs ({names})"
    assert read.lines[1].startswith(f"{folder / '2.jfif'} shows the same page as")


def test_of_two_photographs_the_one_with_the_later_name_is_taken(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    for before, later in (("page.jpg", "page (2).jpg"), ("IMG_9.jpg", "IMG_10.jpg")):
        folder = tmp_path / before
        for name in (before, later):
            save(picture, folder / name)
        lines = read_forms([folder]).lines
        first, second = folder / before, folder / later
        assert lines[0] == f"{second} shows the same page as {first}, and takes its place"


def test_a_camera_may_turn_by_a_note_in_the_file(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    note = Image.Exif()
    note[0x0112] = 6  # to be turned a quarter to the right
    turned = np.ascontiguousarray(np.rot90(picture))
    path = save(turned, tmp_path / "a.jpg", exif=note)
    [(name, pixels)] = read_photographs(path)
    assert name == str(path) and pixels.shape == picture.shape
    assert np.abs(pixels.astype(int) - picture).mean() < 3


def test_a_scan_of_several_pages_is_as_many_photographs(tmp_path: Path) -> None:
    deep = Image.fromarray(np.full((4, 5), 40_000, np.uint16))
    coloured = Image.new("RGB", (6, 7), (10, 20, 30))
    deep.save(tmp_path / "a.tif", save_all=True, append_images=[coloured])
    pages = list(read_photographs(tmp_path / "a.tif"))
    assert [name for name, _ in pages] == [f"{tmp_path / 'a.tif'}, page {n}" for n in (1, 2)]
    assert pages[0][1].shape == (4, 5, 3) and pages[0][1].max() == 40_000 >> 8
    assert pages[1][1][0, 0].tolist() == [10, 20, 30]


def test_grey_of_any_depth_is_read_as_far_as_it_reaches(tmp_path: Path) -> None:
    """Half of 12 bits in 16, of real numbers to 1, and of 32 bits; below 0 nothing is grey."""
    for half, most, kind in ((2048, 4095, "u2"), (0.5, 1, "f4"), (1 << 15, (1 << 16) - 1, "i4")):
        deep = np.full((4, 5), half, kind)
        deep[0, 0] = most
        Image.fromarray(deep).save(tmp_path / "a.tif")
        [(_, pixels)] = read_photographs(tmp_path / "a.tif")
        assert pixels[0, 0].tolist() == [255] * 3 and pixels[1, 1].tolist() == [128] * 3
    Image.fromarray(np.full((4, 5), -1, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"a\.tif: holds values below 0 \(-1\); save it as JPEG"):
        list(read_photographs(tmp_path / "a.tif"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jpg", b"%PDF-1.4 and more", "is a PDF; save its pages"),
        ("a.jpg", b"\x00\x00\x00\x18ftypheic....", "is a HEIC picture"),
        ("a.jpg", b"", "is an empty file"),
        ("a.jpg", b"no picture at all", "is no JPEG, PNG"),
        ("a.gnt", b"....", "--form takes nothing else"),
        ("a.zip", b"PK\x03\x04", "--form takes nothing else"),
    ],
)
def test_other_files_are_one_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_forms([path])
    assert str(error.value).startswith(str(path))


def test_missing_and_cut_off_files_are_one_line(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        read_forms([tmp_path / "a.jpg"])
    with pytest.raises(UserError, match="holds no photograph"):
        read_forms([tmp_path])
    path = save(picture, tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(UserError, match="is damaged"):
        read_forms([path])


def test_bad_photographs_are_left_out_if_asked_for(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    save(np.full((50, 60, 3), 255, np.uint8), tmp_path / "a" / "0.png")
    save(picture, tmp_path / "a" / "1.jpg")
    read = read_forms([tmp_path / "a"], skip_bad=True)
    assert len(read.damaged) == 1 and "no marks of a form" in read.damaged[0]
    assert len(read.parts()[0].samples) == 29


def test_pages_of_a_scan_behind_a_bad_one_are_read_if_asked_for(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    back = Image.new("L", (600, 800), 255)
    scan = tmp_path / "a.tif"
    back.save(scan, save_all=True, append_images=[Image.fromarray(picture), back])
    read = read_forms([scan], skip_bad=True)
    problem = "no marks of a form are found in it"
    assert [line.partition(";")[0] for line in read.damaged] == [
        f"{scan}, page {number}: {problem}" for number in (1, 3)
    ]
    assert len(read.parts()[0].samples) == 29
    with pytest.raises(UserError, match="page 1: no marks of a form"):
        read_forms([scan])


def test_points_of_a_scan_in_black_and_white_are_no_ink(tmp_path: Path, filled: FilledPage) -> None:
    """At 200 dots an inch the sheet's light grey is one black point in twenty, of 0.13 mm."""
    scan = Image.fromarray((filled.picture * np.float32(242)).astype(np.uint8))
    scan = scan.resize((scan.width * 2 // 3, scan.height * 2 // 3)).convert("1")
    scan.save(tmp_path / "a.tif", compression="group4")
    [(name, pixels)] = read_photographs(tmp_path / "a.tif")
    read = read_page(name, pixels)
    assert share_cut_right(filled, read) == 1
    assert {box.number: box.state for box in read.boxes if box.state is not State.TAKEN} == {
        4: State.EMPTY
    }


def test_a_form_that_nobody_filled_in_is_told(tmp_path: Path, blank: FilledPage) -> None:
    path = save(photograph(blank, EASY), tmp_path / "a.jpg")
    with pytest.raises(UserError, match="no box of any page holds a character"):
        read_forms([path])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(6))
def test_at_least_99_of_100_boxes_are_cut_right(number: int) -> None:
    rng = np.random.default_rng(number)
    page = print_pages(form_characters(100), number % 2)[0]
    if number >= 4:
        page = in_black_points(page)
    ink, strength = ((BLACK, 1.0), (PENCIL, 0.75), (BLUE, 0.9), (RED, 0.9))[number % 4]
    size = float(rng.uniform(0.7, 1.0))
    fineness = float(rng.uniform(0.2, 1))
    page = fill(page, writer=number, ink=ink, strength=strength, size=size, fineness=fineness)
    how = Circumstances(
        pixels_a_mm=float(rng.uniform(6.5, 9)),
        angle=90 * number + float(rng.uniform(-8, 8)),
        tilt=(float(rng.uniform(-0.12, 0.12)), float(rng.uniform(-0.12, 0.12))),
        bend_mm=float(rng.uniform(2, 7)),
        shadow=float(rng.uniform(0.2, 0.55)),
        light=((0.93, 0.93, 0.92), (0.95, 0.8, 0.55), (0.6, 0.6, 0.62))[number % 3],
        slope=float(rng.uniform(0.1, 0.35)),
        blur_mm=float(rng.uniform(0.04, 0.14)),
        noise=float(rng.uniform(0.005, 0.025)),
        around_mm=float(rng.uniform(1, 30)),
        seed=number,
    )
    assert share_cut_right(page, read_page("a.jpg", photograph(page, how))) >= 0.99
