"""One scanned character → one square glyph: by Pillow, and the same bytes by compiled code."""
