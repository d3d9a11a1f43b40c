"""Folders and archives of pictures → parts that a process reads: with labels, writers and split."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import UncountedError, is_class_list
from data_tools.pictures.files_beside import may_tell_labels
from data_tools.pictures.folder_lists import Firsts
from data_tools.pictures.found_characters import UntoldError
from data_tools.pictures.grounds import grounds_of
from data_tools.pictures.ink import Ink
from data_tools.pictures.labels import Labels, label_pictures, names_hide_numbers
from data_tools.pictures.lists_elsewhere import agreed_lists, lists_above
from data_tools.pictures.metadata import MAX_TABLE_BYTES, Row, rows_within
from data_tools.pictures.part import LabelledFile, PicturePart
from data_tools.pictures.sidecars import have_sidecars, read_sidecars
from data_tools.pictures.unpacked import without_unpacked
from data_tools.pictures.unread_labels import unread_labels
from data_tools.pictures.writers import writer_in
from data_tools.sources.shards import set_of_shards
from data_tools.sources.split_choice import TEST_OPTION
from data_tools.sources.split_names import TRAIN_UNTOLD, NamedSplit, may_mean_test, split_of_names
from data_tools.sources.stored import Collection, read_beside
from data_tools.sources.writing_kinds import NAME_PREFIXES, kind_told_by

_PART_PICTURES = 500  # so few that processes end together


@dataclass
class Gathered:
    """Pictures to read.

    Attributes:
        parts: in order of their names.
        notes: what told labels and writers, and what was passed over, a line each.
        used: places of files beside pictures that were read for labels.
        uncertain: names that have a word of the test split and yet do not tell it.
        has_writers: whether parts are writers, and not classes that many may have written.
    """

    parts: list[PicturePart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    uncertain: set[str] = field(default_factory=set)
    has_writers: bool = True


def gather_pictures(
    collections: Sequence[Collection],
    *,
    ink: Ink = "auto",
    writer_pattern: re.Pattern[str] | None = None,
) -> Gathered:
    """Find out what pictures show, who wrote them, and how they look.

    Args:
        collections: folders and archives of pictures.
        ink: whether ink is dark or light, or each picture is to tell.
        writer_pattern: finds the writer in a picture's path; else each folder is one.

    Raises:
        UserError: nothing tells what the pictures show, or the pattern fits none of their names.
    """
    if not collections:
        return Gathered()
    collections, copies = without_unpacked(collections)
    gathered = Gathered(notes=copies)
    of_source: dict[Path, list[Collection]] = {}
    for collection in collections:
        of_source.setdefault(collection.source, []).append(collection)
    grounds = grounds_of(of_source, ink)
    gathered.notes += [_framed_line(source) for source in of_source if grounds[source].framed]
    labels = Labels([], Counter(), {}, [], [], [])
    told: set[str] = set()  # writers whom tables name
    drew: dict[str, set[str]] = {}  # by each writer
    parts: Counter[tuple[object, ...]] = Counter()  # of each writer in all shards of a set
    for source, found in _labels_of_each(of_source, gathered).items():
        some = of_source[source]
        labels.add(found)
        told.update(found.writers)
        writers = _writers(some, found.writers, writer_pattern, source)
        for character, writer in zip(found.characters, writers, strict=True):
            if character is not None:
                drew.setdefault(writer, set()).add(character)
        answers = iter(zip(found.characters, writers, found.named_splits, strict=True))
        for one in some:
            for (writer, named_split), pictures in _groups(one, answers, gathered).items():
                is_folder = writer_pattern is None and writer not in told
                whole = PicturePart(
                    name=writer if is_folder else f"{_set_name(one)}/{writer}",
                    writer=writer,
                    number=0,
                    path=one.base,
                    origin=source if one.columns else one.base,
                    folder=one.place,
                    named_split=named_split,
                    pictures=tuple(pictures),
                    ground=grounds[source],
                    ink=ink,
                )
                gathered.parts += _in_parts(whole, parts)
    gathered.parts.sort(key=lambda part: (part.name, part.split, part.number))
    if not gathered.parts:
        return gathered
    are_told = writer_pattern is not None or drew.keys() <= told
    gathered.notes += [*_label_lines(labels), _writers_line(drew, told, writer_pattern)]
    gathered.has_writers = are_told or any(len(some) > 1 for some in drew.values())
    return gathered


def _groups(
    collection: Collection,
    answers: Iterator[tuple[str | None, str, NamedSplit | None]],
    gathered: Gathered,
) -> dict[tuple[str, NamedSplit], list[LabelledFile]]:
    """The pictures of each writer and split in order, by what is known of each.

    A table tells the split of a picture before the names of its folders do.
    """
    groups: dict[tuple[str, NamedSplit], list[LabelledFile]] = {}
    splits: dict[str, NamedSplit] = {}
    for file in collection.pictures:
        character, writer, named_split = next(answers)
        if character is None:
            continue
        folder = file.name.rpartition("/")[0]
        if collection.split is not None or named_split is None:
            if folder not in splits:
                splits[folder] = _split_of(collection, folder, gathered)
            named_split = splits[folder]
        groups.setdefault((writer, named_split), []).append(LabelledFile(file, character))
    for pictures in groups.values():
        pictures.sort(key=lambda one: one.file.name)
    return groups


def _in_parts(whole: PicturePart, numbers: Counter[tuple[object, ...]]) -> Iterator[PicturePart]:
    """A writer's pictures in parts, those apart whose files' names tell a font or a model.

    Args:
        whole: all of the pictures.
        numbers: how many parts there are of each writer; those made here are added.
    """
    for kind in ("", *NAME_PREFIXES):
        some = [one for one in whole.pictures if kind_told_by(one.file.name) == kind]
        told = not kind or kind_told_by(whole.name) == kind
        name = whole.name if told else f"{whole.name}/{NAME_PREFIXES[kind]}"
        of_writer = (name, whole.origin, whole.split)
        for start in range(0, len(some), _PART_PICTURES):
            pictures = tuple(some[start : start + _PART_PICTURES])
            yield replace(whole, name=name, number=numbers[of_writer], pictures=pictures)
            numbers[of_writer] += 1


def _paths(collections: Sequence[Collection]) -> list[str]:
    return [f"{one.name}/{file.name}" for one in collections for file in one.pictures]


def _first_names(collections: Sequence[Collection]) -> dict[str, str]:
    return {
        f"{one.name}/{second}": f"{one.name}/{first}"
        for one in collections
        for second, first in one.first_names.items()
    }


def _labels_of_each(
    of_source: Mapping[Path, Sequence[Collection]], gathered: Gathered
) -> dict[Path, Labels]:
    """What names tell of each source, in order, without those that are passed over."""
    firsts: Firsts = {}
    found = {}
    waiting = list(of_source)
    for may_wait in (True, False):
        left_open = []
        for source in waiting:
            some = of_source[source]
            try:
                others = [one for other in of_source if other != source for one in of_source[other]]
                siblings = _siblings(source, of_source)
                lists = partial(agreed_lists, others)
                found[source] = _labels(some, source, siblings, firsts, lists, gathered)
            except UserError as error:
                if may_wait and isinstance(error, UncountedError):
                    left_open.append(source)  # another may settle where the list begins
                    continue
                if some[0].is_alone:
                    raise
                pictures = sum(len(one.pictures) for one in some)
                gathered.notes.append(f"passed over: {pictures:,} pictures: {error}")
        waiting = left_open
    return {source: found[source] for source in of_source if source in found}


def _siblings(source: Path, sources: Iterable[Path]) -> set[str]:
    """The names of other sources in the folder of one: `in/*` is read as `in` is."""
    parent = source.absolute().parent
    return {one.name for one in sources if one != source and one.absolute().parent == parent}


def _labels(
    collections: Sequence[Collection],
    source: Path,
    siblings: Set[str],
    firsts: Firsts,
    lists_of_others: Callable[[], dict[str, bytes]],
    gathered: Gathered,
) -> Labels:
    """What names of a source and files beside its pictures tell."""
    paths = _paths(collections)
    beside = {}
    for collection in collections:
        for file in collection.beside:
            if may_tell_labels(file.name) and file.size <= MAX_TABLE_BYTES:
                content = read_beside(collection, file, MAX_TABLE_BYTES)
                beside[f"{collection.name}/{file.name}"] = content
                gathered.used.add(f"{collection.place}/{file.name}")
    # A list for train and test alike often lies in the folder that holds both.
    if names_hide_numbers(paths) and not any(map(is_class_list, beside)):
        beside |= lists_above(source)

    def label(lists: dict[str, bytes]) -> Labels:
        return label_pictures(
            paths,
            beside | lists,
            str(source),
            firsts,
            own=_rows_within(collections),
            siblings=siblings,
            first_names=_first_names(collections),
        )

    def label_with_lists_elsewhere() -> Labels:
        try:
            return _checked(label({}), collections)
        except UncountedError:
            raise
        except UserError:
            if not (lists := lists_above(source) or lists_of_others()):
                raise
            return label(lists)

    try:
        return label_with_lists_elsewhere()
    except UncountedError:
        raise
    except UserError as error:
        if not _have_columns(collections) and have_sidecars(collections):
            if (of_boxes := unread_labels(collections, boxes_alone=True)) is not None:
                raise of_boxes from None
            gathered.used |= read_sidecars(collections)
            if _have_columns(collections):
                return label_with_lists_elsewhere()
        if not isinstance(error, UntoldError) or _have_columns(collections):
            raise
        raise unread_labels(collections) or error from None


def _have_columns(collections: Sequence[Collection]) -> bool:
    return any(one.columns for one in collections)


def _rows_within(collections: Sequence[Collection]) -> list[Row | None]:
    """What the files that pictures lie in say of each; empty where none does."""
    rows: list[Row | None] = []
    for one in collections:
        names = [file.name for file in one.pictures]
        rows += rows_within(names, one.columns, one.place) if one.columns else [None] * len(names)
    return rows if any(rows) else []


def _checked(found: Labels, collections: Sequence[Collection]) -> Labels:
    """The same labels, unless a file beside would tell them better that is not read.

    So it would where the source's own name alone tells them, or numbers of files do.

    Raises:
        UserError: such a file cannot be read.
        UntoldError: such files are of one picture each, and were not read yet.
    """
    may_be_told_better = found.by_own_name or found.by_numbers_of_files
    if may_be_told_better and have_sidecars(collections):
        raise UntoldError("")
    if found.by_own_name and found.unread:
        raise found.unread[0]
    if may_be_told_better and (error := unread_labels(collections)) is not None:
        raise error
    return found


def _framed_line(source: Path) -> str:
    problem = "most of its pictures show straight lines as of a printed frame or grid, kept as ink"
    return join_message(str(source), problem, "cut or bleach such lines away and prepare it again")


def _label_lines(labels: Labels) -> list[str]:
    told = ", ".join(f"{by} ({count:,})" for by, count in sorted(labels.told_by.items()))
    lines = [f"pictures: {sum(labels.told_by.values()):,}, labels by {told}"]
    lines += labels.choices
    lines += [f"passed over: {problem}" for problem in labels.problems]
    for reason, (count, first) in sorted(labels.untold.items()):
        shown = f"1 picture ({first})" if count == 1 else f"{count:,} pictures ({first}, …)"
        lines.append(f"left out: {shown}: {reason}")
    return lines


def _set_name(collection: Collection) -> str:
    """The name of a folder or archive; of a shard that of the set."""
    return set_of_shards(collection.name) if collection.columns else collection.name


def _writers(
    collections: Sequence[Collection],
    named: Sequence[str],
    pattern: re.Pattern[str] | None,
    source: Path,
) -> list[str]:
    """The writer of each picture: by the pattern, else whom a table names, else its folder."""
    folders = [
        f"{name}/{file.name}".rpartition("/")[0]
        for one in collections
        for name in [_set_name(one)]
        for file in one.pictures
    ]
    folders = [name or folder for name, folder in zip(named, folders, strict=True)]
    if pattern is None:
        return folders
    paths = _paths(collections)
    found = [writer_in(pattern, path) for path in paths]
    if paths and not any(found):
        problem = f"{pattern.pattern!r} is in no name, such as {paths[0]}"
        remedy = "write a pattern for such a path"
        raise UserError(join_message(f"--writer-pattern: {source}", problem, remedy))
    return [writer or folder for writer, folder in zip(found, folders, strict=True)]


def _writers_line(
    writers: Mapping[str, Set[str]], told: Set[str], pattern: re.Pattern[str] | None
) -> str:
    if pattern is not None:
        return f"writers: {len(writers):,}, by --writer-pattern"
    folders = sum(writer not in told for writer in writers)
    named = len(writers) - folders
    if not folders:
        return f"writers: {named:,}, by a table"
    begin = f"{named:,} by a table; of others" if named else "nothing names them, so"
    rest = f"each folder counts as one ({folders:,}); --writer-pattern tells them apart"
    return f"writers: {begin} {rest}"


def _split_of(collection: Collection, folder: str, gathered: Gathered) -> NamedSplit:
    if collection.split is not None:
        return NamedSplit(collection.split, TEST_OPTION)
    names = (*collection.above, *PurePosixPath(collection.name, folder).parts)
    named = split_of_names(names) or TRAIN_UNTOLD
    if named is TRAIN_UNTOLD:
        gathered.uncertain.update(filter(may_mean_test, names))
    return named
