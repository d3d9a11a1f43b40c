"""A paragraph → its units: what is a word, and how wide all is in lines and in printed squares."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

from data_tools.fonts.placement import Placement
from data_tools.fonts.western import is_western
from hanzi_lsgan.writing.column_marks import UPRIGHT
from hanzi_lsgan.writing.dashes import is_one_line
from hanzi_lsgan.writing.line_breaks import OPENING
from hanzi_lsgan.writing.line_widths import NARROW, NARROW_MARKS, SPACE
from hanzi_lsgan.writing.page_grid import PageGrid
from hanzi_lsgan.writing.units import Part, Unit, word_of

_CLOSING_QUOTES = frozenset("”’")
_STRAIGHT_QUOTES = '"＂'
_BESIDE = 0.05  # the edge of a square, which quotes keep to
_LETTERS_A_SQUARE = 2  # and digits, as schools teach it; so many spaces too
_APOSTROPHE = "’"

PlaceOf = Callable[[str], Placement]
"""Where a character stands in its square, and the width that it takes of a line."""


def units_of(text: str, index: int, grid: PageGrid, place_of: PlaceOf) -> list[Unit]:
    """What a paragraph is made of; characters count from `index`."""
    units: list[Unit] = []
    quotes = _straight_quotes(text, index)
    at = 0
    while at < len(text):
        end = _end_of_unit(text, at, grid)
        if text[at].isspace():
            units += _spaces(text, at, end, grid)
        else:
            unit = unit_of(text[at:end], index, grid, place_of)
            if not grid.squared and is_one_line(text[at], text[end : end + 1]):
                unit = word_of([replace(unit.parts[0], width=grid.side / grid.step)])  # no spacing
            parts = (replace(part, stands_for=quotes.get(part.index, "")) for part in unit.parts)
            goes_on = grid.squared and at > 0 and _in_word(text, at - 1) and _in_word(text, at)
            units.append(replace(unit, parts=tuple(parts), goes_on=goes_on))
            index += end - at
        at = end
    return units


def _straight_quotes(text: str, index: int) -> dict[int, str]:
    """Which straight quotes of a paragraph open and which close, by index: in turn, if in pairs."""
    written = (character for character in text if not character.isspace())
    found = [at for at, one in enumerate(written, index) if one in _STRAIGHT_QUOTES]
    return {} if len(found) % 2 else {at: "“”"[turn % 2] for turn, at in enumerate(found)}


def _end_of_unit(text: str, at: int, grid: PageGrid) -> int:
    """Where the white space, the word or the lone character that begins at a place ends."""
    end, most = at + 1, len(text)
    if text[at].isspace():
        while end < most and text[end].isspace():
            end += 1
    elif _in_word(text, at):
        if grid.squared:
            most = min(at + _LETTERS_A_SQUARE, most)
        while end < most and _in_word(text, end):
            if grid.squared and _begins_a_square(text, end):
                break
            end += 1
    return end


def _begins_a_square(text: str, at: int) -> bool:
    """Whether a number of several digits begins at a place of a word, or letters after a number.

    So that the digits of 12 in 2026-12-01 are in one printed square, not in two that they share.
    """
    before, first, second = text[at - 1], text[at], text[at + 1 : at + 2]
    if first.isdecimal():
        return second.isdecimal() and not before.isdecimal()
    return before.isdecimal() and first.isalpha() and second.isalpha()


def _spaces(text: str, begin: int, end: int, grid: PageGrid) -> list[Unit]:
    """White space of a text: in printed squares empty ones, elsewhere some room.

    A full-width space is a square, two others are one. A single one is a square between words
    of the West alone: beside a hanzi nothing is lost without it. A tab is a square at least.
    """
    if tabs := text.count("\t", begin, end):
        return [Unit((), 1.0, tab=True)] * tabs
    wide = text.count("\u3000", begin, end)
    if not grid.squared:
        return [Unit((), 1.0 if one == "\u3000" else SPACE) for one in text[begin:end]]
    squares = wide + (end - begin - wide) // _LETTERS_A_SQUARE
    if not squares and begin > 0 and end < len(text):
        squares = int(is_western(text[begin - 1]) and is_western(text[end]))
    return [Unit((), 1.0)] * squares


def _in_word(text: str, at: int) -> bool:
    """Whether a character is of a word or a number of the West; so is the apostrophe of don’t."""
    if text[at] != _APOSTROPHE or not 0 < at < len(text) - 1:
        return is_western(text[at])
    return all(is_western(beside) and beside.isalpha() for beside in (text[at - 1], text[at + 1]))


def unit_of(characters: str, index: int, grid: PageGrid, place_of: PlaceOf) -> Unit:
    """One character, or the characters of one word; they count from `index`."""
    in_word = len(characters) > 1
    widths = [_advance(character, place_of(character), in_word) for character in characters]
    if grid.squared:
        return _square_of(characters, index, widths)
    if characters in NARROW_MARKS and not (grid.down and characters in UPRIGHT):
        widths = [NARROW]
    elif grid.down and not grid.turns(characters[0]):
        widths = [1.0]  # as high as any, however narrow
    *offsets, end = accumulate(widths, initial=0.0)
    numbers = range(index, index + len(characters))
    return Unit(tuple(map(Part, characters, numbers, offsets, widths)), end, word=in_word)


def _square_of(characters: str, index: int, widths: Sequence[float]) -> Unit:
    """A printed square: side by side in its middle, smaller where they have no room."""
    size = min(1.0, 1.0 / sum(widths))
    widths = [width * size for width in widths]
    room = 1 - sum(widths)
    at = room / 2
    if characters in OPENING and room:
        at = room - _BESIDE
    elif characters in _CLOSING_QUOTES:
        at = _BESIDE
    # Each takes its share of the square, so that readers see no gap inside of a word.
    share = 1 / len(characters)
    parts = []
    for number, (character, width) in enumerate(zip(characters, widths, strict=True)):
        begins = number * share - at
        parts.append(Part(character, index + number, at, share, begins, size))
        at += width
    return Unit(tuple(parts), 1.0)


def _advance(character: str, place: Placement, in_word: bool) -> float:
    """The width that a character takes in a line, in squares."""
    if in_word and character == _APOSTROPHE:  # fonts of squares would part don’ t
        return min(place.advance, place.right + _BESIDE)
    return place.advance
