"""Pages → one PDF: outlines that stay crisp, and over them text to select and to search."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hanzi_lsgan.writing.invisible_font import invisible_font
from hanzi_lsgan.writing.page_drawing import (
    DASH_MM,
    RULE_COLOUR,
    RULE_MM,
    DrawnPage,
    InkedCharacter,
    Label,
    Rule,
)
from hanzi_lsgan.writing.sheet_picture import SheetPicture

POINTS_A_MM = 72 / 25.4
_INVISIBLE = 3
_LABEL_COLOUR = "#6f6f7a"
_ODD = 0  # reportlab's even-odd rule


def pdf_bytes(
    pages: Sequence[DrawnPage], facts: Mapping[str, str], *, ink_alone: bool = False
) -> bytes:
    """Write a PDF.

    Args:
        pages: at least one.
        facts: title, subject, creator and keywords of the document; any may be missing.
        ink_alone: leave out what is printed and the picture of a sheet.

    Returns:
        The file; the same pages and facts give the same bytes.
    """
    from reportlab.pdfgen.canvas import Canvas

    font_name = _register_font(
        character.character for page in pages for character in page.characters
    )
    file = io.BytesIO()
    canvas = Canvas(file, pageCompression=1, invariant=1)
    canvas.setTitle(facts.get("title", ""))
    canvas.setSubject(facts.get("subject", ""))
    canvas.setCreator(facts.get("creator", ""))
    canvas.setKeywords(facts.get("keywords", ""))
    pictures = {picture: _reader(picture) for picture in {page.background for page in pages}}
    for page in pages:
        canvas.setPageSize((page.width_mm * POINTS_A_MM, page.height_mm * POINTS_A_MM))
        # Millimetres, downward, as pages are laid out.
        canvas.translate(0, page.height_mm * POINTS_A_MM)
        canvas.scale(POINTS_A_MM, -POINTS_A_MM)
        if not ink_alone:
            _print(canvas, page, pictures[page.background])
        for character in page.characters:
            _fill(canvas, character)
        for label in page.labels:
            _label(canvas, label)
        _lay_text(canvas, page, font_name)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _register_font(characters: Iterable[str]) -> str:
    """Make reportlab know an invisible font of some characters; its name."""
    from reportlab.pdfbase import pdfmetrics

    from hanzi_lsgan.writing.searchable_font import SearchableFont

    mapped = "".join(sorted(set(characters)))
    # A name of its own: reportlab goes on with the first font that it met under a name.
    name = f"Invisible-{hashlib.sha256(mapped.encode()).hexdigest()[:16]}"
    font = SearchableFont(name, io.BytesIO(invisible_font(mapped, name)))
    pdfmetrics.registerFont(font)
    return name


def _reader(picture: SheetPicture | None) -> Any:  # noqa: ANN401 - reportlab has no types
    """What reportlab takes a picture from: a JPEG as it is, other pixels without loss."""
    from reportlab.lib.utils import ImageReader

    if picture is None:
        return None
    return ImageReader(io.BytesIO(picture.jpeg) if picture.jpeg else picture.image)


def _print(canvas: Any, page: DrawnPage, picture: Any) -> None:  # noqa: ANN401
    if picture is not None:
        canvas.saveState()
        canvas.scale(1, -1)
        size = (page.width_mm, page.height_mm)
        canvas.drawImage(picture, 0, -page.height_mm, *size)
        canvas.restoreState()
    canvas.setStrokeColor(_colour(RULE_COLOUR))
    canvas.setLineWidth(RULE_MM)
    for dashed in (False, True):
        canvas.setDash(*((list(DASH_MM), 0) if dashed else ([], 0)))
        chosen = [rule for rule in page.rules if rule.dashed == dashed]
        canvas.lines([_ends(rule) for rule in chosen])


def _label(canvas: Any, label: Label) -> None:  # noqa: ANN401
    text = canvas.beginText()
    text.setFont("Helvetica", label.size_mm)
    text.setTextTransform(1, 0, 0, -1, label.left_mm, label.base_mm)
    text.textOut(label.text)
    canvas.setFillColor(_colour(_LABEL_COLOUR))
    canvas.drawText(text)


def _ends(rule: Rule) -> tuple[float, float, float, float]:
    return rule.x1, rule.y1, rule.x2, rule.y2


def _fill(canvas: Any, character: InkedCharacter) -> None:  # noqa: ANN401
    if not character.contours:
        return
    canvas.setFillColor(_colour(character.colour))
    path = canvas.beginPath()
    for contour in character.contours:
        path.moveTo(*contour.start)
        for curve in contour.curves:
            if len(curve) == 1:
                path.lineTo(*curve[0])
            else:
                path.curveTo(*(number for point in curve for number in point))
        path.close()
    canvas.drawPath(path, stroke=0, fill=1, fillMode=_ODD)


def _lay_text(canvas: Any, page: DrawnPage, font_name: str) -> None:  # noqa: ANN401
    """Invisible characters where the ink is: a text object a line, so that readers keep lines."""
    for line, following in pairwise([*filter(None, page.lines), ()]):
        text = canvas.beginText()
        text.setTextRenderMode(_INVISIBLE)
        # One for a column: readers sort what is less than half a square apart by its x.
        column = line[0].left_mm + 0.12 * line[0].side_mm
        for character in line:
            text.setFont(font_name, character.side_mm)
            text.setHorizScale(100 * character.width)
            # Upright again in the page's downward millimetres; the base line at 0.88 of a square.
            x, y, side = character.left_mm, character.top_mm, character.side_mm
            before = character.begins * side
            if character.down:
                text.setTextTransform(0, 1, 1, 0, column, y + before)
            else:
                text.setTextTransform(1, 0, 0, -1, x + before, y + 0.88 * side)
            text.textOut(character.character)
        if following and _is_beside(line[-1], following[0]):
            # Readers take what is level for one line, from left to right: a space below parts them.
            text.setTextTransform(0, 1, 1, 0, column, line[-1].top_mm + 2 * line[-1].side_mm)
            text.textOut(" ")
        canvas.drawText(text)


def _is_beside(last: InkedCharacter, first: InkedCharacter) -> bool:
    """Whether a column ends at the height at which the next one begins."""
    return last.down and abs(last.top_mm - first.top_mm) < last.side_mm


def _colour(colour: str) -> Any:  # noqa: ANN401
    from reportlab.lib.colors import HexColor

    return HexColor(colour)
