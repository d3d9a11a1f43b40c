"""The signature of a letter: which paragraphs are one, and on which sheet it stands."""

import re
from collections.abc import Sequence

from hanzi_lsgan.writing.placing import LineOfUnits

_SIGNED = re.compile(r"[^，。！？…：]{0,6}[你您]们?的[^，。！？…：]{1,6}[，：]?")
"""Who signs, in the line before the name: 你的朋友, 爱你们的妈妈, 您的学生：."""
_WISHING = re.compile(
    r"(此致|顺致|致以|[此顺敬恭谨遥预并]?祝愿?([你您]们?|大家|各位)?|[敬顺即恭]颂|[敬即]请)[，：,:]?"
)
"""A line after which the wish stands in one of its own: 祝, 此致, 顺颂."""
_TEXT = re.compile(r".*[！？!?]|.*[，。：；].*[。…]|.{12,}[。…]|[此顺敬恭谨]?祝.*[你您].*")
"""Sentences and wishes, which name nobody; a full stop after a name or a date is none's."""


def signature_of(paragraphs: Sequence[str], right_last: int) -> Sequence[int]:
    """Numbers of the paragraphs that sign a letter; none, where it is no more than its text.

    Args:
        paragraphs: of the letter; empty ones do not count.
        right_last: how many sign it at most, and with them a line before them such as 你的朋友;
            a letter may lack the date, the name or both.
    """
    numbers = [number for number, paragraph in enumerate(paragraphs) if paragraph.strip()]
    written = [paragraphs[number].strip() for number in numbers]
    first = max(1, len(written) - right_last)
    for number in range(first, len(written)):
        if _is_text(written, number):
            first = number + 1
    if 1 < first < len(written) and not _is_text(written, first - 1):
        first -= 1 if _SIGNED.fullmatch(written[first - 1]) else 0
    return numbers[first:]


def _is_text(written: Sequence[str], number: int) -> bool:
    """Whether a paragraph is a letter's text or its wish."""
    paragraph = written[number]
    after_wishing = number > 0 and _WISHING.fullmatch(written[number - 1])
    return bool(after_wishing or _WISHING.fullmatch(paragraph) or _TEXT.fullmatch(paragraph))


def keep_on_one_sheet(lines: list[LineOfUnits], a_sheet: int) -> list[LineOfUnits]:
    """Lines, with empty ones so that a signature is on one sheet, and with it a line of the text.

    With a wish goes the line that leads to it, 祝 or 此致. What no sheet holds stays as it is.
    """
    begin = _written_before(lines, next((n for n, line in enumerate(lines) if line.signature), 0))
    leading = _written_before(lines, begin)
    if leading < begin and _WISHING.fullmatch(_characters(lines[leading])):
        begin = leading
    kept = len(lines) - begin
    on_sheet = begin % a_sheet
    if not 0 < kept <= a_sheet < on_sheet + kept or not lines[-1].signature:
        return lines
    return [*lines[:begin], *[LineOfUnits((), 0.0)] * (a_sheet - on_sheet), *lines[begin:]]


def _written_before(lines: Sequence[LineOfUnits], number: int) -> int:
    """The number of the nearest line before one that is not empty; else of the first."""
    return next((n for n in reversed(range(number)) if lines[n].units), 0)


def _characters(line: LineOfUnits) -> str:
    return "".join(part.character for unit in line.units for part in unit.parts)
