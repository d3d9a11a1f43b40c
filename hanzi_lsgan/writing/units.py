"""Units, which no line break parts: characters, words, spaces, printed squares of digits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Part:
    """A character of a unit, its index, and where it stands, in squares.

    Attributes:
        character: what it is.
        index: of the character among those that the text has.
        offset: of its ink's square from the unit's beginning.
        width: that it takes in its line.
        begins: what it takes in its line, after its ink's square.
        size: of its ink's square, of the side of others.
        stands_for: the mark by which lines begin and end, of a straight quote.
    """

    character: str
    index: int
    offset: float
    width: float
    begins: float = 0.0
    size: float = 1.0
    stands_for: str = ""

    @property
    def mark(self) -> str:
        """What it is where lines begin and end."""
        return self.stands_for or self.character


@dataclass(frozen=True)
class Unit:
    """What no line break parts: a character, a word of the West, the digits of one printed square.

    Attributes:
        parts: none of a space.
        width: in squares.
        word: of several characters in a line, which is parted where a line can end nowhere else.
        goes_on: in a printed square, with the word or the number of the square before, from which
            it is parted likewise.
        tab: white space between the cells of a table.
    """

    parts: tuple[Part, ...]
    width: float
    word: bool = False
    goes_on: bool = False
    tab: bool = False

    @property
    def first(self) -> str:
        """Its first character; white space of a space."""
        return self.parts[0].mark if self.parts else " "

    @property
    def last(self) -> str:
        """Likewise its last one."""
        return self.parts[-1].mark if self.parts else " "

    @property
    def is_space(self) -> bool:
        """Whether nothing is written in it."""
        return not self.parts


def word_of(parts: Sequence[Part]) -> Unit:
    """A word, or a piece of one, that begins with a part."""
    moved = tuple(replace(part, offset=part.offset - parts[0].offset) for part in parts)
    return Unit(moved, sum(part.width for part in parts), word=len(parts) > 1)


def width_of(units: Sequence[Unit]) -> float:
    """What units take of a line together, in squares."""
    return sum(unit.width for unit in units)
