"""The `.gnt` record of CASIA HWDB: read, write, and every way that a file can be broken.

A file is a run of records, nothing before, between or after them. All integers are little-endian:

    uint32  size of the whole record, 10 + width * height
    2 bytes tag: the character in GBK, high byte first; an ASCII symbol is its byte and a zero
    uint16  width
    uint16  height
    uint8   pixels, row by row: 255 is background, 0 the darkest ink

Source: CASIA Online and Offline Chinese Handwriting Databases, format of GNT files.
"""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.hwdb.charset import character_of_tag, tag_of_character

HEADER = struct.Struct("<I2sHH")
MAX_SIDE_PIXELS = 4096
"""Bitmaps wider or higher than this are taken for damage: HWDB's own stay below 400 pixels."""

_CHUNK_BYTES = 1 << 18
_SKIP_REMEDY = "get the file again, or pass --skip-bad to go on without this record"


class GntError(UserError):
    """A `.gnt` file that breaks the format, with the file's name and the byte offset.

    Attributes:
        records_lost: how many records it costs, as well as can be told.
    """

    def __init__(
        self,
        name: str,
        offset: int,
        problem: str,
        remedy: str = _SKIP_REMEDY,
        records_lost: int = 1,
    ) -> None:
        super().__init__(join_message(f"{name}: byte {offset:,}", problem, remedy))
        self.name = name
        self.offset = offset
        self.problem = problem
        self.records_lost = records_lost
        self._remedy = remedy

    def __reduce__(self) -> tuple[type["GntError"], tuple[str, int, str, str, int]]:
        # An exception travels between processes as its constructor's arguments.
        return GntError, (self.name, self.offset, self.problem, self._remedy, self.records_lost)


def is_sound_header(header: bytes | memoryview) -> bool:
    """Whether `HEADER.size` bytes agree with themselves: size, sides and tag of a record."""
    if len(header) < HEADER.size:
        return False
    size, tag, width, height = HEADER.unpack(header)
    return (
        size == HEADER.size + width * height
        and 0 < width <= MAX_SIDE_PIXELS
        and 0 < height <= MAX_SIDE_PIXELS
        and character_of_tag(tag) is not None
    )


class Readable(Protocol):
    """All that the reader asks of a stream."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none only at the end."""
        ...


class GntRecord(NamedTuple):
    """One handwritten sample: `pixels` holds width * height bytes, row by row."""

    offset: int
    character: str
    width: int
    height: int
    pixels: memoryview

    @property
    def bitmap(self) -> NDArray[np.uint8]:
        """The pixels as an array of shape (height, width): 255 is background, 0 the darkest ink."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width)


class _Window:
    """A stretch of a stream that slides forward, so that a file of any size needs little memory."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._buffer = memoryview(b"")
        self._base = 0  # the stream's offset of the buffer's first byte
        self._end = 0  # and of the byte behind its last

    def view(self, offset: int, length: int) -> memoryview:
        """The bytes at `offset`, fewer than `length` only at the end; offsets never fall."""
        if offset + length > self._end:
            self._fill(offset, length)
        start = offset - self._base
        return self._buffer[start : start + length]

    def _fill(self, offset: int, length: int) -> None:
        parts: list[bytes | memoryview] = [self._buffer[offset - self._base :]]
        missing = offset + length - self._end
        while missing > 0 and (chunk := self._stream.read(_CHUNK_BYTES)):
            parts.append(chunk)
            missing -= len(chunk)
        self._buffer = memoryview(b"".join(parts))
        self._base = offset
        self._end = offset + len(self._buffer)


def read_records(
    stream: Readable,
    name: str,
    on_bad: Callable[[GntError], None] | None = None,
) -> Iterator[GntRecord]:
    """Read a `.gnt` stream from its beginning, record by record, in bounded memory.

    Args:
        stream: bytes of the file, read forward only.
        name: what messages call the file.
        on_bad: called with each damaged record, after which reading goes on behind it, or ends
            where no following record can be found. Without it the first damage raises.

    Yields:
        Records in file order. `pixels` stays valid as long as it is referenced.

    Raises:
        GntError: damage at a byte offset, when `on_bad` is None.
    """
    window = _Window(stream)
    offset = 0
    while header := window.view(offset, HEADER.size):
        try:
            record, record_bytes = _parse(window, header, name, offset)
        except GntError as error:
            if on_bad is None:
                raise
            next_offset = _next_record(window, header, offset)
            if next_offset is None:
                lost = f"the last {_drain(window, offset):,} bytes are left out"
                problem = f"{error.problem}, and no record can be found after it: {lost}"
                on_bad(GntError(name, offset, problem))
                return
            on_bad(error)
            offset = next_offset
            continue
        yield record
        offset += record_bytes
    if offset == 0:
        empty = GntError(name, 0, "the file is empty", "get the file again, or pass --skip-bad")
        if on_bad is None:
            raise empty
        on_bad(empty)


def _parse(window: _Window, header: memoryview, name: str, offset: int) -> tuple[GntRecord, int]:
    """Check and cut out the record at `offset`; return it with its size in bytes."""
    if len(header) < HEADER.size:
        found = f"a record's header needs {HEADER.size} bytes and the file ends after {len(header)}"
        raise GntError(name, offset, found)
    size, tag, width, height = HEADER.unpack(header)
    if size != HEADER.size + width * height:
        expected = HEADER.size + width * height
        found = f"the size field says {size} but {width} × {height} pixels make {expected}"
        if offset == 0:
            found = f"this is no .gnt file, or its first record is damaged: {found}"
        raise GntError(name, offset, found)
    if width == 0 or height == 0:
        raise GntError(name, offset, f"the bitmap is {width} × {height}, which holds no pixel")
    if width > MAX_SIDE_PIXELS or height > MAX_SIDE_PIXELS:
        found = f"a bitmap of {width} × {height} is larger than {MAX_SIDE_PIXELS} pixels a side"
        raise GntError(name, offset, found)
    character = character_of_tag(tag)
    if character is None:
        raise GntError(name, offset, f"the tag 0x{tag.hex()} is neither GBK nor an ASCII symbol")
    pixels = window.view(offset, size)[HEADER.size :]
    if len(pixels) < width * height:
        found = f"the bitmap needs {width * height} bytes and the file ends after {len(pixels)}"
        raise GntError(name, offset, found)
    return GntRecord(offset, character, width, height, pixels), size


def _next_record(window: _Window, header: memoryview, offset: int) -> int | None:
    """Where the record behind a damaged one begins, or the file ends.

    Believe the field that leads there, if any does.
    """
    if len(header) < HEADER.size:
        return None
    size, _, width, height = HEADER.unpack(header)
    candidates: set[int] = {size, HEADER.size + width * height}
    for candidate in sorted(candidates):
        if not HEADER.size <= candidate <= HEADER.size + MAX_SIDE_PIXELS**2:
            continue
        found = window.view(offset, candidate + HEADER.size)
        if len(found) == candidate:
            return offset + candidate
        if len(found) == candidate + HEADER.size:
            next_size, _, next_width, next_height = HEADER.unpack(found[candidate:])
            if next_size == HEADER.size + next_width * next_height:
                return offset + candidate
    return None


def _drain(window: _Window, offset: int) -> int:
    """Read to the end, so that checksums kept by the stream cover the whole file.

    Returns:
        The number of bytes from `offset` to the end.
    """
    drained = 0
    while chunk := window.view(offset + drained, _CHUNK_BYTES):
        drained += len(chunk)
    return drained


def write_record(stream: BinaryIO, character: str, bitmap: NDArray[np.uint8]) -> None:
    """Append one sample to a `.gnt` stream.

    Args:
        stream: opened for writing bytes.
        character: one character that GBK can name.
        bitmap: (height, width), both 1 to 4096: 255 is background, 0 the darkest ink.

    Raises:
        UserError: the character has no GBK tag.
        ValueError: the bitmap has the wrong shape or type.
    """
    if bitmap.ndim != 2 or bitmap.dtype != np.uint8:
        found = f"{bitmap.dtype} {bitmap.shape}"
        raise ValueError(f"a bitmap is a two-dimensional uint8 array, not {found}")
    height, width = bitmap.shape
    if not (1 <= width <= MAX_SIDE_PIXELS and 1 <= height <= MAX_SIDE_PIXELS):
        raise ValueError(f"a bitmap has 1 to {MAX_SIDE_PIXELS} pixels a side, not {bitmap.shape}")
    size = HEADER.size + width * height
    stream.write(HEADER.pack(size, tag_of_character(character), width, height))
    stream.write(bitmap.tobytes())
