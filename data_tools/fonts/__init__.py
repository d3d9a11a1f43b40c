"""Typefaces: glyphs printed and written by bundled fonts, and the corpus drawn from them."""
