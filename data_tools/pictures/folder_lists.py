"""Lists of classes by the folders that they lie in, and where those without numbers begin."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import ClassList, is_number_key, key_of, uncounted
from data_tools.sources.split_names import split_of_names

Firsts = dict[frozenset[tuple[str, str]], set[int]]
"""The numbers that the first lines of lists without numbers turned out to have, by their text."""


class Entry(NamedTuple):
    """What a list of classes has for a name.

    Attributes:
        folder: in which the list lies.
        key: as the list has it.
        character: which that is; one of the two possible while the list is not counted.
        by: the list, in words.
    """

    folder: PurePosixPath
    key: str
    character: str
    by: str


class FolderLists:
    """What lists of classes say, those of one folder together.

    Attributes:
        choices: lines on what was chosen in them.
    """

    def __init__(self) -> None:
        self.choices: list[str] = []
        self._lists: dict[PurePosixPath, ClassList] = {}
        self._files: dict[PurePosixPath, str] = {}  # the last of each folder

    def __bool__(self) -> bool:
        return bool(self._lists)

    def add(self, listed: ClassList, path: str) -> None:
        """Add a list by the path of its file.

        Raises:
            UserError: another in its folder says otherwise.
        """
        self.choices += [listed.choice] if listed.choice else []
        folder = PurePosixPath(path).parent
        known = self._lists.get(folder)
        self._lists[folder] = listed if known is None else _joined(known, listed, path)
        self._files[folder] = path

    def entry(self, folder: PurePosixPath, name: str) -> Entry | None:
        """What the list in a folder has for a name."""
        listed = self._lists.get(folder)
        key = key_of(name)
        if listed is None or (character := listed.may_have(key)) is None:
            return None
        by = "a list of classes"
        if listed.first is not None:
            by += f", counted from {listed.first}"
        return Entry(folder, key, character, by)

    def nearest(self, folder: PurePosixPath) -> PurePosixPath | None:
        """Where the nearest list lies: in a folder, above it or in another split."""
        around = (folder, *folder.parents) if self._lists else ()
        for place in around:
            if place in self._lists:
                return place
        twins = map(self._of_other_split, around)
        return next((twin for twin in twins if twin is not None), None)

    def nearest_entry(self, folder: PurePosixPath, name: str) -> Entry | None:
        """What the nearest list has for a name."""
        place = self.nearest(folder)
        return None if place is None else self.entry(place, name)

    def file_in(self, folder: PurePosixPath) -> str:
        """The file of the list in a folder, for messages."""
        return self._files[folder]

    def count_in(self, folder: PurePosixPath) -> int:
        """How many numbers the list in a folder has."""
        return sum(map(is_number_key, self._lists[folder].characters))

    def _of_other_split(self, folder: PurePosixPath) -> PurePosixPath | None:
        """Where the list for a folder such as `test` lies that was put into `train` alone."""
        if split_of_names([folder.name]) is None:
            return None
        twins = [
            other
            for other in self._lists
            if other.parent == folder.parent and split_of_names([other.name]) is not None
        ]
        say_one = len({_text_of(self._lists[twin]) for twin in twins}) == 1
        return twins[0] if say_one else None

    def has_character(self, folder: PurePosixPath, character: str) -> bool:
        """Whether a character is one of the classes of the list in a folder."""
        return character in self._lists[folder].characters.values()

    def count(self, asked: Iterable[Entry], firsts: Firsts) -> bool:
        """Settle where lists without numbers begin, by the entries that pictures ask for.

        Args:
            asked: entries of any lists.
            firsts: what was settled before, for lists of the same text whose own pictures leave it
                open. What is settled here is added.

        Returns:
            Whether there was such a list.

        Raises:
            UncountedError: a list is left open.
        """
        numbers: dict[PurePosixPath, set[str]] = {}
        for one in asked:
            if self._lists[one.folder].lines:
                numbers.setdefault(one.folder, set()).add(one.key)
        left_open = []
        for folder, of_pictures in numbers.items():
            listed = self._lists[folder]
            first = listed.first_number(of_pictures)
            if first is None:
                left_open.append(folder)
            else:
                firsts.setdefault(_text_of(listed), set()).add(first)
                self._lists[folder] = listed.counted_from(first)
        for folder in left_open:
            listed = self._lists[folder]
            known = firsts.get(_text_of(listed), set())
            if len(known) != 1:
                raise uncounted(self.file_in(folder))
            self._lists[folder] = listed.counted_from(*known)
        return bool(numbers)


def _text_of(listed: ClassList) -> frozenset[tuple[str, str]]:
    return frozenset(listed.characters.items())


def _joined(known: ClassList, more: ClassList, path: str) -> ClassList:
    """Two lists of one folder as one: numbers of one settle where the other begins.

    Raises:
        UserError: they contradict each other, or leave open where one of them begins.
    """
    ways = [(known, more)]
    numbered = more if known.lines else known
    if bool(known.lines) != bool(more.lines) and any(map(is_number_key, numbered.characters)):
        counted = [(known if known.lines else more).counted_from(first) for first in (0, 1)]
        ways = [(known, one) if known is numbered else (one, more) for one in counted]
    fitting = [way for way in ways if _contradiction(*way) is None]
    if not fitting:
        key = _contradiction(*ways[0]) or ""
        told = [listed.characters[key] for listed in ways[0]]
        problem = f"says that {key} is {told[1]}, another list says {told[0]}"
        raise UserError(join_message(path, problem, "leave one of the lists"))
    if len(fitting) > 1:
        raise uncounted(path)
    one, other = fitting[0]
    first = one.first if other.first is None else other.first
    return ClassList(one.characters | other.characters, max(one.lines, other.lines), first)


def _contradiction(one: ClassList, other: ClassList) -> str | None:
    """The first key to which two lists give different characters."""
    return next(
        (
            key
            for key, character in other.characters.items()
            if one.characters.get(key, character) != character
        ),
        None,
    )
