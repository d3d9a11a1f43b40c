import pytest

from data_tools.fonts.glyph_dots import dot_count
from data_tools.fonts.typefaces import PLAINEST, REFERENCE


@pytest.mark.parametrize(
    ("character", "dots"),
    [("…", 3), ("！", 1), ("i", 1), ("犬", 1), ("，", 0), ("大", 0), ("竹", 0), ("一", 0)],
)
def test_dots_are_those_that_a_person_counts(character: str, dots: int) -> None:
    for font in (PLAINEST, REFERENCE):
        assert dot_count(font, character) == dots
