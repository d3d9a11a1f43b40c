"""Units → lines: where one may end and the next begin."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from hanzi_lsgan.writing.units import Part, Unit, width_of, word_of

CLOSING = frozenset(
    "，。、．！？：；”’）》〉】」』〕〗〙〛］｝〞〟»›…‥—–·‧・～,.!?:;)]}%％‰°²³′″℃℉㎎㎏㎜㎝㎞㎡㏄￠"
)
"""No line begins with one of these."""
OPENING = frozenset("“‘（《〈【「『〔〖〘〚［｛〝«‹([{￥＄￡")
"""No line ends with one of these."""
BEFORE_NUMBERS = frozenset("$£¥№＃√∛∠△⊙∵∴")
"""Nor with one of these, which belong to what stands after them."""
_JOINTS = frozenset("/\\?&=#@:_-.,")


def break_lines(units: list[Unit], length: float, indent: float = 0.0) -> list[list[Unit]]:
    """Fill lines of a length in squares; none begins or ends as it must not.

    What must not part goes to the next line together: the character before a closing mark goes
    with it, and so does an opening mark that would end a line. A word is parted where a line could
    end nowhere else.

    Args:
        units: of a paragraph.
        length: of a line.
        indent: by which the first line is shorter.
    """
    units = [part for unit in units for part in _split_long(unit, length)]
    units = [unit for word in _words_of_squares(units) for unit in _split_squares(word, length)]
    lines: list[list[Unit]] = []
    begin = 0
    while begin < len(units):
        if units[begin].is_space and lines:
            begin += 1
            continue
        room = length if lines else length - indent
        end = _full(units, begin, room)
        if (legal := _legal(units, begin, end)) is not None:
            end = legal
        elif (parted := _part_word(units, begin, end, room)) is not None:
            end = parted
        elif (legal := _legal(units, begin, end, within_words=True)) is not None:
            end = legal
        else:
            end = max(end, begin + 1)
        line = units[begin:end]
        while line and line[-1].is_space:
            line.pop()
        lines.append(line)
        begin = end
    return lines


def _full(units: list[Unit], begin: int, length: float) -> int:
    """Where a line is full; spaces may stand beyond its length."""
    end, width = begin, 0.0
    while end < len(units) and (width + units[end].width <= length or units[end].is_space):
        width += units[end].width
        end += 1
    return end


def _legal(units: list[Unit], begin: int, end: int, *, within_words: bool = False) -> int | None:
    """The last place up to `end` where a line may be broken; None where there is none.

    Args:
        units: of the paragraph.
        begin: of the line.
        end: where it is full.
        within_words: between the printed squares of one word too.
    """
    for place in range(end, begin, -1):
        before = next((u for u in reversed(units[begin:place]) if not u.is_space), None)
        after = next((u for u in units[place:] if not u.is_space), None)
        if before is None or after is None:
            return place
        if _may_part(before, after) and (within_words or not after.goes_on):
            return place
    return None


def _may_part(before: Unit, after: Unit) -> bool:
    """Whether a line may end between two units."""
    return after.first not in CLOSING and before.last not in OPENING | BEFORE_NUMBERS


def _part_word(units: list[Unit], begin: int, end: int, length: float) -> int | None:
    """Part the last word that can be, of a full line or of what it has no room for, in two.

    Returns:
        Where the line ends, between both; None where there is no such word.
    """
    for anywhere in (False, True):  # a word of marks alone has no legal place
        for number in reversed(range(begin, min(end + 1, len(units)))):
            room = length - width_of(units[begin:number])
            parts = units[number].parts if units[number].word else ()
            counts = sorted(range(1, len(parts)), key=lambda n: (_is_joint(parts, n), n))
            for count in reversed(counts):
                head, tail = word_of(parts[:count]), word_of(parts[count:])
                if head.width <= room and (anywhere or _may_part(head, tail)):
                    units[number : number + 1] = head, tail
                    return number + 1
    return None


def _is_joint(parts: Sequence[Part], place: int) -> bool:
    """Whether readers see at a place of a word that it goes on: after a mark of an address.

    Not between two of those, nor after one that a number has.
    """
    before, after = parts[place - 1].character, parts[place].character
    return before in _JOINTS and after not in _JOINTS and not after.isdigit()


def _split_long(unit: Unit, length: float) -> list[Unit]:
    """A word that no line holds, in parts that one does: pieces between its joints, or less."""
    if unit.width <= length or not unit.word:
        return [unit]
    joints = [n for n in range(1, len(unit.parts)) if _is_joint(unit.parts, n)]
    pieces = [word_of(unit.parts[a:b]) for a, b in pairwise([0, *joints, len(unit.parts)])]
    return [part for piece in pieces for part in _that_fit(piece, length)]


def _that_fit(piece: Unit, length: float) -> list[Unit]:
    """A piece of a word, or its characters where no line holds it."""
    return [piece] if piece.width <= length else [word_of([part]) for part in piece.parts]


def _words_of_squares(units: list[Unit]) -> Iterator[list[Unit]]:
    """Units by the word whose printed squares they fill; every other one by itself."""
    word: list[Unit] = []
    for unit in units:
        if word and not unit.goes_on:
            yield word
            word = []
        word.append(unit)
    if word:
        yield word


def _split_squares(word: list[Unit], length: float) -> list[Unit]:
    """The squares of a word; of one that no line holds, lines may end at joints, or anywhere."""
    if width_of(word) <= length:
        return word
    ends = [(before.parts[-1], after.parts[0]) for before, after in pairwise(word)]
    begins = [n for n, pair in enumerate(ends, start=1) if _is_joint(pair, 1)]
    squares: list[Unit] = []
    for begin, end in pairwise([0, *begins, len(word)]):
        together = end - begin <= length
        squares += [replace(u, goes_on=together and n > 0) for n, u in enumerate(word[begin:end])]
    return squares
