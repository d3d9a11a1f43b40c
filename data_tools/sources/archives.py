"""What is listed in zip and tar archives, and the copies of those that lie in others.

Nothing is ever unpacked under a name that an archive gives, so `..` in a name leads nowhere.
"""

import bz2
import errno
import lzma
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from isal import igzip

from data_tools.errors import UserError, join_message
from data_tools.hwdb.gnt import Readable
from data_tools.sources.kinds import BZIP2, GZIP, XZ, Kind
from data_tools.sources.members import Member
from data_tools.sources.stored import Packed
from data_tools.sources.zip_directory import MAX_RATIO, SMALL_BYTES, read_directory
from data_tools.sources.zip_names import decoded_names, decoded_tar_names

SECOND_NAME = Kind("a second name of a file", "second names of files")
_UNPACK = "unpack the archive and name the folder"
LINK = Kind("a link in an archive", "links in archives", _UNPACK)
REPLACED = Kind("an earlier version of a file", "earlier versions of files")
SPARSE = Kind(
    "a file with holes in an archive",
    "files with holes in archives",
    _UNPACK,
)

_UNIX = 3  # of the systems that a zip archive can be from, the one with links
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
        second_names: others, which hard links in a tar archive give it.
    """

    name: str
    size: int
    inner: str | None = None
    span: tuple[int, int] | None = None
    packed: Packed | None = None
    is_encrypted: bool = False
    second_names: tuple[str, ...] = ()


@dataclass
class Listing:
    """What an archive holds.

    Attributes:
        entries: the files in it.
        left_out: names of what is no file of its own, with its kind.
        notes: lines on how names were read and on its end.
    """

    entries: list[Entry]
    left_out: list[tuple[str, Kind]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def list_zip(path: Path, place: str) -> Listing:
    """List the files in a zip archive, which messages call by its place.

    Raises:
        UserError, zipfile.BadZipFile, OSError and others, as `read_directory`; `UserError` also
            where names may be in one encoding as well as in another.
    """
    entries = read_directory(path, place)
    names, note = decoded_names(entries, place)
    files, links = [], []
    for entry, name in zip(entries, names, strict=True):
        if name.endswith("\\"):  # as some tools write folders
            continue
        if entry.create_system == _UNIX and stat.S_ISLNK(entry.external_attr >> 16):
            links.append((clean_name(name), LINK))
            continue
        file = Entry(
            clean_name(name),
            entry.file_size,
            inner=entry.filename,
            packed=Packed(entry.header_offset, entry.compress_size, entry.compress_type, entry.CRC),
            is_encrypted=bool(entry.flag_bits & 0x1),
        )
        files.append(file)
    return Listing(files, links, [note] if note else [])


def list_tar(path: Path, place: str) -> Listing:
    """List the files in a tar archive that is not packed, which messages call by its place.

    Of files of one name the last counts, as where the archive is unpacked.

    Raises:
        tarfile.TarError, OSError and others, on damage; `UserError` where names may be in one
            encoding as well as in another.
    """
    spans: dict[str, tuple[int, int]] = {}
    names: dict[tuple[int, int], list[str]] = {}
    left_out = []
    with tarfile.open(path, "r:") as archive:
        entries = list(archive)
        decoded, note = decoded_tar_names([entry.name for entry in entries], place)
        for entry in entries:
            span = None
            shown = clean_name(decoded.get(entry.name, entry.name))
            name = str(PurePosixPath(entry.name))  # `./001.gnt` is `001.gnt`
            if entry.islnk():
                span = spans.get(str(PurePosixPath(entry.linkname)))
            elif entry.isreg() and not entry.issparse():
                span = (entry.offset_data, entry.size)
            if span is not None:
                if (earlier := spans.get(name)) is not None:
                    names[earlier].remove(shown)
                    left_out.append((shown, REPLACED))
                spans[name] = span
                names.setdefault(span, []).append(shown)
            elif entry.islnk() or entry.issym():
                left_out.append((shown, LINK))
            elif entry.issparse():
                left_out.append((shown, SPARSE))
        end = archive.offset
    files = []
    for span, of_file in names.items():
        if not of_file:
            continue
        of_file.sort(key=_order_in_folder)
        name, *others = of_file
        files.append(Entry(name, span[1], span=span, second_names=tuple(others)))
    notes = [line for line in (note, _note_on_end(path, place, end)) if line]
    return Listing(files, left_out, notes)


def _note_on_end(path: Path, place: str, end: int) -> str:
    """A line where a tar archive lacks the zeros that close it, as one that is cut off may, or
    where another archive follows those.

    Args:
        path: of the archive.
        place: what messages call it.
        end: byte behind the last file. `tarfile` takes whatever is there for the end.

    Raises:
        tarfile.ReadError: another file's damaged head is there.
    """
    with path.open("rb") as file:
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
        if block.strip(b"\0"):
            raise tarfile.ReadError(f"no file's head is at byte {end:,}, where one is due")
        if any(chunk.strip(b"\0") for chunk in _chunks(file)):
            problem = "another archive follows its end, and is not read"
            remedy = "unpack it with `tar -i`, and name the folder"
            return join_message(place, problem, remedy)
    if not block:
        problem = "ends without the mark of an end"
        remedy = "if files are missing, download it again"
        return join_message(place, problem, remedy)
    return ""


def _order_in_folder(name: str) -> tuple[list[str], str]:
    """By what the files of a folder sort before those of folders in it."""
    *folders, file = name.split("/")
    return folders, file


def clean_name(name: str) -> str:
    r"""A member's name as a person reads it: `\` parts as `/` does, and `..` leads nowhere."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"


class ScratchError(UserError):
    """A copy of what a source packs cannot be written, which is no fault of the source's."""


@contextmanager
def scratch(copy: Path, content: str = "an archive that lies in another") -> Iterator[IO[bytes]]:
    """The file for a copy of some content, whose errors are told from those of what is read.

    Raises:
        ScratchError: the file cannot be written.
    """
    try:
        with copy.open("wb") as file:
            yield file
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        problem = f"there is no space for a copy of {content}"
        remedy = "free space there, or name another folder in TMPDIR"
        raise ScratchError(join_message(str(copy.parent), problem, remedy)) from None


def copy_member(member: Member, copy: Path) -> None:
    """Write a member to a file.

    Raises:
        UserError: it cannot be read.
        ScratchError: there is no space for the copy.
    """
    with member.open() as stream, scratch(copy) as file:
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
    with _READERS[kind](path) as stream, scratch(copy) as file:
        for chunk in _chunks(stream):
            limit -= len(chunk)
            if limit < 0:
                problem = f"unpacks to more than {MAX_RATIO} times its size"
                remedy = "get the archive from its source again"
                raise UserError(join_message(str(path), problem, remedy))
            file.write(chunk)


def _chunks(stream: Readable) -> Iterator[bytes]:
    return iter(lambda: stream.read(_CHUNK_BYTES), b"")
