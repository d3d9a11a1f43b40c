"""Which of the numbers in paths are classes, where folders and files both have those of a list.

`1/3.png` may be the third sample of class 1, or class 3 by writer 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from data_tools.pictures.class_lists import is_number_key, key_of
from data_tools.pictures.folder_lists import FolderLists
from data_tools.pictures.names import characters_named

Levels = dict[PurePosixPath, int]
"""By the folder of a list, how many folders above the files its numbers stand: 0 for files."""

_MANY_MORE = 2  # times as many classes as writers or samples
_REMEDY = "if files are the classes, give their folders a letter, as in writer1/3.png"


@dataclass
class _Level:
    """The names that stand so many folders above files.

    Attributes:
        known: numbers that the list has.
        unknown: names that it lacks.
    """

    known: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


def levels_of_classes(
    names: Mapping[PurePosixPath, Iterable[str]], lists: FolderLists
) -> tuple[Levels, list[str]]:
    """Find out where in paths the numbers of each list stand, if that may be in several places.

    Classes stand where all numbers of the list do. Files are no classes where their numbers go
    beyond the list, or differ from folder to folder without being all of it. Where both may be
    meant, folders are, as public exports have it.

    Args:
        names: of the pictures in each folder, without their endings.
        lists: of classes.

    Returns:
        The level of the classes, for lists with names in several or with all numbers in files;
        and a line on each list whose classes may stand at another one.
    """
    of_lists: dict[PurePosixPath, dict[PurePosixPath, set[str]]] = {}
    for folder, stems in names.items():
        place = lists.nearest(folder)
        if place is not None and not characters_named(folder.name):
            of_lists.setdefault(place, {})[folder] = set(stems)
    levels: Levels = {}
    left_open = []
    for place, folders in of_lists.items():
        possible = _possible_levels(place, folders, lists)
        if possible:
            levels[place] = min(possible, key=lambda level: (level == 0, level))
        if len(possible) > 1:
            left_open.append(_left_open(place, folders, lists))
    return levels, left_open


def _possible_levels(
    place: PurePosixPath, folders: Mapping[PurePosixPath, set[str]], lists: FolderLists
) -> list[int]:
    """Where the classes of a list may stand: nothing where it is not used, mostly one level."""
    levels = _levels(place, folders, lists)
    files = levels[0]
    if files.unknown or len(files.known) < 2 or _repeat_folders(folders):
        del levels[0]
    possible = {n: one for n, one in levels.items() if len(one.known) > len(one.unknown)}
    whole = {n: one for n, one in possible.items() if len(one.known) >= lists.count_in(place)}
    if len(whole) == 1:
        return list(whole)
    are_alike = len({frozenset(map(key_of, some)) for some in folders.values()}) == 1
    if not whole and (len(possible) == 1 or not are_alike):
        possible.pop(0, None)
    if len(possible) < 2:
        return list(possible)
    most, *others = sorted(possible, key=lambda n: len(possible[n].known), reverse=True)
    is_clear = all(len(possible[most].known) >= _MANY_MORE * len(possible[n].known) for n in others)
    # One folder of many samples has more numbers in files than in folders, too.
    if is_clear and most > 0 and not whole:
        return [most]
    return list(possible)


def _levels(
    place: PurePosixPath, folders: Mapping[PurePosixPath, set[str]], lists: FolderLists
) -> dict[int, _Level]:
    """The names below the list's folder by their levels, up to one that is a character."""
    levels: dict[int, _Level] = {0: _Level()}
    for folder, stems in folders.items():
        named = [(0, stem) for stem in stems]
        for n, above in enumerate((folder, *folder.parents), start=1):
            if above == place or not above.name or characters_named(above.name):
                break
            named.append((n, above.name))
        for n, name in named:
            level = levels.setdefault(n, _Level())
            if _listed(place, name, lists) is None:
                level.unknown.add(name)
            else:
                level.known.add(key_of(name))
    return levels


def _listed(place: PurePosixPath, name: str, lists: FolderLists) -> str | None:
    """The character of a number in the list of a folder."""
    entry = lists.entry(place, name) if is_number_key(name) else None
    return None if entry is None else entry.character


def _repeat_folders(folders: Mapping[PurePosixPath, set[str]]) -> bool:
    """Whether files have their folders' numbers, so that it is all the same."""
    return all({key_of(folder.name)} == set(map(key_of, some)) for folder, some in folders.items())


def _left_open(
    place: PurePosixPath, folders: Mapping[PurePosixPath, set[str]], lists: FolderLists
) -> str:
    """A line on a list whose numbers may stand at several levels, with the first such path."""
    for path in (folder / stem for folder in sorted(folders) for stem in sorted(folders[folder])):
        parts = path.relative_to(place).parts
        told = [one for name in parts if (one := _listed(place, name, lists)) is not None]
        if len(set(told)) > 1:
            break
    line = f"{lists.file_in(place)}: folders have its numbers, and so have files"
    return f"{line} ({path} is {told[-2]} and not {told[-1]}); {_REMEDY}"
