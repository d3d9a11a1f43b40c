"""One photograph of a form → the boxes of its page, or a line that says why not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.forms.cutting import CutBox, cut_boxes
from data_tools.forms.layout import BOX_MM, BOXES, MARK_BITS, SHEETS
from data_tools.forms.page_code import PageCode, UnknownLayoutError
from data_tools.forms.page_picture import TwoPagesError, find_code, flatten
from data_tools.forms.registration import (
    FEWEST_MARKS,
    FoundMarks,
    Registration,
    find_marks,
    registrations,
)

_LEAST_BOX_PIXELS = 45  # of a photograph; strokes of a pen are then one or two pixels wide
_LEAST_SHARPNESS = 0.75  # of dots beside marks; codes are unreadable soon below 0.8
_FEWEST_DOTS = 40
_CORNERS = ("upper left", "upper right", "lower left", "lower right")
_MARKS = (*_CORNERS[:2], "middle left", "middle right", *_CORNERS[2:])


@dataclass(frozen=True)
class ReadPage:
    """A page as it was found in a photograph.

    Attributes:
        name: of the photograph.
        code: what the page says of itself.
        boxes: in their order.
        marks: how many of the six were found.
    """

    name: str
    code: PageCode
    boxes: list[CutBox]
    marks: int


def read_page(name: str, photograph: NDArray[np.uint8]) -> ReadPage:
    """Find a page in a photograph and cut its boxes.

    Args:
        name: of the photograph, for messages.
        photograph: (height, width, 3) RGB.

    Raises:
        UserError: no page is in it, or it is cut off, too small, blurred or unreadable.
    """
    import cv2

    grey = np.asarray(cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY))
    marks = find_marks(grey)
    if not marks.numbers:  # none of which looks like any in a mirror, as front cameras show it
        photograph, grey = (np.ascontiguousarray(one[:, ::-1]) for one in (photograph, grey))
        marks = find_marks(grey)
    if not marks.numbers:
        problem = "no marks of a form are found in it"
        remedy = (
            "photograph the whole sheet sharply and from above, and name only photographs of forms"
        )
        raise UserError(join_message(name, problem, remedy))
    if marks.several >= FEWEST_MARKS:  # or all sheets but one would be lost without a word
        problem = "several sheets are in it"
        raise UserError(join_message(name, problem, "photograph each by itself, or cut them apart"))
    page, code = _find_page(name, grey, marks)
    if code is None:
        _explain(name, grey, page, BOXES)
        problem = "the square codes that say which page it is cannot be read"
        remedy = "photograph it again, sharply, with both codes in the light and nothing on them"
        raise UserError(join_message(name, problem, remedy))
    _explain(name, grey, page, len(code.characters))
    boxes = cut_boxes(flatten(photograph, page), page.sheet, code.characters)
    return ReadPage(name, code, boxes, len(marks.numbers))


def _find_page(
    name: str, grey: NDArray[np.uint8], marks: FoundMarks
) -> tuple[Registration, PageCode | None]:
    """The page in a photograph, and its code if that can be read."""
    likeliest = None
    for page in registrations(grey, marks):
        likeliest = likeliest or page
        try:
            code = find_code(grey, page)
        except UnknownLayoutError:
            problem = "is a form that another version of hanzi-lsgan has printed"
            remedy = "use that version, or print the form again with this one"
            raise UserError(join_message(name, problem, remedy)) from None
        except TwoPagesError:
            problem = "its head and its foot are those of different pages"
            remedy = "photograph each sheet by itself, unfolded and with no other beneath it"
            raise UserError(join_message(name, problem, remedy)) from None
        if code is not None and SHEETS[code.sheet] == page.sheet:
            return page, code
    if likeliest is None:
        seen = ", ".join(_MARKS[number] for number in marks.numbers)
        problem = f"of the six marks of a form only these can be made out: {seen}"
        if len(marks.numbers) >= FEWEST_MARKS:
            problem = "its marks stand as on no form"
        remedy = "photograph the whole sheet, lying flat, with nothing on its marks"
        raise UserError(join_message(name, problem, remedy))
    return likeliest, None


def _explain(name: str, grey: NDArray[np.uint8], page: Registration, boxes: int) -> None:
    """Refuse a page that cannot be cut well.

    Raises:
        UserError: a corner is cut off, or the photograph is too small or blurred.
    """
    height, width = grey.shape
    corners = np.concatenate([page.sheet.box(number).corners for number in range(boxes)])
    places = page.to_pixels(corners)
    is_out = ((places < 0) | (places > (width - 1, height - 1))).any(axis=1)
    if is_out.any():
        away = corners[is_out].mean(axis=0) - (page.sheet.width / 2, page.sheet.height / 2)
        corner = _CORNERS[2 * int(away[1] > 0) + int(away[0] > 0)]
        problem = f"the {corner} corner of the sheet is cut off"
        remedy = "photograph the whole sheet with some of the table around it"
        raise UserError(join_message(name, problem, remedy))
    pixels = page.pixels_a_mm() * BOX_MM
    if pixels < _LEAST_BOX_PIXELS:
        problem = f"is too small: a box has {pixels:.0f} pixels a side, of {_LEAST_BOX_PIXELS}"
        remedy = "go nearer, or do not reduce the photograph"
        raise UserError(join_message(name, problem, remedy))
    if page.sharpness < _LEAST_SHARPNESS:
        problem = f"is blurred: its dots have {page.sharpness:.0%} of the contrast of its marks"
        remedy = "hold the camera still, in more light, and let it focus on the sheet"
        raise UserError(join_message(name, problem, remedy))
    if page.dots < _FEWEST_DOTS:
        problem = f"only {page.dots} of 121 dots between the boxes can be made out"
        remedy = "lay the sheet flat, and photograph it from above in even light"
        raise UserError(join_message(name, problem, remedy))


def marks_missing(page: ReadPage) -> int:
    """How many marks of a page were covered or cut off, which does no harm by itself."""
    return len(MARK_BITS) - page.marks
