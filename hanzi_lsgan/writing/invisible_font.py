"""A font for text that is there to be selected and searched, and never seen."""

import io

_EM = 1000
_ASCENT = 880
_GAP = 550  # of the square, between lines: by it readers tell how lines run


def invisible_font(characters: str, name: str) -> bytes:
    """Make a TrueType font in which each character is the same box, as wide as an em.

    Args:
        characters: that it maps, each once.
        name: of the font.

    Returns:
        The file; the same arguments give the same bytes.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, _EM - _GAP), (_EM, _EM - _GAP), (_EM, 0)):
        pen.lineTo(corner)
    pen.closePath()
    box = pen.glyph()
    names = [f"c{ord(character):05X}" for character in characters]
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names, strict=True)})
    builder.setupGlyf(dict.fromkeys([".notdef", *names], box))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (_EM, 0)))
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_ASCENT - _EM)
    builder.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    builder.setupOS2()
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()
