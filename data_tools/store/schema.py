"""The HDF5 store's schema, which its writer and its reader share. Nothing else touches h5py.

    /images    uint8  (N, S, S)   contiguous: 255 is background, 0 the darkest ink
    /labels    int32  (N,)        index into the charset
    /writers   int32  (N,)        index into /sources
    /splits    uint8  (N,)        0 train, 1 test
    /sources   name, sha256, bytes, samples: one entry for each `.gnt` file
    attrs      format_version, tool_version, charset, glyph (JSON), font_drawn, left_out (JSON)

Rows are ordered by split, label, source and record, so each class of a split is one block of rows.
Every data set carries its SHA-256, and the file one of all attributes and data sets. At its end
stand a mark and the SHA-256 of every byte before them but the images': of HDF5's own structures and
of the gaps between data sets.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from data_tools.glyphs.fit import GlyphOptions

FORMAT_VERSION = 2
COLUMNS = {"labels": "int32", "writers": "int32", "splits": "uint8"}
SOURCE_COLUMNS = ("name", "sha256", "bytes", "samples")

END_MARK = b"hanzi-lsgan store"
ENDING_BYTES = len(END_MARK) + hashlib.sha256().digest_size

_HASH_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class SourceInfo:
    """One `.gnt` file that went into a store: its name, checksum, size and samples kept."""

    name: str
    sha256: str
    bytes: int
    samples: int


@dataclass(frozen=True)
class StoreHeader:
    """What a store says about itself.

    Attributes:
        charset: label i is character i, in order of code points.
        glyph: how bitmaps were fitted.
        font_drawn: whether any sample was drawn from a font rather than written by hand.
        left_out: samples of the input that are not in the store, counted by reason.
        tool_version: of the program that made it.
    """

    charset: str
    glyph: GlyphOptions
    font_drawn: bool
    left_out: Mapping[str, int]
    tool_version: str


def write_text(attributes: h5py.AttributeManager, name: str, text: str) -> None:
    """Set an attribute to a text."""
    # Of fixed length: HDF5 keeps others in a heap without checksum, and one wrong byte there lets
    # it loop forever.
    encoded = text.encode()
    attributes.create(name, encoded, dtype=h5py.string_dtype("utf-8", len(encoded)))


def read_text(attributes: h5py.AttributeManager, name: str) -> str:
    """Read an attribute that `write_text` has set.

    Raises:
        TypeError: it is of another kind.
    """
    if attributes.get_id(name).dtype.kind != "S":
        raise TypeError(f"attribute {name} is not a text of fixed length")
    return bytes(attributes[name]).decode()


def datasets(file: h5py.File) -> list[h5py.Dataset]:
    """Every data set of a store."""
    sources = [file["sources"][name] for name in SOURCE_COLUMNS]
    return [file["images"], *(file[name] for name in COLUMNS), *sources]


def digest(dataset: h5py.Dataset) -> str:
    """SHA-256 of a data set's bytes, read in blocks so that memory stays small."""
    digest = hashlib.sha256()
    row_bytes = max(1, dataset.nbytes // max(1, len(dataset)))
    step = max(1, _HASH_BLOCK_BYTES // row_bytes)
    buffer = np.empty((min(step, len(dataset)), *dataset.shape[1:]), dataset.dtype)
    for start in range(0, len(dataset), step):
        block = buffer[: len(dataset) - start]
        dataset.read_direct(block, np.s_[start : start + len(block)])
        digest.update(block.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def frame_digest(path: Path, end: int, images: range) -> bytes:
    """SHA-256 of a store's bytes up to `end`, those of the images left out."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in (range(images.start), range(images.stop, end)):
            file.seek(part.start)
            for start in range(0, len(part), _HASH_BLOCK_BYTES):
                digest.update(file.read(len(part[start : start + _HASH_BLOCK_BYTES])))
    return digest.digest()


def image_bytes(file: h5py.File) -> range:
    """Where in the file the images lie."""
    images = file["images"]
    start = int(images.id.get_offset())
    return range(start, start + int(images.nbytes))


def fingerprint(file: h5py.File) -> str:
    """SHA-256 over the attributes and the data sets' checksums."""
    parts = {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in file.attrs.items()
        if name != "sha256"
    }
    for dataset in datasets(file):
        shape = f"{dataset.dtype.str} {dataset.shape}"
        parts[dataset.name] = f"{shape} {read_text(dataset.attrs, 'sha256')}"
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
