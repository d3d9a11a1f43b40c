"""The grid of a sheet: where its lines or columns lie, and what is printed there."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_tools.fonts.western import is_western
from hanzi_lsgan.writing.column_marks import TURNED
from hanzi_lsgan.writing.settings import WritingSettings

_GAP_BELOW = 0.12  # of a square, at most, from text to the printed line that it stands on


@dataclass(frozen=True)
class PageGrid:
    """Lines of a sheet, or columns, in millimetres.

    Attributes:
        first: x of the first line's beginning and y of its upper side; in columns, of the first
            column's left side and its beginning.
        side: of a square.
        step: from one character's beginning to the next one's, of a full width.
        pitch: from line to line.
        length: of a line in squares.
        lines: on a sheet.
        down: they are columns, from right to left.
        squared: each square is printed.
    """

    first: tuple[float, float]
    side: float
    step: float
    pitch: float
    length: float
    lines: int
    down: bool
    squared: bool

    @classmethod
    def of(cls, settings: WritingSettings) -> "PageGrid":
        """The grid of each sheet that looks as settings say."""
        width, height = settings.sheet_mm
        left, top = settings.margin_left_mm, settings.margin_top_mm
        room = (width - left - settings.margin_right_mm, height - top - settings.margin_bottom_mm)
        side = settings.character_mm
        step = side if settings.squared else side * (1 + settings.spacing)
        pitch = side * settings.line_spacing
        along, across = (room[1], room[0]) if settings.down else room
        lines = int((across - side) / pitch + 1e-9) + 1
        # The last character's spacing may stand in the margin.
        length = (along + step - side) / step + 1e-9
        if settings.squared:
            length = float(int(length))
            # What squares leave of the room stands on both sides alike.
            slack_along, slack_across = along - length * step, across - side - (lines - 1) * pitch
            slack = (slack_across, slack_along) if settings.down else (slack_along, slack_across)
            left, top = left + slack[0] / 2, top + slack[1] / 2
            if settings.down:
                left -= slack[0]  # columns begin at the right
        if settings.down:
            left = left + room[0] - side
        return cls((left, top), side, step, pitch, length, lines, settings.down, settings.squared)

    def corner(self, number: int, at: float) -> tuple[float, float]:
        """The upper left corner of a square of the n-th line, so many squares from its beginning.

        Both count from 0; so do all numbers of lines.
        """
        x, y = self.first
        if self.down:
            return x - number * self.pitch, y + at * self.step
        return x + at * self.step, y + number * self.pitch

    def start_after(self, room: float) -> float:
        """Where a line begins that leaves room before it, in squares: at a printed one's side."""
        return float(int(room)) if self.squared else room

    def turns(self, character: str) -> bool:
        """Whether a character lies on its side, as some do in columns."""
        lies = character in TURNED or (is_western(character) and not self.squared)
        return self.down and lies


def printed_squares(settings: WritingSettings) -> Iterator[tuple[float, float]]:
    """Upper left corners of the squares that are printed on a sheet, in millimetres."""
    grid = PageGrid.of(settings)
    for number in range(grid.lines):
        for at in range(int(grid.length)):
            yield grid.corner(number, at)


def printed_lines(settings: WritingSettings) -> Iterator[tuple[float, float, float, float]]:
    """The lines of a ruled sheet, x and y of both ends in millimetres: below, or beside, text."""
    grid = PageGrid.of(settings)
    width, height = settings.sheet_mm
    gap = (grid.pitch - grid.side) / 2
    for number in range(grid.lines):
        if settings.down:
            x = grid.first[0] - number * grid.pitch - gap
            if number == 0:
                beside = x + grid.pitch
                yield beside, settings.margin_top_mm, beside, height - settings.margin_bottom_mm
            yield x, settings.margin_top_mm, x, height - settings.margin_bottom_mm
        else:
            y = grid.first[1] + number * grid.pitch + grid.side + min(gap, _GAP_BELOW * grid.side)
            yield settings.margin_left_mm, y, width - settings.margin_right_mm, y
