"""Fonts that are installed on the machine: one may draw a character that no bundled font has."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_tools.errors import UserError
from data_tools.fonts.typefaces import has_glyph, take_font

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")


def installed_font_with(characters: str) -> Path | None:
    """The first installed font, by folder and name, that draws all of these characters.

    None if none does. Of a collection (`.ttc`) only the first font is looked at.
    """
    return next((font for font in _installed(_folders()) if _has_all(font, characters)), None)


def _folders() -> list[Path]:
    """Where the system keeps fonts, its own and the user's."""
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        windows = Path(os.environ.get("WINDIR", "C:/Windows"))
        return [windows / "Fonts", local / "Microsoft" / "Windows" / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    shared = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    return [*shared, home / ".fonts", data / "fonts"]


def _installed(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        fonts = (file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
        yield from sorted(fonts, key=lambda file: (file.parent, file.stem))  # regular before bold


def _has_all(font: Path, characters: str) -> bool:
    try:
        take_font(font)
    except UserError:  # it is broken, or of signs alone
        return False
    return all(has_glyph(font, character) for character in characters)
