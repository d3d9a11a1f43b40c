"""The ink of each box of a page: what was printed goes, and what was written stays whole.

Ink is taken by connected strokes, so that one which leaves its box a little is not cut off, and one
that comes over from the next box is not taken for a part of this one.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from data_tools.forms.crossed_out import is_crossed_out
from data_tools.forms.frames import covered_boxes, frame_parts
from data_tools.forms.layout import BOX_MM, CELL_HEIGHT_MM, DOT_MM, Sheet, Square
from data_tools.forms.page_picture import PIXELS_A_MM, FlatPage
from data_tools.glyphs.fit import BACKGROUND
from data_tools.glyphs.place import UNKNOWN_PLACE, Place

_AROUND_DOT_MM = 0.5
_AROUND_GUIDE_MM = 0.15  # its ink reaches no side of its square
_FRAME_EXCESS = 1.2
_LINE_MM = 0.6  # of a frame in a blurred photograph
_USUAL_PERCENTILE = 60  # of frames, few of which have a stroke along them
_INSET_MM = 1.0  # from the frame, where nothing is printed

_NOISE_DEVIATIONS = 5.0
_DEVIATION_OF_MEDIAN = 1.4826
_FAINTEST_INK = 0.1  # of black; pencil has 0.3 and more
_SURE_SHARE = 0.5  # of how dark the page's strokes are
_EDGE_SHARE = 0.28
_FULL_DARKNESS = 0.85  # which strokes of pencil are made to have
_MOST_GAIN = 2.5
_FAINT_STROKES = 1.2  # of the faintest that is ink; of lighter strokes parts are not seen

_LIGHTEST_BOX = 0.45  # of the darkness of the page's strokes
_FEWEST_PEAKS = 20
_SMOOTH_MM = 0.06
_CREASE_EXCESS = 1.1  # over what makes a stroke sure
_FRAME_HALF_MM = 0.4
_FRAME_PERCENTILE = 92  # of points on frames, of which strokes cross no more than a few
_BESIDE_MM = 0.55
_FRAME_SHARE = 0.75  # of a stroke that is none, but a part of a frame

_SPECK_MM2 = 0.1
_LARGEST_SPECK_MM2 = 0.8
_SPECKLED = 8  # specks between the boxes: fewer may be strayed from them
_SPECK_PERCENTILE = 90
_SPECK_EXCESS = 1.5
_EMPTY_MM2 = 0.35
_LITTLE_MM2 = 0.8
_FULL_SHARE = 0.62  # of a box; more ink is no character
_BLOT_MM = 3.5
_BLOT_EXCESS = 2.5  # of the page's strokes at their thickest; a felt pen's merge to twice as much
_TERRITORY_MM = 3.0  # around a box, in which its strokes may lie
_STRAY_MM = 1.6  # of a stroke outside its box
_OVER_MM = 0.5  # of the frame: what goes farther is noted
_SHARED = 0.14  # of what a stroke has in its own box, in another one that it reaches into
_LEAST_SHARED_MM2 = 0.5


class State(Enum):
    """What became of a box; the value is what a person reads of it."""

    TAKEN = "taken"
    OVER = "taken, though it leaves its box"
    EMPTY = "empty"
    COVERED = "covered, or a part of it"
    LITTLE = "almost nothing in it"
    FAINT = "too faint"
    FULL = "mostly ink"
    BLOT = "blotted"
    CROSSED_OUT = "crossed out"
    SHARED = "a stroke runs from one box into the next"

    @property
    def is_taken(self) -> bool:
        """Whether it becomes a sample."""
        return self in (State.TAKEN, State.OVER)


@dataclass(frozen=True)
class CutBox:
    """A box of a page.

    Attributes:
        number: of the box on its page.
        character: to be written in it.
        state: what was found.
        bitmap: (height, width) uint8 cropped to its ink, 255 is background; a single white pixel
            where there is none.
        place: of the ink in the printed box; not known where there is none.
    """

    number: int
    character: str
    state: State
    bitmap: NDArray[np.uint8]
    place: Place


def cut_boxes(page: FlatPage, sheet: Sheet, characters: str) -> list[CutBox]:
    """Cut the boxes of a page.

    Args:
        page: flat and evenly lit.
        sheet: what it is printed on.
        characters: to be written, in the order of the boxes.
    """
    boxes = [sheet.box(number) for number in range(len(characters))]
    written = _without_print(page, sheet, boxes)
    ink = _find_ink(page, written, boxes)
    labels, shares = _strokes(page, ink.is_ink, boxes)
    covered = covered_boxes(page, sheet, boxes)
    cut: list[CutBox] = []
    thickest: list[float] = []
    for number, (box, character) in enumerate(zip(boxes, characters, strict=True)):
        territory = page.part(box, _TERRITORY_MM)
        own = np.isin(labels[territory], shares.own[number])
        shade = BACKGROUND * (1 - (written[territory] * ink.gains[number]).clip(0, 1))
        grey = np.where(_widened(own), shade, BACKGROUND).round().astype(np.uint8)
        is_shared, is_faint = number in shares.shared, number in ink.faint
        state = _state(own, box, territory, page, is_shared=is_shared, is_faint=is_faint)
        if number in covered:  # what is missing may lie beneath
            state = State.COVERED
        elif state.is_taken:
            rows, columns = page.part(box)
            top, left = rows.start - territory[0].start, columns.start - territory[1].start
            if is_crossed_out(own, top, left, character):
                state = State.CROSSED_OUT
        place = _place(own, territory, page.part(box))
        cut.append(CutBox(number, character, state, _cropped(grey, own), place))
        thickest.append(_thickest_mm(own))
    usual = float(np.median([thick for thick in thickest if thick] or [0.0]))
    return [
        replace(box, state=State.BLOT)
        if box.state.is_taken and thick > max(_BLOT_MM, _BLOT_EXCESS * usual)
        else box
        for box, thick in zip(cut, thickest, strict=True)
    ]


def _thickest_mm(own: NDArray[np.bool_]) -> float:
    """The diameter of the largest disc of ink, 0 where there is none."""
    import cv2

    within = np.pad(own, 1).astype(np.uint8)
    return 2 * float(cv2.distanceTransform(within, cv2.DIST_L2, 5).max()) / PIXELS_A_MM


def _without_print(page: FlatPage, sheet: Sheet, boxes: list[Square]) -> NDArray[np.float32]:
    """The darkness without dots, printed characters and frames."""
    written = np.maximum(page.darkness, 0)
    for x, y in sheet.dots.reshape(-1, 2).tolist():
        dot = Square(x - DOT_MM / 2, y - DOT_MM / 2, DOT_MM)
        written[page.part(dot, _AROUND_DOT_MM)] = 0
    for number in range(len(boxes)):
        written[page.part(sheet.guide(number), _AROUND_GUIDE_MM)] = 0
    parts = [part for box in boxes for part in frame_parts(page, box)]
    profiles = np.array([np.median(written[part.place], axis=part.along) for part in parts])
    # A stroke along the frame would be taken for it: the page says how dark a frame is.
    usual = _FRAME_EXCESS * float(np.percentile(profiles.max(axis=1), _USUAL_PERCENTILE))
    for part, profile in zip(parts, profiles, strict=True):
        line = _line_in(profile.clip(0, min(usual, 0.9)))
        # Ink over print lets as much light through as both do, one behind the other.
        through = 1 - np.expand_dims(line, part.along).astype(np.float32)
        written[part.place] = 1 - (1 - written[part.place]) / through
    return np.maximum(written, 0)


def _line_in(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the darkness across a printed line, the part that is the line."""
    width = min(round(_LINE_MM * PIXELS_A_MM), len(profile))
    sums = np.convolve(profile, np.ones(width), "valid")
    start = int(sums.argmax())
    line = np.zeros_like(profile)
    line[start : start + width] = profile[start : start + width]
    return line


@dataclass(frozen=True)
class _Ink:
    """Where ink is on a page, by how much that of each box is to be darkened, and which is faint.

    Strokes of faint boxes are hardly darker than what counts as ink at all.
    """

    is_ink: NDArray[np.bool_]
    gains: list[float]
    faint: set[int]


def _find_ink(page: FlatPage, written: NDArray[np.float32], boxes: list[Square]) -> _Ink:
    """Find ink by how dark strokes are in each box, or on the page where a box has hardly any.

    At half of that a stroke is sure, and it reaches as far as it has a quarter of it.
    """
    import cv2

    smooth = cv2.GaussianBlur(written, (0, 0), _SMOOTH_MM * PIXELS_A_MM)
    inner = [page.part(box, -_INSET_MM) for box in boxes]
    # Between the boxes, since in them a broad pen leaves hardly any of the sheet bare.
    some = np.concatenate([smooth[page.part(_above(box))].ravel() for box in boxes])
    middle = float(np.median(some))
    noise = _DEVIATION_OF_MEDIAN * float(np.median(np.abs(some - middle)))
    faintest = max(_FAINTEST_INK, middle + _NOISE_DEVIATIONS * noise)
    is_peak = (smooth >= cv2.dilate(smooth, np.ones((5, 5), np.uint8))) & (smooth > faintest)
    peaks = [smooth[place][is_peak[place]] for place in inner]
    of_page = _usual(np.concatenate(peaks), 2 * faintest)
    sure = np.full(smooth.shape, max(_SURE_SHARE * of_page, faintest), np.float32)
    edge = np.full(smooth.shape, max(_EDGE_SHARE * of_page, 0.6 * faintest), np.float32)
    gains = []
    faint = set()
    for number, (box, levels) in enumerate(zip(boxes, peaks, strict=True)):
        # Whoever changes from pen to pencil has lighter boxes; traces of erased ones are lighter.
        usual = max(_usual(levels, of_page), _LIGHTEST_BOX * of_page)
        place = page.part(box, _TERRITORY_MM / 2)
        sure[place] = max(_SURE_SHARE * usual, faintest)
        edge[place] = max(_EDGE_SHARE * usual, 0.6 * faintest)
        if usual < _FAINT_STROKES * faintest:
            faint.add(number)
        gains.append(float(np.clip(_FULL_DARKNESS / usual, 1, _MOST_GAIN)))
    candidates = _without_frames(page, smooth, smooth > edge, boxes)
    count, labels = cv2.connectedComponents(candidates.astype(np.uint8), connectivity=8)
    is_sure = np.zeros(count, np.bool_)
    is_sure[np.unique(labels[smooth > sure])] = True
    is_sure[0] = False
    return _Ink(_without_creases(page, smooth, is_sure[labels], sure, boxes), gains, faint)


def _above(box: Square) -> Square:
    """Bare sheet: what lies beside the printed character, as far from frames as can be."""
    side = CELL_HEIGHT_MM - BOX_MM - 2 * _INSET_MM
    return Square(box.right - side, box.top - _INSET_MM - side, side)


def _without_creases(
    page: FlatPage,
    smooth: NDArray[np.float32],
    ink: NDArray[np.bool_],
    sure: NDArray[np.float32],
    boxes: list[Square],
) -> NDArray[np.bool_]:
    """Ink in which strokes of several boxes are joined by nothing lighter than they are.

    A crease or a smear that runs through boxes is lighter than ink: of all that is joined, only
    what is dark enough stays, with the edges of it.
    """
    import cv2

    count, labels = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    joined = _in_boxes(page, labels, count, boxes) > _LEAST_SHARED_MM2 * PIXELS_A_MM**2
    is_joined = np.count_nonzero(joined, axis=0) > 1
    if not is_joined.any():
        return ink
    doubtful = is_joined[labels]
    dark = (doubtful & (smooth > _CREASE_EXCESS * sure)).astype(np.uint8)
    around = cv2.dilate(dark, np.ones((5, 5), np.uint8)) > 0
    kept: NDArray[np.bool_] = ink & (~doubtful | around)
    return kept


def _in_boxes(
    page: FlatPage, labels: NDArray[np.int32], count: int, boxes: list[Square]
) -> NDArray[np.int64]:
    """How many pixels of each stroke are in each box: (boxes, count)."""
    parts = [np.bincount(labels[page.part(box)].ravel(), minlength=count) for box in boxes]
    return np.array(parts, np.int64)


def _usual(levels: NDArray[np.float32], otherwise: float) -> float:
    """How dark strokes are, of the darkest points across them."""
    return float(np.percentile(levels, 70)) if len(levels) >= _FEWEST_PEAKS else otherwise


def _frames(page: FlatPage, shape: tuple[int, ...], boxes: list[Square]) -> NDArray[np.bool_]:
    """Where the printed frames of boxes are, and as far beside them as they may lie."""
    import cv2

    frames = np.zeros(shape, np.uint8)
    for box in boxes:
        rows, columns = page.part(box)
        corners = (columns.start, rows.start), (columns.stop, rows.stop)
        cv2.rectangle(frames, *corners, 1, round(2 * _FRAME_HALF_MM * PIXELS_A_MM))
    return frames > 0


def _without_frames(
    page: FlatPage, smooth: NDArray[np.float32], ink: NDArray[np.bool_], boxes: list[Square]
) -> NDArray[np.bool_]:
    """Ink without what is left of frames, which printers make of black points.

    On a frame, ink is what is darker than most of all frames are there, or joins ink beside it.
    """
    import cv2

    on_frame = _frames(page, ink.shape, boxes)
    left_over = float(np.percentile(smooth[on_frame], _FRAME_PERCENTILE))
    side = 2 * round(_BESIDE_MM * PIXELS_A_MM) + 1
    beside = cv2.dilate((ink & ~on_frame).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    is_ink: NDArray[np.bool_] = ink & (~on_frame | beside | (smooth > 1.2 * left_over))
    return is_ink


@dataclass(frozen=True)
class _Shares:
    """Whose strokes are whose: labels by box, and boxes that a stroke joins to another."""

    own: list[list[int]]
    shared: set[int]


def _strokes(
    page: FlatPage, ink: NDArray[np.bool_], boxes: list[Square]
) -> tuple[NDArray[np.int32], _Shares]:
    """Connected strokes and the boxes that they belong to."""
    import cv2

    count, labels, stats, centres = cv2.connectedComponentsWithStats(
        ink.astype(np.uint8), connectivity=8
    )
    inside = _in_boxes(page, labels, count, boxes)
    own: list[list[int]] = [[] for _ in boxes]
    shared: set[int] = set()
    sizes = stats[:, cv2.CC_STAT_AREA] / PIXELS_A_MM**2
    framed = np.bincount(labels[_frames(page, ink.shape, boxes)], minlength=count)
    is_frame = framed > _FRAME_SHARE * stats[:, cv2.CC_STAT_AREA]
    middles = np.array([(box.left, box.top) for box in boxes]) + BOX_MM / 2
    bare = np.concatenate([labels[page.part(_above(box))].ravel() for box in boxes])
    is_beside = (np.bincount(bare, minlength=count) > 0) & (inside.sum(axis=0) == 0)
    speck = _speck_mm2(sizes[is_beside & ~is_frame])
    for label in range(1, count):
        if sizes[label] < speck or is_frame[label]:
            continue
        order = np.argsort(-inside[:, label], kind="stable")
        first = int(order[0])
        if inside[first, label] == 0:
            centre = centres[label] / PIXELS_A_MM + (page.left, page.top)
            beyond = np.abs(centre - middles).max(axis=1) - BOX_MM / 2
            first = int(beyond.argmin())
            # Larger things beside the boxes are no strayed strokes.
            if beyond[first] > _STRAY_MM or sizes[label] > _LEAST_SHARED_MM2 * 4:
                continue
        own[first].append(label)
        parts = inside[:, label] / PIXELS_A_MM**2
        least = max(_SHARED * parts[first], _LEAST_SHARED_MM2)
        for other in order[1:][parts[order[1:]] > least].tolist():
            own[other].append(label)
            shared |= {first, other}
    return labels, _Shares(own, shared)


def _speck_mm2(outside: NDArray[np.float64]) -> float:
    """How large a stroke must be not to be a speck, as copiers leave them all over a sheet.

    Args:
        outside: sizes, in mm², of what lies on the bare sheet between the boxes.
    """
    specks = outside[(outside >= _SPECK_MM2) & (outside < _LARGEST_SPECK_MM2)]
    if len(specks) < _SPECKLED:
        return _SPECK_MM2
    largest = _SPECK_EXCESS * float(np.percentile(specks, _SPECK_PERCENTILE))
    return min(largest, _LARGEST_SPECK_MM2)


def _state(
    own: NDArray[np.bool_],
    box: Square,
    territory: tuple[slice, slice],
    page: FlatPage,
    *,
    is_shared: bool,
    is_faint: bool,
) -> State:
    rows, columns = page.part(box)
    top, left = territory[0].start, territory[1].start
    within = own[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    # A trace of the printed character leaves its edges beside a box in which nothing is written.
    inside = float(within.sum()) / PIXELS_A_MM**2
    if inside < _EMPTY_MM2:
        return State.EMPTY
    if is_shared:
        return State.SHARED
    if inside < _LITTLE_MM2:
        return State.LITTLE
    if is_faint:
        return State.FAINT
    area = float(own.sum()) / PIXELS_A_MM**2
    if area > _FULL_SHARE * BOX_MM**2:
        return State.FULL
    rows, columns = page.part(box, _OVER_MM)
    beyond = own.copy()
    beyond[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = False
    return State.OVER if beyond.sum() > _SPECK_MM2 * PIXELS_A_MM**2 else State.TAKEN


def _widened(own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Strokes with the pixel around them, in which their edge fades."""
    import cv2

    return np.asarray(cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)), np.bool_)


def _place(
    own: NDArray[np.bool_], territory: tuple[slice, slice], box: tuple[slice, slice]
) -> Place:
    """Where strokes of a territory stand in a box, both by their rows and columns on the page."""
    ends = []
    for axis in (1, 0):
        found = np.flatnonzero(own.any(axis=1 - axis))
        if not len(found):
            return UNKNOWN_PLACE
        start, side = box[axis].start, box[axis].stop - box[axis].start
        first = territory[axis].start + int(found[0])
        last = territory[axis].start + int(found[-1]) + 1
        ends.append(((first - start) / side, (last - start) / side))
    (left, right), (top, bottom) = ends
    return left, top, right, bottom


def _cropped(grey: NDArray[np.uint8], own: NDArray[np.bool_]) -> NDArray[np.uint8]:
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    if not len(rows):
        return np.full((1, 1), BACKGROUND, np.uint8)
    top, left = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
    return grey[top : int(rows[-1]) + 2, left : int(columns[-1]) + 2].copy()
