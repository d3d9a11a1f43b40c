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

_MAX_RECORD_BYTES = HEADER.size + MAX_SIDE_PIXELS**2
_CHUNK_BYTES = 1 << 18
_PADDING = b"\0\r\n\x1a"
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
        return type(self), (self.name, self.offset, self.problem, self._remedy, self.records_lost)


class TagError(GntError):
    """A record whose tag names no character."""


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
    """A stretch of a stream that slides forward, so that a file of any size needs little memory.

    Attributes:
        end: the stream's offset of the byte behind the last that was read.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._buffer = memoryview(b"")
        self._base = 0  # the stream's offset of the buffer's first byte
        self.end = 0

    def view(self, offset: int, length: int) -> memoryview:
        """The bytes at `offset`, fewer than `length` only at the end; offsets never fall."""
        if offset + length > self.end:
            self._fill(offset, length)
        start = offset - self._base
        return self._buffer[start : start + length]

    def put_back(self, offset: int, data: memoryview) -> None:
        """Let offsets fall to `offset`, from which on `data` reaches into what is held."""
        held = self._buffer[offset + len(data) - self._base :]
        self._buffer = memoryview(b"".join([data, held]))
        self._base = offset

    def _fill(self, offset: int, length: int) -> None:
        parts: list[bytes | memoryview] = [self._buffer[offset - self._base :]]
        missing = offset + length - self.end
        while missing > 0 and (chunk := self._stream.read(_CHUNK_BYTES)):
            parts.append(chunk)
            missing -= len(chunk)
        self._buffer = memoryview(b"".join(parts))
        self._base = offset
        self.end = offset + len(self._buffer)


def read_records(
    stream: Readable,
    name: str,
    on_bad: Callable[[GntError], None] | None = None,
) -> Iterator[GntRecord]:
    """Read a `.gnt` stream from its beginning, record by record, in bounded memory.

    A record is given out once what follows it is known: where the next header is unsound and a
    sound one begins within the record, bytes are missing, and it is the record that is damaged.

    Args:
        stream: bytes of the file, read forward only.
        name: what messages call the file.
        on_bad: called with each piece of damage, after which reading goes on at the next sound
            record, or ends where there is none. Without it the first damage raises.

    Yields:
        Records in file order. `pixels` stays valid as long as it is referenced.

    Raises:
        GntError: damage at a byte offset, when `on_bad` is None.
    """
    window = _Window(stream)
    offset = 0
    waiting: GntRecord | None = None
    records = 0
    searched = 0  # where the last record ended that was searched for another in it
    while header := window.view(offset, HEADER.size):
        try:
            record, record_bytes = _parse(window, header, name, offset)
        except GntError as error:
            if waiting is not None and waiting.offset >= searched:
                searched = offset
                if (inside := _record_inside(window, waiting)) is not None:
                    problem = f"{offset - inside:,} bytes of the bitmap are missing"
                    cut = GntError(name, waiting.offset, problem)
                    if on_bad is None:
                        raise cut from None
                    on_bad(cut)
                    window.put_back(inside, waiting.pixels[inside - offset :])
                    waiting, offset = None, inside
                    continue
            if waiting is not None:
                yield waiting
                waiting = None
            if on_bad is None:
                raise
            next_offset, is_padding = _next_record(window, header, offset)
            if next_offset is None:
                rest = window.end - offset
                if is_padding and records:
                    padding = f"{rest:,} bytes of padding are behind the last record"
                    on_bad(GntError(name, offset, padding, records_lost=0))
                else:
                    on_bad(_rest_lost(error, rest, offset, records))
                return
            on_bad(_bytes_lost(error, next_offset - offset, offset, records))
            offset = next_offset
            continue
        if waiting is not None:
            yield waiting
        waiting = record
        records += 1
        offset += record_bytes
    if waiting is not None:
        yield waiting
    if offset == 0:
        empty = GntError(name, 0, "the file is empty", "get the file again, or pass --skip-bad")
        if on_bad is None:
            raise empty
        on_bad(empty)


def read_tags(stream: Readable) -> Iterator[bytes]:
    """Read the tags of records, whatever they name, up to one whose size and sides disagree."""
    window = _Window(stream)
    offset = 0
    while len(header := window.view(offset, HEADER.size)) == HEADER.size:
        size, tag, width, height = HEADER.unpack(header)
        if size != HEADER.size + width * height or max(width, height) > MAX_SIDE_PIXELS:
            return
        yield tag
        window.view(offset, size)
        offset += size


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
        symbol = character_of_tag(tag[::-1]) if tag[0] == 0 else None
        found = "neither GBK nor an ASCII symbol"
        if symbol is not None:
            found = f"that of {symbol} with its bytes swapped: 0x{tag[::-1].hex()} is right"
        raise TagError(name, offset, f"the tag 0x{tag.hex()} is {found}")
    pixels = window.view(offset, size)[HEADER.size :]
    if len(pixels) < width * height:
        found = f"the bitmap needs {width * height} bytes and the file ends after {len(pixels)}"
        raise GntError(name, offset, found)
    return GntRecord(offset, character, width, height, pixels), size


def _next_record(window: _Window, header: memoryview, offset: int) -> tuple[int | None, bool]:
    """Where the record behind a damaged one begins, or the file ends.

    Where there is none, also whether all that is left is zeros or ends of lines.

    Believe the field that leads there, if any does; else search for the next sound record. If there
    is none, the stream is read to its end, so that checksums that it keeps cover all of it.
    """
    if len(header) == HEADER.size:
        size, _, width, height = HEADER.unpack(header)
        candidates: set[int] = {size, HEADER.size + width * height}
        for candidate in sorted(candidates):
            if not HEADER.size <= candidate <= _MAX_RECORD_BYTES:
                continue
            found = window.view(offset, candidate + HEADER.size)
            if len(found) == candidate or is_sound_header(found[candidate:]):
                return offset + candidate, False
    start = offset + 1
    is_padding = not bytes(header).strip(_PADDING)
    while len(stretch := window.view(start, _CHUNK_BYTES + HEADER.size - 1)) >= HEADER.size:
        for place in _sound_headers(stretch):
            if _is_followed(window, start + place):
                return start + place, False
        is_padding = is_padding and not bytes(stretch).strip(_PADDING)
        start += len(stretch) - HEADER.size + 1
    return None, is_padding


def _record_inside(window: _Window, record: GntRecord) -> int | None:
    """Where in a record's pixels another sound record begins that reaches beyond it, if one does.

    The search goes as far as a header that ends behind the pixels.
    """
    start = record.offset + HEADER.size
    end = start + len(record.pixels)
    beyond = window.view(end, _MAX_RECORD_BYTES + HEADER.size)
    stretch = memoryview(b"".join([record.pixels, beyond[: HEADER.size - 1]]))
    for place in _sound_headers(stretch):
        size = HEADER.unpack(stretch[place : place + HEADER.size])[0]
        behind = start + place + size - end
        if behind == len(beyond) or (
            behind > 0 and is_sound_header(beyond[behind:][: HEADER.size])
        ):
            return start + place
    return None


def _is_followed(window: _Window, offset: int) -> bool:
    """Whether behind the record at `offset` comes another sound header or the end."""
    size = _size_of(window.view(offset, HEADER.size))
    found = window.view(offset, size + HEADER.size)
    return len(found) == size or is_sound_header(found[size:])


def _size_of(header: memoryview) -> int:
    """The size that a header states for its record."""
    return int.from_bytes(header[:4], "little")


def _sound_headers(stretch: memoryview) -> Iterator[int]:
    """Where in some bytes sound headers begin, at any offset; all are tried at once."""
    octets = np.frombuffer(stretch, np.uint8)
    count = len(octets) - HEADER.size + 1
    if count < 1:
        return
    sizes, widths, heights = (
        np.ndarray(count, dtype, octets, place, (1,))
        for dtype, place in (("<u4", 0), ("<u2", 6), ("<u2", 8))
    )
    # A product of two sides may pass 32 bits, where it wraps; such sides are too long anyhow.
    agree = sizes == HEADER.size + widths.astype(np.uint32) * heights
    for place in np.flatnonzero(agree).tolist():
        if is_sound_header(stretch[place : place + HEADER.size]):
            yield place


def _bytes_lost(error: GntError, skipped: int, offset: int, records: int) -> GntError:
    """The error with what it costs where reading goes on behind it."""
    lost = _records_in(skipped, offset, records)
    if lost == 0:
        problem = f"{error.problem}: {skipped:,} stray bytes are passed over"
        return type(error)(error.name, offset, problem, records_lost=0)
    if lost == 1:
        return type(error)(error.name, offset, error.problem)
    problem = f"{error.problem}: {skipped:,} bytes are passed over, about {lost:,} records"
    return type(error)(error.name, offset, problem, records_lost=lost)


def _rest_lost(error: GntError, skipped: int, offset: int, records: int) -> GntError:
    """The error with what it costs where nothing can be read behind it."""
    lost = max(1, _records_in(skipped, offset, records))
    about = f", about {lost:,} records" if lost > 1 else ""
    problem = (
        f"{error.problem}, and no record can be found after it: the last {skipped:,} bytes are "
        f"left out{about}"
    )
    return type(error)(error.name, offset, problem, records_lost=lost)


def _records_in(skipped: int, offset: int, records: int) -> int:
    """How many records some bytes made, going by the mean size of those read before them."""
    if skipped <= HEADER.size:
        return 0
    mean = offset / records if records else skipped
    return max(1, round(skipped / mean))


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
