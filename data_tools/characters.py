"""Characters as users paste and type them: cleaned in one place, and shown so that each is seen."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from data_tools.errors import UserError, join_message

_MOST_FILE_BYTES = 4 << 20  # a file of every character of Unicode takes less
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
    if _SURROGATE.search(text):
        problem = "has bytes that are no UTF-8"
        raise UserError(join_message(where, problem, "set the terminal to UTF-8, or pass @FILE"))
    dropped = [c for c in text if is_invisible(c) and not c.isspace()]
    visible = "".join(c for c in text if not c.isspace() and not is_invisible(c))
    if not visible:
        held = f"only {show_characters(dropped)}" if dropped else "only white space"
        problem = f"no character is in it, {held if text else 'it is empty'}"
        raise UserError(join_message(where, problem, "name at least one, or pass @FILE"))
    composed = [_compose(cluster, where) for cluster in _clusters(visible)]
    known = [_fold(character, knows) for character in composed]
    remarks = []
    if dropped:
        remarks.append(f"left out of {where}, as they cannot be seen: {show_characters(dropped)}")
    folded = {
        f"{old} as {new}": None for old, new in zip(composed, known, strict=True) if old != new
    }
    if folded:
        some = ", ".join(list(folded)[:_MOST_SHOWN]) + (" …" if len(folded) > _MOST_SHOWN else "")
        remarks.append(f"taken in their plain form: {some}")
    return CleanedText("".join(known), tuple(remarks))


def read_text_file(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark.

    Raises:
        UserError: it is missing, too long, or no UTF-8 text.
    """
    remedy = "name a UTF-8 text file"
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_FILE_BYTES + 1)
    except OSError as error:
        problem = "there is no such file"
        if not isinstance(error, FileNotFoundError):
            problem = f"cannot be read ({error.strerror})"
        raise UserError(join_message(str(path), problem, remedy)) from None
    if len(content) > _MOST_FILE_BYTES:
        problem = f"is longer than {_MOST_FILE_BYTES:,} bytes"
        raise UserError(join_message(str(path), problem, remedy))
    if content.startswith(_UTF16_MARKS):
        problem = "is text in UTF-16, not in UTF-8"
        raise UserError(join_message(str(path), problem, "save it as UTF-8"))
    if b"\0" in content:
        raise UserError(join_message(str(path), "is no text but binary", remedy))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not in UTF-8 (byte {error.start:,})"
        raise UserError(join_message(str(path), problem, "save it as UTF-8")) from None


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
    """Each character with what follows it only to be composed with it."""
    cluster = ""
    for character in text:
        joined = cluster + character
        belongs = unicodedata.category(character)[0] == "M" or (
            len(unicodedata.normalize("NFC", joined)) == 1
        )
        if cluster and belongs:
            cluster = joined
        else:
            if cluster:
                yield cluster
            cluster = character
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
    if knows(character):
        return character
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and knows(plain) else character
