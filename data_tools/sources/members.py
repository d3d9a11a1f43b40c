"""Files, folders and zip archives → the `.gnt` members in them, each with its split and name."""

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from data_tools.errors import UserError, join_message
from data_tools.sources.inflate import ByteStream, open_member
from data_tools.sources.zip_directory import read_directory
from data_tools.splits import Split

SOURCE_SUFFIXES = (".gnt", ".zip", ".alz")
"""Names that mark HWDB files; `.alz` only to say which tool unpacks it."""

_ZIP_REMEDY = "download the archive again"
_ALZ_REMEDY = "unpack the .alz with unalz or unar and name the folder that it makes"
# The official names of test archives and folders: Gnt1.0Test.zip, HWDB1.1tst_gnt.zip, test.zip.
_TEST_NAME = re.compile(r"(Test|(?<![A-Za-z])test|tst_gnt)(?i:\.zip|\.gnt)?$")


@dataclass(frozen=True, order=True)
class Member:
    """One `.gnt` file, which in HWDB is one writer, on disk or inside a zip archive.

    Attributes:
        name: the source's own name and the path below it; the same wherever the source lies.
        path: the file on disk, the archive when `inner` is given.
        inner: the member's name inside the archive.
        split: train or test.
    """

    name: str
    path: Path
    inner: str | None
    split: Split

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return str(self.path if self.inner is None else self.path / self.inner)

    def open(self) -> "MemberStream":
        """A stream for one reading from the beginning, to be used in a `with` statement."""
        return MemberStream(self)


@lru_cache(maxsize=8)
def _open_archive(path: Path, state: tuple[int, ...], process: int) -> zipfile.ZipFile:
    """An archive whose directory is read once for all its members.

    `state` tells one file at `path` from the next. `process` is the caller's own: a handle
    inherited by a fork shares its position in the file.
    """
    return zipfile.ZipFile(path)


class MemberStream:
    """Bytes of a member, read forward, counted and summed up on the way.

    Attributes:
        bytes_read: how many so far.
    """

    def __init__(self, member: Member) -> None:
        self._member = member
        self._stream: ByteStream | None = None
        self._digest = hashlib.sha256()
        self.bytes_read = 0

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none only at the end.

        Raises:
            UserError: the file or archive cannot be opened or read, or is damaged here.
        """
        with _mendable_errors(self._member.name):
            if self._stream is None:
                self._stream = self._open()
            data = self._stream.read(size)
        self._digest.update(data)
        self.bytes_read += len(data)
        return data

    def sha256(self) -> str:
        """The checksum of everything read so far, in hexadecimal."""
        return self._digest.hexdigest()

    def _open(self) -> ByteStream:
        path, inner = self._member.path, self._member.inner
        if inner is None:
            return path.open("rb")
        status = path.stat()
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        return open_member(_open_archive(path, state, os.getpid()), inner)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()


@contextmanager
def _mendable_errors(name: str) -> Iterator[None]:
    """Turn what the file system and zipfile raise into one line that names the source."""
    try:
        yield
    except UserError:
        raise
    except NotImplementedError as error:
        remedy = "unpack the archive with another tool and name the folder"
        raise UserError(join_message(name, f"cannot be read here ({error})", remedy)) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise _unreadable(name, error) from None
        # On damage zipfile hands on whatever comes up: BadZipFile, zlib.error, LZMAError, EOFError,
        # an OSError from bz2, UnicodeDecodeError, IndexError, OverflowError and more.
        problem = f"is damaged ({str(error) or type(error).__name__})"
        raise UserError(join_message(name, problem, _ZIP_REMEDY)) from None


def _unreadable(name: str, error: OSError) -> UserError:
    problem = f"cannot be read ({error.strerror or error})"
    place = str(error.filename or name)
    return UserError(join_message(place, problem, "check the path and its permissions"))


def find_members(sources: Sequence[Path], test_sources: Sequence[Path] = ()) -> list[Member]:
    """Find every `.gnt` file in files, folders and zip archives.

    Args:
        sources: train data, except where an official name marks the test split.
        test_sources: all of it is the test split.

    Returns:
        The members in order of their names, which does not depend on the order of the arguments.

    Raises:
        UserError: a source cannot be read, holds no `.gnt` file, or is named twice; or none is.
    """
    if not sources and not test_sources:
        raise UserError("no source is named; name .gnt files, folders or .zip archives")
    members: list[Member] = []
    for source in sources:
        members += _members_of(source, None)
    for source in test_sources:
        members += _members_of(source, Split.TEST)
    members.sort()
    seen: set[tuple[Path, str | None]] = set()
    resolved = {path: path.resolve() for path in {member.path for member in members}}
    for member in members:
        file = (resolved[member.path], member.inner)
        if file in seen:
            remedy = "name each file once, either for train or for --test"
            raise UserError(join_message(member.place, "the same source is given twice", remedy))
        seen.add(file)
    return members


def _members_of(source: Path, split: Split | None) -> list[Member]:
    with _mendable_errors(str(source)):
        is_folder = source.is_dir()
    if is_folder:
        return _members_of_folder(source, split)
    return _members_of_file(source, source.name, split)


def _members_of_folder(folder: Path, split: Split | None) -> list[Member]:
    def stop(error: OSError) -> None:
        raise _unreadable(str(folder), error)

    members: list[Member] = []
    unpackable: list[Path] = []
    base = folder.resolve()
    walked: set[Path] = set()
    for parent, folders, names in os.walk(base, onerror=stop, followlinks=True):
        # Links may lead in circles, or twice to one folder, which the order then names.
        folders.sort()
        if (real := Path(parent).resolve()) in walked:
            folders.clear()
            continue
        walked.add(real)
        for path in (Path(parent, name) for name in sorted(names)):
            if path.suffix.lower() in (".gnt", ".zip"):
                shown = f"{base.name}/{path.relative_to(base).as_posix()}"
                members += _members_of_file(path, shown, split)
            elif path.suffix.lower() == ".alz":
                unpackable.append(path)
    if not members:
        if unpackable:
            raise UserError(join_message(str(unpackable[0]), "cannot be read here", _ALZ_REMEDY))
        remedy = "name a folder of .gnt files or HWDB archives"
        raise UserError(join_message(str(folder), "no .gnt file is in the folder", remedy))
    return members


def _members_of_file(path: Path, name: str, split: Split | None) -> list[Member]:
    if path.suffix.lower() == ".alz":
        raise UserError(join_message(str(path), "cannot be read here", _ALZ_REMEDY))
    if path.suffix.lower() == ".zip":
        return _members_of_zip(path, name, split)
    with _mendable_errors(str(path)):
        is_regular = stat.S_ISREG(path.stat().st_mode)
        if is_regular:
            path.open("rb").close()  # an unreadable file is reported before any work begins
    if not is_regular:  # a pipe, for one, cannot be read twice
        remedy = "name .gnt files, folders or .zip archives"
        raise UserError(join_message(str(path), "is neither a file nor a folder", remedy))
    return [Member(name, path, None, _split_of(name) if split is None else split)]


def _members_of_zip(path: Path, name: str, split: Split | None) -> list[Member]:
    with _mendable_errors(str(path)):
        entries = read_directory(path)
    members = []
    for entry in entries:
        suffix = Path(entry.filename).suffix.lower()
        shown = f"{name}/{entry.filename}"
        chosen = _split_of(shown) if split is None else split
        member = Member(shown, path, entry.filename, chosen)
        if suffix == ".alz":
            raise UserError(join_message(member.place, "cannot be read here", _ALZ_REMEDY))
        if suffix != ".gnt":
            continue
        if entry.flag_bits & 0x1:
            remedy = "unpack the archive with its password and name the folder"
            raise UserError(join_message(member.place, "is encrypted", remedy))
        members.append(member)
    if not members:
        inside = ", ".join(entry.filename for entry in entries[:3]) or "nothing"
        remedy = "name an archive of .gnt files, such as Gnt1.0TrainPart1.zip"
        raise UserError(join_message(str(path), f"no .gnt file is inside ({inside} is)", remedy))
    return members


def _split_of(name: str) -> Split:
    """Read the split off the names of archives and folders as CASIA gives them."""
    return Split.TEST if any(map(_TEST_NAME.search, name.split("/"))) else Split.TRAIN
