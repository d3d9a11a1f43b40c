"""Units → lines: where one may end and the next begin."""

from collections.abc import Iterator
from dataclasses import replace

from hanzi_lsgan.writing.units import Unit, width_of, word_of

CLOSING = frozenset(
    "，。、．！？：；”’）》〉】」』〕〗〙〛］｝〞〟»›…‥—–·‧・～,.!?:;)]}%％‰°²³′″℃℉"
)
"""No line begins with one of these."""
OPENING = frozenset("“‘（《〈【「『〔〖〘〚［｛〝«‹([{￥＄￡")
"""No line ends with one of these."""


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
    return after.first not in CLOSING and before.last not in OPENING


def _part_word(units: list[Unit], begin: int, end: int, length: float) -> int | None:
    """Part the last word that can be, of a full line or of what it has no room for, in two.

    Returns:
        Where the line ends, between both; None where there is no such word.
    """
    for anywhere in (False, True):  # a word of marks alone has no legal place
        for number in reversed(range(begin, min(end + 1, len(units)))):
            room = length - width_of(units[begin:number])
            parts = units[number].parts if units[number].word else ()
            for count in reversed(range(1, len(parts))):
                head, tail = word_of(parts[:count]), word_of(parts[count:])
                if head.width <= room and (anywhere or _may_part(head, tail)):
                    units[number : number + 1] = head, tail
                    return number + 1
    return None


def _split_long(unit: Unit, length: float) -> list[Unit]:
    """A word that no line holds, in parts that one does."""
    if unit.width <= length or not unit.word:
        return [unit]
    return [word_of([part]) for part in unit.parts]


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
    """The squares of a word; those that no line holds together, each as a word by itself."""
    if width_of(word) <= length:
        return word
    return [replace(unit, goes_on=False) for unit in word]
