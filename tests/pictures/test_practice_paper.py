"""Pictures cut out of practice paper, whose printed lines would be learned as strokes."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from data_tools.pictures.gather import gather_pictures
from data_tools.sources.find import find_members
from tests.picture_samples import draw_character

Colour = tuple[int, int, int]
CHARACTERS = "永和九年岁在癸丑暮春之初"


def cell(seed: int, lines: str, colour: Colour, *, kind: str = "PNG") -> bytes:
    """The file of a character of 100 pixels in a cell of 140, its lines turned by a degree."""
    page = Image.new("RGB", (160, 160), "white")
    drawing = ImageDraw.Draw(page)
    if "frame" in lines:
        drawing.rectangle((10, 10, 150, 150), outline=colour, width=2)
    if "cross" in lines:
        drawing.line((80, 0, 80, 160), colour, 2)
        drawing.line((0, 80, 160, 80), colour, 2)
    page = page.rotate(1, Image.Resampling.BILINEAR, fillcolor="white")
    ink = Image.fromarray(draw_character(seed)).resize((100, 100))
    page.paste((30, 30, 30), (30, 30), Image.eval(ink, lambda level: 255 - level))
    stream = io.BytesIO()
    page.crop((4, 4, 156, 156)).save(stream, kind)
    return stream.getvalue()


def said(folder: Path) -> list[str]:
    with find_members([folder]) as found:
        return [line for line in gather_pictures(found.collections).notes if "frame" in line]


@pytest.mark.parametrize(
    ("lines", "colour", "kind"),
    [
        ("frame", (20, 20, 20), "PNG"),
        ("frame", (220, 60, 60), "JPEG"),
        ("frame cross", (60, 160, 90), "PNG"),
        ("cross", (180, 180, 180), "PNG"),
    ],
)
def test_printed_lines_in_most_pictures_are_said(
    tmp_path: Path, lines: str, colour: Colour, kind: str
) -> None:
    for seed, character in enumerate(CHARACTERS):
        data = cell(seed, lines if seed > 2 else "", colour, kind=kind)  # nine of twelve
        (tmp_path / f"{character}.{kind.lower()}").write_bytes(data)
    (line,) = said(tmp_path)
    assert line.startswith(f"{tmp_path}: most of its pictures show straight lines")


def test_characters_that_are_frames_among_others_are_no_practice_paper(tmp_path: Path) -> None:
    """口 and 十 cut to their ink, a third of twelve."""
    for seed, character in enumerate(CHARACTERS):
        lines = {0: "frame", 1: "frame", 2: "cross", 3: "cross"}.get(seed, "")
        (tmp_path / f"{character}.png").write_bytes(cell(seed, lines, (20, 20, 20)))
    assert not said(tmp_path)
