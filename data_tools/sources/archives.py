"""What is listed in zip and tar archives, and the copies of those that lie in others.

Nothing is ever unpacked under a name that an archive gives, so `..` in a name leads nowhere.
"""

import bz2
import errno
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from isal import igzip

from data_tools.errors import UserError, join_message
from data_tools.hwdb.gnt import Readable
from data_tools.sources.kinds import BZIP2, GZIP, XZ, Kind
from data_tools.sources.members import Member
from data_tools.sources.stored import Packed
from data_tools.sources.zip_directory import MAX_RATIO, SMALL_BYTES, read_directory

_CHUNK_BYTES = 1 << 20
_READERS: dict[Kind, Callable[[Path], Any]] = {
    GZIP: igzip.IGzipFile,
    BZIP2: bz2.BZ2File,
    XZ: lzma.LZMAFile,
}


@dataclass(frozen=True)
class Entry:
    """A file in an archive.

    Attributes:
        name: its name, parted by `/`, without what leads out of the archive.
        size: unpacked, in bytes.
        inner: the name by which a zip archive finds it.
        span: its first byte and size in a tar archive.
        packed: where it lies in a zip archive.
        is_encrypted: whether a password is needed.
    """

    name: str
    size: int
    inner: str | None = None
    span: tuple[int, int] | None = None
    packed: Packed | None = None
    is_encrypted: bool = False


def zip_entries(path: Path, place: str) -> list[Entry]:
    """List the files in a zip archive, which messages call by its place.

    Raises:
        UserError, zipfile.BadZipFile, OSError and others, as `read_directory`.
    """
    return [
        Entry(
            clean_name(_decoded_name(entry)),
            entry.file_size,
            inner=entry.filename,
            packed=Packed(entry.header_offset, entry.compress_size, entry.compress_type, entry.CRC),
            is_encrypted=bool(entry.flag_bits & 0x1),
        )
        for entry in read_directory(path, place)
        if not entry.filename.endswith("\\")  # as some tools write folders
    ]


def tar_entries(path: Path) -> list[Entry]:
    """List the files in a tar archive that is not packed.

    Raises:
        tarfile.TarError, OSError and others, on damage.
    """
    with tarfile.open(path, "r:") as archive:
        return [
            Entry(clean_name(entry.name), entry.size, span=(entry.offset_data, entry.size))
            for entry in archive
            if entry.isreg() and not entry.issparse()
        ]


def clean_name(name: str) -> str:
    r"""A member's name as a person reads it: `\` parts as `/` does, and `..` leads nowhere."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"


def _decoded_name(entry: zipfile.ZipInfo) -> str:
    """The name of a zip archive's member; without a mark for UTF-8 it may be in UTF-8 or GBK."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    for encoding in ("utf-8", "gbk"):
        try:
            return entry.filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return entry.filename


class ScratchError(UserError):
    """A copy of an archive cannot be written, which is no fault of the archive's."""


@contextmanager
def _scratch(copy: Path) -> Iterator[IO[bytes]]:
    """The file for a copy, whose errors are told from those of what is read.

    Raises:
        ScratchError: the file cannot be written.
    """
    try:
        with copy.open("wb") as file:
            yield file
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        problem = "there is no space for a copy of an archive that lies in another"
        remedy = "free space there, or name another folder in TMPDIR"
        raise ScratchError(join_message(str(copy.parent), problem, remedy)) from None


def copy_member(member: Member, copy: Path) -> None:
    """Write a member to a file.

    Raises:
        UserError: it cannot be read.
        ScratchError: there is no space for the copy.
    """
    with member.open() as stream, _scratch(copy) as file:
        for chunk in _chunks(stream):
            file.write(chunk)


def unpack(path: Path, kind: Kind, copy: Path) -> None:
    """Write what a file packed by gzip, bzip2 or xz holds to another.

    Raises:
        UserError: it holds more than `MAX_RATIO` times its own size.
        ScratchError: there is no space for the copy.
        OSError, EOFError and others, on damage.
    """
    limit = max(SMALL_BYTES, MAX_RATIO * path.stat().st_size)
    with _READERS[kind](path) as stream, _scratch(copy) as file:
        for chunk in _chunks(stream):
            limit -= len(chunk)
            if limit < 0:
                problem = f"unpacks to more than {MAX_RATIO} times its size"
                remedy = "get the archive from its source again"
                raise UserError(join_message(str(path), problem, remedy))
            file.write(chunk)


def _chunks(stream: Readable) -> Iterator[bytes]:
    return iter(lambda: stream.read(_CHUNK_BYTES), b"")
