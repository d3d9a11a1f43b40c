"""A page → SVG: the same outlines, in millimetres."""

import base64
import io
from collections.abc import Mapping
from xml.sax.saxutils import escape

from hanzi_lsgan.writing.outlines import Contour
from hanzi_lsgan.writing.page_drawing import DASH_MM, RULE_COLOUR, RULE_MM, DrawnPage
from hanzi_lsgan.writing.sheet_picture import SheetPicture


def svg_text(page: DrawnPage, facts: Mapping[str, str]) -> str:
    """Write an SVG document of a page.

    Args:
        page: to draw.
        facts: of the document, for its title and its metadata.
    """
    size = f'width="{page.width_mm:g}mm" height="{page.height_mm:g}mm"'
    box = f'viewBox="0 0 {page.width_mm:g} {page.height_mm:g}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>']
    parts.append(f"<title>{escape(facts.get('title', ''))}</title>")
    described = "; ".join(facts[name] for name in ("creator", "subject") if name in facts)
    parts.append(f"<metadata>{escape(described)}</metadata>")
    if page.background is not None:
        parts.append(
            f'<image width="{page.width_mm:g}" height="{page.height_mm:g}" '
            f'preserveAspectRatio="none" href="{_data_link(page.background)}"/>'
        )
    dashes = " ".join(f"{length:g}" for length in DASH_MM)
    for dashed in (False, True):
        lines = [
            f"M{rule.x1:.2f} {rule.y1:.2f}L{rule.x2:.2f} {rule.y2:.2f}"
            for rule in page.rules
            if rule.dashed == dashed
        ]
        if lines:
            style = f' stroke-dasharray="{dashes}"' if dashed else ""
            stroke = f'stroke="{RULE_COLOUR}" stroke-width="{RULE_MM}"{style}'
            parts.append(f'<path {stroke} d="{"".join(lines)}"/>')
    for character in page.characters:
        if character.contours:
            path = "".join(map(_path, character.contours))
            parts.append(f'<path fill="{character.colour}" fill-rule="evenodd" d="{path}"/>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _path(contour: Contour) -> str:
    parts = [f"M{contour.start[0]:.3f} {contour.start[1]:.3f}"]
    for curve in contour.curves:
        numbers = " ".join(f"{number:.3f}" for point in curve for number in point)
        parts.append(f"{'L' if len(curve) == 1 else 'C'}{numbers}")
    return "".join(parts) + "Z"


def _data_link(picture: SheetPicture) -> str:
    """The picture itself, so that the file stands alone."""
    encoded = io.BytesIO()
    picture.image.convert("RGB").save(encoded, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")
