"""A text as commands take it: itself, a file, or standard input."""

import sys
from pathlib import Path

from data_tools.characters import is_file, read_text_file
from data_tools.errors import UserError, join_message


def read_text(text: str) -> str:
    """The text named: itself, what a file holds, or standard input."""
    if text == "-":
        return sys.stdin.read()
    path = Path(text.removeprefix("@"))
    if is_file(path) or text.startswith("@"):
        return read_text_file(path)
    if path.suffix.lower() in (".txt", ".md"):
        raise UserError(join_message(text, "there is no such file", "name a UTF-8 text file"))
    return text
