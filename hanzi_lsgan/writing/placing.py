"""Lines of units → characters in their places on a page."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_tools.fonts.placement import BASE_LINE
from data_tools.fonts.western import is_western
from hanzi_lsgan.writing.column_marks import TURNED, column_shift
from hanzi_lsgan.writing.dashes import DASH
from hanzi_lsgan.writing.page import Line, Placed
from hanzi_lsgan.writing.page_grid import PageGrid
from hanzi_lsgan.writing.units import Part, Unit
from hanzi_lsgan.writing.units_of_text import PlaceOf


@dataclass(frozen=True)
class LineOfUnits:
    """What stands in one line.

    Attributes:
        units: none of an empty line.
        start: how far from the line's beginning they begin, in squares.
        to_trace_from: the number of the unit from which on all are to be traced, if some are.
        signature: it belongs to a letter's.
    """

    units: tuple[Unit, ...]
    start: float
    to_trace_from: int | None = None
    signature: bool = False


def place_line(line: LineOfUnits, number: int, grid: PageGrid, place_of: PlaceOf) -> Line:
    """Put units into a page's n-th line, counted from 0."""
    return Line(tuple(_placed(line, number, grid, place_of)))


def _placed(line: LineOfUnits, number: int, grid: PageGrid, place_of: PlaceOf) -> Iterator[Placed]:
    at = line.start
    for position, unit in enumerate(line.units):
        square = (*grid.corner(number, at), grid.side)
        beside = grid.squared and len(unit.parts) > 1
        for part in unit.parts:
            left, top = grid.corner(number, at + part.offset)
            side = grid.side * part.size
            yield Placed(
                part.index,
                part.character,
                left,
                top + BASE_LINE * (grid.side - side),
                side,
                width=part.width * grid.step / side,
                begins=part.begins * grid.step / side,
                turned=grid.turns(part.character) and not beside,
                shift=_column_shift(part, beside, grid, place_of) if grid.down else (0.0, 0.0),
                to_trace=line.to_trace_from is not None and position >= line.to_trace_from,
                within=square if grid.squared and part.character != DASH else None,
            )
        at += unit.width


def _column_shift(
    part: Part, beside: bool, grid: PageGrid, place_of: PlaceOf
) -> tuple[float, float]:
    """How far ink of a column moves, right and down in its squares.

    Args:
        part: whose ink.
        beside: it shares a printed square with another one.
        grid: of the column.
        place_of: where ink stands in a line.
    """
    place = place_of(part.character)
    shift = column_shift(part.character, place)
    marked = shift != (0.0, 0.0) or part.character in TURNED
    if grid.squared and (beside or is_western(part.character) or not marked):
        aside = part.offset / part.size  # for offsets are along the line
        return aside, -aside
    return shift if marked or grid.turns(part.character) else ((1 - place.advance) / 2, 0.0)
