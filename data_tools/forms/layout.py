"""Where everything stands on a page of a form, in millimetres from its upper left corner.

A page has ten rows of ten boxes, most of what A4 and Letter both hold. Boxes are blank: the
character to write stands small above its box, so that all ink in a box is the writer's. At each
crossing of the gaps between boxes stands a dot; the dots show how a sheet bends between the six
square marks at its edges, which say where the sheet is and which way up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS = 10
COLUMNS = 10
BOXES = ROWS * COLUMNS
"""Of a page."""

BOX_MM = 14.0
CELL_WIDTH_MM = 17.0
CELL_HEIGHT_MM = 20.0
DOT_MM = 1.2
GUIDE_MM = 4.0
"""Side of the square that holds the small printed character."""
MARK_MM = 9.0
CODE_MM = 28.0

_EDGE_MM = 8.0  # beyond what printers leave white, with white around the marks
_CODE_TOP_MM = 6.5


@dataclass(frozen=True)
class Square:
    """A square by its upper left corner and side, in mm."""

    left: float
    top: float
    side: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.side

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.top + self.side

    @property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2): upper left, upper right, lower right, lower left."""
        return np.array(
            [
                (self.left, self.top),
                (self.right, self.top),
                (self.right, self.bottom),
                (self.left, self.bottom),
            ]
        )


@dataclass(frozen=True)
class Sheet:
    """A kind of sheet and what stands where on it.

    Attributes:
        name: A4 or Letter.
        width: in mm.
        height: in mm.
    """

    name: str
    width: float
    height: float

    @property
    def grid_left(self) -> float:
        """Of the first column of dots."""
        return (self.width - COLUMNS * CELL_WIDTH_MM) / 2

    @property
    def grid_top(self) -> float:
        """Of the first row of dots; a sheet folded in the middle is so between two rows."""
        return (self.height - ROWS * CELL_HEIGHT_MM) / 2

    @property
    def dots(self) -> NDArray[np.float64]:
        """Centres of the dots, (ROWS + 1, COLUMNS + 1, 2) as x and y."""
        columns = self.grid_left + CELL_WIDTH_MM * np.arange(COLUMNS + 1)
        rows = self.grid_top + CELL_HEIGHT_MM * np.arange(ROWS + 1)
        return np.stack(np.meshgrid(columns, rows), axis=-1)

    @property
    def marks(self) -> tuple[Square, ...]:
        """The six marks: upper left and right, middle left and right, lower left and right."""
        left, right = _EDGE_MM, self.width - _EDGE_MM - MARK_MM
        last = self.height - _EDGE_MM - MARK_MM
        tops = (_EDGE_MM, (_EDGE_MM + last) / 2, last)
        return tuple(Square(x, top, MARK_MM) for top in tops for x in (left, right))

    @property
    def codes(self) -> tuple[Square, Square]:
        """Two copies of the page's code: in the head and in the foot."""
        left = self.grid_left + COLUMNS * CELL_WIDTH_MM - CODE_MM
        foot = self.height - _EDGE_MM - CODE_MM
        return Square(left, _CODE_TOP_MM, CODE_MM), Square(self.grid_left, foot, CODE_MM)

    def box(self, number: int) -> Square:
        """The box of the page's character `number`, from 0, in rows from the left."""
        row, column = divmod(number, COLUMNS)
        left = self.grid_left + column * CELL_WIDTH_MM + (CELL_WIDTH_MM - BOX_MM) / 2
        top = self.grid_top + row * CELL_HEIGHT_MM + (CELL_HEIGHT_MM - BOX_MM) / 2
        return Square(left, top, BOX_MM)

    def guide(self, number: int) -> Square:
        """Where the printed character stands: above the left end of its box."""
        box = self.box(number)
        middle = self.grid_top + number // COLUMNS * CELL_HEIGHT_MM
        return Square(box.left, middle - GUIDE_MM / 2, GUIDE_MM)


SHEETS = (Sheet("A4", 210.0, 297.0), Sheet("Letter", 215.9, 279.4))
"""In the order that codes number them."""

MARK_BITS = (
    ("1011", "0101", "0011", "0010"),
    ("0000", "1111", "1001", "1010"),
    ("0011", "0011", "0010", "1101"),
    ("1001", "1001", "0100", "0110"),
    ("0101", "0100", "1001", "1110"),
    ("0111", "1001", "1100", "1101"),
)
"""The marks' inner modules, 1 being white: numbers 0 to 5 of OpenCV's ArUco dictionary 4X4_50.

Around them is a black border one module wide, so that a mark has six modules a side.
"""
