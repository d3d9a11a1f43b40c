"""The printed frames of boxes, and boxes of whose frame a part is not seen.

Blank paper over a part of a box hides what is written there, and looks like an empty sheet: that
something lies on the box is told by what is printed, which is not seen there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_tools.forms.layout import COLUMNS, Sheet, Square
from data_tools.forms.page_picture import PIXELS_A_MM, FlatPage

_REACH_MM = 0.6  # to either side of a printed frame
_PARTS = 5  # of a side, in each of which the line may lie a little beside its place
_SMOOTH_MM = 0.1
_USUAL_PERCENTILE = 75  # more than half of a page may be covered
_SEEN_SHARE = 0.4  # of how much print usually stands out
_DOT_REACH_MM = 0.6  # from its place, where a sheet is folded
_COVERED_PARTS = 3  # side by side around a box; of fewer a crease may be the cause


@dataclass(frozen=True)
class FramePart:
    """A part of a frame's side: its pixels, and the axis along the line."""

    place: tuple[slice, slice]
    along: int


def frame_parts(page: FlatPage, box: Square) -> list[FramePart]:
    """The parts of a box's frame, around it: right, down, left and up again."""
    rows, columns = page.part(box)
    reach = round(_REACH_MM * PIXELS_A_MM)
    around: list[FramePart] = []
    for along, ends, middle, step in (
        (1, columns, rows.start, 1),
        (0, rows, columns.stop, 1),
        (1, columns, rows.stop, -1),
        (0, rows, columns.start, -1),
    ):
        cuts = np.linspace(ends.start - reach, ends.stop + reach, _PARTS + 1).astype(int).tolist()
        across = slice(middle - reach, middle + reach)
        lengths = [slice(start, end) for start, end in pairwise(cuts)][::step]
        around += [
            FramePart((across, part) if along else (part, across), along) for part in lengths
        ]
    return around


def covered_boxes(page: FlatPage, sheet: Sheet, boxes: Sequence[Square]) -> set[int]:
    """Numbers of boxes on which something lies: of print that others have, parts are not seen.

    A part of the frame alone does not tell, since too much light takes such light print away.

    Args:
        page: flat and evenly lit.
        sheet: what it is printed on.
        boxes: of the sheet, from its first one on.
    """
    import cv2

    smooth = cv2.GaussianBlur(page.darkness, (0, 0), _SMOOTH_MM * PIXELS_A_MM)
    parts = [
        [smooth[part.place].mean(axis=part.along) for part in frame_parts(page, box)]
        for box in boxes
    ]
    profiles = np.array(parts)  # (boxes, parts, pixels across the line)
    # Ink all over a part hides the line too.
    of_frames = _unseen(np.maximum(np.ptp(profiles, axis=2), profiles.min(axis=2)))
    guides = [smooth[page.part(sheet.guide(number))].max() for number in range(len(boxes))]
    of_guides = _unseen(np.array(guides))
    places = [Square(x, y, 0.0) for x, y in sheet.dots.reshape(-1, 2).tolist()]
    dots = [smooth[page.part(place, _DOT_REACH_MM)].max() for place in places]
    of_dots = _unseen(np.array(dots).reshape(sheet.dots.shape[:2]))
    covered = set()
    for number in range(len(boxes)):
        row, column = divmod(number, COLUMNS)
        around = of_dots[row : row + 2, column : column + 2]
        if _has_gap(of_frames[number]) and (of_guides[number] or around.any()):
            covered.add(number)
    return covered


def _unseen(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where print stands out much less than usual."""
    unseen: NDArray[np.bool_] = levels < _SEEN_SHARE * np.percentile(levels, _USUAL_PERCENTILE)
    return unseen


def _has_gap(unseen: NDArray[np.bool_]) -> bool:
    """Whether parts of a frame that lie side by side are not seen."""
    shifted = [np.roll(unseen, shift) for shift in range(_COVERED_PARTS)]
    return bool(np.logical_and.reduce(shifted).any())
