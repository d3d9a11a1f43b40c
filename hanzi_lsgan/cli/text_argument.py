"""A text as commands take it: itself, a file, or standard input."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from data_tools.characters import is_file, read_text_file, read_text_stream
from data_tools.errors import UserError, join_message

_STANDARD_INPUT = "standard input"
_AS_TEXT = "or pass such a text through standard input, as -"

# What a text of one line ends with only where it is the name of a file, and what one word does.
_TEXT_SUFFIXES = (".txt", ".text", ".md")
_WORD_SUFFIXES = (".markdown", ".csv", ".tsv", ".json", ".jsonl", ".doc", ".docx", ".odt", ".rtf")
_BEGINS_A_PATH = re.compile(r"\.{0,2}/[^\s/]|\.{1,2}\\|~[A-Za-z0-9_.-]*[/\\]|[A-Za-z]:[/\\]")
_ENDS_AS_A_FILE = re.compile(r"[^:@]*[^.:@]\.[A-Za-z]{1,5}")
_NAME = r"[A-Za-z][\w.-]{2,}"  # longer than those of and/or, km/h, he/she
_NAMES = re.compile(rf"{_NAME}([/\\]{_NAME})+[/\\]?", re.ASCII)


class NamedText(NamedTuple):
    """A text that a user named.

    Attributes:
        text: as it was found, in lines.
        where: what messages call it.
    """

    text: str
    where: str


def read_text(argument: str) -> NamedText:
    """The text named: itself, what a file holds (also as `@FILE`), or standard input as `-`.

    Raises:
        UserError: it is empty, looks like the path of a file that there is not, is a folder's, or
            what is read is too long or no UTF-8 text.
    """
    if not argument:  # of a shell's variable that is not set; as a path it would be this folder
        raise UserError(join_message("the text", "is empty", "give it, name a file, or pass -"))
    if argument == "-":
        return NamedText(_read_input(), _STANDARD_INPUT)
    if argument.startswith("@") and len(argument) > 1:
        return NamedText(read_text_file(Path(argument[1:])), argument[1:])
    path = Path(argument)
    if is_file(path):
        return NamedText(read_text_file(path), argument)
    if _is_folder(path):
        raise UserError(join_message(argument, "is a folder", f"name a file in it, {_AS_TEXT}"))
    if _looks_like_a_path(argument):
        remedy = f"name a UTF-8 text file, {_AS_TEXT}"
        raise UserError(join_message(argument, "there is no such file", remedy))
    return NamedText(argument, "the text")


def _read_input() -> str:
    if getattr(sys, "stdin", None) is None:
        raise UserError(join_message(_STANDARD_INPUT, "is closed", "name a file, or give the text"))
    return read_text_stream(sys.stdin.buffer, _STANDARD_INPUT)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # many characters are too long a name
        return False


def _looks_like_a_path(text: str) -> bool:
    """Whether a text that is no path of anything there was meant as one."""
    if len(text.splitlines()) > 1:
        return False
    suffix = Path(text).suffix.lower()
    if suffix in _TEXT_SUFFIXES or _BEGINS_A_PATH.match(text):
        return True
    if any(map(str.isspace, text)):
        return False
    folder = Path(text).parent
    return (
        suffix in _WORD_SUFFIXES
        or (text.isascii() and _ENDS_AS_A_FILE.fullmatch(text) is not None)
        or _NAMES.fullmatch(text) is not None
        or (folder != Path() and _is_folder(folder))
    )
