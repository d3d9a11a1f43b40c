"""The HDF5 store's schema, which its writer and its reader share. Nothing else touches h5py.

    /images    uint8  (N, S, S)   255 is background, 0 the darkest ink
    /labels    int32  (N,)        index into the charset
    /writers   int32  (N,)        index into /sources
    /splits    uint8  (N,)        0 train, 1 test
    /places    float32 (N, 4)     left, top, right, bottom of the ink in the writer's square, whose
                                  side is 1; NaN where not known; missing where known of none
    /sources   name, sha256, bytes, samples: one entry for each `.gnt` file
    attrs      format_version, tool_version, charset, glyph (JSON), font_drawn, left_out (JSON),
               kinds (JSON): that of each source; missing where all are of one kind

Rows are ordered by split, label, source and record, so each class of a split is one block of rows.
Sources are ordered by their kinds, so each kind of a class is one block too.
The images lie in one piece, or compressed with gzip in chunks of a mebibyte. Every data set carries
its SHA-256, and the file one of all attributes and data sets and one of each attribute
(`attributes_sha256`, JSON). At its end stand a mark and the SHA-256 of every byte before them but
those of images in one piece: of HDF5's own structures and of the gaps between data sets. HDF5 cuts
the mark off when a program opens the file for writing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from data_tools.glyphs.fit import GlyphOptions

FORMAT_VERSION = 2
LIBRARY_VERSIONS = ("v108", "v108")
"""Of HDF5: what 1.8 of 2008 reads, as all later ones do. It has checksums on its own metadata and
room for a charset of any length. "latest" would mean each new library's own format."""

ATTRIBUTES = (
    "format_version",
    "tool_version",
    "charset",
    "glyph",
    "font_drawn",
    "left_out",
    "kinds",
)
CHECKSUM_ATTRIBUTES = ("sha256", "attributes_sha256")
COLUMNS = {"labels": "int32", "writers": "int32", "splits": "uint8"}
PLACES = "places"
SOURCE_COLUMNS = {"name": "S", "sha256": "S", "bytes": "int64", "samples": "int64"}
"""The types of both: `S` is a text of a fixed length."""

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
        kinds: of writing, one for each source; none where all are of one kind.
    """

    charset: str
    glyph: GlyphOptions
    font_drawn: bool
    left_out: Mapping[str, int]
    tool_version: str
    kinds: Sequence[str] = ()


def write_text(attributes: h5py.AttributeManager, name: str, text: str) -> None:
    """Set an attribute to a text."""
    # Of fixed length: HDF5 keeps others in a heap without checksum, and one wrong byte there lets
    # it loop forever.
    encoded = text.encode()
    attributes.create(name, encoded, dtype=h5py.string_dtype("utf-8", len(encoded)))


def read_text(attributes: h5py.AttributeManager, name: str) -> str:
    """Read an attribute that `write_text` has set.

    Raises:
        TypeError: it is missing or of another kind.
    """
    if name not in attributes:
        raise TypeError(f"attribute {name} is missing")
    kind = attributes.get_id(name)
    if kind.dtype.kind != "S" or kind.shape != ():
        raise TypeError(f"attribute {name} is not a text of fixed length")
    return bytes(attributes[name]).decode()


def datasets(file: h5py.File) -> list[h5py.Dataset]:
    """Every data set of a store."""
    sources = [file["sources"][name] for name in SOURCE_COLUMNS]
    columns = [*COLUMNS, PLACES] if PLACES in file else [*COLUMNS]
    return [file["images"], *(file[name] for name in columns), *sources]


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
    """Where in the file the images lie; nowhere in one piece if they are compressed."""
    images = file["images"]
    if images.chunks is not None:
        return range(0)
    start = int(images.id.get_offset())
    return range(start, start + int(images.nbytes))


def attribute_texts(file: h5py.File) -> dict[str, str]:
    """A store's own attributes as texts; those that another program has added are none of them."""
    values = {name: file.attrs[name] for name in ATTRIBUTES if name in file.attrs}
    return {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in values.items()
    }


def attribute_digests(file: h5py.File) -> dict[str, str]:
    """SHA-256 of each of a store's own attributes."""
    texts = attribute_texts(file)
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def fingerprint(file: h5py.File) -> str:
    """SHA-256 over the attributes and the data sets' checksums, compressed or not."""
    parts = attribute_texts(file)
    for dataset in datasets(file):
        shape = f"{dataset.dtype.str} {dataset.shape}"
        parts[dataset.name] = f"{shape} {read_text(dataset.attrs, 'sha256')}"
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
