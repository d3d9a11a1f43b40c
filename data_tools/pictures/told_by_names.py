"""What tables, lists of classes and names of folders and files tell of each picture."""

from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import PurePosixPath

from data_tools.pictures.class_lists import is_number_key
from data_tools.pictures.folder_lists import Entry, FolderLists
from data_tools.pictures.found_characters import (
    FILES,
    FOLDERS,
    LETTER,
    LIST_DISPUTED,
    NUMBER,
    UNLISTED,
    UNTOLD,
    Dispute,
    Found,
    settled,
)
from data_tools.pictures.metadata import Told
from data_tools.pictures.names import (
    character_shown,
    characters_named,
    is_marked_hex,
    is_number,
    texts_among,
    unscrambled,
)
from data_tools.pictures.number_levels import Levels, levels_of_classes


def told_by_names(
    paths: Sequence[str], lists: FolderLists, told: Told, siblings: Iterable[str]
) -> list[Found]:
    """What lists, tables and names tell, but not bare numbers."""
    pairs = list(zip(paths, told.of_pictures, strict=True))
    parents = dict.fromkeys(path.rpartition("/")[0] for path, row in pairs if row is None)
    levels, _ = class_levels(paths, lists, told)
    folders_of_text = _folders_of_text(parents, siblings)
    of_parents = settled(
        _of_folder(PurePosixPath(parent), lists, levels, folders_of_text) for parent in parents
    )
    folders = dict(zip(parents, of_parents, strict=True))
    texts = {row.text.strip() for row in told.of_pictures if row is not None}
    are_numbers = any(is_number_key(text) and len(text) > 1 for text in texts)
    return settled(
        _of_file(path, folders[path.rpartition("/")[0]], lists, levels)
        if row is None
        else _of_text(
            row.text, PurePosixPath(path).parent, lists, are_numbers=are_numbers or row.is_number
        )
        for path, row in pairs
    )


def _folders_of_text(parents: Iterable[str], siblings: Iterable[str]) -> set[PurePosixPath]:
    """The folders, of pictures or around those, whose one character is part of a longer text."""
    names: dict[PurePosixPath, set[str]] = {PurePosixPath(): set(siblings)}
    for parent in parents:
        for one in (PurePosixPath(parent), *PurePosixPath(parent).parents):
            names.setdefault(one.parent, set()).add(one.name)
    return {folder / name for folder, some in names.items() for name in texts_among(some)}


def class_levels(paths: Sequence[str], lists: FolderLists, told: Told) -> tuple[Levels, list[str]]:
    """Where in paths the numbers of lists stand, and lines on what is open there."""
    names: dict[str, set[str]] = {}
    for path, row in zip(paths, told.of_pictures, strict=True) if lists else ():
        if row is not None:
            continue
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, set()).add(name.rpartition(".")[0] or name)
    return levels_of_classes({PurePosixPath(one): some for one, some in names.items()}, lists)


def _of_text(text: str, folder: PurePosixPath, lists: FolderLists, *, are_numbers: bool) -> Found:
    """What a table says: a character, or a number that the nearest list has.

    Where some texts are numbers of two digits, those of one are not meant as characters.
    """
    if (entry := lists.nearest_entry(folder, text.strip())) is not None:
        return Found(entry.character, "a table", entry)
    if are_numbers and is_number_key(text.strip()):
        return Found(None, UNLISTED)
    character = character_shown(text)
    by = "a table" if character else "the table gives a text, not one character"
    if not text.strip():
        by = "the table gives no text"
    return Found(character, by)


def _of_file(path: str, folder: Found, lists: FolderLists, levels: Levels) -> Found:
    """What a file's name and its folders tell."""
    parent, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if folder.by == LIST_DISPUTED:
        return folder
    own = characters_named(stem) or characters_named(unscrambled(stem))
    number = parent.rpartition("/")[2]
    if is_marked_hex(number) and stem.lower().startswith(number.lower()):
        own = frozenset()  # it repeats its folder's name
    if not own:
        place = PurePosixPath(parent)
        are_classes = bool(levels) and levels.get(lists.nearest(place) or place) == 0
        if folder.character is not None and folder.by != FOLDERS and not are_classes:
            return folder
        entry = lists.entry(place, name) or lists.entry(place, stem)
        if entry is None and are_classes:
            entry = lists.nearest_entry(place, stem)
        if entry is None:
            return folder
        listed = Found(entry.character, entry.by, entry)
        if folder.by != FOLDERS:
            return listed
        return Found(None, LIST_DISPUTED, disputed=Dispute(listed, folder))
    if len(own) > 1:
        return Found(None, "its name has two characters")
    character = next(iter(own))
    if folder.by == LETTER or folder.character is None:  # a writer may be called a
        return Found(character, FILES)
    if folder.character != character:
        by = "its name and its folder's say different characters"
        return Found(None, by, disputed=Dispute(Found(character, FILES), folder))
    return folder


def _of_folder(
    folder: PurePosixPath,
    lists: FolderLists,
    levels: Levels,
    folders_of_text: Set[PurePosixPath],
) -> Found:
    """What folders tell: the nearest name, a list of classes, or a letter.

    What a list or a number tells of a folder below the one that has a name disputes it.
    """
    characters: frozenset[str] = frozenset()
    below = []
    for place in (folder, *folder.parents):
        # A code point or a GBK tag behind 0x, as all of them together tell; or a year.
        if is_marked_hex(place.name) or place in folders_of_text:
            below.append(place)
            continue
        characters = characters_named(place.name) or characters_named(unscrambled(place.name))
        if characters:
            break
        if place.name:
            below.append(place)
    if len(characters) > 1:
        return Found(None, "its folder's name has two characters")
    entry = next(_entries(folder, below, lists, levels), None)
    listed = UNTOLD if entry is None else Found(entry.character, entry.by, entry)
    if not characters:
        if entry is None and len(folder.name) == 1 and not folder.name.isdigit():
            return Found(folder.name, LETTER)
        return listed
    (character,) = characters
    farther = Found(character, FOLDERS)
    if entry is not None:
        lies_above = entry.folder in place.parents
        is_class = lies_above and lists.has_character(entry.folder, character)
        return Found(None, LIST_DISPUTED, disputed=Dispute(listed, farther, is_class))
    number = next((one.name for one in below if is_number(one.name)), None)
    if number is None:
        return farther
    return Found(None, NUMBER, disputed=Dispute(Found(number, NUMBER), farther))


def _entries(
    folder: PurePosixPath, below: Sequence[PurePosixPath], lists: FolderLists, levels: Levels
) -> Iterator[Entry]:
    """What lists have for some of a folder and those above it, where classes may stand."""
    for one in below:
        entry = lists.nearest_entry(one.parent, one.name)
        above = 1 + len(folder.parts) - len(one.parts)
        if entry is not None and levels.get(entry.folder, above) == above:
            yield entry
