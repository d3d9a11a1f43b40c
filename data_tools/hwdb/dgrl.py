"""The `.dgrl` page of CASIA HWDB2.x: lines of handwriting with their text, no boxes of characters.

All integers are little-endian:

    uint32   size of the header, itself included
    8 bytes  "DGRL" and zeros
    text     a comment that a zero ends
    20 bytes type of the codes, such as "GBK"
    uint16   bytes of a code: 2
    uint16   bits of a pixel: 8 or 1
    uint32   height, width and number of lines of the page
    for each line
      uint32   number of characters
      codes    2 bytes each, as the tags of `.gnt`
      int32    top, left, height and width
      pixels   row by row, 255 is background; with 1 bit, each row fills whole bytes

Source: CASIA Online and Offline Chinese Handwriting Databases, format of DGRL files.
"""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.hwdb.charset import character_of_tag

MAGIC = b"DGRL"
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands in a text for a code that names no character, as of writing that was crossed out."""

_SIZE = struct.Struct("<I")
_HEADER_END = struct.Struct("<20sHH")
_PAGE = struct.Struct("<III")
_PLACE = struct.Struct("<iiii")
_SHORTEST_HEADER = _SIZE.size + 8 + 1 + _HEADER_END.size
_LONGEST_HEADER = 1 << 16
_CODE_BYTES = 2
_KNOWN_CODES = ("GB", "ASCII")  # GBK contains GB2312 and ASCII
_MAX_SIDE_PIXELS = 1 << 16
_REMEDY = "get the file again, or leave it out"


class DgrlError(UserError):
    """A `.dgrl` file that breaks the format, with the file's name and the byte offset."""

    def __init__(self, name: str, offset: int, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(join_message(f"{name}: byte {offset:,}", problem, remedy))


class DgrlLine(NamedTuple):
    """One line of a page.

    Attributes:
        text: what it reads.
        top: of its picture on the page, in pixels.
        left: likewise.
        image: (height, width) uint8, 255 is background; 0 or 255 alone where pixels have one bit.
    """

    text: str
    top: int
    left: int
    image: NDArray[np.uint8]


def read_lines(data: bytes, name: str) -> Iterator[DgrlLine]:
    """Read the lines of a page in the order of the file.

    Args:
        data: the whole file.
        name: what messages call it.

    Raises:
        DgrlError: the file breaks the format, at a byte offset; lines before it have been given.
    """
    view = memoryview(data)
    offset, bits = _read_header(view, name)
    (_, _, count), offset = _unpack(_PAGE, view, offset, name, "the size of the page")
    for number in range(count):
        line, offset = _read_line(view, offset, bits, name, number)
        yield line
    if bytes(view[offset:]).strip(b"\0"):
        found = f"{len(view) - offset:,} bytes follow the last of {count:,} lines"
        raise DgrlError(name, offset, found)


def _read_header(view: memoryview, name: str) -> tuple[int, int]:
    """Where the page begins, and the bits of a pixel."""
    (size,), _ = _unpack(_SIZE, view, 0, name, "the size of the header")
    if bytes(view[4:8]) != MAGIC:
        raise DgrlError(name, 4, "this is no .dgrl file", "name pages of HWDB2.x")
    if not _SHORTEST_HEADER <= size <= _LONGEST_HEADER:
        found = (
            f"a header of {size:,} bytes, where {_SHORTEST_HEADER} to {_LONGEST_HEADER:,} can be"
        )
        raise DgrlError(name, 0, found)
    start = size - _HEADER_END.size
    (code_type, code_bytes, bits), offset = _unpack(_HEADER_END, view, start, name, "the header")
    called = code_type.partition(b"\0")[0].decode("ascii", "replace").strip()
    if called and not called.upper().startswith(_KNOWN_CODES):
        problem = f"codes of type {called}, and those of GBK alone are known here"
        raise DgrlError(name, start, problem, "convert them, or leave the file out")
    if code_bytes != _CODE_BYTES:
        raise DgrlError(name, offset - 4, f"codes of {code_bytes} bytes instead of 2")
    if bits not in (1, 8):
        raise DgrlError(name, offset - 2, f"pixels of {bits} bits instead of 8 or 1")
    return offset, bits


def _read_line(
    view: memoryview, offset: int, bits: int, name: str, number: int
) -> tuple[DgrlLine, int]:
    """The line at `offset`, and where the next begins."""
    what = f"line {number + 1}"
    (characters,), offset = _unpack(_SIZE, view, offset, name, what)
    codes, offset = _take(view, offset, characters * _CODE_BYTES, name, f"the text of {what}")
    place = offset
    (top, left, height, width), offset = _unpack(_PLACE, view, offset, name, what)
    if not (1 <= height <= _MAX_SIDE_PIXELS and 1 <= width <= _MAX_SIDE_PIXELS):
        found = f"the picture of {what} is {width} × {height} pixels"
        raise DgrlError(name, place, found)
    row_bytes = width if bits == 8 else -(-width // 8)
    pixels, offset = _take(view, offset, height * row_bytes, name, f"the picture of {what}")
    image = np.frombuffer(pixels, np.uint8).reshape(height, row_bytes)
    if bits == 1:
        image = _spread_bits(image, width)
    return DgrlLine(_text_of(bytes(codes)), top, left, image), offset


def _spread_bits(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """One byte a pixel. Paper is what there is more of: the format does not say which bit it is."""
    bits = np.unpackbits(packed, axis=1)[:, :width]
    paper = int(bits.mean() >= 0.5)
    return np.where(bits == paper, np.uint8(255), np.uint8(0))


def _text_of(codes: bytes) -> str:
    tags = (codes[start : start + _CODE_BYTES] for start in range(0, len(codes), _CODE_BYTES))
    return "".join(character_of_tag(tag) or UNREADABLE for tag in tags)


def _unpack(
    fields: struct.Struct, view: memoryview, offset: int, name: str, what: str
) -> tuple[tuple[Any, ...], int]:
    data, end = _take(view, offset, fields.size, name, what)
    return fields.unpack(data), end


def _take(view: memoryview, offset: int, size: int, name: str, what: str) -> tuple[memoryview, int]:
    if offset + size > len(view):
        found = f"{what} needs {size:,} bytes and the file ends after {len(view) - offset:,}"
        raise DgrlError(name, offset, found)
    return view[offset : offset + size], offset + size
