"""A font for text that is there to be selected and searched, and never seen."""

import io
from collections.abc import Iterable

_EM = 1000
_ASCENT = 880
_LETTER = 500  # the width of what is no hanzi and no full-width mark
_FIRST_FULL_WIDTH = "\u2e80"
_GAP = 350  # of the square, between lines: by it readers tell how lines run


def invisible_font(characters: Iterable[str]) -> bytes:
    """Make a TrueType font in which each character is a box.

    Args:
        characters: that it maps, of any script.

    Returns:
        The file; the same characters give the same bytes.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    def box(width: int) -> object:
        top = _EM - _GAP
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        for corner in ((0, top), (width, top), (width, 0)):
            pen.lineTo(corner)
        pen.closePath()
        return pen.glyph()

    mapped = sorted(set(characters))
    names = [f"c{ord(character):05X}" for character in mapped]
    widths = [_EM if c >= _FIRST_FULL_WIDTH else _LETTER for c in mapped]
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(c): name for c, name in zip(mapped, names, strict=True)})
    sizes = dict(zip([".notdef", *names], [_EM, *widths], strict=True))
    builder.setupGlyf({name: box(width) for name, width in sizes.items()})
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in sizes.items()})
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_ASCENT - _EM)
    called = {"familyName": "Invisible", "styleName": "Regular", "psName": "Invisible-Regular"}
    builder.setupNameTable(called)
    builder.setupOS2()
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()
