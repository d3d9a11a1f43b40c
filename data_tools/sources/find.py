"""Files, folders and archives → the members in them, and what else was found there.

One rule for all: what a person names must hold samples, or it is an error that says what it is
instead. What merely lies in a folder or in an archive beside samples is passed over and said.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.sources.archives import (
    SECOND_NAME,
    Entry,
    ScratchError,
    copy_member,
    list_tar,
    list_zip,
    unpack,
)
from data_tools.sources.found import Found, FoundPlace
from data_tools.sources.kinds import (
    ARRAY,
    CLUTTER,
    GNT,
    HDF5,
    HEAD_BYTES,
    LMDB,
    OTHER,
    PACKED,
    PARQUET,
    PICTURE,
    PICTURE_SUFFIXES,
    SPLIT_FILE,
    SPREADSHEET,
    SPREADSHEET_SUFFIXES,
    TABLES,
    TAR,
    TEXT,
    VOLUME,
    ZIP,
    Kind,
    kind_of,
    kind_of_name,
)
from data_tools.sources.lmdb_file import unpack_lmdb
from data_tools.sources.members import Member
from data_tools.sources.mendable_errors import ARCHIVE_REMEDY, mendable_errors
from data_tools.sources.named_twice import members_once, pictures_once
from data_tools.sources.parquet_file import unpack_parquet
from data_tools.sources.passed_over import (
    DAMAGED,
    DAMAGED_TABLE,
    ENCRYPTED,
    SPECIAL,
    TOO_DEEP,
    UNREADABLE,
    PassedOver,
    archive_of,
    lacking_package,
    nothing_found,
)
from data_tools.sources.split_names import TRAIN_UNTOLD, may_mean_test, split_of_names
from data_tools.sources.stored import Collection, StoredFile
from data_tools.sources.unpacked_pictures import UnpackedPictures
from data_tools.splits import Split

SOURCE_SUFFIXES = (".gnt", ".zip", ".alz", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
"""Names that mark data; some only to say which tool unpacks them."""

_MAY_TELL_LABELS = (TEXT, OTHER)  # a pickled dictionary without a suffix is of no known kind
_LMDB_DATA = "data.mdb"
_UNPACKERS: dict[Kind, tuple[str, Callable[[Path, str, Path], UnpackedPictures]]] = {
    PARQUET: ("pyarrow", unpack_parquet),
    LMDB: ("lmdb", unpack_lmdb),
}
_MOST_NAMES_ABOVE = 2
_MOST_ARCHIVES_DEEP = 2  # one that is named or found, and those in it


@contextmanager
def find_members(
    sources: Sequence[Path], test_sources: Sequence[Path] = (), skip_bad: bool = False
) -> Iterator[Found]:
    """Find every member in files, folders and archives.

    Archives in archives are copied to a temporary folder, which is there while the context is.

    Args:
        sources: train data, except where a name tells the test split.
        test_sources: all of it is the test split, also where it lies in one of `sources`.
        skip_bad: pass over sources that hold no samples, as long as any does.

    Yields:
        Members in order of their names, which does not depend on the order of the arguments.

    Raises:
        UserError: a source cannot be read, holds no samples, or is named twice; or none is.
    """
    if not sources and not test_sources:
        raise UserError("no source is named; name .gnt files, folders or archives")
    with tempfile.TemporaryDirectory(prefix="hanzi-lsgan-") as folder:
        finder = _Finder(Path(folder), [*sources, *test_sources])
        for source in sources:
            finder.find(source, None, skip_bad)
        for source in test_sources:
            finder.find(source, Split.TEST, skip_bad)
        found = finder.found
        if not (found.members or found.collections or found.arrays or found.stores):
            raise nothing_found("the sources", found.passed_over)
        found.members = members_once(found.members)
        found.arrays = members_once(found.arrays)
        found.stores = members_once(found.stores)
        found.collections = pictures_once(found.collections)
        yield found


class _Finder:
    """Walks through sources and notes what it finds."""

    def __init__(self, scratch: Path, sources: Sequence[Path]) -> None:
        self.found = Found()
        self._scratch = scratch
        self._copies = 0
        # Devices and numbers of the source's files: the first names of pictures, else nothing.
        self._files: dict[tuple[int, int], str] = {}
        self._members_of: dict[tuple[int, int], int] = {}  # which of those found a file is
        self._source = Path()
        self._collections: list[Collection] = []  # of the source
        with mendable_errors("the sources"):
            parents = [source.absolute().parent for source in sources]
        self._shared = Path(os.path.commonpath(parents))

    def find(self, source: Path, split: Split | None, skip_bad: bool) -> None:
        """Add what a source holds.

        Raises:
            UserError: it holds no samples; with `skip_bad` that is only noted.
        """
        sample_files, passed_over = self._sample_files(), len(self.found.passed_over)
        arrays = len(self.found.arrays)
        self._files.clear()
        self._members_of.clear()
        self._source = source
        self._collections = []
        with mendable_errors(str(source)):
            is_folder = source.is_dir()
        above = self._names_above(source, is_folder)
        if is_folder:
            self._walk(source, FoundPlace(source.resolve().name, str(source), above, split))
        else:
            folder = source.absolute().parent
            around = FoundPlace(folder.name, str(source.parent), above[:-1], split)
            collection = self._new_collection(folder, around)
            self._file(source, FoundPlace(source.name, str(source), above, split), collection)
        collections = [one for one in self._collections if one.pictures]
        if collections:  # what tells labels may lie beside archives and tables of pictures
            collections = [one for one in self._collections if one.pictures or one.beside]
        for one in collections:
            one.is_alone = self._sample_files() == sample_files
        self.found.collections += collections
        self.found.beside += [one for one in self._collections if one.beside]
        of_source = {array.place for array in self.found.arrays[arrays:]}
        if of_source and not collections and len(of_source) == self._sample_files() - sample_files:
            self.found.lone_arrays.append(of_source)
        if self._sample_files() == sample_files and not collections:
            there = self.found.passed_over[passed_over:]
            if not skip_bad or not there or any(one.kind == UNREADABLE for one in there):
                raise nothing_found(str(source), there)

    def _sample_files(self) -> int:
        """How many files of many samples were found so far."""
        return len(self.found.members) + len(self.found.arrays) + len(self.found.stores)

    def _names_above(self, source: Path, is_folder: bool) -> tuple[str, ...]:
        """The folders above a source that may tell its split.

        Those below the folder that all sources share tell one from the other, so that a shell
        pattern gives what the folder gives. Of those above only a file's own folder counts:
        somebody's `~/testing/hwdb` says nothing.
        """
        parent = source.absolute().parent
        names = parent.relative_to(self._shared).parts[-_MOST_NAMES_ABOVE:]
        return names if names or is_folder else (parent.name,)

    def _walk(self, folder: Path, place: FoundPlace) -> None:
        base = folder.resolve()
        walked: set[Path] = set()
        collection = self._new_collection(base, place)

        def note(error: OSError) -> None:
            below = Path(error.filename).relative_to(base).as_posix()
            unreadable = place.below(below) if below != "." else place
            problem = f"cannot be read ({error.strerror})"
            said = join_message(unreadable.full, problem, UNREADABLE.remedy)
            self._trouble(unreadable, UserError(said), UNREADABLE)

        for parent, folders, names in os.walk(base, onerror=note, followlinks=True):
            # Links may lead in circles, or twice to one folder, which the order then names.
            folders.sort()
            if (real := Path(parent).resolve()) in walked:
                folders.clear()
                continue
            walked.add(real)
            below = Path(parent).relative_to(base).as_posix()
            inside = "" if below == "." else f"{below}/"
            may_be_pictures = kind_of_name(f"{inside}1.png") is PICTURE
            for name in sorted(names):
                is_picture = may_be_pictures and name.lower().endswith(PICTURE_SUFFIXES)
                if not (
                    # There may be millions, and any object more for each would be felt.
                    is_picture
                    and not name.startswith(".")
                    and self._add_picture(f"{parent}/{name}", inside + name, collection)
                ):
                    self._file(Path(parent, name), place.below(inside + name), collection)

    def _add_picture(self, path: str, name: str, collection: Collection) -> bool:
        """Add a picture, or another name of one that was added; say whether it is a file."""
        try:
            status = os.stat(path)  # noqa: PTH116  # pathlib takes four times as long
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode):
            return False
        first = self._files.setdefault((status.st_dev, status.st_ino), name)
        if not first:
            return False
        if first is not name:  # of several names, that one counts which tells most
            collection.first_names[name] = first
        collection.pictures.append(StoredFile(name, status.st_size))
        return True

    def _new_collection(self, base: Path, place: FoundPlace) -> Collection:
        """A place for the pictures of a folder or archive."""
        collection = Collection(
            self._source, place.shown, place.full, base, place.above, place.split
        )
        self._collections.append(collection)
        return collection

    def _file(self, path: Path, place: FoundPlace, collection: Collection) -> None:
        """Add what a file on the disk is or holds."""
        name = place.shown.partition("/")[2] or place.shown
        kind = kind_of_name(name)
        if kind in CLUTTER:
            self._pass_over(place, kind)
            return
        try:
            with mendable_errors(place.full):
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):  # a pipe, for one, cannot be read twice
                    self._pass_over(place, SPECIAL)
                    return
                if (file := (status.st_dev, status.st_ino)) in self._files:
                    self._second_name(path, place, file)
                    return
                self._files[file] = ""
                if kind is None:
                    with path.open("rb") as stream:
                        kind = kind_of(name, stream.read(HEAD_BYTES))
        except UserError as error:
            self._trouble(place, error, UNREADABLE)
            return
        if kind is ZIP and path.with_suffix(".z01").exists():
            kind = VOLUME
        stored = StoredFile(place.shown.removeprefix(f"{collection.name}/"), status.st_size)
        if kind is PICTURE:
            collection.pictures.append(stored)
            return
        if kind in _MAY_TELL_LABELS:
            collection.beside.append(stored)
        if kind is GNT:
            self._members_of[file] = len(self.found.members)
        self._file_of_kind(path, place, kind)

    def _second_name(self, path: Path, place: FoundPlace, file: tuple[int, int]) -> None:
        """Pass over a file's second name, or the first where that tells less of its split."""
        passed_over = place.full
        if (number := self._members_of.get(file)) is not None:
            first = self.found.members[number]
            second = self._with_split(Member(place.shown, path, place=place.full), place)
            if _telling(second) > _telling(first):
                self.found.members[number] = second
                passed_over = first.place
        self.found.passed_over.append(PassedOver(passed_over, SECOND_NAME))

    def _file_of_kind(self, path: Path, place: FoundPlace, kind: Kind) -> None:
        if kind is GNT:
            self._add(Member(place.shown, path, place=place.full), place)
        elif kind is ZIP or kind is TAR:
            self._archive(path, place, kind)
        elif kind in PACKED:
            self._packed(path, place, kind)
        elif kind in TABLES:
            self._table(path, place, kind)
        elif kind is ARRAY:
            array = Member(place.shown, path, place=place.full, named_split=place.named_split)
            self.found.arrays.append(array)
        elif kind is HDF5 and place.full == str(self._source):
            store = Member(place.shown, path, place=place.full, named_split=place.named_split)
            self.found.stores.append(store)
        elif path.name.lower().endswith(SPREADSHEET_SUFFIXES) and place.full == str(self._source):
            remedy = f"{SPREADSHEET.remedy}, and name the folder of the pictures"
            self._pass_over(place, replace(SPREADSHEET, remedy=remedy))
        else:
            self._pass_over(place, kind)

    def _add(self, member: Member, place: FoundPlace) -> None:
        self.found.members.append(self._with_split(member, place))

    def _with_split(self, member: Member, place: FoundPlace) -> Member:
        named = place.named_split
        if place.split is None:
            names = (*place.above, *PurePosixPath(member.name).parts)
            named = split_of_names(names) or TRAIN_UNTOLD
            if named is TRAIN_UNTOLD:
                self.found.uncertain += filter(may_mean_test, names)
        return replace(member, named_split=named)

    def _archive(self, path: Path, place: FoundPlace, kind: Kind) -> None:
        """Add what an archive holds; if that is nothing, say so once for the archive."""
        if place.archives >= _MOST_ARCHIVES_DEEP:
            self._pass_over(place, TOO_DEEP)
            return
        sample_files, passed_over = self._sample_files(), len(self.found.passed_over)
        try:
            with mendable_errors(place.full):
                listing = (list_zip if kind is ZIP else list_tar)(path, place.full)
        except UserError as error:
            self._damaged(place, error, DAMAGED)
            return
        before = len(self._collections)
        collection = self._new_collection(path, place)
        self.found.notes += listing.notes
        for name, left_out in listing.left_out:
            self._pass_over(place.below(name), left_out)
        for entry in listing.entries:
            stored = StoredFile(entry.name, entry.size, entry.span and entry.span[0], entry.packed)
            if kind_of_name(entry.name) is PICTURE and not entry.is_encrypted:
                collection.pictures.append(stored)
                for second in filter(_is_picture, entry.second_names):
                    collection.pictures.append(stored._replace(name=second))
                    collection.first_names[second] = entry.name
                continue
            entry = self._with_telling_name(entry, place)
            kind_of_entry = self._entry(path, entry, place.below(entry.name, archives=1))
            if kind_of_entry in _MAY_TELL_LABELS and not entry.is_encrypted:
                collection.beside.append(stored)
        has_pictures = any(one.pictures for one in self._collections[before:])
        if self._sample_files() == sample_files and not has_pictures:
            inside = self.found.passed_over[passed_over:]
            del self.found.passed_over[passed_over:]
            self.found.passed_over.append(archive_of(inside, place.full))

    def _with_telling_name(self, entry: Entry, place: FoundPlace) -> Entry:
        """An entry by that of its names which tells most of its split, without the others."""
        if not entry.second_names:
            return entry
        names = (entry.name, *entry.second_names)
        members = [Member(place.below(name).shown, Path(), place=place.full) for name in names]
        tellings = [_telling(self._with_split(member, place)) for member in members]
        best = names[tellings.index(max(tellings))]
        for name in names:
            if name != best:
                self._pass_over(place.below(name), SECOND_NAME)
        return replace(entry, name=best, second_names=())

    def _entry(self, path: Path, entry: Entry, place: FoundPlace) -> Kind:
        """Add what a file in an archive is or holds, and say what kind it is."""
        member = Member(place.shown, path, entry.inner, entry.span, place.full)
        kind = kind_of_name(entry.name)
        if kind is None:
            head = b"" if entry.size == 0 else b"?"
            if entry.size and not entry.is_encrypted:
                head = _head_of(member)
            kind = kind_of(entry.name, head)
        if entry.is_encrypted and kind not in CLUTTER:
            self._pass_over(place, ENCRYPTED)
        elif kind is GNT:
            self._add(member, place)
        elif kind is ARRAY:
            self.found.arrays.append(replace(member, named_split=place.named_split))
        elif place.archives >= _MOST_ARCHIVES_DEEP and kind in (ZIP, TAR, *PACKED):
            self._pass_over(place, TOO_DEEP)
        elif kind in (ZIP, TAR, *PACKED, *TABLES):
            copy = self._new_copy()
            try:
                copy_member(member, copy)
            except ScratchError:
                raise
            except UserError as error:
                self._trouble(place, error, DAMAGED)
            else:
                self._file_of_kind(copy, place, kind)
        else:
            self._pass_over(place, kind)
        return kind

    def _table(self, path: Path, place: FoundPlace, kind: Kind) -> None:
        """Add the pictures that a table holds, copied out of it."""
        place = _whole_environment(path, place)
        package, unpack_table = _UNPACKERS[kind]
        if find_spec(package) is None:
            self._pass_over(place, lacking_package(kind, package))
            return
        copy = self._new_copy()
        try:
            with mendable_errors(place.full, DAMAGED_TABLE.remedy):
                unpacked = unpack_table(path, place.full, copy)
        except ScratchError:
            raise
        except UserError as error:
            self._trouble(place, error, DAMAGED_TABLE)
            return
        collection = self._new_collection(copy, place)
        collection.pictures = unpacked.files
        collection.columns = unpacked.columns

    def _packed(self, path: Path, place: FoundPlace, kind: Kind) -> None:
        """Add what a file packed by gzip, bzip2 or xz holds."""
        copy = self._new_copy()
        remedy = f"{ARCHIVE_REMEDY}, or unpack it with another tool and name the folder"
        try:
            with mendable_errors(place.full, remedy):
                unpack(path, kind, copy)
        except ScratchError:
            raise
        except UserError as error:
            self._damaged(place, error, replace(DAMAGED, remedy=remedy))
            return
        with copy.open("rb") as file:
            head = file.read(HEAD_BYTES)
        inside = kind_of(_unpacked_name(place.shown), head)
        if inside in PACKED:
            self._pass_over(place, TOO_DEEP)
        else:
            self._file_of_kind(copy, place, inside)

    def _new_copy(self) -> Path:
        self._copies += 1
        return self._scratch / str(self._copies)

    def _pass_over(self, place: FoundPlace, kind: Kind) -> None:
        self.found.passed_over.append(PassedOver(place.full, kind))

    def _damaged(self, place: FoundPlace, error: UserError, kind: Kind) -> None:
        """Pass over an archive that cannot be read, or the first part of one."""
        if _has_next_part(Path(place.full)):
            self._pass_over(place, SPLIT_FILE)
        else:
            self._trouble(place, error, kind)

    def _trouble(self, place: FoundPlace, error: UserError, kind: Kind) -> None:
        """Pass over what an error was met in."""
        self.found.passed_over.append(PassedOver(place.full, kind, str(error)))


def _whole_environment(path: Path, place: FoundPlace) -> FoundPlace:
    """The folder that is an LMDB environment, where a file is the data in one."""
    if PurePosixPath(place.shown).name != _LMDB_DATA:
        return place
    folder = place.shown.rpartition("/")[0] or path.resolve().parent.name
    return replace(place, shown=folder, full=str(Path(place.full).parent))


def _has_next_part(path: Path) -> bool:
    """Whether the second of the parts that `split` makes lies beside what may be the first."""
    for first, second in (("aa", "ab"), ("00", "01")):
        name = path.name.removesuffix(first)
        if name != path.name and path.with_name(name + second).is_file():
            return True
    return False


def _is_picture(name: str) -> bool:
    return kind_of_name(name) is PICTURE


def _telling(member: Member) -> tuple[bool, bool]:
    """How much a name tells of the split; test before train, as for copies of files."""
    return member.named_split is not TRAIN_UNTOLD, member.split is Split.TEST


def _head_of(member: Member) -> bytes:
    """The first bytes; of a member that cannot be read, none that tell anything."""
    try:
        with member.open() as stream:
            return stream.read(HEAD_BYTES)
    except UserError:
        return b"?"


def _unpacked_name(name: str) -> str:
    """The name of what a packed file holds: `a.tar` of `a.tar.gz` and of `a.tgz`."""
    path = PurePosixPath(name)
    return str(path.with_suffix(".tar" if path.suffix.lower().startswith(".t") else ""))
