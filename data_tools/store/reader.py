"""Reading a store, the HDF5 file that `prepare` writes; its parts stand in `schema.py`."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

from data_tools.files import StrPath
from data_tools.glyphs.fit import GlyphOptions
from data_tools.glyphs.place import is_place
from data_tools.sources.writing_kinds import FONT, is_font_drawn
from data_tools.splits import Split
from data_tools.store.opening import StoreError, damage, dataset, group, open_file, scalar
from data_tools.store.schema import (
    COLUMNS,
    FORMAT_VERSION,
    PLACES,
    SOURCE_COLUMNS,
    SourceInfo,
    StoreHeader,
    image_bytes,
    read_text,
)
from data_tools.store.verification import Verification, verify

__all__ = ["Store", "StoreError"]

_CACHED_BYTES = (
    32 << 20
)  # of compressed images, so that a chunk is unpacked once for its neighbours
_MOST_CACHED_BYTES = 256 << 20  # where another program has packed them in larger chunks


class Store:
    """A store opened for reading.

    Attributes:
        path: of the file.
        header: what the store says about itself.
        fingerprint: SHA-256 of everything in it, as `prepare` wrote it.
        labels: (N,) int32, index into the charset.
        writers: (N,) int32, index into `sources`.
        splits: (N,) uint8, 0 train, 1 test.
        sources: one entry for each `.gnt` file.
        kinds: names of the kinds of writing, in order; one without a name where nothing was said.
        row_kinds: (N,) int32, index into `kinds`.
        stored_bytes: what the images take in the file if they are compressed, else None.

    Raises:
        StoreError: the file is missing, is no store, or its parts disagree.
    """

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        self._file = open_file(self.path)
        try:
            with damage(self.path):
                self._read_header()
            self._images = self._open_images()
            self._read_columns()
            self._check()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        attributes = self._file.attrs
        if "format_version" not in attributes:
            remedy = "name the .h5 file that `hanzi-lsgan prepare` has made"
            raise StoreError(self.path, "is an HDF5 file but no store of glyphs", remedy)
        version = scalar(self.path, attributes, "format_version")
        if version != FORMAT_VERSION:
            problem = f"has format version {version} and this program reads {FORMAT_VERSION}"
            raise StoreError(self.path, problem)
        self.header = StoreHeader(
            charset=read_text(attributes, "charset"),
            glyph=GlyphOptions(**json.loads(read_text(attributes, "glyph"))),
            font_drawn=bool(scalar(self.path, attributes, "font_drawn")),
            left_out={
                str(reason): int(count)
                for reason, count in json.loads(read_text(attributes, "left_out")).items()
            },
            tool_version=read_text(attributes, "tool_version"),
            kinds=json.loads(read_text(attributes, "kinds")) if "kinds" in attributes else (),
        )
        self.fingerprint = read_text(attributes, "sha256")

    def _open_images(self) -> h5py.Dataset:
        """The images, with a cache that holds some of their chunks if they have any."""
        shape = (None, self.size, self.size)
        with damage(self.path, "/images"):
            images = dataset(self.path, self._file, "images", "uint8", shape)
            self.stored_bytes = None
            if images.chunks is None:
                return images
            self.stored_bytes = int(images.id.get_storage_size())
            chunk_bytes = int(np.prod(images.chunks))
            cached = min(max(_CACHED_BYTES, 2 * chunk_bytes), _MOST_CACHED_BYTES)
            images.id.close()  # an open data set keeps the cache that it was opened with
            access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
            access.set_chunk_cache(521, cached, 1.0)
            return h5py.Dataset(h5py.h5d.open(self._file.id, b"images", access))

    def _read_columns(self) -> None:
        columns = {}
        for name, dtype in COLUMNS.items():
            with damage(self.path, f"/{name}"):
                rows = (len(self._images),)
                columns[name] = dataset(self.path, self._file, name, dtype, rows)[:]
        self.labels: NDArray[np.int32] = columns["labels"]
        self.writers: NDArray[np.int32] = columns["writers"]
        self.splits: NDArray[np.uint8] = columns["splits"]
        self.places: NDArray[np.float32] | None = None
        if PLACES in self._file:
            with damage(self.path, f"/{PLACES}"):
                shape = (len(self._images), 4)
                self.places = dataset(self.path, self._file, PLACES, "float32", shape)[:]
        with damage(self.path, "/sources"):
            folder = group(self.path, self._file, "sources")
            table = (
                dataset(self.path, folder, name, dtype, (None,))[:].tolist()
                for name, dtype in SOURCE_COLUMNS.items()
            )
            self.sources = [
                SourceInfo(name.decode(), sha256.decode(), file_bytes, samples)
                for name, sha256, file_bytes, samples in zip(*table, strict=True)
            ]

    def _check(self) -> None:
        charset = self.header.charset
        if not charset or len(set(charset)) != len(charset):
            raise StoreError(self.path, "the charset is empty or names a character twice")
        rows = len(self._images)
        limits = {"labels": len(charset), "writers": len(self.sources), "splits": len(Split)}
        for name, limit in limits.items():
            column = getattr(self, name)
            if rows == 0 or column.min() < 0 or column.max() >= limit:
                raise StoreError(
                    self.path, f"/{name} does not hold {rows} values from 0 to {limit}"
                )
        if self.places is not None:
            known = self.places[np.isfinite(self.places).any(axis=1)]
            if not all(is_place((row[0], row[1], row[2], row[3])) for row in known.tolist()):
                raise StoreError(self.path, f"/{PLACES} has rows that are no place of any ink")
        self._take_kinds()
        order = self.splits.astype(np.int64) * len(charset) + self.labels
        order = order * len(self.kinds) + self.row_kinds
        if np.any(np.diff(order) < 0):
            raise StoreError(self.path, "the rows are not in order of split, label and kind")

    def _take_kinds(self) -> None:
        of_sources = self.header.kinds or [""] * len(self.sources)
        if len(of_sources) != len(self.sources) or not all(isinstance(k, str) for k in of_sources):
            raise StoreError(self.path, "kinds are not one for each source")
        self.kinds = tuple(sorted(set(of_sources)))
        numbers = np.array([self.kinds.index(kind) for kind in of_sources], np.int32)
        self.row_kinds: NDArray[np.int32] = numbers[self.writers]

    @property
    def size(self) -> int:
        """Side of a glyph in pixels."""
        return self.header.glyph.size

    @property
    def charset(self) -> str:
        """Label i is character i."""
        return self.header.charset

    def __len__(self) -> int:
        return len(self.labels)

    def rows_of(self, split: Split) -> range:
        """The rows of a split, which lie together."""
        start, stop = np.searchsorted(self.splits, [split, split + 1])
        return range(int(start), int(stop))

    def rows_of_class(self, split: Split, label: int, kind: int | None = None) -> range:
        """The rows of one class of a split, or of a kind of it, which lie together; maybe none."""
        rows = self.rows_of(split)
        labels = self.labels[rows.start : rows.stop]
        start, stop = np.searchsorted(labels, [label, label + 1])
        rows = range(rows.start + int(start), rows.start + int(stop))
        if kind is None:
            return rows
        start, stop = np.searchsorted(self.row_kinds[rows.start : rows.stop], [kind, kind + 1])
        return range(rows.start + int(start), rows.start + int(stop))

    def is_font_drawn(self, kind: str = "") -> bool:
        """Whether samples, by a kind of writing if it is one of `kinds`, were drawn from a font."""
        if not kind or kind not in self.kinds or not self.header.font_drawn:
            return self.header.font_drawn
        by_kind = (s for s, own in zip(self.sources, self.header.kinds, strict=True) if own == kind)
        return kind == FONT or any(is_font_drawn(source.name) for source in by_kind)

    def counts(self, split: Split) -> NDArray[np.int64]:
        """Samples of each class in a split: (classes,)."""
        rows = self.rows_of(split)
        return np.bincount(self.labels[rows.start : rows.stop], minlength=len(self.charset))

    def images(self, rows: range) -> NDArray[np.uint8]:
        """Read neighbouring rows: (len(rows), size, size), 255 is background.

        Raises:
            StoreError: the file cannot be read here.
        """
        glyphs = np.empty((len(rows), self.size, self.size), np.uint8)
        if len(rows):
            with damage(self.path, "/images"):
                self._images.read_direct(glyphs, np.s_[rows.start : rows.stop])
        return glyphs

    def mapped_images(self) -> NDArray[np.uint8] | None:
        """All images (N, size, size) as they lie in the file, which may be closed meanwhile.

        What is read of them is shared by all processes. None if they are compressed.
        """
        if self.stored_bytes is not None:
            return None
        shape = (len(self), self.size, self.size)
        return np.memmap(self.path, np.uint8, "r", image_bytes(self._file).start, shape)

    def verify(self) -> Verification:
        """Compare every checksum with the data.

        Raises:
            StoreError: so much is damaged that the rest cannot be compared.
        """
        with damage(self.path):
            return verify(self.path, self._file)

    def close(self) -> None:
        """Close the file; everything read before stays valid."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
