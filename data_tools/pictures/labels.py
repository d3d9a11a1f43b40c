"""Which character each picture of a source shows, told by tables, names of folders and of files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import is_class_list, key_of, read_class_list
from data_tools.pictures.metadata import is_table, read_table
from data_tools.pictures.names import (
    NumberScheme,
    characters_named,
    is_number,
    schemes_of,
    single_character,
    unscrambled,
)

_LAYOUTS = (
    "name the folders or files 永, U+6C38 or U+6C38_永, or put classes.txt or char_dict.json "
    "beside numbered folders, or metadata.csv with file_name and text beside the pictures"
)


@dataclass
class Labels:
    """What names tell of pictures.

    Attributes:
        characters: of each picture, None where nothing tells it.
        told_by: how many pictures each way of telling gave, in words.
        untold: how many pictures have no character, by reason, with the first of them.
        problems: of files beside that could not be read and were not needed.
    """

    characters: list[str | None]
    told_by: Counter[str]
    untold: dict[str, tuple[int, str]]
    problems: list[str]

    def add(self, more: "Labels") -> None:
        """Add those of another source."""
        self.characters += more.characters
        self.told_by.update(more.told_by)
        self.problems += more.problems
        for reason, (count, first) in more.untold.items():
            known, shown = self.untold.get(reason, (0, first))
            self.untold[reason] = (known + count, shown)


def may_tell_labels(path: str) -> bool:
    """Whether a file beside pictures may say what they show."""
    return is_table(path) or is_class_list(path)


def label_pictures(paths: Sequence[str], beside: Mapping[str, bytes], where: str) -> Labels:
    """Find the character of every picture of a source.

    A table counts before names, and names that are a character before numbers. Where folders and
    files name different characters, those with many more of them are the classes: the others are
    writers, or one folder for all.

    Args:
        paths: of the pictures, `/` between folders, the source's own name first.
        beside: content of the files for which `may_tell_labels`, by such paths.
        where: what messages call the source.

    Raises:
        UserError: no picture's character can be told, as where numbers can be read in several ways
            or a list of classes is damaged.
    """
    lists, tables, problems = _read_beside(beside)
    seeker = _Seeker(lists, tables)
    found = [seeker.of_names(path) for path in paths]
    _settle_disputes(found)
    if problems and not any(known.character for known in found):
        raise problems[0]
    _read_numbers(paths, found, where)
    characters = [known.character for known in found]
    if paths and not any(characters):
        problem = f"nothing tells which character a picture shows ({paths[0]}: {found[0].by})"
        raise UserError(join_message(where, problem, _LAYOUTS))
    untold: dict[str, tuple[int, str]] = {}
    for path, known in zip(paths, found, strict=True):
        if known.character is None:
            count, first = untold.get(known.by, (0, path))
            untold[known.by] = (count + 1, first)
    told_by = Counter(one.by for one in found if one.character)
    return Labels(characters, told_by, untold, list(map(str, problems)))


class _Found(NamedTuple):
    """A character and what told it; or None and why, perhaps because file and folder differ."""

    character: str | None
    by: str
    disputed: tuple[str, str] | None = None


_LETTER = "names of folders that are a letter or sign"
_UNTOLD = _Found(None, "its name and its folders' tell none")


def _settle_disputes(found: list[_Found]) -> None:
    disputes = [one.disputed for one in found if one.disputed is not None]
    of_files = len({file for file, _ in disputes})
    of_folders = len({folder for _, folder in disputes})
    for place, one in enumerate(found):
        if one.disputed is None:
            continue
        if of_files >= 2 * of_folders:
            found[place] = _Found(one.disputed[0], "names of files")
        elif of_folders >= 2 * of_files:
            found[place] = _Found(one.disputed[1], "names of folders")


def _read_numbers(paths: Sequence[str], found: list[_Found], where: str) -> None:
    """Read the numbers of folders as characters where nothing else tells."""
    numbered = {
        place: number
        for place, (path, known) in enumerate(zip(paths, found, strict=True))
        if known is _UNTOLD and (number := _number_of(PurePosixPath(path))) is not None
    }
    if not numbered:
        return
    numbers = set(numbered.values())
    schemes = schemes_of(numbers)
    if len(schemes) != 1 and not any(known.character for known in found):
        raise _unreadable_numbers(numbers, schemes, where)
    for place, number in numbered.items():
        if len(schemes) == 1:
            by = f"folders named by {schemes[0].description}"
            found[place] = _Found(schemes[0].read(number), by)
        else:
            found[place] = _Found(None, "its folder is a number that no list of classes has")


_Lists = dict[PurePosixPath, dict[str, str]]


def _read_beside(beside: Mapping[str, bytes]) -> tuple[_Lists, _Lists, list[UserError]]:
    """Lists of classes by the folder that they lie in, tables likewise, and what is wrong."""
    lists: _Lists = {}
    tables: _Lists = {}
    problems = []
    for path in sorted(beside):
        folder = PurePosixPath(path).parent
        try:
            texts = read_table(beside[path], path) if is_table(path) else None
            if texts is not None:
                tables.setdefault(folder, {}).update(texts)
            elif is_class_list(path):
                _add_list(lists.setdefault(folder, {}), read_class_list(beside[path], path), path)
        except UserError as error:
            problems.append(error)
    return lists, tables, problems


def _add_list(known: dict[str, str], listed: Mapping[str, str], path: str) -> None:
    for key, character in listed.items():
        if known.setdefault(key, character) != character:
            problem = f"says that {key} is {character}, another list says {known[key]}"
            raise UserError(join_message(path, problem, "leave one of the lists"))


class _Seeker:
    """Tells characters by lists, tables and names, but not by bare numbers."""

    def __init__(self, lists: _Lists, tables: _Lists) -> None:
        self._lists = lists
        self._tables = tables
        self._by_file_name = {folder: _unique_names(texts) for folder, texts in tables.items()}
        self._folders: dict[str, _Found] = {}

    def of_names(self, path: str) -> _Found:
        parent, _, name = path.rpartition("/")
        if self._tables and (text := self._text_of(PurePosixPath(path))) is not None:
            character = self._listed(text.strip(), PurePosixPath(parent)) or single_character(text)
            by = "a table" if character else "the table gives a text, not one character"
            return _Found(character, by)
        if parent not in self._folders:
            self._folders[parent] = self._of_folders(PurePosixPath(parent))
        folder = self._folders[parent]
        stem = name.rpartition(".")[0] or name
        own = characters_named(stem) or characters_named(unscrambled(stem))
        if not own:
            if folder.character is None:
                listed = self._lists.get(PurePosixPath(parent), {})
                character = listed.get(name) or listed.get(key_of(stem))
                if character:
                    return _Found(character, "a list of classes")
            return folder
        if len(own) > 1:
            return _Found(None, "its name has two characters")
        character = next(iter(own))
        if folder.by == _LETTER or folder.character is None:  # a writer may be called a
            return _Found(character, "names of files")
        if folder.character != character:
            by = "its name and its folder's say different characters"
            return _Found(None, by, (character, folder.character))
        return folder

    def _text_of(self, path: PurePosixPath) -> str | None:
        """What the nearest table says of a picture."""
        for folder in path.parents:
            if (texts := self._tables.get(folder)) is not None:
                inside = path.relative_to(folder).as_posix()
                if (text := texts.get(inside)) is not None:
                    return text
                if (text := self._by_file_name[folder].get(path.name)) is not None:
                    return text
        return None

    def _of_folders(self, folder: PurePosixPath) -> _Found:
        """What the nearest telling folder says: its name, else a list of classes, else a letter."""
        for name in reversed(folder.parts):
            named = characters_named(name) or characters_named(unscrambled(name))
            if len(named) > 1:
                return _Found(None, "its folder's name has two characters")
            if named:
                return _Found(next(iter(named)), "names of folders")
        for place in (folder, *folder.parents):
            if place.name and (character := self._listed(place.name, place.parent)) is not None:
                return _Found(character, "a list of classes")
        if len(folder.name) == 1 and not folder.name.isdigit():
            return _Found(folder.name, _LETTER)
        return _UNTOLD

    def _listed(self, name: str, folder: PurePosixPath) -> str | None:
        """What the nearest list of classes, in a folder or above it, has for a name."""
        for place in (folder, *folder.parents):
            if (listed := self._lists.get(place)) is not None:
                return listed.get(key_of(name))
        return None


def _unique_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by file names alone, of those that occur once: tables may have been moved."""
    times = Counter(PurePosixPath(path).name for path in texts)
    return {
        name: text for path, text in texts.items() if times[name := PurePosixPath(path).name] == 1
    }


def _number_of(path: PurePosixPath) -> str | None:
    """The nearest folder that is named by a number."""
    return next((name for name in reversed(path.parts[:-1]) if is_number(name)), None)


def _unreadable_numbers(
    numbers: set[str], schemes: Sequence[NumberScheme], where: str
) -> UserError:
    some = ", ".join(sorted(numbers)[:3]) + (" …" if len(numbers) > 3 else "")
    if schemes:
        ways = " or ".join(f"{one.description} ({_example(one, numbers)})" for one in schemes)
        problem = f"the folders' numbers may be {ways}"
        return UserError(join_message(where, problem, "say it in a classes.txt or labels.json"))
    problem = f"folders are numbered ({some}) and no list says which characters they hold"
    remedy = "put classes.txt, char_dict.json or labels.json beside them, or name them 永"
    return UserError(join_message(where, problem, remedy))


def _example(scheme: NumberScheme, numbers: set[str]) -> str:
    number = min(numbers)
    return f"{number} is {scheme.read(number)}"
