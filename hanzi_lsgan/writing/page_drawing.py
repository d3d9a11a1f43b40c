"""A page as shapes: printed lines, the ink of each character, and the text that it stands for."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from data_tools.errors import UserError, join_message
from hanzi_lsgan.writing.dashes import is_one_line
from hanzi_lsgan.writing.outlines import Contour
from hanzi_lsgan.writing.page import Line, Page, Placed
from hanzi_lsgan.writing.page_grid import printed_lines, printed_squares
from hanzi_lsgan.writing.settings import WritingSettings
from hanzi_lsgan.writing.sheet_picture import SheetPicture

RULE_COLOUR = "#9fb6c9"
TRACE_COLOUR = "#c9c9cf"
RULE_MM = 0.15
DASH_MM = (1.0, 1.0)
"""Lengths of a dash and of the gap after it."""

_CLEAR = 0.02  # of a printed square, on each side, where there is no ink
_PALEST = 0.35  # of the way to white, at full pressure changes


@dataclass(frozen=True)
class Rule:
    """A printed line, ends in millimetres."""

    x1: float
    y1: float
    x2: float
    y2: float
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """Printed words, from their left end and base line, in millimetres."""

    text: str
    left_mm: float
    base_mm: float
    size_mm: float


@dataclass(frozen=True)
class InkedCharacter:
    """A character's ink, and what it says.

    Attributes:
        character: to be selected and searched.
        contours: in millimetres from the sheet's upper left corner.
        colour: such as `#20202c`.
        left_mm: of its square.
        top_mm: likewise.
        side_mm: likewise.
        width: that it takes in its line, of the square.
        down: the line that it stands in goes down.
        begins: what it takes in its line, after its square's beginning, of the square.
    """

    character: str
    contours: tuple[Contour, ...]
    colour: str
    left_mm: float
    top_mm: float
    side_mm: float
    width: float
    down: bool
    begins: float = 0.0


@dataclass(frozen=True)
class DrawnPage:
    """Everything on a sheet, from the ground up.

    Attributes:
        width_mm: of the sheet.
        height_mm: likewise.
        background: a picture of a sheet, stretched over the whole, if there is one.
        rules: what is printed.
        lines: what is written, a line of text each.
        labels: printed words, Latin ones.
    """

    width_mm: float
    height_mm: float
    background: SheetPicture | None
    rules: tuple[Rule, ...]
    lines: tuple[tuple[InkedCharacter, ...], ...]
    labels: tuple[Label, ...] = ()

    @property
    def characters(self) -> Iterator[InkedCharacter]:
        """All that is written, in its order."""
        for line in self.lines:
            yield from line


def draw_page(
    page: Page,
    outlines: Mapping[int, tuple[Contour, ...]],
    settings: WritingSettings,
    *,
    seed: int,
    background: SheetPicture | None = None,
) -> DrawnPage:
    """Put ink on a page.

    Args:
        page: where characters stand.
        outlines: of each character by its index, in units of its square.
        settings: how steadily the hand writes.
        seed: of its unsteadiness.
        background: a picture to write on.
    """
    width, height = settings.sheet_mm
    lines = [
        tuple(_ink(line, outlines, settings, np.random.default_rng((seed, number))))
        for number, line in enumerate(page.lines)
    ]
    rules = tuple(_rules(settings))
    return DrawnPage(width, height, background, rules, tuple(lines))


def check_tilt(pages: Sequence[Page], settings: WritingSettings) -> None:
    """Make sure, before a character is drawn, that tilted lines stay on the sheet.

    Raises:
        UserError: some do not; says which tilt is the largest.
    """
    slope = math.tan(math.radians(settings.tilt))
    width, height = settings.sheet_mm
    bearable = math.inf  # of the tilt's slope, the part that leaves all characters on the sheet
    for page in pages:
        for placed in page.characters:
            moved = slope * _across(placed, settings)
            before = placed.left_mm if settings.down else placed.top_mm
            after = (width if settings.down else height) - before - placed.side_mm
            if moved:
                bearable = min(bearable, max(0.0, before if moved < 0 else after) / abs(moved))
    if bearable < 1:
        largest = math.floor(10 * math.degrees(math.atan(abs(slope) * bearable))) / 10
        problem = f"{settings.tilt:g} degrees take lines off the sheet"
        most = f"at most {math.copysign(largest, slope):g} here" if largest else "0"
        # Half of a line, and of a character at its end, climbs no more than this is wide.
        half = ((height if settings.down else width) + settings.character_mm) / 2
        enough = math.ceil(abs(slope) * half / (1 + abs(slope)))
        remedy = f"choose {most}, or --margin {enough} or more"
        raise UserError(join_message("--tilt", problem, remedy))


def pressures(count: int, strength: float, seed: int) -> list[float]:
    """How hard each character of a text is pressed, -1 to 1: it changes slowly, then at once."""
    rng = np.random.default_rng((seed, count))
    steps = rng.normal(0, 0.35, count)
    levels, level = [], 0.0
    for step in steps:
        level = 0.85 * level + step
        levels.append(strength * float(np.clip(level, -1, 1)))
    return levels


def _ink(
    line: Line,
    outlines: Mapping[int, tuple[Contour, ...]],
    settings: WritingSettings,
    rng: np.random.Generator,
) -> Iterator[InkedCharacter]:
    """The characters of a line, each a little off its place."""
    if not line.characters:
        return
    first = line.characters[0]
    tilt = math.tan(math.radians(settings.tilt))
    slope = settings.drift * rng.normal(0, 0.004)
    phase, waves = rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1.5)
    height = settings.drift * rng.normal(0, 0.05) * first.side_mm
    width_mm = settings.sheet_mm[1 if settings.down else 0]
    stray = settings.jitter * rng.normal(0, 1, (len(line.characters), 3))
    for number, (before, laid) in enumerate(pairwise(line.characters), start=1):
        if is_one_line(before.character, laid.character):
            stray[number] = stray[number - 1]
    levels = pressures(len(line.characters), settings.pressure, int(rng.integers(1 << 31)))
    for laid, (aside, below, larger), level in zip(line.characters, stray, levels, strict=True):
        along = laid.top_mm - first.top_mm if settings.down else laid.left_mm - first.left_mm
        off = height * math.sin(phase + 2 * math.pi * waves * along / width_mm)
        off += -slope * along if not settings.down else slope * along
        off += tilt * _across(laid, settings)
        right, down = (off, 0.0) if settings.down else (0.0, off)
        placed = replace(laid, left_mm=laid.left_mm + right, top_mm=laid.top_mm + down)
        side = placed.side_mm * float(np.clip(1 + 0.04 * larger, 0.85, 1.15))
        grown = (side - placed.side_mm) / 2
        left = placed.left_mm + 0.03 * aside * placed.side_mm - grown
        top = placed.top_mm + 0.03 * below * placed.side_mm - grown
        colour = TRACE_COLOUR if placed.to_trace else _paler(settings.ink, level)
        contours = tuple(
            _place(contour, placed, left, top, side) for contour in outlines[placed.index]
        )
        if placed.within is not None and not settings.tilt:  # printed squares climb nowhere
            contours = _keep_within(contours, *placed.within)
        yield InkedCharacter(
            placed.character,
            contours,
            colour,
            placed.left_mm,
            placed.top_mm,
            placed.side_mm,
            placed.width,
            settings.down,
            placed.begins,
        )


def _across(placed: Placed, settings: WritingSettings) -> float:
    """How far tilted lines move a character, at a slope of 1 about their middle, in millimetres.

    Down, in columns to the right.
    """
    width, height = settings.sheet_mm
    if settings.down:
        middle = (settings.margin_top_mm + height - settings.margin_bottom_mm) / 2
        return placed.top_mm + placed.side_mm / 2 - middle
    middle = (settings.margin_left_mm + width - settings.margin_right_mm) / 2
    return middle - placed.left_mm - placed.side_mm / 2


def _place(contour: Contour, placed: Placed, left: float, top: float, side: float) -> Contour:
    if placed.turned:
        contour = contour.turned()
    right, down = placed.shift
    return contour.placed(side, left + right * side, top + down * side)


def _keep_within(
    contours: tuple[Contour, ...], left: float, top: float, side: float
) -> tuple[Contour, ...]:
    """Ink moved into a printed square where it leaves that, and made smaller if it is larger."""
    if not contours:
        return contours
    points = np.array([point for contour in contours for point in contour.points])
    least, most = points.min(axis=0), points.max(axis=0)
    room = side * (1 - 2 * _CLEAR)
    scale = min(1.0, room / float((most - least).max()))
    middle = (least + most) / 2
    half = (most - least) / 2 * scale
    first = np.array([left, top]) + side * _CLEAR
    right, down = (np.clip(middle, first + half, first + room - half) - scale * middle).tolist()
    return tuple(contour.placed(scale, right, down) for contour in contours)


def _paler(colour: str, level: float) -> str:
    """The ink where it is pressed less: level -1 is palest, 0 and above as it is."""
    towards = _PALEST * max(0.0, -level)
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * towards):02x}" for part in parts)


def _rules(settings: WritingSettings) -> Iterator[Rule]:
    """What is printed on the sheet."""
    if settings.stationery == "ruled":
        for line in printed_lines(settings):
            yield Rule(*line)
    if not settings.squared:
        return
    side = settings.character_mm
    for left, top in printed_squares(settings):
        right, bottom = left + side, top + side
        for ends in (
            (left, top, right, top),
            (left, bottom, right, bottom),
            (left, top, left, bottom),
            (right, top, right, bottom),
        ):
            yield Rule(*ends)
        if settings.stationery in ("tian", "mi"):
            middle_x, middle_y = left + side / 2, top + side / 2
            yield Rule(left, middle_y, right, middle_y, dashed=True)
            yield Rule(middle_x, top, middle_x, bottom, dashed=True)
        if settings.stationery == "mi":
            yield Rule(left, top, right, bottom, dashed=True)
            yield Rule(right, top, left, bottom, dashed=True)
