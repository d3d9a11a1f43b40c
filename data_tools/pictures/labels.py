"""Which character each picture of a source shows, told by tables, names of folders and of files."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import (
    is_class_list,
    is_number_key,
    is_pickle,
    key_of,
    read_class_list,
)
from data_tools.pictures.folder_lists import Entry, Firsts, FolderLists
from data_tools.pictures.metadata import (
    TABLE_SUFFIXES,
    HeadError,
    Row,
    Tables,
    Told,
    bare_name,
    bare_path,
    is_table,
    joined_tables,
    missing_rows,
    read_table,
    rows_of,
)
from data_tools.pictures.names import (
    NumberScheme,
    character_shown,
    characters_named,
    is_marked_hex,
    is_number,
    schemes_of,
    texts_among,
    unscrambled,
)
from data_tools.pictures.number_levels import Levels, levels_of_classes
from data_tools.pictures.table_places import by_folders
from data_tools.pictures.text_of_bytes import encoding_line
from data_tools.sources.split_names import NamedSplit, split_of_names
from data_tools.splits import Split

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
        problems: of files beside that could not be read and were not needed, and of tables that
            name files which are not there.
        named_splits: train or test of each picture, where a table says it.
        writers: of each picture, empty where no table says it.
        choices: lines on what nothing stated and was chosen: an encoding, folders or files.
        by_own_name: whether all characters are the one by which the source itself is called.
        by_numbers_of_files: whether any character is the one that a list has for a file's number,
            which may as well be that of a sample.
        unread: what is wrong with tables that were not read, as `problems`, or are none.
    """

    characters: list[str | None]
    told_by: Counter[str]
    untold: dict[str, tuple[int, str]]
    problems: list[str]
    named_splits: list[NamedSplit | None]
    writers: list[str]
    choices: list[str] = field(default_factory=list)
    by_own_name: bool = False
    by_numbers_of_files: bool = False
    unread: list[UserError] = field(default_factory=list)

    def add(self, more: "Labels") -> None:
        """Add those of another source."""
        self.characters += more.characters
        self.named_splits += more.named_splits
        self.writers += more.writers
        self.told_by.update(more.told_by)
        self.problems += more.problems
        self.choices += more.choices
        for reason, (count, first) in more.untold.items():
            known, shown = self.untold.get(reason, (0, first))
            self.untold[reason] = (known + count, shown)


class UntoldError(UserError):
    """Nothing tells which character any picture of a source shows."""


def may_tell_labels(path: str) -> bool:
    """Whether a file beside pictures may say what they show."""
    return is_table(path) or is_class_list(path)


def names_hide_numbers(paths: Iterable[str]) -> bool:
    """Whether the source's own name is a character, and folders in it are numbers."""
    folders = {path.rpartition("/")[0] for path in paths}
    return any(
        is_number(name)
        for folder in folders
        if characters_named(folder.partition("/")[0])
        for name in folder.split("/")[1:]
    )


def label_pictures(
    paths: Sequence[str],
    beside: Mapping[str, bytes],
    where: str,
    firsts: Firsts,
    own: Sequence[Row | None] = (),
    siblings: Iterable[str] = (),
    first_names: Mapping[str, str] = MappingProxyType({}),
) -> Labels:
    """Find the character of every picture of a source.

    A table counts before names, and names that are a character before numbers. Where folders and
    files, or folders and numbers below them, tell different characters, those with many more of
    them are the classes: the others are writers, or one folder for all.

    Args:
        paths: of the pictures, `/` between folders, the source's own name first.
        beside: content of the files for which `may_tell_labels`, by such paths.
        where: what messages call the source.
        firsts: where lists of classes without numbers begin, as other sources settled it; what
            this one settles is added.
        own: what is said of each picture by the file that it lies in; none by default.
        siblings: names of other sources that lie beside this one, among which its own name is read
            as it is among the names of folders in one.
        first_names: of those paths that are a second name of a file, the first one. Of all its
            names that one counts which tells a character, and of those one that tells the split;
            the others have no character then.

    Raises:
        UserError: no picture's character can be told, as where numbers can be read in several ways
            or a list of classes is damaged.
        UncountedError: a list without numbers may begin at 0 or at 1, and `firsts` lacks it.
    """
    lists, tables, problems = _read_beside(beside, paths)
    told = rows_of(paths, tables, first_names)
    if own:
        of_pictures = [mine or row for mine, row in zip(own, told.of_pictures, strict=True)]
        told = told._replace(of_pictures=of_pictures)
    problems += _unclear_rows(told)
    found = _of_names(paths, lists, told, siblings)
    # What a list without numbers has depends on where it begins, which its use tells.
    while lists.count((one.entry for one in found if one.entry is not None), firsts):
        found = _of_names(paths, lists, told, siblings)
    if not any(known.character for known in found):
        for problem in problems:
            if not isinstance(problem, HeadError):  # the table may be of something else
                raise problem
    _read_numbers(paths, found, where)
    others = _take_telling_names(paths, found, told, first_names)
    characters = [known.character for known in found]
    if paths and not any(characters):
        if problems:
            raise problems[0]
        if own and all(own):
            raise _untold_by_own(paths, told, found, where)
        reason = f"nothing tells which character a picture shows ({paths[0]}: {found[0].by})"
        raise UntoldError(join_message(where, reason, _LAYOUTS))
    untold: dict[str, tuple[int, str]] = {}
    for path, known in zip(paths, found, strict=True):
        if known.character is None and known is not _OTHER_NAME:
            count, first = untold.get(known.by, (0, path))
            untold[known.by] = (count + 1, first)
    told_by = Counter(one.by for one in found if one.character)
    said = [*map(str, problems), *_missing_rows(paths, tables)]
    named_splits = [None if row is None else row.named_split for row in told.of_pictures]
    writers = ["" if row is None else row.writer for row in told.of_pictures]
    choices = [line for path, data in sorted(beside.items()) if (line := _encoding(data, path))]
    choices += lists.choices
    choices += _levels(paths, lists, told)[1]
    choices += _digits(found, told)
    choices += _codes_not_read(paths, found)
    choices += [] if others is None else [others]
    choices += _told_otherwise(paths, found, lists, told, siblings)
    return Labels(
        characters,
        told_by,
        untold,
        said,
        named_splits,
        writers,
        choices,
        by_own_name=_are_by_own_name(paths, found),
        by_numbers_of_files=any(map(_is_by_number, paths, found)),
        unread=problems + _no_tables(beside, tables),
    )


def _encoding(data: bytes, path: str) -> str:
    """A line on the encoding of a table or list, where that was found."""
    if is_pickle(data, path):
        return ""
    with suppress(UserError, UnicodeDecodeError):  # it was not read either
        return encoding_line(data, path)
    return ""


def _missing_rows(paths: Sequence[str], tables: Tables) -> Iterable[str]:
    """A line on the tables of each folder that name files which are not there."""
    for folder, rows_there in tables.items():
        if missing := missing_rows(paths, rows_there, folder):
            table = rows_there[missing[0]].table
            is_one = len(missing) == 1
            rows = (
                "1 row names a file that is"
                if is_one
                else f"{len(missing):,} rows name files that are"
            )
            yield f"{table}: {rows} not there ({missing[0]}{'' if is_one else ', …'})"


def _unclear_rows(told: Told) -> Iterable[UserError]:
    """An error for each table whose rows may be of several pictures."""
    for table, names in told.unclear.items():
        name, (one, other) = next(iter(names.items()))
        problem = f"names {name}, which may be {one} and {other}"
        if len(names) > 1:
            problem += f" ({len(names):,} such rows)"
        remedy = "write folders into the table, or put a table into each folder"
        yield UserError(join_message(table, problem, remedy))


class _Found(NamedTuple):
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
    disputed: "_Dispute | None" = None


class _Dispute(NamedTuple):
    """Two characters for one picture.

    Attributes:
        nearer: what its own name, or a number or a list for a folder near it, tells.
        farther: what the name of a folder around that tells.
        is_class: whether the list that tells the nearer has the farther too, and lies above it.
    """

    nearer: _Found
    farther: _Found
    is_class: bool = False


_HEX_STEM = re.compile(r"([0-9a-fA-F]{4,5})(?:[-_][0-9]{1,6})?")
_LEAST_HEX_FILES = 8  # with different numbers; that nearly all be hanzi is one in 10,000 by chance
_FILES = "names of files"
_FOLDERS = "names of folders"
_LETTER = "names of folders that are a letter or sign"
_NUMBER = "a number, which may be a character"
_UNLISTED = "the table gives a number that no list of classes has"
_UNTOLD = _Found(None, "its name and its folders' tell none")
_OTHER_NAME = _Found(None, "another name of its file tells more")
_LIST_DISPUTED = "a list of classes and the name of a folder tell different characters"


def _digits(found: Sequence[_Found], told: Told) -> Iterable[str]:
    """A line on each table whose labels are digits alone, which may be numbers of classes."""
    labels: dict[str, set[str]] = {}
    for known, row in zip(found, told.of_pictures, strict=True):
        if row is not None and known.character and known.entry is None:
            labels.setdefault(row.table, set()).add(known.character)
    for table, characters in labels.items():
        if all(map(is_number_key, characters)):
            some = ", ".join(sorted(characters)[:3]) + (" …" if len(characters) > 3 else "")
            yield (
                f"{table}: labels {some} are taken for the digits; if they are numbers of classes, "
                "put classes.txt with `number character` on each line beside it"
            )


def _settled(found: Iterable[_Found]) -> list[_Found]:
    """The same, without disputes that all of them together settle."""
    found = list(found)
    disputes: dict[str, list[_Dispute]] = {}
    for one in found:
        if one.disputed is not None:
            disputes.setdefault(one.disputed.nearer.by, []).append(one.disputed)
    choices = {by: _choice(by, some) for by, some in disputes.items()}
    return [
        one if one.disputed is None else choices[one.disputed.nearer.by](one.disputed) or one
        for one in found
    ]


def _choice(by: str, disputes: Sequence[_Dispute]) -> Callable[[_Dispute], _Found | None]:
    """How to settle disputes of a kind, by how many characters each side tells."""
    nearer = {one.nearer.character or "" for one in disputes}
    farther = {one.farther.character for one in disputes}
    if by == _NUMBER:
        schemes = schemes_of(nearer)
        if len(schemes) != 1 or len(nearer) < 2 * len(farther):
            return lambda one: one.farther
        return lambda one: _of_number(one.nearer.character or "", schemes[0])
    has_more_near = len(nearer) >= 2 * len(farther)
    are_classes = all(one.is_class for one in disputes)
    if len(farther) >= 2 * len(nearer) or (are_classes and not has_more_near):
        return lambda one: one.farther
    if has_more_near and not are_classes:
        return lambda one: one.nearer
    if all(one.nearer.character == one.farther.character for one in disputes):
        return lambda one: one.farther
    return lambda one: None


def _of_number(number: str, scheme: NumberScheme) -> _Found:
    return _Found(scheme.read(number), f"folders named by {scheme.description}")


def _read_numbers(paths: Sequence[str], found: list[_Found], where: str) -> None:
    """Read the numbers of folders, or of files, as characters where nothing else tells."""
    numbered = {
        place: number
        for place, (path, known) in enumerate(zip(paths, found, strict=True))
        if known is _UNTOLD and (number := _number_of(PurePosixPath(path))) is not None
    }
    numbers = set(numbered.values())
    schemes = schemes_of(numbers)
    if len(schemes) != 1 and _read_numbers_of_files(paths, found, where):
        return
    if numbered and len(schemes) != 1 and not any(known.character for known in found):
        raise _unreadable_numbers(numbers, schemes, where)
    for place, number in numbered.items():
        if len(schemes) == 1:
            found[place] = _of_number(number, schemes[0])
        else:
            found[place] = _Found(None, "its folder is a number that no list of classes has")


def _read_numbers_of_files(paths: Sequence[str], found: list[_Found], where: str) -> bool:
    """Read files named by hexadecimal numbers, as `6c38.png` and `6c38_2.png`, and say whether.

    So many that it is no chance, and all whose character is told by nothing, or by one folder
    around them all.

    Raises:
        UntoldError: they may be read in several ways, and nothing else tells.
    """
    shown = {(known.character, known.by) for known in found if known.character}
    are_in_one = len(shown) == 1 and {by for _, by in shown} == {_FOLDERS}
    numbers = {}
    for place, (path, known) in enumerate(zip(paths, found, strict=True)):
        if known is _UNTOLD or (are_in_one and known.character):
            match = _HEX_STEM.fullmatch(PurePosixPath(path).stem)
            if match is None:
                return False
            numbers[place] = match[1]
    names = set(numbers.values())
    schemes = [one for one in schemes_of(names) if one.base == 16]
    if len(names) < _LEAST_HEX_FILES or not schemes:
        return False
    if len(schemes) > 1:
        if shown:
            return False
        raise _unreadable_numbers(names, schemes, where, "files")
    for place, number in numbers.items():
        by = f"files named by {schemes[0].description}"
        found[place] = _Found(schemes[0].read(number), by)
    return True


def _codes_not_read(paths: Sequence[str], found: Sequence[_Found]) -> Iterable[str]:
    """A line on files in a folder for one character whose names are code points of others.

    So few may be called so by chance; nothing tells whether that folder is a class.
    """
    shown = {(known.character, known.by) for known in found if known.character}
    matches = [_HEX_STEM.fullmatch(PurePosixPath(path).stem) for path in paths]
    if len(shown) != 1 or {by for _, by in shown} != {_FOLDERS} or None in matches:
        return
    numbers = [match[1] for match in matches if match is not None]
    schemes = [one for one in schemes_of(set(numbers)) if one.base == 16]
    ((character, _),) = shown
    others = [
        (path, number, other)
        for path, number in zip(paths, numbers, strict=True)
        if len(schemes) == 1 and (other := schemes[0].read(number)) not in (None, character)
    ]
    if others:
        path, number, other = min(others)
        name = PurePosixPath(path).name
        count = f" ({len(others):,} such pictures)" if len(others) > 1 else ""
        yield (
            f"{path}: is {character} by its folder, and {other} if names of files are "
            f"{schemes[0].description}{count}; if those are right, call it "
            f"{other}{name.removeprefix(number)}"
        )


def _take_telling_names(
    paths: Sequence[str], found: list[_Found], told: Told, first_names: Mapping[str, str]
) -> str | None:
    """Leave of each file the name that tells most, and say which others there are."""
    places: dict[str, list[int]] = {}
    for place, path in enumerate(paths if first_names else ()):
        places.setdefault(first_names.get(path, path), []).append(place)

    def telling(place: int) -> tuple[bool, bool, bool]:
        row = told.of_pictures[place]
        named = None if row is None else row.named_split
        named = named or split_of_names(PurePosixPath(paths[place]).parts)
        is_test = named is not None and named.split is Split.TEST
        return found[place].character is not None, named is not None, is_test

    others = []
    for of_file in places.values():
        best = max(of_file, key=telling)  # the first of those
        if len({found[place].character for place in of_file} - {None}) > 1:
            found[best] = _Found(None, "names of one file say different characters")
        others += [place for place in of_file if place != best]
    for place in others:
        found[place] = _OTHER_NAME
    if not others:
        return None
    count = f"{len(others):,} second name" + ("s" if len(others) > 1 else "")
    return f"passed over: {count} of pictures ({paths[min(others)]}{', …' * (len(others) > 1)})"


def _told_otherwise(
    paths: Sequence[str],
    found: Sequence[_Found],
    lists: FolderLists,
    told: Told,
    siblings: Iterable[str],
) -> Iterator[str]:
    """A line on each table and list that gives pictures another character than their names do."""
    files = {}  # that told
    for place, (known, row) in enumerate(zip(found, told.of_pictures, strict=True)):
        if known.character and row is not None:
            files[place] = row.table
        elif known.character and known.entry is not None:
            files[place] = lists.file_in(known.entry.folder)
    bare = Told([None] * len(files), {})
    named = _of_names([paths[place] for place in files], FolderLists(), bare, siblings)
    others: dict[str, list[tuple[str, str]]] = {}
    for (place, file), name in zip(files.items(), named, strict=True):
        character = found[place].character
        if name.by in (_FILES, _FOLDERS) and name.character != character:
            line = f"{paths[place]} is {character}, and {name.character} by {name.by}"
            others.setdefault(file, []).append((paths[place], line))
    for file, lines in others.items():
        count = f" ({len(lines):,} such pictures)" if len(lines) > 1 else ""
        yield f"{file}: counts before names: {min(lines)[1]}{count}; if those are right, remove it"


def _read_beside(
    beside: Mapping[str, bytes], paths: Sequence[str]
) -> tuple[FolderLists, Tables, list[UserError]]:
    """Lists of classes, tables by the folder whose pictures they are of, and what is wrong."""
    lists = FolderLists()
    of_folder: dict[PurePosixPath, dict[str, dict[str, Row]]] = {}
    problems = []
    names = {bare_name(path) for path in paths} if beside else set()

    def is_picture(name: str) -> bool:
        return bare_name(name) in names

    for path in sorted(beside):
        try:
            rows = read_table(beside[path], path, is_picture) if is_table(path) else None
            if rows is not None and is_class_list(path) and not _are_files(rows, paths, names):
                rows = None  # its numbers or names are those of classes
            if rows is not None:
                for folder, some in by_folders(rows, path, paths).items():
                    of_folder.setdefault(folder, {})[path] = some
            elif is_class_list(path):
                lists.add(read_class_list(beside[path], path), path)
        except UserError as error:
            problems.append(error)
    tables: Tables = {}
    for folder, tables_there in of_folder.items():
        tables[folder], contradictions = joined_tables(tables_there)
        problems += contradictions
    return lists, tables, problems


def _are_files(rows: Iterable[str], paths: Sequence[str], names: Set[str]) -> bool:
    """Whether rows of what may be a list of classes name files, and not folders."""
    rows = set(rows)
    if not rows or any(bare_path(row) != row.casefold() for row in rows):
        return True
    folders = {key_of(part) for folder in _folders(paths) for part in folder.split("/")}
    return any(bare_name(row) in names for row in rows) and folders.isdisjoint(map(key_of, rows))


def _folders(paths: Iterable[str]) -> set[str]:
    return {path.rpartition("/")[0] for path in paths}


def _of_names(
    paths: Sequence[str], lists: FolderLists, told: Told, siblings: Iterable[str]
) -> list[_Found]:
    """What lists, tables and names tell, but not bare numbers."""
    pairs = list(zip(paths, told.of_pictures, strict=True))
    parents = dict.fromkeys(path.rpartition("/")[0] for path, row in pairs if row is None)
    levels, _ = _levels(paths, lists, told)
    folders_of_text = _folders_of_text(parents, siblings)
    of_parents = _settled(
        _of_folder(PurePosixPath(parent), lists, levels, folders_of_text) for parent in parents
    )
    folders = dict(zip(parents, of_parents, strict=True))
    texts = {row.text.strip() for row in told.of_pictures if row is not None}
    are_numbers = any(is_number_key(text) and len(text) > 1 for text in texts)
    return _settled(
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


def _levels(paths: Sequence[str], lists: FolderLists, told: Told) -> tuple[Levels, list[str]]:
    """Where in paths the numbers of lists stand, and lines on what is open there."""
    names: dict[str, set[str]] = {}
    for path, row in zip(paths, told.of_pictures, strict=True) if lists else ():
        if row is not None:
            continue
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, set()).add(name.rpartition(".")[0] or name)
    return levels_of_classes({PurePosixPath(one): some for one, some in names.items()}, lists)


def _of_text(text: str, folder: PurePosixPath, lists: FolderLists, *, are_numbers: bool) -> _Found:
    """What a table says: a character, or a number that the nearest list has.

    Where some texts are numbers of two digits, those of one are not meant as characters.
    """
    if (entry := lists.nearest_entry(folder, text.strip())) is not None:
        return _Found(entry.character, "a table", entry)
    if are_numbers and is_number_key(text.strip()):
        return _Found(None, _UNLISTED)
    character = character_shown(text)
    by = "a table" if character else "the table gives a text, not one character"
    if not text.strip():
        by = "the table gives no text"
    return _Found(character, by)


def _of_file(path: str, folder: _Found, lists: FolderLists, levels: Levels) -> _Found:
    """What a file's name and its folders tell."""
    parent, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    if folder.by == _LIST_DISPUTED:
        return folder
    own = characters_named(stem) or characters_named(unscrambled(stem))
    number = parent.rpartition("/")[2]
    if is_marked_hex(number) and stem.lower().startswith(number.lower()):
        own = frozenset()  # it repeats its folder's name
    if not own:
        place = PurePosixPath(parent)
        are_classes = bool(levels) and levels.get(lists.nearest(place) or place) == 0
        if folder.character is not None and folder.by != _FOLDERS and not are_classes:
            return folder
        entry = lists.entry(place, name) or lists.entry(place, stem)
        if entry is None and are_classes:
            entry = lists.nearest_entry(place, stem)
        if entry is None:
            return folder
        listed = _Found(entry.character, entry.by, entry)
        if folder.by != _FOLDERS:
            return listed
        return _Found(None, _LIST_DISPUTED, disputed=_Dispute(listed, folder))
    if len(own) > 1:
        return _Found(None, "its name has two characters")
    character = next(iter(own))
    if folder.by == _LETTER or folder.character is None:  # a writer may be called a
        return _Found(character, _FILES)
    if folder.character != character:
        by = "its name and its folder's say different characters"
        return _Found(None, by, disputed=_Dispute(_Found(character, _FILES), folder))
    return folder


def _of_folder(
    folder: PurePosixPath,
    lists: FolderLists,
    levels: Levels,
    folders_of_text: Set[PurePosixPath],
) -> _Found:
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
        return _Found(None, "its folder's name has two characters")
    entry = next(_entries(folder, below, lists, levels), None)
    listed = _UNTOLD if entry is None else _Found(entry.character, entry.by, entry)
    if not characters:
        if entry is None and len(folder.name) == 1 and not folder.name.isdigit():
            return _Found(folder.name, _LETTER)
        return listed
    (character,) = characters
    farther = _Found(character, _FOLDERS)
    if entry is not None:
        lies_above = entry.folder in place.parents
        is_class = lies_above and lists.has_character(entry.folder, character)
        return _Found(None, _LIST_DISPUTED, disputed=_Dispute(listed, farther, is_class))
    number = next((one.name for one in below if is_number(one.name)), None)
    if number is None:
        return farther
    return _Found(None, _NUMBER, disputed=_Dispute(_Found(number, _NUMBER), farther))


def _entries(
    folder: PurePosixPath, below: Sequence[PurePosixPath], lists: FolderLists, levels: Levels
) -> Iterator[Entry]:
    """What lists have for some of a folder and those above it, where classes may stand."""
    for one in below:
        entry = lists.nearest_entry(one.parent, one.name)
        above = 1 + len(folder.parts) - len(one.parts)
        if entry is not None and levels.get(entry.folder, above) == above:
            yield entry


def _number_of(path: PurePosixPath) -> str | None:
    """The nearest folder that is named by a number."""
    return next((name for name in reversed(path.parts[:-1]) if is_number(name)), None)


def _untold_by_own(
    paths: Sequence[str], told: Told, found: Sequence[_Found], where: str
) -> UntoldError:
    """The error of pictures of which the files that they lie in tell no character."""
    rows = [row for row in told.of_pictures if row is not None]
    if any(one.by == _UNLISTED for one in found):
        numbers = {row.text for row, one in zip(rows, found, strict=True) if one.by == _UNLISTED}
        some = ", ".join(sorted(numbers, key=int)[:3]) + (" …" if len(numbers) > 3 else "")
        problem = f"labels are numbers ({some}) and no list says which characters they are"
        remedy = "put classes.txt, char_dict.json or labels.json beside it"
        return UntoldError(join_message(where, problem, remedy))
    shown = next((place for place, row in enumerate(rows) if row.text), None)
    if shown is None:
        problem = f"no picture in it has a label ({paths[0]} …)"
        return UntoldError(join_message(where, problem, "name a file whose pictures have labels"))
    problem = f"no label in it is one character ({paths[shown]}: {rows[shown].text:.40})"
    remedy = "name pictures of single characters; lines of text are not read"
    return UntoldError(join_message(where, problem, remedy))


def _unreadable_numbers(
    numbers: set[str], schemes: Sequence[NumberScheme], where: str, of_what: str = "folders"
) -> UntoldError:
    some = ", ".join(sorted(numbers)[:3]) + (" …" if len(numbers) > 3 else "")
    if schemes:
        ways = " or ".join(f"{one.description} ({_example(one, numbers)})" for one in schemes)
        problem = f"the {of_what}' numbers may be {ways}"
        return UntoldError(join_message(where, problem, "say it in a classes.txt or labels.json"))
    problem = f"folders are numbered ({some}) and no list says which characters they hold"
    remedy = "put classes.txt, char_dict.json or labels.json beside them, or name them 永"
    return UntoldError(join_message(where, problem, remedy))


def _example(scheme: NumberScheme, numbers: set[str]) -> str:
    number = min(numbers)
    return f"{number} is {scheme.read(number)}"


def _are_by_own_name(paths: Sequence[str], found: Sequence[_Found]) -> bool:
    """Whether the source's own name alone tells a character, of all that have one."""
    by = {one.by for one in found if one.character}
    shown = {one.character for one in found if one.character}
    top = paths[0].partition("/")[0] if paths else ""
    of_top = characters_named(top) or characters_named(unscrambled(top)) or {top}
    inside = {part for folder in _folders(paths) for part in folder.split("/")[1:]}
    return by <= {_FOLDERS, _LETTER} and shown == of_top and not any(map(_shows, inside))


def _is_by_number(path: str, found: _Found) -> bool:
    """Whether a list told a picture's character for the number that its file has."""
    if found.entry is None or found.by != found.entry.by or not is_number_key(found.entry.key):
        return False
    *folders, stem = map(key_of, PurePosixPath(path).with_suffix("").parts)
    return stem == found.entry.key and stem not in folders


def _shows(name: str) -> bool:
    is_letter = len(name) == 1 and not name.isdigit()
    return is_letter or bool(characters_named(name))


def _no_tables(beside: Mapping[str, bytes], tables: Tables) -> list[UserError]:
    """An error for each file that is a table by its ending and says nothing of pictures."""
    read = {row.table for rows in tables.values() for row in rows.values()}
    problem = "has no columns of files and of texts"
    return [
        HeadError(join_message(path, problem, "call them file_name and text"))
        for path in sorted(beside)
        if path.lower().endswith(TABLE_SUFFIXES) and is_table(path) and path not in read
    ]
