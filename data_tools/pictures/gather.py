"""Folders and archives of pictures → parts that a process reads: with labels, writers and split."""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import MAX_LIST_BYTES, is_class_list
from data_tools.pictures.decode import Picture, PictureError, decode
from data_tools.pictures.ink import Ground, Ink, survey
from data_tools.pictures.labels import Labels, label_pictures, may_tell_labels
from data_tools.pictures.metadata import MAX_TABLE_BYTES
from data_tools.pictures.part import LabelledFile, PicturePart, read_picture_file
from data_tools.pictures.unpacked import without_unpacked
from data_tools.pictures.writers import writer_in
from data_tools.sources.split_names import NamedSplit, split_of_names
from data_tools.sources.stored import Collection, read_whole
from data_tools.splits import Split

_PART_PICTURES = 500  # so few that processes end together
_SURVEYED = 120  # pictures of a source that vote on what they have in common
_SURVEYED_PIXELS = 1 << 24
_FOLDERS_ABOVE = 2  # of a source, in which a list of classes is looked for
_TEST_OPTION = "--test"
_TRAIN = NamedSplit(Split.TRAIN, "")


@dataclass
class Gathered:
    """Pictures to read.

    Attributes:
        parts: in order of their names.
        notes: what told labels and writers, and what was passed over, a line each.
        has_writers: whether parts are writers, and not classes that many may have written.
    """

    parts: list[PicturePart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    has_writers: bool = True


def gather_pictures(
    collections: Sequence[Collection],
    source: Path,
    *,
    ink: Ink = "auto",
    writer_pattern: re.Pattern[str] | None = None,
) -> Gathered:
    """Find out what the pictures of one source show, who wrote them, and how they look.

    Args:
        collections: the source itself, and archives in it.
        source: as the user named it.
        ink: whether ink is dark or light, or each picture is to tell.
        writer_pattern: finds the writer in a picture's path; else each folder is one.

    Raises:
        UserError: nothing tells what the pictures show, or the pattern fits none of their names.
    """
    collections, notes = without_unpacked(collections)
    paths = [f"{one.name}/{file.name}" for one in collections for file in one.pictures]
    labels = _labels(paths, collections, source)
    writers = _writers(paths, writer_pattern, source)
    gathered = Gathered(notes=[*notes, *_label_lines(labels)])
    _tell_writers(gathered, labels.characters, writers, writer_pattern)
    ground = _ground(collections, ink)
    answers = zip(labels.characters, writers, strict=True)
    for collection in collections:
        groups: dict[tuple[str, NamedSplit], list[LabelledFile]] = {}
        splits: dict[str, NamedSplit] = {}
        for file, (character, writer) in zip(collection.pictures, answers, strict=False):
            if character is None:
                continue
            folder = file.name.rpartition("/")[0]
            if folder not in splits:
                splits[folder] = _split_of(collection, folder)
            groups.setdefault((writer, splits[folder]), []).append(LabelledFile(file, character))
        for (writer, named_split), pictures in groups.items():
            pictures.sort(key=lambda one: one.file.name)
            for number, start in enumerate(range(0, len(pictures), _PART_PICTURES)):
                part = PicturePart(
                    name=writer if writer_pattern is None else f"{collection.name}/{writer}",
                    writer=writer,
                    number=number,
                    base=collection.base,
                    place=collection.place,
                    named_split=named_split,
                    pictures=tuple(pictures[start : start + _PART_PICTURES]),
                    ground=ground,
                    ink=ink,
                )
                gathered.parts.append(part)
    return gathered


def _labels(paths: Sequence[str], collections: Sequence[Collection], source: Path) -> Labels:
    beside = {
        f"{collection.name}/{file.name}": read_whole(collection.base, file, MAX_TABLE_BYTES)
        for collection in collections
        for file in collection.beside
        if may_tell_labels(file.name) and file.size <= MAX_TABLE_BYTES
    }
    try:
        return label_pictures(paths, beside, str(source))
    except UserError:
        # A list for train and test alike often lies in the folder that holds both.
        above = _lists_above(source)
        if not above:
            raise
        return label_pictures(paths, beside | above, str(source))


def _lists_above(source: Path) -> dict[str, bytes]:
    """Lists of classes in the nearest folder above a source that has one."""
    for folder in list(source.absolute().parents)[:_FOLDERS_ABOVE]:
        found = {
            path.name: path.read_bytes()
            for path in sorted(folder.iterdir())
            if is_class_list(path.name) and path.is_file() and path.stat().st_size <= MAX_LIST_BYTES
        }
        if found:
            return found
    return {}


def _label_lines(labels: Labels) -> list[str]:
    told = ", ".join(f"{by} ({count:,})" for by, count in sorted(labels.told_by.items()))
    lines = [f"pictures: {sum(labels.told_by.values()):,}, labels by {told}"]
    lines += [f"passed over: {problem}" for problem in labels.problems]
    for reason, (count, first) in sorted(labels.untold.items()):
        shown = f"1 picture ({first})" if count == 1 else f"{count:,} pictures ({first}, …)"
        lines.append(f"left out: {shown}: {reason}")
    return lines


def _writers(paths: Sequence[str], pattern: re.Pattern[str] | None, source: Path) -> list[str]:
    """The writer of each picture; its folder where the pattern finds none."""
    folders = [path.rpartition("/")[0] for path in paths]
    if pattern is None:
        return folders
    found = [writer_in(pattern, path) for path in paths]
    if paths and not any(found):
        problem = f"{pattern.pattern!r} is in no name, such as {paths[0]}"
        remedy = "write a pattern for such a path"
        raise UserError(join_message(f"--writer-pattern: {source}", problem, remedy))
    return [writer or folder for writer, folder in zip(found, folders, strict=True)]


def _tell_writers(
    gathered: Gathered,
    characters: Sequence[str | None],
    writers: Sequence[str],
    pattern: re.Pattern[str] | None,
) -> None:
    """Say who the writers are, and whether folders are classes rather than writers."""
    drew: dict[str, set[str]] = {}
    for character, writer in zip(characters, writers, strict=True):
        if character is not None:
            drew.setdefault(writer, set()).add(character)
    if pattern is not None:
        gathered.notes.append(f"writers: {len(drew):,}, by --writer-pattern")
        return
    gathered.notes.append(
        f"writers: not told, so each folder counts as one ({len(drew):,}); --writer-pattern names "
        "them"
    )
    gathered.has_writers = any(len(some) > 1 for some in drew.values())


def _ground(collections: Sequence[Collection], ink: Ink) -> Ground:
    """What some of the pictures, chosen by chance, have in common."""
    files = [(one.base, file) for one in collections for file in one.pictures]
    chosen = random.Random(0).sample(files, min(_SURVEYED, len(files)))

    def pictures() -> Iterator[Picture]:
        pixels = 0
        for base, file in chosen:
            with suppress(PictureError):  # what is damaged is said when its turn comes
                picture = decode(read_picture_file(base, file))
                pixels += picture.grey.size
                yield picture
            if pixels > _SURVEYED_PIXELS:
                return

    return survey(list(pictures()), ink)


def _split_of(collection: Collection, folder: str) -> NamedSplit:
    if collection.split is not None:
        return NamedSplit(collection.split, _TEST_OPTION)
    names = (*collection.above, *PurePosixPath(collection.name, folder).parts)
    return split_of_names(names) or _TRAIN
