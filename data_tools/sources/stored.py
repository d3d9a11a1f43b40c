"""Small files by the hundred thousand, each read at once from a folder, a zip or a tar archive.

A picture takes less time to decode than `zipfile` needs to open it, and every process that opens an
archive reads its whole directory. So the place of each file is kept instead.
"""

import bz2
import lzma
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from isal import isal_zlib

from data_tools.errors import UserError, join_message
from data_tools.positions import read_at
from data_tools.splits import Split

_LOCAL_HEADER = struct.Struct("<4s22xHH")  # its signature, lengths of name and extra field
_LZMA_HEAD = struct.Struct("<4xBI")
_LEAST_DICTIONARY_BYTES = 4096
_RAW_DEFLATE = -15


class Packed(NamedTuple):
    """Where a file lies in a zip archive, as the archive's directory says."""

    header: int
    packed_bytes: int
    method: int
    crc: int


class StoredFile(NamedTuple):
    """A file of a folder or an archive.

    Attributes:
        name: its path below the folder or in the archive, parted by `/`.
        size: in bytes, unpacked.
        span: its first byte in a tar archive.
        packed: its place in a zip archive.
    """

    name: str
    size: int
    span: int | None = None
    packed: Packed | None = None


Value = str | int | None
"""What a column says of a picture: a text, the number of a class, or nothing."""

Columns = dict[str, list[Value]]


@dataclass
class Collection:
    """Pictures in one folder or archive, and what lies beside them.

    Attributes:
        source: as a person named it.
        name: the source's own name and the path below it.
        place: where a person finds it.
        base: the folder or archive on the disk.
        above: names of folders above the source that may tell the split, from the farthest.
        split: what a person said it is.
        pictures: files that are pictures.
        beside: files of text and of unknown kinds, which may say what the pictures show.
        is_alone: whether the source holds pictures only, and no other samples.
        columns: what a file of pictures says of each, by the names of its columns.
        first_names: of pictures that are a second name of a file, the one that was found first.
    """

    source: Path
    name: str
    place: str
    base: Path
    above: tuple[str, ...] = ()
    split: Split | None = None
    pictures: list[StoredFile] = field(default_factory=list)
    beside: list[StoredFile] = field(default_factory=list)
    is_alone: bool = True
    columns: Columns = field(default_factory=dict)
    first_names: dict[str, str] = field(default_factory=dict)

    def keep(self, are_kept: Sequence[bool]) -> None:
        """Leave out all other pictures, and what columns say of them."""
        self.pictures = list(compress(self.pictures, are_kept))
        self.columns = {name: list(compress(said, are_kept)) for name, said in self.columns.items()}


def read_whole(base: Path, file: StoredFile, most_bytes: int) -> bytes:
    """Read a file.

    Args:
        base: the folder or the archive.
        file: one that lies in it.
        most_bytes: a larger one is refused.

    Raises:
        OSError: it cannot be read.
        ValueError: it is larger, or damaged in its archive.
    """
    if file.span is None and file.packed is None:
        path = f"{base}/{file.name}"
        with open(path, "rb", buffering=0) as opened:  # noqa: PTH123  # pathlib takes longer
            data = opened.read(min(file.size, most_bytes) + 1)
            while file.size < len(data) <= most_bytes:  # it has grown since it was found
                more = opened.read(most_bytes + 1)
                if not more:
                    break
                data += more
        if len(data) > most_bytes:
            raise ValueError(f"has more than {most_bytes:,} bytes")
        return data
    if file.size > most_bytes:
        raise ValueError(f"has {file.size:,} bytes; the limit is {most_bytes:,}")
    archive = _opened(base)
    if file.packed is None:
        data = read_at(archive.fileno(), file.size, file.span or 0)
        if len(data) < file.size:
            raise ValueError("is cut off: the archive ends before its time")
        return data
    return _inflated(archive, file.packed, file.size)


def read_beside(collection: Collection, file: StoredFile, most_bytes: int) -> bytes:
    """Read a file that lies beside pictures.

    Raises:
        UserError: it cannot be read, is larger than `most_bytes`, or damaged in its archive.
    """
    place = f"{collection.place}/{file.name}"
    try:
        return read_whole(collection.base, file, most_bytes)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise UserError(join_message(place, problem, "check its permissions")) from None
    except ValueError as error:
        remedy = "get the archive again, or unpack it and name the folder"
        raise UserError(join_message(place, str(error), remedy)) from None


def _inflated(archive: BinaryIO, packed: Packed, size: int) -> bytes:
    header = read_at(archive.fileno(), _LOCAL_HEADER.size, packed.header)
    if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\3\4":
        raise ValueError("is not where its archive's directory says")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    start = packed.header + _LOCAL_HEADER.size + name_bytes + extra_bytes
    data = read_at(archive.fileno(), packed.packed_bytes, start)
    if packed.method == zipfile.ZIP_DEFLATED:
        try:
            data = isal_zlib.decompressobj(wbits=_RAW_DEFLATE).decompress(data, size + 1)
        except Exception as error:  # isal_zlib.error, which its types do not show as an exception
            raise ValueError(f"is damaged in its archive ({error})") from None
    elif packed.method in _UNPACKERS:
        try:
            data = _UNPACKERS[packed.method](data, size)
        except (OSError, EOFError, lzma.LZMAError, struct.error) as error:
            raise ValueError(f"is damaged in its archive ({error})") from None
    elif packed.method != zipfile.ZIP_STORED:
        raise ValueError("is packed in a way that is not read here: unpack the archive")
    if len(data) != size or isal_zlib.crc32(data) != packed.crc:
        raise ValueError("is damaged in its archive: its checksum is not the one stated")
    return data


def _of_bzip2(data: bytes, size: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, size + 1)


def _of_lzma(data: bytes, size: int) -> bytes:
    """Unpack what follows a head of the version, the length of the settings, and those."""
    head, dictionary_bytes = _LZMA_HEAD.unpack_from(data)
    settings = {
        "id": lzma.FILTER_LZMA1,
        "lc": head % 9,
        "lp": head // 9 % 5,
        "pb": head // 45,
        "dict_size": min(dictionary_bytes, max(size, _LEAST_DICTIONARY_BYTES)),
    }
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
    return unpacker.decompress(data[_LZMA_HEAD.size :], size + 1)


_UNPACKERS: dict[int, Callable[[bytes, int], bytes]] = {
    zipfile.ZIP_BZIP2: _of_bzip2,
    zipfile.ZIP_LZMA: _of_lzma,
}


def _opened(path: Path) -> BinaryIO:
    status = path.stat()
    # A handle that a fork inherits would do, since only its own offset is shared; a replaced file
    # needs another.
    return _open(path, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _open(path: Path, state: tuple[int, ...]) -> BinaryIO:
    """An archive that stays open for its next file; `state` tells one file from the next."""
    return path.open("rb")
