"""Writing a store: room for every image first, checksums once they are in place."""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data_tools.files import reserve
from data_tools.store.schema import (
    COLUMNS,
    END_MARK,
    FORMAT_VERSION,
    LIBRARY_VERSIONS,
    PLACES,
    SOURCE_COLUMNS,
    SourceInfo,
    StoreHeader,
    attribute_digests,
    datasets,
    digest,
    fingerprint,
    frame_digest,
    image_bytes,
    write_text,
)

_PAGE_BYTES = 4096
_METADATA_BYTES = 1 << 20  # more than attributes and addresses ever take
_NO_DIGEST = "0" * 64

_CHUNK_BYTES = 1 << 20  # fits the chunk cache of every HDF5, and what streaming reads at a time
_GZIP_LEVEL = 6
_CHUNKS_AHEAD = 4  # compressed by each thread before any is written, so that memory stays flat


@dataclass(frozen=True)
class StoreFacts:
    """Everything in a store but its images.

    Attributes:
        header: becomes the attributes.
        columns: `labels`, `writers` and `splits`, each (N,), in the store's order; `places` (N, 4)
            where some are known.
        sources: index i is writer i.
    """

    header: StoreHeader
    columns: Mapping[str, NDArray[Any]]
    sources: Sequence[SourceInfo]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the images."""
        size = self.header.glyph.size
        return len(self.columns["labels"]), size, size


def create_store(path: Path, facts: StoreFacts) -> int:
    """Create a store with every row's facts and room for its image.

    The caller keeps other writers away; HDF5's own lock would also keep the caller's away.

    Args:
        path: the new file; one that exists is overwritten.
        facts: of the store.

    Returns:
        The byte offset in the file of the first image. Image i lies size * size * i behind it, and
        processes may write there until `seal_store` is called.
    """
    creation = _images_creation()
    creation.set_layout(h5py.h5d.CONTIGUOUS)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    # Images that begin on a page are written without reading the page before.
    alignment = {"alignment_threshold": _PAGE_BYTES, "alignment_interval": _PAGE_BYTES}
    with _new_store(path, facts, creation, alignment) as images:
        first_image = int(images.get_offset())
    reserve(path, path.stat().st_size)
    return first_image


def compress_store(
    images: Path,
    first_image: int,
    path: Path,
    facts: StoreFacts,
    threads: int,
    on_images: Callable[[int], None] = lambda images: None,
) -> None:
    """Create a store whose images are compressed with gzip, in chunks of many rows.

    The bytes do not depend on the number of threads.

    Args:
        images: a file that holds the images in one piece.
        first_image: byte offset of the first one.
        path: the new file; one that exists is overwritten.
        facts: of the store.
        threads: which compress.
        on_images: told how many images are written.
    """
    rows, size, _ = facts.shape
    chunk_rows = min(rows, _CHUNK_BYTES // size**2)
    creation = _images_creation()
    creation.set_chunk((chunk_rows, size, size))
    creation.set_deflate(_GZIP_LEVEL)
    with (
        images.open("rb") as raw,
        ThreadPoolExecutor(threads) as pool,
        _new_store(path, facts, creation, {}) as stored,
    ):
        raw.seek(first_image)
        chunk_bytes = chunk_rows * size**2
        starts = range(0, rows, chunk_rows)
        for first in range(0, len(starts), threads * _CHUNKS_AHEAD):
            some = starts[first : first + threads * _CHUNKS_AHEAD]
            # Behind the last row its chunk is filled up, as HDF5 itself would.
            chunks = (
                raw.read(min(rows - start, chunk_rows) * size**2).ljust(chunk_bytes, b"\0")
                for start in some
            )
            for start, packed in zip(some, pool.map(_gzip, chunks), strict=True):
                stored.write_direct_chunk((start, 0, 0), packed)
                on_images(min(rows, start + chunk_rows))


def _gzip(chunk: bytes) -> bytes:
    return zlib.compress(chunk, _GZIP_LEVEL)


def _images_creation() -> h5py.h5p.PropDCID:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    creation.set_obj_track_times(False)  # a date would make equal stores differ
    return creation


@contextmanager
def _new_store(
    path: Path, facts: StoreFacts, creation: h5py.h5p.PropDCID, alignment: Mapping[str, int]
) -> Iterator[h5py.h5d.DatasetID]:
    """A new store with everything but the images, whose data set is given."""
    source_columns = {
        name: _source_column([getattr(source, name) for source in facts.sources])
        for name in SOURCE_COLUMNS
    }
    # HDF5 may crash where it finds the disk full, so it begins only once there is room for all.
    columns = (*facts.columns.values(), *source_columns.values())
    data_bytes = sum(column.nbytes for column in columns)
    reserve(path, int(np.prod(facts.shape)) + data_bytes + _METADATA_BYTES)
    with h5py.File(path, "w", libver=LIBRARY_VERSIONS, locking=False, **alignment) as file:
        for name, dtype in COLUMNS.items():
            file.create_dataset(name, data=facts.columns[name].astype(dtype))
        if PLACES in facts.columns:
            file.create_dataset(PLACES, data=facts.columns[PLACES].astype("float32"))
        group = file.create_group("sources")
        for name, column in source_columns.items():
            group.create_dataset(name, data=column)
        header = facts.header
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["font_drawn"] = header.font_drawn
        texts = {
            "tool_version": header.tool_version,
            "charset": header.charset,
            "glyph": json.dumps(asdict(header.glyph), sort_keys=True),
            "left_out": json.dumps(dict(header.left_out), sort_keys=True),
        }
        if header.kinds:
            texts["kinds"] = json.dumps(list(header.kinds), ensure_ascii=False)
        for name, text in texts.items():
            write_text(file.attrs, name, text)
        digests = json.dumps(attribute_digests(file), sort_keys=True)
        write_text(file.attrs, "attributes_sha256", digests)
        space = h5py.h5s.create_simple(facts.shape)
        images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, creation)
        for part in (file, *datasets(file)):
            write_text(part.attrs, "sha256", _NO_DIGEST)
        yield images


def _source_column(values: Sequence[str] | Sequence[int]) -> NDArray[Any]:
    encoded = [value.encode(errors="replace") for value in values if isinstance(value, str)]
    if not encoded:
        return np.array(values, np.int64)
    return np.array(encoded, h5py.string_dtype("utf-8", max(map(len, encoded))))


def seal_store(path: Path) -> None:
    """Write the checksums over their placeholders, once every image is in its place."""
    with h5py.File(path, "r+", libver=LIBRARY_VERSIONS, locking=False) as file:
        for dataset in datasets(file):
            dataset.attrs.modify("sha256", np.bytes_(digest(dataset)))
        file.attrs.modify("sha256", np.bytes_(fingerprint(file)))
        images = image_bytes(file)
    end = path.stat().st_size
    with path.open("ab") as behind:
        behind.write(END_MARK + frame_digest(path, end, images))
