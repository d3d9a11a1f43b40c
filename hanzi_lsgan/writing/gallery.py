"""A gallery: the same text by many hands, each beside its number."""

from collections.abc import Callable, Sequence
from importlib.metadata import version

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.mark import MARK
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing.characters import write_characters
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.outlines import trace
from hanzi_lsgan.writing.page_drawing import DrawnPage, InkedCharacter, Label
from hanzi_lsgan.writing.settings import WritingSettings
from hanzi_lsgan.writing.write import Writing

_SIDE_MM = 9.0
_ROW_MM = 12.0
_MARGIN_MM = 8.0
_LABEL_MM = 3.4
_LABEL_WIDTH_MM = 22.0  # which holds a number of six digits
_DIGIT_MM = 0.556 * _LABEL_MM  # Helvetica's are all alike


def draw_gallery(
    trained: TrainedGenerator,
    numbers: Sequence[int],
    text: str,
    *,
    on_characters: Callable[[str, int, int], None] = lambda phase, done, total: None,
) -> Writing:
    """Write a text by each of several hands, a line each.

    Args:
        trained: what draws.
        numbers: of the hands.
        text: without white space.
        on_characters: told phase, characters done and of how many.

    Raises:
        UserError: the model cannot draw some of the characters.
    """
    if missing := [c for c in dict.fromkeys(text) if not trained.can_draw(c)]:
        problem = f"the model cannot draw {show_characters(missing)}"
        raise UserError(join_message("--text", problem, "leave them out"))
    known = trained.with_unseen(text)
    ink = WritingSettings().ink
    longest = max(len(str(number)) for number in numbers)
    label_width = _LABEL_WIDTH_MM + _DIGIT_MM * max(0, longest - 6)
    lines = []
    for row, number in enumerate(numbers):
        hand = Hand.named(known.network, str(number))
        top, left, line = _MARGIN_MM + row * _ROW_MM, _MARGIN_MM + label_width, []
        for written in write_characters(known, text, hand):
            contours = tuple(c.placed(_SIDE_MM, left, top) for c in trace(written))
            advance = hand.place(written.character).advance
            line.append(
                InkedCharacter(
                    written.character, contours, ink, left, top, _SIDE_MM, advance, down=False
                )
            )
            left += advance * _SIDE_MM
        lines.append(tuple(line))
        on_characters("writing", (row + 1) * len(text), len(numbers) * len(text))
    width = 2 * _MARGIN_MM + label_width + len(text) * _SIDE_MM
    height = 2 * _MARGIN_MM + len(numbers) * _ROW_MM
    labels = tuple(
        Label(f"hand {number}", _MARGIN_MM, _MARGIN_MM + row * _ROW_MM + 0.65 * _SIDE_MM, _LABEL_MM)
        for row, number in enumerate(numbers)
    )
    page = DrawnPage(width, height, None, (), tuple(lines), labels)
    facts = {
        "title": number_of(len(numbers), "hand"),
        "creator": f"hanzi-lsgan {version('hanzi-lsgan')}",
        "subject": MARK,
    }
    return Writing((page,), facts)
