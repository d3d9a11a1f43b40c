"""A picture of what was cut of forms, so that a person sees at a glance what went wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data_tools.files import replacing
from data_tools.fonts.typefaces import REFERENCE, has_glyph, load_typeface
from data_tools.forms.cutting import CutBox, State
from data_tools.forms.layout import BOXES, COLUMNS
from data_tools.forms.page_reading import ReadPage

MOST_PAGES = 24
"""Of one picture; no more than the first are drawn."""

_GLYPH_PIXELS = 64
_CELL_PIXELS = 76
_LABEL_PIXELS = 20
_HEAD_PIXELS = 34
_PAGES_A_ROW = 3
_COLOURS = {
    State.TAKEN: (150, 150, 150),
    State.OVER: (240, 150, 0),
    State.EMPTY: (90, 140, 230),
    State.COVERED: (215, 40, 40),
    State.LITTLE: (215, 40, 40),
    State.FAINT: (215, 40, 40),
    State.FULL: (215, 40, 40),
    State.BLOT: (215, 40, 40),
    State.CROSSED_OUT: (215, 40, 40),
    State.SHARED: (215, 40, 40),
}


def cut_sheet_path(store_path: Path) -> Path:
    """Where the sheet lies: `mine.h5` has `mine.cut.png` beside it."""
    return store_path.with_name(f"{store_path.stem}.cut.png")


def draw_cut_sheet(pages: Sequence[ReadPage], path: Path) -> Path:
    """Draw pages as they were filled in, with each box's printed character above what was cut.

    Frames are grey for what is taken, orange for what is taken though it leaves its box, blue for
    empty boxes; red ones, crossed out, are left out as doubtful. No more than 24 pages are drawn.

    Raises:
        UserError: `path` cannot be written.
    """
    pictures = [_draw_page(page) for page in pages[:MOST_PAGES]]
    across = min(_PAGES_A_ROW, len(pictures))
    rows = [pictures[start : start + across] for start in range(0, len(pictures), across)]
    heights = [max(picture.height for picture in row) for row in rows]
    sheet = Image.new("RGB", (across * pictures[0].width, sum(heights)), "white")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for number, picture in enumerate(row):
            sheet.paste(picture, (number * picture.width, top))
        top += height
    with replacing(path) as unfinished:
        sheet.save(unfinished, format="PNG", compress_level=6)
    return path


def _draw_page(page: ReadPage) -> Image.Image:
    rows = -(-len(page.boxes) // COLUMNS)
    cell_height = _CELL_PIXELS + _LABEL_PIXELS
    size = (COLUMNS * _CELL_PIXELS + 12, _HEAD_PIXELS + rows * cell_height + 12)
    picture = Image.new("RGB", size, "white")
    drawing = ImageDraw.Draw(picture)
    photograph = "/".join(Path(page.name).parts[-2:])  # a folder is a writer
    title = f"{photograph}, page {page.code.page + 1} of {page.code.pages}"
    shown = "".join(sign if has_glyph(REFERENCE, sign) else " " for sign in title)
    drawing.text((8, 6), shown, "black", load_typeface(REFERENCE, 18))
    for box in page.boxes[:BOXES]:
        row, column = divmod(box.number, COLUMNS)
        _draw_box(
            picture, drawing, box, 6 + column * _CELL_PIXELS, _HEAD_PIXELS + row * cell_height
        )
    return picture


def _draw_box(
    picture: Image.Image, drawing: ImageDraw.ImageDraw, box: CutBox, left: int, top: int
) -> None:
    colour = _COLOURS[box.state]
    font = load_typeface(REFERENCE, _LABEL_PIXELS - 4)
    if has_glyph(REFERENCE, box.character):
        drawing.text((left + 4, top + 1), box.character, (110, 110, 110), font)
    frame = (left + 2, top + _LABEL_PIXELS, left + _CELL_PIXELS - 3, top + 18 + _CELL_PIXELS)
    if min(box.bitmap.shape) > 1:
        glyph = Image.fromarray(np.asarray(box.bitmap))
        glyph.thumbnail((_GLYPH_PIXELS, _GLYPH_PIXELS))
        middle = ((frame[0] + frame[2]) // 2, (frame[1] + frame[3]) // 2)
        picture.paste(glyph, (middle[0] - glyph.width // 2, middle[1] - glyph.height // 2))
    width = 1 if box.state is State.TAKEN else 3
    drawing.rectangle(frame, outline=colour, width=width)
    if not box.state.is_taken:
        drawing.line((frame[0], frame[1], frame[2], frame[3]), colour, 2)
        if box.state is not State.EMPTY:
            drawing.line((frame[0], frame[3], frame[2], frame[1]), colour, 2)
