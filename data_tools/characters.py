"""Characters as users paste and type them: cleaned in one place, and shown so that each is seen."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from data_tools.errors import UserError, join_message

_MOST_BYTES = 4 << 20  # a file of every character of Unicode takes less
_MOST_SHOWN = 20

# Format characters that Unicode counts among letters, marks or signs: fillers, variation selectors
# and the like (its property Default_Ignorable_Code_Point), and the blank cell of Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class CleanedText:
    """Characters that a model may be asked for.

    Attributes:
        characters: in the order of the text, as often as they were in it.
        remarks: a line for each kind of change that the user may not expect.
    """

    characters: str
    remarks: tuple[str, ...]

    def each_once(self) -> "CleanedText":
        """The same characters as a set: each where it comes first, with a remark on repetitions."""
        characters = "".join(dict.fromkeys(self.characters))
        if len(characters) == len(self.characters):
            return self
        repeated = [c for c in characters if self.characters.count(c) > 1]
        remark = f"each character once, though the text repeats {show_characters(repeated)}"
        return CleanedText(characters, (*self.remarks, remark))


@dataclass(frozen=True)
class CleanedLines:
    """The lines of a text that a model may be asked for.

    Attributes:
        lines: with their white space and their ends; nothing of those that are stray.
        stray: by their numbers from 1, lines with marks that stand on nothing that they compose
            with, each as an error to raise.
        remarks: a line for each kind of change that the user may not expect.
    """

    lines: tuple[str, ...]
    stray: Mapping[int, UserError]
    remarks: tuple[str, ...]

    def whole(self) -> str:
        """All the lines.

        Raises:
            UserError: some are stray; it is of the first.
        """
        for error in self.stray.values():
            raise error
        return "".join(self.lines)


def take_characters(
    text: str, where: str, knows: Callable[[str], bool] = lambda character: True
) -> CleanedText:
    """Read the characters that a user names: `text` itself, or the file of `@FILE`.

    White space goes without a word. What else cannot be seen (zero-width and control characters,
    byte-order marks, bidirectional controls, variation selectors) goes with a remark. A letter with
    combining marks becomes the one character that Unicode composes of it. A compatibility form,
    such as a full-width letter, becomes the plain one where only that is known.

    Args:
        text: as the user wrote it; `@` alone is that character.
        where: what messages call it, such as `--chars`.
        knows: whether a character can be drawn.

    Raises:
        UserError: no character is left, marks stand on nothing that they compose with, the text
            has bytes that are no UTF-8, or the file cannot be read as UTF-8 text.
    """
    if text.startswith("@") and len(text) > 1:
        text = read_text_file(Path(text[1:]))
    return clean_characters(text, where, knows)


def clean_characters(
    text: str, where: str, knows: Callable[[str], bool] = lambda character: True
) -> CleanedText:
    """Clean a text as `take_characters` does; an @ at its beginning is no more than that.

    Raises:
        UserError: as of `take_characters`, but for files.
    """
    cleaned = clean_lines(text, where, knows)
    characters = "".join(cleaned.whole().split())
    if not characters:
        dropped = [c for c in text if not c.isspace()]
        held = f"only {show_characters(dropped)}" if dropped else "only white space"
        problem = f"no character is in it, {held if text else 'it is empty'}"
        raise UserError(join_message(where, problem, "name at least one, or pass @FILE"))
    return CleanedText(characters, cleaned.remarks)


def clean_lines(
    text: str, where: str, knows: Callable[[str], bool] = lambda character: True
) -> CleanedLines:
    """Clean a text as `take_characters` does, but keep its white space; nothing may be left.

    Raises:
        UserError: the text has bytes that are no UTF-8.
    """
    if _SURROGATE.search(text):
        problem = "has bytes that are no UTF-8"
        raise UserError(join_message(where, problem, "set the terminal to UTF-8, or pass @FILE"))
    sources = text.splitlines(keepends=True)
    lines: list[str] = []
    stray: dict[int, UserError] = {}
    dropped: dict[str, None] = {}
    folded: dict[str, None] = {}
    poorer = 0  # lines that something was dropped from
    for number, source in enumerate(sources, start=1):
        visible = "".join(c for c in source if c.isspace() or not is_invisible(c))
        place = where if len(sources) == 1 else f"{where}, line {number:,}"
        try:
            composed = [_compose(cluster, place) for cluster in _clusters(visible)]
        except UserError as error:
            stray[number] = error
            lines.append("")
            continue
        known = [_fold(character, knows) for character in composed]
        lines.append("".join(known))
        if len(visible) < len(source):
            poorer += 1
            dropped |= dict.fromkeys(c for c in source if is_invisible(c) and not c.isspace())
        changed = (pair for pair in zip(composed, known, strict=True) if pair[0] != pair[1])
        folded |= dict.fromkeys(f"{old} as {new}" for old, new in changed)
    counted = f"{poorer:,} line{'' if poorer == 1 else 's'} of {where}"
    remarks = _remarks(where if len(sources) == 1 else counted, list(dropped), list(folded))
    return CleanedLines(tuple(lines), stray, remarks)


def _remarks(where: str, dropped: list[str], folded: list[str]) -> tuple[str, ...]:
    remarks = []
    if dropped:
        remarks.append(f"left out of {where}, as they cannot be seen: {show_characters(dropped)}")
    if folded:
        some = ", ".join(folded[:_MOST_SHOWN]) + (" …" if len(folded) > _MOST_SHOWN else "")
        remarks.append(f"taken in their plain form: {some}")
    return tuple(remarks)


def read_text_file(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark.

    Raises:
        UserError: it is missing, too long, or no UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            return read_text_stream(file, str(path))
    except OSError as error:
        problem = "there is no such file"
        if not isinstance(error, FileNotFoundError):
            problem = f"cannot be read ({error.strerror})"
        raise UserError(join_message(str(path), problem, "name a UTF-8 text file")) from None


def read_text_stream(file: BinaryIO, where: str) -> str:
    """The text of a stream of UTF-8, read as `read_text_file` reads a file.

    Raises:
        UserError: it is too long, or no UTF-8 text.
    """
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        problem = f"is longer than {_MOST_BYTES:,} bytes"
        raise UserError(join_message(where, problem, "split it, and take one part at a time"))
    if content.startswith(_UTF16_MARKS):
        problem = "is text in UTF-16, not in UTF-8"
        raise UserError(join_message(where, problem, "save it as UTF-8"))
    if b"\0" in content:
        raise UserError(join_message(where, "is no text but binary", "name a UTF-8 text file"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not in UTF-8 (byte {error.start:,})"
        raise UserError(join_message(where, problem, "save it as UTF-8")) from None


def is_file(path: Path) -> bool:
    """Whether there is such a file or pipe; many characters are too long a name for one."""
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def is_invisible(character: str) -> bool:
    """Whether nothing of a character can be seen: a control, a format character, white space."""
    if _INVISIBLE.match(character):
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs")


def show_characters(characters: str | list[str], *, most: int = _MOST_SHOWN) -> str:
    """Up to twenty characters for a message, or as many as wanted, each once, as such if seen.

    Others are named by code point: those without a picture, combining marks, and code points of no
    or private meaning.
    """
    chosen = list(dict.fromkeys(characters))
    parts = []
    for seen, group in groupby(chosen[:most], key=_can_be_seen):
        if seen:
            parts.append("".join(group))
        else:
            parts += [f"U+{ord(character):04X}" for character in group]
    return " ".join(parts) + (" …" if len(chosen) > most else "")


def _can_be_seen(character: str) -> bool:
    # Categories of marks, and of what is no character: controls, surrogates, private, unassigned.
    return not is_invisible(character) and unicodedata.category(character)[0] not in "MC"


def _clusters(text: str) -> Iterator[str]:
    """Each character with what follows it only to be composed with it; never with white space."""
    cluster = ""
    for character in text:
        joined = cluster + character
        belongs = unicodedata.category(character)[0] == "M" or (
            len(unicodedata.normalize("NFC", joined)) == 1
        )
        if cluster and belongs and not cluster.isspace():
            cluster = joined
        else:
            if cluster:
                yield cluster
            cluster = character
    if cluster:
        yield cluster


def _compose(cluster: str, where: str) -> str:
    """The one character that a cluster is."""
    if len(cluster) == 1 and _can_be_seen(cluster):
        return cluster
    # Alone, it is left as it is: NFC would also replace a compatibility ideograph that is known.
    composed = unicodedata.normalize("NFC", cluster) if len(cluster) > 1 else cluster
    if len(composed) == 1 and unicodedata.category(composed)[0] != "M":
        return composed
    named = " ".join(f"U+{ord(character):04X}" for character in cluster)
    problem = f"{named} is no single character"
    if len(cluster) == 1:
        problem = f"{named} is a mark that stands on no character"
    raise UserError(join_message(where, problem, "leave the marks out"))


def _fold(character: str, knows: Callable[[str], bool]) -> str:
    """The character, or its compatibility form where only that is known."""
    if character.isspace() or knows(character):
        return character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and knows(plain) else character
