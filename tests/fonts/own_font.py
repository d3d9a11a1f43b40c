"""A font as a user brings it, made on the spot: its glyphs are boxes."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

RARE = "\U0002a6d6"
"""A character that no bundled font has."""


def make_font(path: Path, characters: str = RARE + "一") -> Path:
    """Write a font of 1,000 units: each glyph a box, 800 wide and 200 high, the next 200 higher."""
    names = [".notdef", *(f"g{number}" for number in range(len(characters)))]
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for number, name in enumerate(names[1:], 1):
        pen = TTGlyphPen(None)
        corners = [(100, 0), (100, 200 * number), (900, 200 * number), (900, 0)]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, characters), names[1:], strict=True)))
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, usWinAscent=880, usWinDescent=120)
    builder.setupPost()
    builder.save(path)
    return path
