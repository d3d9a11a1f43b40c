"""Rows of a table, their cells parted by tabs: those of one column begin one below the other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from hanzi_lsgan.writing.units import Unit, width_of


def align_columns(rows: Sequence[list[Unit]], length: float) -> list[list[Unit]]:
    """Paragraphs, in which tabs are wide enough for the widest cell of their column.

    Args:
        rows: all paragraphs of a text; neighbours that have tabs are one table.
        length: of a line in squares; a table that is wider stays as it is.
    """
    aligned: list[list[Unit]] = []
    for is_table, group in groupby(rows, key=lambda row: any(unit.tab for unit in row)):
        table = list(group)
        if is_table:
            wide = _align(table)
            table = wide if max(map(width_of, wide)) <= length else table
        aligned += table
    return aligned


def _align(table: Sequence[list[Unit]]) -> list[list[Unit]]:
    """The rows of one table."""
    cells = [list(_cell_widths(row)) for row in table]
    columns = [0.0] * max(map(len, cells))
    for row in cells:
        columns = [*map(max, row, columns), *columns[len(row) :]]
    aligned = []
    for units, widths in zip(table, cells, strict=True):
        missing = (column - own for column, own in zip(columns, widths, strict=False))
        aligned.append([replace(u, width=u.width + next(missing)) if u.tab else u for u in units])
    return aligned


def _cell_widths(row: Sequence[Unit]) -> Iterator[float]:
    """How wide the cells of a row are that end with a tab."""
    width = 0.0
    for unit in row:
        if unit.tab:
            yield width
            width = 0.0
        else:
            width += unit.width
