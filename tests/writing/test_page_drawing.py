"""Lines that climb, worked out with a set square."""

import pytest

from data_tools.errors import UserError
from data_tools.fonts.placement import Placement, placement
from hanzi_lsgan.writing.layout import lay_out
from hanzi_lsgan.writing.outlines import Contour
from hanzi_lsgan.writing.page import Page
from hanzi_lsgan.writing.page_drawing import check_tilt, draw_page
from hanzi_lsgan.writing.settings import WritingSettings

# On A4 with margins of 20: 17 squares of 10 mm across, of which the outer ones are 80 mm from the
# middle; 25 down, the first 123.5 mm above the middle and the last 116.5 mm below it.
STILL = WritingSettings(
    margin_top_mm=20,
    margin_right_mm=20,
    margin_bottom_mm=20,
    margin_left_mm=20,
    character_mm=10,
    indent=0,
    jitter=0,
    drift=0,
)


def place(settings: WritingSettings, count: int) -> list[Page]:
    return lay_out("一" * count, settings, placement)


@pytest.mark.parametrize(
    ("tilt", "down", "largest", "margin"),
    [
        # 20 mm above the first line: the arc tangent of 20 / 80; 110 × 0.268 / 1.268 = 23.2
        (15, False, 14.0, 24),
        (-15, False, -14.0, 24),
        # 20 mm beside the first column: 20 / 116.5, upward 20 / 123.5; 153.5 × 0.213 / 1.213 = 26.9
        (12, True, 9.7, 27),
        (-12, True, -9.1, 27),
    ],
)
def test_a_tilt_that_leaves_the_sheet_is_refused(
    tilt: float, down: bool, largest: float, margin: int
) -> None:
    settings = STILL.model_copy(update={"tilt": tilt, "down": down})
    count = 25 if down else 17
    remedy = rf"choose at most {largest:g} here, or --margin {margin} or more$"
    with pytest.raises(UserError, match=remedy):
        check_tilt(place(settings, count), settings)
    flatter = settings.model_copy(update={"tilt": largest})
    check_tilt(place(flatter, count), flatter)
    sides = ("top", "right", "bottom", "left")
    wider = settings.model_copy(update={f"margin_{side}_mm": margin for side in sides})
    check_tilt(place(wider, 600), wider)


def test_a_short_line_may_be_steep() -> None:
    settings = STILL.model_copy(update={"tilt": 15})
    check_tilt(place(settings, 12), settings)


def test_lines_turn_about_their_middle() -> None:
    settings = STILL.model_copy(update={"tilt": 14})
    (page,) = place(settings, 17)
    blank: dict[int, tuple[Contour, ...]] = dict.fromkeys(range(17), ())
    tops = [one.top_mm for one in draw_page(page, blank, settings, seed=0).characters]
    assert tops[8] == pytest.approx(20)
    assert tops[0] == pytest.approx(20 + 80 * 0.2493, abs=0.01)  # the tangent of 14 degrees
    assert tops[16] == pytest.approx(20 - 80 * 0.2493, abs=0.01)
    columns = settings.model_copy(update={"tilt": 9, "down": True})
    (page,) = place(columns, 25)
    blank = dict.fromkeys(range(25), ())
    lefts = [one.left_mm for one in draw_page(page, blank, columns, seed=0).characters]
    assert lefts[0] == pytest.approx(180 - 123.5 * 0.1584, abs=0.01)
    assert lefts[24] == pytest.approx(180 + 116.5 * 0.1584, abs=0.01)


def box(left: float, top: float, right: float, bottom: float) -> tuple[Contour, ...]:
    """The outline of a rectangle in its square."""
    return (Contour((left, top), (((right, top),), ((right, bottom),), ((left, bottom),))),)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize(
    ("ink", "kept"),  # a printed square of 10 mm has 9.6 for ink
    [
        ((0.1, 0.2, 0.8, 0.9), (1, 2, 8, 9)),
        ((0.1, -0.1, 0.8, 0.7), (1, 0.2, 8, 8.2)),
        ((0.5, 0.6, 1.1, 1.4), (3.8, 1.8, 9.8, 9.8)),
        ((-0.1, 0.45, 1.1, 0.55), (0.2, 4.6, 9.8, 5.4)),
    ],
)
def test_ink_stays_in_its_printed_square(
    ink: tuple[float, float, float, float], kept: tuple[float, float, float, float], down: bool
) -> None:
    settings = STILL.model_copy(update={"stationery": "squared", "down": down})
    (page,) = lay_out("永", settings, lambda character: Placement(*ink, 1.0))
    (one,) = draw_page(page, {0: box(*ink)}, settings, seed=0).characters
    points = [(x - one.left_mm, y - one.top_mm) for x, y in one.contours[0].points]
    xs, ys = zip(*points, strict=True)
    assert (min(xs), min(ys), max(xs), max(ys)) == pytest.approx(kept)
