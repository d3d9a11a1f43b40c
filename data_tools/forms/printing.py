"""Pages of a form as a PDF, the same bytes for the same characters.

Hanzi are pictures of what the reference font draws, so that nothing depends on a printer's fonts.
"""

import io
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from PIL import Image, ImageDraw

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.fonts.typefaces import ALL_FONTS, REFERENCE, Font, has_glyph, load_typeface
from data_tools.forms.layout import (
    BOXES,
    CELL_WIDTH_MM,
    DOT_MM,
    MARK_BITS,
    SHEETS,
    Sheet,
    Square,
)
from data_tools.forms.page_code import PageCode, draw_code, form_number

TITLE = "form of hanzi-lsgan"
CREATOR = "hanzi-lsgan form"
"""What the PDF of a form says that it was made by."""

_POINTS_A_MM = 72 / 25.4
_FRAME_GREY = 0.72  # so light that ink on it is still seen as ink
_FRAME_MM = 0.25
_GUIDE_GREY = 90  # 0 is black, 255 white
_PRINTED_DPI = 600
_BASE = 0.86  # of an em, how far the base line lies below the upper side
_MARK_MODULES = len(MARK_BITS[0]) + 2
_INSTRUCTIONS = (
    "请在每个方框内照上方的小字书写，用深色笔。不写的留空，写错的整格涂黑，或从角到角打叉。",
    "Write the small character into the box below it, with a dark pen or pencil. Blacken a box",
    "that went wrong, or draw a cross through it from corner to corner. Photograph the whole sheet",
    "from above, lying flat, with all six marks in it.",
)


def check_sheet(name: str) -> Sheet:
    """Take a word for a kind of sheet.

    Raises:
        UserError: it is none.
    """
    for sheet in SHEETS:
        if sheet.name.lower() == name.lower():
            return sheet
    known = " or ".join(sheet.name for sheet in SHEETS)
    raise UserError(join_message(f"--sheet {name}", "no such sheet", f"choose {known}"))


def page_codes(characters: str, sheet: Sheet) -> list[PageCode]:
    """What the pages of a form say of themselves, a hundred characters on each but the last.

    Args:
        characters: each once, in the order of their boxes.
        sheet: what they are printed on.

    Raises:
        UserError: there is none, the bundled fonts lack some, or a code cannot hold one.
    """
    if not characters:
        raise UserError(join_message("--chars", "no character is in it", "name at least one"))
    if missing := [character for character in characters if ALL_FONTS.font_of(character) is None]:
        problem = f"no bundled font has {len(missing):,} of them: {show_characters(missing)}"
        raise UserError(join_message("--chars", problem, "leave them out"))
    parts = [characters[start : start + BOXES] for start in range(0, len(characters), BOXES)]
    form = form_number(characters)
    number = SHEETS.index(sheet)
    return [PageCode(number, page, len(parts), form, part) for page, part in enumerate(parts)]


def form_pdf(codes: Sequence[PageCode], set_name: str) -> bytes:
    """The pages as a PDF.

    Args:
        codes: from `page_codes`.
        set_name: what a person calls the characters; stands in the head of each page.
    """
    from reportlab.pdfgen.canvas import Canvas

    sheet = SHEETS[codes[0].sheet]
    stream = io.BytesIO()
    size = (sheet.width * _POINTS_A_MM, sheet.height * _POINTS_A_MM)
    canvas = Canvas(stream, pagesize=size, invariant=1, pageCompression=1)
    canvas.setTitle(f"{TITLE}: {set_name}")
    canvas.setCreator(CREATOR)
    for code in codes:
        # From here on in mm from the upper left corner, downward, as in `layout`.
        canvas.transform(_POINTS_A_MM, 0, 0, -_POINTS_A_MM, 0, size[1])
        _draw_page(canvas, sheet, code, set_name)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _draw_page(canvas: Any, sheet: Sheet, code: PageCode, set_name: str) -> None:  # noqa: ANN401
    canvas.setFillGray(0)
    for mark, bits in zip(sheet.marks, MARK_BITS, strict=True):
        rows = ["0" * _MARK_MODULES, *(f"0{row}0" for row in bits), "0" * _MARK_MODULES]
        _draw_modules(canvas, mark, [[bit == "0" for bit in row] for row in rows])
    modules = draw_code(code).tolist()
    for place in sheet.codes:
        _draw_modules(canvas, place, modules)
    for x, y in sheet.dots.reshape(-1, 2).tolist():
        canvas.rect(x - DOT_MM / 2, y - DOT_MM / 2, DOT_MM, DOT_MM, stroke=0, fill=1)

    left = sheet.grid_left
    page = f"{set_name}, page {code.page + 1} of {code.pages}"
    _draw_label(canvas, TITLE, left, 13, 4.2, bold=True)
    _draw_label(canvas, page, left, 18.5, 3.2)
    _draw_printed(canvas, _INSTRUCTIONS[0], left, 24.2, 3.0)
    for number, line in enumerate(_INSTRUCTIONS[1:]):
        _draw_label(canvas, line, left, 28.6 + 3.4 * number, 2.6)
    _draw_label(canvas, "Name:", left + 68, 15, 3.2)
    canvas.setLineWidth(_FRAME_MM)
    canvas.setStrokeGray(_FRAME_GREY)
    canvas.line(left + 79, 16, left + 8 * CELL_WIDTH_MM, 16)
    foot = sheet.height - 9.5
    _draw_label(canvas, f"{TITLE}, {page}", left + 2 * CELL_WIDTH_MM, foot, 2.6)

    for number, character in enumerate(code.characters):
        box, guide = sheet.box(number), sheet.guide(number)
        canvas.rect(box.left, box.top, box.side, box.side, stroke=1, fill=0)
        base = guide.top + _BASE * guide.side
        _draw_printed(canvas, character, guide.left, base, guide.side, _GUIDE_GREY)


def _draw_modules(canvas: Any, place: Square, rows: Sequence[Sequence[bool]]) -> None:  # noqa: ANN401
    """Dark modules of a square, those beside each other in a row as one, so that no seam shows."""
    module = place.side / len(rows)
    path = canvas.beginPath()
    for number, row in enumerate(rows):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                top = place.top + number * module
                path.rect(place.left + start * module, top, (end - start) * module, module)
            start = max(end, start + 1)
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_label(
    canvas: Any,  # noqa: ANN401
    text: str,
    left: float,
    base: float,
    size_mm: float,
    *,
    bold: bool = False,
) -> None:
    """Text in Latin letters; where there are others, all of it is drawn as they are."""
    canvas.setFillGray(0)
    if not text.isascii():
        _draw_printed(canvas, text, left, base, size_mm)
        return
    words = canvas.beginText()
    words.setFont("Helvetica-Bold" if bold else "Helvetica", size_mm)
    words.setTextTransform(1, 0, 0, -1, left, base)
    words.textOut(text)
    canvas.drawText(words)


def _draw_printed(
    canvas: Any,  # noqa: ANN401
    text: str,
    left: float,
    base: float,
    em_mm: float,
    grey: int = 0,
) -> None:
    """Text in the reference font, or for what that lacks in one that has it, at 600 dpi.

    Pictures, since unpacking the outlines of its 21,000 glyphs would take half a minute.
    """
    from reportlab.lib.utils import ImageReader

    pixels_a_mm = _PRINTED_DPI / 25.4
    for font_index, part in groupby(text, _font_that_shows):
        font = load_typeface(font_index, round(em_mm * pixels_a_mm))
        run = "".join(part)
        _, top, right, bottom = font.getbbox(run, anchor="ls")
        width, height = int(right) + 2, int(bottom - top) + 2
        picture = Image.new("L", (max(width, 1), max(height, 1)), 255)
        ImageDraw.Draw(picture).text((0, 1 - top), run, grey, font, anchor="ls")
        canvas.saveState()
        canvas.transform(1, 0, 0, -1, left, base + (bottom + 1) / pixels_a_mm)
        size = (picture.width / pixels_a_mm, picture.height / pixels_a_mm)
        canvas.drawImage(ImageReader(picture), 0, 0, *size)
        canvas.restoreState()
        left += font.getlength(run) / pixels_a_mm


def _font_that_shows(character: str) -> Font:
    if has_glyph(REFERENCE, character):
        return REFERENCE
    font = ALL_FONTS.font_of(character)
    return REFERENCE if font is None else font
