"""A character that something tells of a picture; and of two that are told, which counts."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from data_tools.errors import UserError
from data_tools.pictures.folder_lists import Entry
from data_tools.pictures.names import NumberScheme, schemes_of


class UntoldError(UserError):
    """Nothing tells which character any picture of a source shows."""


class Found(NamedTuple):
    """A character and what told it; or None and why, perhaps because two are told.

    Attributes:
        character: of the picture.
        by: what told it, or why it is None.
        entry: the one that told it, where a list of classes did.
        disputed: two characters, one of which it is.
    """

    character: str | None
    by: str
    entry: Entry | None = None
    disputed: "Dispute | None" = None


class Dispute(NamedTuple):
    """Two characters for one picture.

    Attributes:
        nearer: what its own name, or a number or a list for a folder near it, tells.
        farther: what the name of a folder around that tells.
        is_class: whether the list that tells the nearer has the farther too, and lies above it.
    """

    nearer: Found
    farther: Found
    is_class: bool = False


FILES = "names of files"
FOLDERS = "names of folders"
LETTER = "names of folders that are a letter or sign"
NUMBER = "a number, which may be a character"
UNLISTED = "the table gives a number that no list of classes has"
LIST_DISPUTED = "a list of classes and the name of a folder tell different characters"
UNTOLD = Found(None, "its name and its folders' tell none")
OTHER_NAME = Found(None, "another name of its file tells more")


def settled(found: Iterable[Found]) -> list[Found]:
    """The same, without disputes that all of them together settle."""
    found = list(found)
    disputes: dict[str, list[Dispute]] = {}
    for one in found:
        if one.disputed is not None:
            disputes.setdefault(one.disputed.nearer.by, []).append(one.disputed)
    choices = {by: _choice(by, some) for by, some in disputes.items()}
    return [
        one if one.disputed is None else choices[one.disputed.nearer.by](one.disputed) or one
        for one in found
    ]


def _choice(by: str, disputes: Sequence[Dispute]) -> Callable[[Dispute], Found | None]:
    """How to settle disputes of a kind, by how many characters each side tells."""
    nearer = {one.nearer.character or "" for one in disputes}
    farther = {one.farther.character for one in disputes}
    if by == NUMBER:
        schemes = schemes_of(nearer)
        if len(schemes) != 1 or len(nearer) < 2 * len(farther):
            return lambda one: one.farther
        return lambda one: of_number(one.nearer.character or "", schemes[0])
    has_more_near = len(nearer) >= 2 * len(farther)
    are_classes = all(one.is_class for one in disputes)
    if len(farther) >= 2 * len(nearer) or (are_classes and not has_more_near):
        return lambda one: one.farther
    if has_more_near and not are_classes:
        return lambda one: one.nearer
    if all(one.nearer.character == one.farther.character for one in disputes):
        return lambda one: one.farther
    return lambda one: None


def of_number(number: str, scheme: NumberScheme) -> Found:
    """What the number of a folder is in a way of numbering."""
    return Found(scheme.read(number), f"folders named by {scheme.description}")
