"""Text → places on sheets: paragraphs, lines that begin and end as they may, squares, columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from data_tools.fonts.placement import Placement
from data_tools.fonts.western import is_western
from hanzi_lsgan.writing.column_marks import NARROW, TURNED, UPRIGHT, column_shift
from hanzi_lsgan.writing.dashes import DASH, is_one_line
from hanzi_lsgan.writing.settings import WritingSettings

CLOSING = frozenset(
    "，。、．！？：；”’）》〉】」』〕〗〙〛］｝〞〟»›…‥—–·‧・～,.!?:;)]}%％‰°²³′″℃℉"
)
"""No line begins with one of these."""
OPENING = frozenset("“‘（《〈【「『〔〖〘〚［｛〝«‹([{￥＄￡")
"""No line ends with one of these."""

NARROW_MARKS = frozenset("，。、！？：；")
SPACE = 0.3

_CLOSING_QUOTES = frozenset("”’")
_STRAIGHT_QUOTES = '"＂'
_BASE_LINE = 0.86  # of a square from above
_BESIDE = 0.05  # the edge of a square, which quotes keep to
_LATIN_A_SQUARE = 2  # digits and letters, as schools teach it; so many spaces too
_APOSTROPHE = "’"

_BLANK_LINES = re.compile(r"\A(\s*\n)+")
_SIGNED = re.compile(r"[^，。！？…：]{0,6}[你您]们?的[^，。！？…：]{1,6}[，：]?")
"""Who signs, in the line before the name: 你的朋友, 爱你们的妈妈, 您的学生：."""

PlaceOf = Callable[[str], Placement]
"""Where a character stands in its square, and the width that it takes of a line."""


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


@dataclass(frozen=True)
class _Part:
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
class _Unit:
    """What no line break parts: a character, a Latin word, the digits of one printed square.

    Attributes:
        parts: none of a space.
        width: in squares.
        word: of Latin in lines, which is parted where a line can end nowhere else.
    """

    parts: tuple[_Part, ...]
    width: float
    word: bool = False

    @property
    def first(self) -> str:
        return self.parts[0].mark if self.parts else " "

    @property
    def last(self) -> str:
        return self.parts[-1].mark if self.parts else " "

    @property
    def is_space(self) -> bool:
        return not self.parts


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
    grid = _Grid.of(settings)
    if settings.copybook:
        lines = _copybook_lines(ink_of(title + text), grid, place_of)
    else:
        lines = _text_lines(text, title, settings, grid, place_of)
        lines = _keep_signature(lines, grid.lines)
    pages = [lines[i : i + grid.lines] for i in range(0, len(lines), grid.lines)] or [[]]
    return [
        Page(tuple(grid.line(one, n, place_of) for n, one in enumerate(page) if one.units))
        for page in pages
    ]


@dataclass(frozen=True)
class _SetLine:
    """Units of a line, and how far from its beginning they begin, in squares."""

    units: tuple[_Unit, ...]
    start: float
    to_trace_from: int | None = None
    signature: bool = False


@dataclass(frozen=True)
class _Grid:
    """Lines of a sheet, or columns, in millimetres.

    Attributes:
        first: x of the first line's beginning and y of its upper side; in columns, of the first
            column's left side and its beginning.
        side: of a square.
        step: from one character's beginning to the next one's, of a full width.
        pitch: from line to line.
        length: of a line in squares.
        lines: on a sheet.
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
    def of(cls, settings: WritingSettings) -> "_Grid":
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

    def line(self, line: _SetLine, number: int, place_of: PlaceOf) -> Line:
        """The page's n-th line."""
        return Line(tuple(self._place(line, number, place_of)))

    def _place(self, line: _SetLine, number: int, place_of: PlaceOf) -> Iterator[Placed]:
        at = line.start
        for position, unit in enumerate(line.units):
            to_trace = line.to_trace_from is not None and position >= line.to_trace_from
            for part in unit.parts:
                placed = self._placed(part.character, part.index, at + part.offset, number)
                if self.down:
                    beside = self.squared and len(unit.parts) > 1
                    shift = self._shift(part, place_of(part.character), beside)
                    placed = replace(placed, shift=shift, turned=placed.turned and not beside)
                side = self.side * part.size
                square = self._placed("口", 0, at, number)
                within = (square.left_mm, square.top_mm, self.side)
                yield replace(
                    placed,
                    top_mm=placed.top_mm + _BASE_LINE * (self.side - side),
                    side_mm=side,
                    width=part.width * self.step / side,
                    begins=part.begins * self.step / side,
                    to_trace=to_trace,
                    within=within if self.squared and part.character != DASH else None,
                )
            at += unit.width

    def _placed(self, character: str, index: int, at: float, number: int) -> Placed:
        x, y = self.first
        if not self.down:
            return Placed(index, character, x + at * self.step, y + number * self.pitch, self.side)
        x -= number * self.pitch
        y += at * self.step
        return Placed(index, character, x, y, self.side, turned=self.turns(character))

    def turns(self, character: str) -> bool:
        """Whether a character of a column lies on its side."""
        return character in TURNED or (is_western(character) and not self.squared)

    def _shift(self, part: _Part, place: Placement, beside: bool) -> tuple[float, float]:
        """How far ink of a column moves, right and down in its squares.

        Args:
            part: whose ink.
            place: where it stands in a line.
            beside: it shares a printed square with another one.
        """
        shift = column_shift(part.character, place)
        marked = shift != (0.0, 0.0) or part.character in TURNED
        if self.squared and (beside or is_western(part.character) or not marked):
            aside = part.offset / part.size  # for offsets are along the line
            return aside, -aside
        return shift if marked or self.turns(part.character) else ((1 - place.advance) / 2, 0.0)


def printed_squares(settings: WritingSettings) -> Iterator[tuple[float, float]]:
    """Upper left corners of the squares that are printed on a sheet, in millimetres."""
    grid = _Grid.of(settings)
    for number in range(grid.lines):
        for at in range(int(grid.length)):
            placed = grid._placed("口", 0, at, number)
            yield placed.left_mm, placed.top_mm


def printed_lines(settings: WritingSettings) -> Iterator[tuple[float, float, float, float]]:
    """The lines of a ruled sheet, x and y of both ends in millimetres: below, or beside, text."""
    grid = _Grid.of(settings)
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
            y = grid.first[1] + number * grid.pitch + grid.side + min(gap, 0.12 * grid.side)
            yield settings.margin_left_mm, y, width - settings.margin_right_mm, y


def _copybook_lines(characters: str, grid: _Grid, place_of: PlaceOf) -> list[_SetLine]:
    squares = int(grid.length)
    units = (_unit(c, index, grid, place_of) for index, c in enumerate(characters))
    return [_SetLine((replace(unit, width=1.0),) * squares, 0.0, 1) for unit in units]


def _text_lines(
    text: str, title: str, settings: WritingSettings, grid: _Grid, place_of: PlaceOf
) -> list[_SetLine]:
    lines: list[_SetLine] = []
    index = 0
    if title:
        for units in _break(_units(title, index, grid, place_of), grid.length, grid.length):
            start = (grid.length - _width(units)) / 2
            lines.append(_SetLine(tuple(units), float(int(start)) if grid.squared else start))
        index += len(ink_of(title))
    paragraphs = _BLANK_LINES.sub("", text.rstrip()).split("\n") if text.strip() else []
    written = [number for number, paragraph in enumerate(paragraphs) if paragraph.strip()]
    # A letter that is no more than its text has no signature.
    first = max(1, len(written) - settings.right_last)
    if 1 < first < len(written) and _SIGNED.fullmatch(paragraphs[written[first - 1]].strip()):
        first -= 1
    to_right = written[first:]
    for number, paragraph in enumerate(paragraphs):
        units = _units(paragraph.strip(), index, grid, place_of)
        index += len(ink_of(paragraph))
        at_right = number in to_right
        indent = 0 if number == 0 and settings.flush_first else settings.indent
        indent = 0 if at_right else max(indent, _own_indent(paragraph))
        indent = min(indent, max(0, int(grid.length) - 2))
        broken = _break(units, grid.length - indent, grid.length)
        for line_number, line in enumerate(broken):
            start = float(indent) if line_number == 0 else 0.0
            if at_right:
                start = max(0.0, grid.length - _width(line))
                start = float(int(start)) if grid.squared else start
            lines.append(_SetLine(tuple(line), start, signature=at_right))
        if not units:
            lines.append(_SetLine((), 0.0))
    return lines


def _own_indent(paragraph: str) -> int:
    """Squares that a paragraph leaves empty before its first character."""
    return paragraph[: -len(paragraph.lstrip()) or None].count("\u3000")


def _keep_signature(lines: list[_SetLine], a_sheet: int) -> list[_SetLine]:
    """Lines, with empty ones so that a signature is on one sheet, and with it a line of the text.

    One that no sheet holds stays as it is.
    """
    begin = next((n for n, line in enumerate(lines) if line.signature), 0)
    while begin > 0:
        begin -= 1
        if lines[begin].units:
            break
    kept = len(lines) - begin
    on_sheet = begin % a_sheet
    if not 0 < kept <= a_sheet < on_sheet + kept or not lines[-1].signature:
        return lines
    return [*lines[:begin], *[_SetLine((), 0.0)] * (a_sheet - on_sheet), *lines[begin:]]


def _width(units: Sequence[_Unit]) -> float:
    return sum(unit.width for unit in units)


def _units(text: str, index: int, grid: _Grid, place_of: PlaceOf) -> list[_Unit]:
    """What a paragraph is made of; characters count from `index`."""
    units: list[_Unit] = []
    quotes = _straight_quotes(text, index)
    at = 0
    while at < len(text):
        character = text[at]
        end = at + 1
        if character.isspace():
            while end < len(text) and text[end].isspace():
                end += 1
            units += _spaces(text, at, end, grid)
            at = end
            continue
        if _in_word(text, at):
            most = min(at + _LATIN_A_SQUARE, len(text)) if grid.squared else len(text)
            while end < most and _in_word(text, end):
                end += 1
        unit = _unit(text[at:end], index, grid, place_of)
        if not grid.squared and is_one_line(text[at], text[end : end + 1]):
            unit = _word_of([replace(unit.parts[0], width=grid.side / grid.step)])  # no spacing
        parts = (replace(p, stands_for=quotes.get(p.index, "")) for p in unit.parts)
        units.append(replace(unit, parts=tuple(parts)))
        index += end - at
        at = end
    return units


def _straight_quotes(text: str, index: int) -> dict[int, str]:
    """Which straight quotes of a paragraph open and which close, by index: in turn, if in pairs."""
    found = [index + at for at, one in enumerate(ink_of(text)) if one in _STRAIGHT_QUOTES]
    return {} if len(found) % 2 else {at: "“”"[turn % 2] for turn, at in enumerate(found)}


def _spaces(text: str, begin: int, end: int, grid: _Grid) -> list[_Unit]:
    """White space of a text: in printed squares empty ones, elsewhere some room.

    A full-width space is a square, two others are one. A single one is a square between Latin
    words alone: beside a hanzi nothing is lost without it.
    """
    wide = text.count("\u3000", begin, end)
    if not grid.squared:
        return [_Unit((), 1.0 if one == "\u3000" else SPACE) for one in text[begin:end]]
    squares = wide + (end - begin - wide) // _LATIN_A_SQUARE
    if not squares and begin > 0 and end < len(text):
        squares = int(is_western(text[begin - 1]) and is_western(text[end]))
    return [_Unit((), 1.0)] * squares


def _in_word(text: str, at: int) -> bool:
    """Whether a character is of a word or a number of the West; so is the apostrophe of don’t."""
    if text[at] != _APOSTROPHE or not 0 < at < len(text) - 1:
        return is_western(text[at])
    return all(is_western(beside) and beside.isalpha() for beside in (text[at - 1], text[at + 1]))


def _unit(characters: str, index: int, grid: _Grid, place_of: PlaceOf) -> _Unit:
    """One character, or the characters of one word."""
    in_word = len(characters) > 1
    widths = [_advance(character, place_of(character), in_word) for character in characters]
    at, size = 0.0, 1.0
    if grid.squared:
        # Side by side in the middle of the square, smaller where they have no room.
        size = min(1.0, 1.0 / sum(widths))
        widths = [width * size for width in widths]
        at = (1 - sum(widths)) / 2
        if characters in OPENING and at:
            at = 1 - sum(widths) - _BESIDE
        elif characters in _CLOSING_QUOTES:
            at = _BESIDE
    elif characters in NARROW_MARKS and not (grid.down and characters in UPRIGHT):
        widths = [NARROW]
    elif grid.down and not grid.turns(characters[0]):
        widths = [1.0]  # as high as any, however narrow
    parts = []
    for number, (character, width) in enumerate(zip(characters, widths, strict=True)):
        if grid.squared:
            # Each takes its share of the square, so that readers see no gap inside of a word.
            share = 1 / len(characters)
            begins = number * share - at
            parts.append(_Part(character, index + number, at, share, begins, size))
        else:
            parts.append(_Part(character, index + number, at, width))
        at += width
    if grid.squared:
        return _Unit(tuple(parts), 1.0)
    return _Unit(tuple(parts), at, word=len(parts) > 1)


def _advance(character: str, place: Placement, in_word: bool) -> float:
    """The width that a character takes in a line, in squares."""
    if in_word and character == _APOSTROPHE:  # fonts of squares would part don’ t
        return min(place.advance, place.right + _BESIDE)
    return place.advance


def _break(units: list[_Unit], first: float, others: float) -> list[list[_Unit]]:
    """Fill lines of a length, the first of which is another; none begins or ends as it must not.

    What must not part goes to the next line together: the character before a closing mark goes
    with it, and so does an opening mark that would end a line. A word is parted where a line could
    end nowhere else.
    """
    units = [part for unit in units for part in _split_long(unit, others)]
    lines: list[list[_Unit]] = []
    begin = 0
    while begin < len(units):
        if units[begin].is_space and lines:
            begin += 1
            continue
        length = others if lines else first
        end = _full(units, begin, length)
        if (legal := _legal(units, begin, end)) is not None:
            end = legal
        elif (parted := _part_word(units, begin, end, length)) is not None:
            end = parted
        else:
            end = max(end, begin + 1)
        line = units[begin:end]
        while line and line[-1].is_space:
            line.pop()
        lines.append(line)
        begin = end
    return lines


def _full(units: list[_Unit], begin: int, length: float) -> int:
    """Where a line is full; spaces may stand beyond its length."""
    end, width = begin, 0.0
    while end < len(units) and (width + units[end].width <= length or units[end].is_space):
        width += units[end].width
        end += 1
    return end


def _legal(units: list[_Unit], begin: int, end: int) -> int | None:
    """The last place up to `end` where a line may be broken; None where there is none."""
    for place in range(end, begin, -1):
        before = next((u for u in reversed(units[begin:place]) if not u.is_space), None)
        after = next((u for u in units[place:] if not u.is_space), None)
        if before is None or after is None or _may_part(before, after):
            return place
    return None


def _may_part(before: _Unit, after: _Unit) -> bool:
    """Whether a line may end between two units."""
    return after.first not in CLOSING and before.last not in OPENING


def _part_word(units: list[_Unit], begin: int, end: int, length: float) -> int | None:
    """Part the last word that can be, of a full line or of what it has no room for, in two.

    Returns:
        Where the line ends, between both; None where there is no such word.
    """
    for anywhere in (False, True):  # a word of marks alone has no legal place
        for number in reversed(range(begin, min(end + 1, len(units)))):
            room = length - _width(units[begin:number])
            parts = units[number].parts if units[number].word else ()
            for count in reversed(range(1, len(parts))):
                head, tail = _word_of(parts[:count]), _word_of(parts[count:])
                if head.width <= room and (anywhere or _may_part(head, tail)):
                    units[number : number + 1] = head, tail
                    return number + 1
    return None


def _word_of(parts: Sequence[_Part]) -> _Unit:
    """A word, or a piece of one, that begins with a part."""
    moved = tuple(replace(part, offset=part.offset - parts[0].offset) for part in parts)
    return _Unit(moved, sum(part.width for part in parts), word=len(parts) > 1)


def _split_long(unit: _Unit, length: float) -> list[_Unit]:
    """A word that no line holds, in parts that one does."""
    if unit.width <= length or not unit.word:
        return [unit]
    return [_word_of([part]) for part in unit.parts]
