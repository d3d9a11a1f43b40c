"""The signature of a letter: which paragraphs are one, and on which sheet it stands."""

import re
from collections.abc import Sequence

from hanzi_lsgan.writing.placing import LineOfUnits

_SIGNED = re.compile(r"[^，。！？…：]{0,6}[你您]们?的[^，。！？…：]{1,6}[，：]?")
"""Who signs, in the line before the name: 你的朋友, 爱你们的妈妈, 您的学生：."""


def signature_of(paragraphs: Sequence[str], right_last: int) -> Sequence[int]:
    """Numbers of the paragraphs that sign a letter; none, where it is no more than its text.

    Args:
        paragraphs: of the letter; empty ones do not count.
        right_last: how many sign it, and with them a line before them such as 你的朋友.
    """
    written = [number for number, paragraph in enumerate(paragraphs) if paragraph.strip()]
    first = max(1, len(written) - right_last)
    if 1 < first < len(written) and _SIGNED.fullmatch(paragraphs[written[first - 1]].strip()):
        first -= 1
    return written[first:]


def keep_on_one_sheet(lines: list[LineOfUnits], a_sheet: int) -> list[LineOfUnits]:
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
    return [*lines[:begin], *[LineOfUnits((), 0.0)] * (a_sheet - on_sheet), *lines[begin:]]
