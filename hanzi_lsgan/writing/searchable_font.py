"""A font of a PDF by which readers know every character, those beyond U+FFFF too."""

import re
from typing import Any

from reportlab.pdfbase.ttfonts import TTFont

_BEYOND_16_BITS = re.compile(r"<([0-9A-F]{5,6})>")


class SearchableFont(TTFont):  # type: ignore[misc]
    """reportlab's font, with the characters of each code in UTF-16, as PDF has them."""

    def addObjects(self, doc: Any) -> None:  # noqa: ANN401, N802 - reportlab's
        """Add the font to a document; reportlab would write larger code points as they are."""
        super().addObjects(doc)
        for name, stream in doc.idToObject.items():
            if name.startswith("toUnicodeCMap:"):
                stream.content = _BEYOND_16_BITS.sub(_utf_16, stream.content)


def _utf_16(code_point: re.Match[str]) -> str:
    return f"<{chr(int(code_point[1], 16)).encode('utf-16-be').hex().upper()}>"
