"""Which character each picture of a source shows, told by tables, names of folders and of files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import is_number_key, key_of
from data_tools.pictures.files_beside import (
    encoding_lines,
    folders_of,
    missing_row_lines,
    no_tables,
    read_files_beside,
    unclear_rows,
)
from data_tools.pictures.folder_lists import Firsts, FolderLists
from data_tools.pictures.found_characters import (
    FILES,
    FOLDERS,
    LETTER,
    OTHER_NAME,
    UNLISTED,
    Found,
    UntoldError,
)
from data_tools.pictures.metadata import HeadError, Row, Told, rows_of
from data_tools.pictures.names import characters_named, is_number, unscrambled
from data_tools.pictures.numbers_as_characters import codes_not_read, read_numbers
from data_tools.pictures.second_names import take_telling_names
from data_tools.pictures.told_by_names import class_levels, told_by_names
from data_tools.sources.split_names import NamedSplit

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


def names_hide_numbers(paths: Iterable[str]) -> bool:
    """Whether the source's own name is a character, and folders in it are numbers."""
    return any(
        is_number(name)
        for folder in folders_of(paths)
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
    lists, tables, problems = read_files_beside(beside, paths)
    told = rows_of(paths, tables, first_names)
    if own:
        of_pictures = [mine or row for mine, row in zip(own, told.of_pictures, strict=True)]
        told = told._replace(of_pictures=of_pictures)
    problems += unclear_rows(told)
    found = told_by_names(paths, lists, told, siblings)
    # What a list without numbers has depends on where it begins, which its use tells.
    while lists.count((one.entry for one in found if one.entry is not None), firsts):
        found = told_by_names(paths, lists, told, siblings)
    if not any(known.character for known in found):
        for problem in problems:
            if not isinstance(problem, HeadError):  # the table may be of something else
                raise problem
    read_numbers(paths, found, where)
    others = take_telling_names(paths, found, told, first_names)
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
        if known.character is None and known is not OTHER_NAME:
            count, first = untold.get(known.by, (0, path))
            untold[known.by] = (count + 1, first)
    told_by = Counter(one.by for one in found if one.character)
    said = [*map(str, problems), *missing_row_lines(paths, tables)]
    named_splits = [None if row is None else row.named_split for row in told.of_pictures]
    writers = ["" if row is None else row.writer for row in told.of_pictures]
    choices = [*encoding_lines(beside), *lists.choices, *class_levels(paths, lists, told)[1]]
    choices += [*_digits(found, told), *codes_not_read(paths, found)]
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
        unread=problems + no_tables(beside, tables),
    )


def _digits(found: Sequence[Found], told: Told) -> Iterable[str]:
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


def _told_otherwise(
    paths: Sequence[str],
    found: Sequence[Found],
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
    named = told_by_names([paths[place] for place in files], FolderLists(), bare, siblings)
    others: dict[str, list[tuple[str, str]]] = {}
    for (place, file), name in zip(files.items(), named, strict=True):
        character = found[place].character
        if name.by in (FILES, FOLDERS) and name.character != character:
            line = f"{paths[place]} is {character}, and {name.character} by {name.by}"
            others.setdefault(file, []).append((paths[place], line))
    for file, lines in others.items():
        count = f" ({len(lines):,} such pictures)" if len(lines) > 1 else ""
        yield f"{file}: counts before names: {min(lines)[1]}{count}; if those are right, remove it"


def _untold_by_own(
    paths: Sequence[str], told: Told, found: Sequence[Found], where: str
) -> UntoldError:
    """The error of pictures of which the files that they lie in tell no character."""
    rows = [row for row in told.of_pictures if row is not None]
    if any(one.by == UNLISTED for one in found):
        numbers = {row.text for row, one in zip(rows, found, strict=True) if one.by == UNLISTED}
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


def _are_by_own_name(paths: Sequence[str], found: Sequence[Found]) -> bool:
    """Whether the source's own name alone tells a character, of all that have one."""
    by = {one.by for one in found if one.character}
    shown = {one.character for one in found if one.character}
    top = paths[0].partition("/")[0] if paths else ""
    of_top = characters_named(top) or characters_named(unscrambled(top)) or {top}
    inside = {part for folder in folders_of(paths) for part in folder.split("/")[1:]}
    return by <= {FOLDERS, LETTER} and shown == of_top and not any(map(_shows, inside))


def _is_by_number(path: str, found: Found) -> bool:
    """Whether a list told a picture's character for the number that its file has."""
    if found.entry is None or found.by != found.entry.by or not is_number_key(found.entry.key):
        return False
    *folders, stem = map(key_of, PurePosixPath(path).with_suffix("").parts)
    return stem == found.entry.key and stem not in folders


def _shows(name: str) -> bool:
    is_letter = len(name) == 1 and not name.isdigit()
    return is_letter or bool(characters_named(name))
