"""Marks in columns: where they stand there, whatever their place in a font's lines."""

from data_tools.fonts.placement import Placement
from hanzi_lsgan.writing.line_widths import NARROW

TURNED = frozenset("“”‘’（）《》〈〉【】「」『』〔〕〖〗〘〙〚〛［］｛｝｟｠‹›〝〞〟…‥—―～-‐–－")
"""A quarter, clockwise."""

WESTERN_BRACKETS = frozenset("()[]{}«»")
"""A quarter too where letters beside them stand upright: words that run along a column turn them as
they turn their letters."""

UPRIGHT = frozenset("！？")
"""As high as a character, so that columns give them all of it."""

_AT_TOP_RIGHT = frozenset("，。、；：")
_TOP_RIGHT = (0.76, NARROW / 2)  # the middle of their ink, in the square
_ALONG = frozenset("…‥—―～－")  # lines of ink, which run down the middle
_MIDDLE = 0.5


def column_shift(character: str, place: Placement) -> tuple[float, float]:
    """How far a mark moves, right and down in squares, once it is turned if it is to be.

    Args:
        character: that stands in a column.
        place: of its ink in its square, in a line.
    """
    x, y = place.centre
    if character in _AT_TOP_RIGHT:
        return _TOP_RIGHT[0] - x, _TOP_RIGHT[1] - y
    if character in UPRIGHT:
        return _MIDDLE - x, 0.0
    if character in _ALONG:
        return y - _MIDDLE, 0.0  # turned, what was low is at the left
    return 0.0, 0.0
