"""What stands on the sheets of a text: pages of lines of characters, each in its place."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Placed:
    """A character in its place on a page.

    Attributes:
        index: of the character among those that the page's text has, white space left out.
        character: what it is.
        left_mm: of its square's upper left corner, from the sheet's.
        top_mm: likewise.
        side_mm: of the square.
        width: of the square, that it takes in its line, up to the next character: 1 for hanzi
            that are set without spacing.
        begins: what it takes in its line, after its square's beginning, in squares.
        turned: clockwise by a quarter, in its square.
        shift: of the ink, right and down in squares: where columns have their marks.
        to_trace: pale, under the pen of who practises.
        within: the printed square that its ink stays in: left, top and side in millimetres.
    """

    index: int
    character: str
    left_mm: float
    top_mm: float
    side_mm: float
    width: float = 1.0
    begins: float = 0.0
    turned: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    to_trace: bool = False
    within: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Line:
    """Characters that a hand writes in one go, in their order."""

    characters: tuple[Placed, ...]


@dataclass(frozen=True)
class Page:
    """What stands on one sheet."""

    lines: tuple[Line, ...]

    @property
    def characters(self) -> Iterator[Placed]:
        """All of them, in the order of the text."""
        for line in self.lines:
            yield from line.characters
