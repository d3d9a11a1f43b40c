"""Text → places on sheets: a title, paragraphs, a signature; or a copybook."""

import re
from collections.abc import Iterator
from dataclasses import replace

from hanzi_lsgan.writing.line_breaks import break_lines
from hanzi_lsgan.writing.page import Page
from hanzi_lsgan.writing.page_grid import PageGrid
from hanzi_lsgan.writing.placing import LineOfUnits, place_line
from hanzi_lsgan.writing.settings import WritingSettings
from hanzi_lsgan.writing.signature import keep_on_one_sheet, signature_of
from hanzi_lsgan.writing.table_columns import align_columns
from hanzi_lsgan.writing.units import Unit, width_of
from hanzi_lsgan.writing.units_of_text import PlaceOf, unit_of, units_of

_BLANK_LINES = re.compile(r"\A(\s*\n)+")
_LEAST_SQUARES = 2  # that a line has, whatever its indent


def ink_of(text: str) -> str:
    """The characters that are written, in their order."""
    return "".join(character for character in text if not character.isspace())


def lay_out(text: str, settings: WritingSettings, place_of: PlaceOf, title: str = "") -> list[Page]:
    """Set a text on sheets.

    Args:
        text: a paragraph a line; an empty line stays empty.
        settings: of the sheets.
        place_of: by the hand that writes.
        title: stands in the middle of the first line.

    Returns:
        The pages, at least one. Indices count the characters of the title, then of the text; on a
        copybook's pages those of each line are its one character's.
    """
    grid = PageGrid.of(settings)
    if settings.copybook:
        lines = _copybook_lines(ink_of(title + text), grid, place_of)
    else:
        lines = _text_lines(text, title, settings, grid, place_of)
        lines = keep_on_one_sheet(lines, grid.lines)
    pages = [lines[i : i + grid.lines] for i in range(0, len(lines), grid.lines)] or [[]]
    return [
        Page(tuple(place_line(one, n, grid, place_of) for n, one in enumerate(page) if one.units))
        for page in pages
    ]


def _copybook_lines(characters: str, grid: PageGrid, place_of: PlaceOf) -> list[LineOfUnits]:
    squares = int(grid.length)
    units = (unit_of(c, index, grid, place_of) for index, c in enumerate(characters))
    return [LineOfUnits((replace(unit, width=1.0),) * squares, 0.0, 1) for unit in units]


def _text_lines(
    text: str, title: str, settings: WritingSettings, grid: PageGrid, place_of: PlaceOf
) -> list[LineOfUnits]:
    lines = list(_title_lines(units_of(title, 0, grid, place_of), grid))
    index = len(ink_of(title))
    paragraphs = _BLANK_LINES.sub("", text.rstrip()).split("\n") if text.strip() else []
    signature = signature_of(paragraphs, settings.right_last)
    rows = []
    for paragraph in paragraphs:
        rows.append(units_of(_without_indent(paragraph), index, grid, place_of))
        index += len(ink_of(paragraph))
    rows = align_columns(rows, grid.length - settings.indent)
    for number, (paragraph, units) in enumerate(zip(paragraphs, rows, strict=True)):
        if not units:
            lines.append(LineOfUnits((), 0.0))
        elif number in signature:
            lines += _signature_lines(units, grid)
        else:
            indent = 0 if number == 0 and settings.flush_first else settings.indent
            lines += _paragraph_lines(units, max(indent, _own_indent(paragraph)), grid)
    return lines


def _title_lines(units: list[Unit], grid: PageGrid) -> Iterator[LineOfUnits]:
    """In the middle."""
    for line in break_lines(units, grid.length):
        yield LineOfUnits(tuple(line), grid.start_after((grid.length - width_of(line)) / 2))


def _paragraph_lines(units: list[Unit], indent: int, grid: PageGrid) -> Iterator[LineOfUnits]:
    """From the margin, the first of them indented."""
    start = float(min(indent, max(0, int(grid.length) - _LEAST_SQUARES)))
    for line in break_lines(units, grid.length, start):
        yield LineOfUnits(tuple(line), start)
        start = 0.0


def _signature_lines(units: list[Unit], grid: PageGrid) -> Iterator[LineOfUnits]:
    """Up to the far margin."""
    for line in break_lines(units, grid.length):
        start = grid.start_after(max(0.0, grid.length - width_of(line)))
        yield LineOfUnits(tuple(line), start, signature=True)


def _without_indent(paragraph: str) -> str:
    """A paragraph from its first character; from its first cell, empty or not, a row of a table."""
    written = paragraph.strip()
    if "\t" in written and paragraph.startswith("\t"):
        return paragraph.rstrip()
    return written


def _own_indent(paragraph: str) -> int:
    """Squares that a paragraph leaves empty before its first character."""
    return paragraph[: -len(paragraph.lstrip()) or None].count("\u3000")
