"""Where the points of a printed page lie in a photograph of it.

The marks give a perspective, which holds for a flat sheet. How the sheet bends, the dots between
the boxes show: their displacement is fitted by a polynomial that single dots, covered by ink or
taken for something else, cannot bend; what is left of it, as at a fold, is taken from dot to dot.
"""

import itertools
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.forms.layout import DOT_MM, MARK_BITS, MARK_MM, SHEETS, Sheet

_DETECTION_SIDES_PIXELS = (1500, 2600)  # of the photograph, reduced, in which marks are found
_FARTHER_SIDE_PIXELS = 5200  # in which they are sought where the sheet is a small part of it
_LEAST_MARK_PERIMETER = 0.04  # of the photograph's longer side
_LEAST_MARK_PIXELS = 18  # a side, of a sheet from farther away
FEWEST_MARKS = 3
"""That say where a sheet is."""
_FARTHEST_MARK_MM = 6.0  # from where the others' perspective puts it, as a bent sheet does
_PIXELS_A_MM = 6  # of the picture in which dots are sought
_SEARCH_MM = (4.0, 2.0, 1.2)  # around where each is expected, in rounds
_DEGREES = (2, 3, 4)  # of the polynomial after each round
_LEAST_LIKENESS = 0.55  # of what is found to a dot
_TEMPLATE_MM = 3.0
_STRAY_MM = 0.35  # of a dot from those around it; farther, it is none
_RIDGE = 1e-3
_ROUNDS_OF_DOUBT = 6

Points = NDArray[np.float64]
"""(n, 2), x and y."""


@dataclass(frozen=True)
class FoundMarks:
    """Marks of a form in a photograph.

    Attributes:
        places: by their numbers in `Sheet.marks`, corners of each, (4, 2) in pixels of the
            photograph, as of `Square.corners`; several where a second sheet lies beside the first.
    """

    places: dict[int, list[NDArray[np.float64]]]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of those that were found."""
        return tuple(sorted(self.places))

    @property
    def several(self) -> int:
        """How many of them are there more than once."""
        return sum(len(places) > 1 for places in self.places.values())

    def choices(self) -> Iterator[NDArray[np.float64]]:
        """Every way to take one of each number: corners, (found, 4, 2)."""
        for chosen in itertools.product(*(self.places[number] for number in self.numbers)):
            yield np.stack(chosen)


@dataclass(frozen=True)
class Registration:
    """A page found in a photograph.

    Attributes:
        sheet: what it is taken for.
        perspective: (3, 3), from mm on the page to pixels.
        bend: coefficients of the polynomial, (terms, 2) in mm.
        local: what is left at each dot, (ROWS + 1, COLUMNS + 1, 2) in mm.
        misfit_mm: median distance of marks and dots from the polynomial.
        sharpness: median darkness of the dots, of that of the marks; 1 is sharp.
        dots: how many of 121 were found.
    """

    sheet: Sheet
    perspective: NDArray[np.float64]
    bend: NDArray[np.float64]
    local: NDArray[np.float64]
    misfit_mm: float
    sharpness: float
    dots: int

    def to_pixels(self, points: Points) -> Points:
        """Where points of the page, in mm, lie in the photograph."""
        moved = points + _terms(points, self.sheet, _degree_of(self.bend)) @ self.bend
        moved = moved + _between_dots(self.local, points, self.sheet)
        return _project(self.perspective, moved)

    def pixels_a_mm(self) -> float:
        """The least resolution of the photograph on the page."""
        middle = self.sheet.dots[::5, ::5].reshape(-1, 2)
        along = [_project(self.perspective, middle + step) for step in ((1.0, 0.0), (0.0, 1.0))]
        here = _project(self.perspective, middle)
        lengths = [np.linalg.norm(there - here, axis=1) for there in along]
        return float(np.min(lengths))


def find_marks(grey: NDArray[np.uint8]) -> FoundMarks:
    """Find a form's marks, of which there may be none."""
    import cv2

    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeMin = 5
    parameters.adaptiveThreshWinSizeMax = 55
    parameters.adaptiveThreshWinSizeStep = 10
    parameters.maxMarkerPerimeterRate = 0.6
    found: dict[int, list[NDArray[np.float64]]] = {}
    longest = max(grey.shape)
    for side in (*_DETECTION_SIDES_PIXELS, _FARTHER_SIDE_PIXELS):
        scale = min(1.0, side / longest)
        parameters.minMarkerPerimeterRate = _LEAST_MARK_PERIMETER
        if side == _FARTHER_SIDE_PIXELS:  # much is looked at that is no mark, so only if need be
            if len(found) >= FEWEST_MARKS:
                break
            parameters.minMarkerPerimeterRate = 4 * _LEAST_MARK_PIXELS / (scale * longest)
        detector = cv2.aruco.ArucoDetector(dictionary, parameters)
        small = grey
        if scale < 1:
            small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        corners, numbers, _ = detector.detectMarkers(small)
        known = [] if numbers is None else numbers.ravel().tolist()
        here: dict[int, list[NDArray[np.float64]]] = {}
        for quad, number in zip(corners, known, strict=True):
            if number < len(MARK_BITS):
                # Pixel centres are whole numbers, in the reduced picture as in the whole one.
                place = (quad.reshape(4, 2).astype(np.float64) + 0.5) / scale - 0.5
                here.setdefault(number, []).append(place)
        for number, places in here.items():
            if len(places) >= len(found.get(number, [])):
                found[number] = places
        if len(found) == len(MARK_BITS) or (scale == 1 and len(found) >= FEWEST_MARKS):
            break
    return FoundMarks(
        {number: [_refine(grey, place) for place in places] for number, places in found.items()}
    )


def registrations(grey: NDArray[np.uint8], marks: FoundMarks) -> Iterator[Registration]:
    """Ways to see a page in a photograph, one for each kind of sheet, the likeliest first.

    Yields nothing where too few of the marks agree.
    """
    if len(marks.numbers) < FEWEST_MARKS:
        return
    seen = []
    for sheet in SHEETS:
        fits = [_fit_marks(sheet, marks.numbers, corners) for corners in marks.choices()]
        # Of a second sheet only marks are seen that do not stand as all of the first's do.
        if agreeing := [fit for fit in fits if fit is not None]:
            fit = min(agreeing, key=lambda one: (-len(one.numbers), one.away_mm))
            seen.append((fit.away_mm, sheet, fit))
    for _, sheet, fit in sorted(seen, key=lambda one: one[0]):
        yield _with_dots(grey, sheet, fit)


def _refine(grey: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of a mark to parts of a pixel."""
    import cv2

    side = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).min()
    reach = max(2, round(side / 14))  # less than half a module, so that no other edge is near
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)
    start = corners.astype(np.float32).reshape(-1, 1, 2)
    refined = cv2.cornerSubPix(grey, start.copy(), (reach, reach), (-1, -1), rule).reshape(4, 2)
    strayed = np.linalg.norm(refined - corners, axis=1) > 1.5 * reach
    return np.where(strayed[:, None], corners, refined).astype(np.float64)


@dataclass(frozen=True)
class _MarksFit:
    """The perspective that marks share.

    Attributes:
        perspective: (3, 3), from mm on the page to pixels.
        numbers: of the marks.
        corners: of them, (marks, 4, 2) in pixels.
        away_mm: their median distance from where it puts them.
    """

    perspective: NDArray[np.float64]
    numbers: list[int]
    corners: NDArray[np.float64]
    away_mm: float


def _fit_marks(
    sheet: Sheet, numbers: tuple[int, ...], corners: NDArray[np.float64]
) -> _MarksFit | None:
    """The perspective that most of some marks share."""
    import cv2

    on_page = np.stack([sheet.marks[number].corners for number in numbers])
    kept = np.ones(len(numbers), np.bool_)
    while True:
        perspective, _ = cv2.findHomography(
            on_page[kept].reshape(-1, 2), corners[kept].reshape(-1, 2)
        )
        if perspective is None or abs(np.linalg.det(perspective)) < 1e-12:
            return None
        perspective = np.asarray(perspective, np.float64)
        back = _project(np.linalg.inv(perspective), corners.reshape(-1, 2))
        away = np.linalg.norm(back - on_page.reshape(-1, 2), axis=1).reshape(-1, 4).max(axis=1)
        if not np.isfinite(away).all():
            return None
        worst = int(np.where(kept, away, 0).argmax())
        if away[worst] <= _FARTHEST_MARK_MM:
            agreeing = np.array(numbers)[kept].tolist()
            return _MarksFit(perspective, agreeing, corners[kept], float(np.median(away[kept])))
        if kept.sum() <= FEWEST_MARKS:
            return None
        # What another mark-like thing says pulls the fit to itself: try without each.
        kept[_odd_one_out(on_page, corners, kept)] = False


def _odd_one_out(
    on_page: NDArray[np.float64], corners: NDArray[np.float64], kept: NDArray[np.bool_]
) -> int:
    """The mark without which the others agree best."""
    import cv2

    best, least = int(np.flatnonzero(kept)[0]), np.inf
    for number in np.flatnonzero(kept).tolist():
        others = kept.copy()
        others[number] = False
        source, target = on_page[others].reshape(-1, 2), corners[others].reshape(-1, 2)
        perspective, _ = cv2.findHomography(source, target)
        if perspective is None:
            continue
        away = np.linalg.norm(_project(np.asarray(perspective), source) - target, axis=1).max()
        if away < least:
            best, least = number, float(away)
    return best


def _with_dots(grey: NDArray[np.uint8], sheet: Sheet, fit: _MarksFit) -> Registration:
    perspective = fit.perspective
    flat = _flatten(grey, sheet, perspective)

    inverse = np.asarray(np.linalg.inv(perspective), np.float64)
    mark_points = np.concatenate([sheet.marks[number].corners for number in fit.numbers])
    mark_seen = _project(inverse, fit.corners.reshape(-1, 2))
    dots = sheet.dots.reshape(-1, 2)
    bend, _ = _fit_bend(mark_points, mark_seen, sheet, 2 if len(fit.numbers) > FEWEST_MARKS else 1)
    seen = np.full_like(dots, np.nan)
    for reach, degree in zip(_SEARCH_MM, _DEGREES, strict=True):
        expected = dots + _terms(dots, sheet, _degree_of(bend)) @ bend
        seen = np.array([_find_dot(flat, place, reach) for place in expected])
        found = np.isfinite(seen[:, 0])
        points = np.concatenate([mark_points, dots[found]])
        targets = np.concatenate([mark_seen, seen[found]])
        bend, misfit = _fit_bend(points, targets, sheet, degree if found.sum() > 30 else 1)
    expected = dots + _terms(dots, sheet, _degree_of(bend)) @ bend
    local, is_dot = _smooth(seen - expected, sheet.dots.shape)
    sharpness = _sharpness(flat, seen[is_dot], mark_seen.reshape(-1, 4, 2))
    count = int(is_dot.sum())
    return Registration(sheet, perspective, bend, local, misfit, sharpness, count)


def _flatten(
    grey: NDArray[np.uint8], sheet: Sheet, perspective: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The page by its perspective alone, at 6 pixels a mm."""
    import cv2

    middle = np.array([(sheet.width, sheet.height)]) / 2
    beside = middle + np.array((1.0, 0.0))
    step = _project(perspective, beside) - _project(perspective, middle)
    scale = min(1.0, _PIXELS_A_MM / max(float(np.linalg.norm(step)), 1e-6))
    small = grey
    if scale < 1:  # warping takes four pixels for one, and would pass over others
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # A pixel's middle has whole coordinates in OpenCV, in all three pictures.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    less = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    sizes = np.array([small.shape[1] / grey.shape[1], small.shape[0] / grey.shape[0], 1.0])
    reduce = less @ np.diag(sizes) @ half
    enlarge = less @ np.diag([_PIXELS_A_MM, _PIXELS_A_MM, 1.0])
    to_page = enlarge @ np.linalg.inv(perspective) @ np.linalg.inv(reduce)
    size = (round(sheet.width * _PIXELS_A_MM), round(sheet.height * _PIXELS_A_MM))
    flat = cv2.warpPerspective(small, to_page, size, flags=cv2.INTER_LINEAR, borderValue=255)
    return np.asarray(cv2.GaussianBlur(flat, (0, 0), 0.8), np.float32)


def _smooth(
    left: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What the polynomial leaves at each dot, and which dots agree with those around them.

    In the place of the others stands what is usual around them.
    """
    grid = left.reshape(shape)
    padded = np.pad(grid, ((1, 1), (1, 1), (0, 0)), constant_values=np.nan)
    rows, columns = shape[:2]
    around = np.stack([padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where no dot is far and wide
        usual = np.nan_to_num(np.nanmedian(around, axis=0))
    is_dot = np.linalg.norm(grid - usual, axis=-1) < _STRAY_MM  # not where it is not a number
    return np.where(is_dot[..., None], grid, usual), is_dot.ravel()


def _find_dot(
    flat: NDArray[np.float32], place: NDArray[np.float64], reach_mm: float
) -> tuple[float, float]:
    """A dot near a place, both in mm; not a number where there is nothing like one."""
    import cv2

    template = _dot_template()
    half = len(template) // 2
    column, row = (place * _PIXELS_A_MM - 0.5).round().astype(int).tolist()
    reach = round(reach_mm * _PIXELS_A_MM)
    top, left = row - reach - half, column - reach - half
    bottom, right = row + reach + half + 1, column + reach + half + 1
    if top < 0 or left < 0 or bottom > flat.shape[0] or right > flat.shape[1]:
        return np.nan, np.nan
    window = flat[top:bottom, left:right]
    likeness = cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)
    # Of two alike the nearer one.
    offsets = np.arange(-reach, reach + 1) / max(reach, 1)
    likeness = likeness - 0.15 * (offsets[:, None] ** 2 + offsets[None, :] ** 2)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    if best < _LEAST_LIKENESS:
        return np.nan, np.nan
    patch = window[y : y + len(template), x : x + len(template)]
    inner = round((DOT_MM / 2 + 0.4) * _PIXELS_A_MM)
    patch = patch[half - inner : half + inner + 1, half - inner : half + inner + 1]
    dark = np.maximum(np.percentile(patch, 80) - patch, 0)
    steps = np.arange(-inner, inner + 1)
    total = max(float(dark.sum()), 1e-6)
    dx = float((dark.sum(axis=0) * steps).sum()) / total
    dy = float((dark.sum(axis=1) * steps).sum()) / total
    return (
        (left + x + half + dx + 0.5) / _PIXELS_A_MM,
        (top + y + half + dy + 0.5) / _PIXELS_A_MM,
    )


def _dot_template() -> NDArray[np.float32]:
    import cv2

    half = round(_TEMPLATE_MM / 2 * _PIXELS_A_MM)
    steps = np.abs(np.arange(-half, half + 1)) / _PIXELS_A_MM
    inside = (steps < DOT_MM / 2).astype(np.float32)
    sharp = 255 * (1 - inside[:, None] * inside[None, :])
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), 0.2 * _PIXELS_A_MM), np.float32)


def _sharpness(flat: NDArray[np.float32], dots: Points, marks: NDArray[np.float64]) -> float:
    """How dark dots are, whose size blur makes lighter, beside borders of marks, in parts of it."""
    if not len(dots):
        return 0.0
    reach = round(_TEMPLATE_MM / 2 * _PIXELS_A_MM)
    depths = []
    for x, y in (dots * _PIXELS_A_MM - 0.5).round().astype(int).tolist():
        patch = flat[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        middle = flat[y - 1 : y + 2, x - 1 : x + 2]
        depths.append(1 - float(middle.mean()) / max(float(np.percentile(patch, 90)), 1.0))
    borders = []
    inset = MARK_MM / (len(MARK_BITS[0]) + 2) / 2  # the middle of the black border
    for corners in marks:
        inner = corners + np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * inset
        outer = corners - np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * inset
        dark, light = _values(flat, inner), _values(flat, outer)
        borders.append(1 - float(np.median(dark)) / max(float(np.median(light)), 1.0))
    return float(np.median(depths)) / max(float(np.median(borders)), 1e-3)


def _values(flat: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    columns, rows = (points * _PIXELS_A_MM - 0.5).round().astype(int).T
    height, width = flat.shape
    values: NDArray[np.float32] = flat[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return values


def _fit_bend(
    points: Points, seen: Points, sheet: Sheet, degree: int
) -> tuple[NDArray[np.float64], float]:
    """Polynomial of displacements that outliers cannot pull, and the median distance from it."""
    terms = _terms(points, sheet, degree)
    shifts = seen - points
    weights = np.ones(len(points))
    ridge = _RIDGE * len(points) * np.eye(terms.shape[1])
    bend: NDArray[np.float64] = np.zeros((terms.shape[1], 2))
    away: NDArray[np.float64] = np.zeros(len(points))
    for _ in range(_ROUNDS_OF_DOUBT):
        weighted = terms * weights[:, None]
        bend = np.asarray(np.linalg.solve(weighted.T @ terms + ridge, weighted.T @ shifts))
        away = np.asarray(np.linalg.norm(shifts - terms @ bend, axis=1), np.float64)
        scale = max(2 * float(np.median(away)), 0.05)
        weights = 1 / (1 + (away / scale) ** 2) ** 2
    return bend, float(np.median(away))


def _terms(points: Points, sheet: Sheet, degree: int) -> NDArray[np.float64]:
    """Products of powers of the coordinates, which run from -1 to 1 on the sheet."""
    x, y = (2 * points / (sheet.width, sheet.height) - 1).T
    powers = [(i, total - i) for total in range(degree + 1) for i in range(total + 1)]
    return np.stack([x**i * y**j for i, j in powers], axis=1)


def _degree_of(bend: NDArray[np.float64]) -> int:
    return (math.isqrt(8 * len(bend) + 1) - 3) // 2


def _between_dots(local: NDArray[np.float64], points: Points, sheet: Sheet) -> Points:
    """Values at dots, linearly between them; beyond the outermost those of the nearest."""
    first, last = sheet.dots[0, 0], sheet.dots[-1, -1]
    most = np.array([local.shape[1] - 1, local.shape[0] - 1])
    steps = ((points - first) / (last - first) * most).clip(0, most)
    corner = np.minimum(steps.astype(int), most - 1)
    right, down = (steps - corner).T[..., None]
    x, y = corner.T
    above = local[y, x] * (1 - right) + local[y, x + 1] * right
    below = local[y + 1, x] * (1 - right) + local[y + 1, x + 1] * right
    return np.asarray(above * (1 - down) + below * down)


def _project(perspective: NDArray[np.float64], points: Points) -> Points:
    ends = points @ perspective[:, :2].T + perspective[:, 2]
    return np.asarray(ends[:, :2] / ends[:, 2:])
