"""Tiny `.gnt` files and archives, whole and broken, for the tests of `data_tools`."""

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.hwdb.charset import tag_of_character
from data_tools.hwdb.gnt import write_record

SIDE_PIXELS = 8
RECORD_BYTES = 74
"""Of a sample as `gnt_bytes` writes it: 10 of header and 8 × 8 pixels."""


def draw_bitmap(
    seed: int, width: int = SIDE_PIXELS, height: int = SIDE_PIXELS
) -> NDArray[np.uint8]:
    """Noise without background, so that every pixel belongs to the ink's box."""
    return np.random.default_rng(seed).integers(0, 255, (height, width), dtype=np.uint8)


def gnt_bytes(characters: str, seed: int = 0) -> bytes:
    """A file of one 8 × 8 sample a character; another seed means other pixels."""
    stream = io.BytesIO()
    for number, character in enumerate(characters):
        write_record(stream, character, draw_bitmap(1000 * seed + number))
    return stream.getvalue()


def raw_record(
    *,
    size: int = RECORD_BYTES,
    tag: bytes = tag_of_character("一"),
    width: int = SIDE_PIXELS,
    height: int = SIDE_PIXELS,
    pixels: int = SIDE_PIXELS * SIDE_PIXELS,
) -> bytes:
    """A record whose fields need not agree, followed by so many pixels."""
    return struct.pack("<I2sHH", size, tag, width, height) + bytes(range(1, 256))[:pixels]


def write_gnt(path: Path, characters: str, seed: int = 0) -> Path:
    """Write `gnt_bytes` to a file, whose folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gnt_bytes(characters, seed))
    return path


def write_zip(
    path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED
) -> Path:
    """Write an archive, whose folder is made; stored members lie in it byte by byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
