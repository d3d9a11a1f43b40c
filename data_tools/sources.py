"""Files, folders and zip archives → the `.gnt` members in them, each with its split and name."""

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import IO

from data_tools.errors import UserError, join_message

_ZIP_REMEDY = "download the archive again"
_ALZ_REMEDY = "unpack the .alz with unalz or unar and name the folder that it makes"
# The official names of test archives and folders: Gnt1.0Test.zip, HWDB1.1tst_gnt.zip, test.zip.
_TEST_NAME = re.compile(r"(Test|(?<![A-Za-z])test|tst_gnt)$")


class Split(IntEnum):
    """The two parts of a data set, which share no writer."""

    TRAIN = 0
    TEST = 1


@dataclass(frozen=True, order=True)
class Member:
    """One `.gnt` file, which in HWDB is one writer, on disk or inside a zip archive.

    Attributes:
        name: the source's own name and the path below it; the same wherever the source lies.
        path: the file on disk, the archive when `inner` is given.
        inner: the member's name inside the archive.
        split: train or test.
        file_bytes: unpacked size as the file system or the archive states it.
    """

    name: str
    path: Path
    inner: str | None
    split: Split
    file_bytes: int

    def state(self) -> tuple[int, int]:
        """Size and time of change of the file on disk, which tell whether it is still the same.

        Raises:
            UserError: the file is gone.
        """
        with _mendable_errors(self.name):
            status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    @contextmanager
    def open(self) -> Iterator["MemberStream"]:
        """Open the member for one reading from its beginning.

        Raises:
            UserError: the file or the archive cannot be opened, or is damaged.
        """
        with ExitStack() as stack:
            with _mendable_errors(self.name):
                if self.inner is None:
                    stream: IO[bytes] = stack.enter_context(self.path.open("rb"))
                else:
                    archive = _open_archive(self.path, os.getpid())
                    stream = stack.enter_context(archive.open(self.inner))
            yield MemberStream(stream, self.name)


@lru_cache(maxsize=8)
def _open_archive(path: Path, process: int) -> zipfile.ZipFile:
    """An archive whose directory is read once for all its members.

    `process` is the caller's own: a handle inherited by a fork shares its position in the file.
    """
    return zipfile.ZipFile(path)


class MemberStream:
    """Bytes of a member, read forward, whose checksum is kept on the way."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none only at the end.

        Raises:
            UserError: the file cannot be read, or the archive is damaged here.
        """
        with _mendable_errors(self._name):
            data = self._stream.read(size)
        self._digest.update(data)
        return data

    def sha256(self) -> str:
        """The checksum of everything read so far, in hexadecimal."""
        return self._digest.hexdigest()


@contextmanager
def _mendable_errors(name: str) -> Iterator[None]:
    """Turn what the file system and zipfile raise into one line that names the source."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(join_message(name, f"is damaged ({error})", _ZIP_REMEDY)) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise UserError(join_message(name, problem, "check the path and its permissions")) from None


def find_members(sources: Sequence[Path], test_sources: Sequence[Path] = ()) -> list[Member]:
    """Find every `.gnt` file in files, folders and zip archives.

    Args:
        sources: train data, except where an official name marks the test split.
        test_sources: all of it is the test split.

    Returns:
        The members in order of their names, which does not depend on the order of the arguments.

    Raises:
        UserError: a source cannot be read, holds no `.gnt` file, or is named twice.
    """
    members: list[Member] = []
    for source in sources:
        members += _members_of(source, None)
    for source in test_sources:
        members += _members_of(source, Split.TEST)
    members.sort()
    seen: set[tuple[Path, str | None]] = set()
    for member in members:
        place = (member.path.resolve(), member.inner)
        if place in seen:
            remedy = "name each file once, either for train or for --test"
            raise UserError(join_message(member.name, "the same source is given twice", remedy))
        seen.add(place)
    return members


def _members_of(source: Path, split: Split | None) -> list[Member]:
    with _mendable_errors(str(source)):
        if source.is_dir():
            return _members_of_folder(source, split)
        return _members_of_file(source, source.name, split)


def _members_of_folder(folder: Path, split: Split | None) -> list[Member]:
    def stop(error: OSError) -> None:
        raise error

    members: list[Member] = []
    unpackable: list[Path] = []
    base = folder.resolve()
    for parent, _, names in os.walk(base, onerror=stop):
        for path in (Path(parent, name) for name in names):
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
    with path.open("rb"):  # an unreadable file is reported before any work begins
        pass
    chosen = split if split is not None else _split_of(name)
    return [Member(name, path, None, chosen, path.stat().st_size)]


def _members_of_zip(path: Path, name: str, split: Split | None) -> list[Member]:
    with _mendable_errors(name), zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    members = []
    for entry in entries:
        suffix = Path(entry.filename).suffix.lower()
        shown = f"{name}/{entry.filename}"
        if suffix == ".alz":
            raise UserError(join_message(shown, "cannot be read here", _ALZ_REMEDY))
        if suffix != ".gnt":
            continue
        if entry.flag_bits & 0x1:
            remedy = "unpack the archive with its password and name the folder"
            raise UserError(join_message(shown, "is encrypted", remedy))
        chosen = split if split is not None else _split_of(shown)
        members.append(Member(shown, path, entry.filename, chosen, entry.file_size))
    if not members:
        inside = ", ".join(entry.filename for entry in entries[:3]) or "nothing"
        remedy = "name an archive of .gnt files, such as Gnt1.0TrainPart1.zip"
        raise UserError(join_message(str(path), f"no .gnt file is inside ({inside} is)", remedy))
    return members


def _split_of(name: str) -> Split:
    """Read the split off the names of archives and folders as CASIA gives them."""
    parts = name.split("/")
    stems = [part.removesuffix(".zip") for part in parts[:-1]] + [Path(parts[-1]).stem]
    return Split.TEST if any(_TEST_NAME.search(stem) for stem in stems) else Split.TRAIN
