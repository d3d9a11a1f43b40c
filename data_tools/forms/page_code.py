"""What a page says of itself, as a QR code of a fixed size: which page it is, and its characters.

So a photograph is all that cutting needs: no file that was written beside the form, and no list
that may have changed since it was printed.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODULES = 61
"""A side of the code."""

_VERSION = 11  # of QR, with room for 366 alphanumeric signs at 15 % that may be wrong
_MASK = 3  # always the same, so that a reader need not find out which
_HEADER = struct.Struct(">2sBBHHIB")
_CHECKSUM = struct.Struct(">I")
_MAGIC = b"hf"
_LAYOUT = 1
_BITS = 18  # of a code point: all planes that hold ideographs
_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""Of base 45 (RFC 9285), which are those of alphanumeric QR codes."""

_QUIET_MODULES = 4
_SCALES = (4, 6)  # pixels a module; what OpenCV misreads at one, it reads at the other


@dataclass(frozen=True)
class PageCode:
    """What the code of a page says.

    Attributes:
        sheet: index in `layout.SHEETS`.
        page: number of the page, from 0.
        pages: how many the form has.
        form: a checksum of all characters of the form, which tells forms apart.
        characters: of this page, in the order of its boxes; at most 100.
    """

    sheet: int
    page: int
    pages: int
    form: int
    characters: str


class UnknownLayoutError(Exception):
    """A page that another version of the program has made."""


def form_number(characters: str) -> int:
    """The checksum that tells a form from others."""
    return zlib.crc32(characters.encode())


def draw_code(code: PageCode) -> NDArray[np.bool_]:
    """The modules of a code, (61, 61), dark ones true."""
    return np.array(_encode(_to_base45(_pack(code))).modules, np.bool_)


def read_code(modules: NDArray[np.bool_]) -> PageCode | None:
    """Read what `draw_code` has drawn, some modules of it being wrong.

    Args:
        modules: (61, 61), dark ones true.

    Returns:
        None where it cannot be read or is no page's code.

    Raises:
        UnknownLayoutError: it is the code of a page of another layout.
    """
    known, is_known = known_modules()
    for text in _decoded(np.where(is_known, known, modules)):
        payload = _from_base45(text)
        if payload is not None and payload.startswith(_MAGIC):
            return _unpack(payload)
    return None


@lru_cache
def known_modules() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The modules that are the same in every code, and where they are: (61, 61) each."""
    empty = _encode("")
    is_known = np.ones((MODULES, MODULES), np.bool_)
    for column, row in empty.dataPosIterator():
        is_known[row, column] = False
    return np.array(empty.modules, np.bool_), is_known


def _encode(text: str) -> Any:  # noqa: ANN401 - reportlab has no types
    from reportlab.graphics.barcode import qrencoder

    drawn = qrencoder.QRCode(_VERSION, qrencoder.QRErrorCorrectLevel.M)
    drawn.addData(qrencoder.QRAlphaNum(text))
    drawn.makeImpl(False, _MASK)
    return drawn


def _decoded(modules: NDArray[np.bool_]) -> Iterator[str]:
    """What OpenCV reads, which needs no search: the modules are drawn anew and their place told."""
    import cv2

    quiet = np.pad(modules, _QUIET_MODULES)
    for scale in _SCALES:
        picture = np.kron(np.where(quiet, 0, 255), np.ones((scale, scale))).astype(np.uint8)
        first, last = _QUIET_MODULES * scale, (_QUIET_MODULES + MODULES) * scale - 1
        corners = [[first, first], [last, first], [last, last], [first, last]]
        try:
            yield str(cv2.QRCodeDetector().decode(picture, np.array([corners], np.float32))[0])
        except (cv2.error, UnicodeDecodeError):  # what is no such code may read as anything
            continue


def _pack(code: PageCode) -> bytes:
    bits = "".join(f"{ord(character):0{_BITS}b}" for character in code.characters)
    packed = int(bits, 2).to_bytes(-(-len(bits) // 8))
    count = len(code.characters)
    header = _HEADER.pack(_MAGIC, _LAYOUT, code.sheet, code.page, code.pages, code.form, count)
    checked = header + packed
    return checked + _CHECKSUM.pack(zlib.crc32(checked))


def _unpack(payload: bytes) -> PageCode | None:
    checked, checksum = payload[: -_CHECKSUM.size], payload[-_CHECKSUM.size :]
    if len(payload) < _CHECKSUM.size or checksum != _CHECKSUM.pack(zlib.crc32(checked)):
        return None
    # Whatever else another layout changes, it says so in its third byte.
    if checked[len(_MAGIC)] != _LAYOUT:
        raise UnknownLayoutError
    _, _, sheet, page, pages, form, count = _HEADER.unpack_from(checked)
    bits = f"{int.from_bytes(checked[_HEADER.size :]):0{count * _BITS}b}"
    codes = [int(bits[start : start + _BITS], 2) for start in range(0, len(bits), _BITS)]
    return PageCode(sheet, page, pages, form, "".join(map(chr, codes)))


def _to_base45(data: bytes) -> str:
    signs = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair)
        for _ in range(len(pair) + 1):
            number, sign = divmod(number, len(_SIGNS))
            signs.append(_SIGNS[sign])
    return "".join(signs)


def _from_base45(text: str) -> bytes | None:
    """The inverse of `_to_base45`, None where the text is none of its results."""
    data = b""
    for start in range(0, len(text), 3):
        signs = text[start : start + 3]
        if len(signs) < 2 or any(sign not in _SIGNS for sign in signs):
            return None
        number = sum(_SIGNS.index(sign) * len(_SIGNS) ** place for place, sign in enumerate(signs))
        size = len(signs) - 1
        if number >= 1 << 8 * size:
            return None
        data += number.to_bytes(size)
    return data
