"""A converter as public programs have it: what `prepare` is compared with."""

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_HEADER = struct.Struct("<I2sHH")


def read_plainly(sources: list[Path]) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
    """Tag and bitmap of each record in `.gnt` files and in zips of them."""
    for source in sources:
        if source.suffix == ".zip":
            with zipfile.ZipFile(source) as archive:
                for name in archive.namelist():
                    if name.endswith(".gnt"):
                        yield from _records(io.BytesIO(archive.read(name)))
        else:
            with source.open("rb") as file:
                yield from _records(file)


def _records(file: io.BufferedIOBase) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
    while header := file.read(_HEADER.size):
        _, tag, width, height = _HEADER.unpack(header)
        yield tag, np.frombuffer(file.read(width * height), np.uint8).reshape(height, width)


def convert_plainly(sources: list[Path], out: Path, size: int) -> int:
    """Pad each bitmap to a square, resize it, and write it to HDF5, record by record."""
    count = sum(1 for _ in read_plainly(sources))
    with h5py.File(out, "w") as file:
        images = file.create_dataset("images", (count, size, size), np.uint8)
        labels = file.create_dataset("labels", (count,), np.int32)
        seen: dict[bytes, int] = {}
        for row, (tag, bitmap) in enumerate(read_plainly(sources)):
            height, width = bitmap.shape
            side = max(height, width)
            square = np.full((side, side), 255, np.uint8)
            top, left = (side - height) // 2, (side - width) // 2
            square[top : top + height, left : left + width] = bitmap
            resized = Image.fromarray(square).resize((size, size), Image.Resampling.BILINEAR)
            images[row] = np.asarray(resized)
            labels[row] = seen.setdefault(tag, len(seen))
    return count
