"""Reading a store, the HDF5 file that `prepare` writes; its parts stand in `store_schema.py`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.glyphs.fit import GlyphOptions
from data_tools.splits import Split
from data_tools.store.schema import (
    COLUMNS,
    END_MARK,
    ENDING_BYTES,
    FORMAT_VERSION,
    SourceInfo,
    StoreHeader,
    datasets,
    digest,
    fingerprint,
    frame_digest,
    image_bytes,
    read_text,
)

_REMEDY = "make it again with `hanzi-lsgan prepare`"
_DAMAGE = (
    *(OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError),
    MemoryError,  # a broken shape asks for more than there is
    UserError,  # the glyph options are checked by their class
)


class StoreError(UserError):
    """A store that cannot be used, with its path and what is wrong."""

    def __init__(self, path: Path, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(join_message(str(path), problem, remedy))


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

    Raises:
        StoreError: the file is missing, is no store, or its parts disagree.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open(path)
        try:
            with _damage(path):
                self._read_header()
                self._check()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        attributes = self._file.attrs
        version = attributes.get("format_version")
        if version is None:
            raise StoreError(self.path, "is an HDF5 file but no store of glyphs")
        if int(version) != FORMAT_VERSION:
            problem = f"has format version {version} and this program reads {FORMAT_VERSION}"
            raise StoreError(self.path, problem)
        self.header = StoreHeader(
            charset=read_text(attributes, "charset"),
            glyph=GlyphOptions(**json.loads(read_text(attributes, "glyph"))),
            font_drawn=bool(attributes["font_drawn"]),
            left_out={
                str(reason): int(count)
                for reason, count in json.loads(read_text(attributes, "left_out")).items()
            },
            tool_version=read_text(attributes, "tool_version"),
        )
        self.fingerprint = read_text(attributes, "sha256")
        for name, dtype in COLUMNS.items():
            if self._file[name].dtype != dtype or self._file[name].ndim != 1:
                raise StoreError(self.path, f"/{name} is not a column of {dtype}")
        self.labels: NDArray[np.int32] = self._file["labels"][:]
        self.writers: NDArray[np.int32] = self._file["writers"][:]
        self.splits: NDArray[np.uint8] = self._file["splits"][:]
        group = self._file["sources"]
        table = zip(
            group["name"].asstr()[:],
            group["sha256"].asstr()[:],
            group["bytes"][:].tolist(),
            group["samples"][:].tolist(),
            strict=True,
        )
        self.sources = [SourceInfo(*entry) for entry in table]

    def _check(self) -> None:
        images = self._images = self._file["images"]
        size = self.header.glyph.size
        rows = len(self.labels)
        if images.dtype != np.uint8 or images.shape != (rows, size, size):
            expected = f"uint8 ({rows}, {size}, {size})"
            raise StoreError(self.path, f"/images is {images.dtype} {images.shape}, not {expected}")
        charset = self.header.charset
        if not charset or len(set(charset)) != len(charset):
            raise StoreError(self.path, "the charset is empty or names a character twice")
        limits = {"labels": len(charset), "writers": len(self.sources), "splits": len(Split)}
        for name, limit in limits.items():
            column = getattr(self, name)
            if len(column) != rows or rows == 0 or column.min() < 0 or column.max() >= limit:
                raise StoreError(
                    self.path, f"/{name} does not hold {rows} values from 0 to {limit}"
                )
        order = self.splits.astype(np.int64) * len(charset) + self.labels
        if np.any(np.diff(order) < 0):
            raise StoreError(self.path, "the rows are not in order of split and label")

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

    def rows_of_class(self, split: Split, label: int) -> range:
        """The rows of one class of a split, which lie together; possibly none."""
        rows = self.rows_of(split)
        labels = self.labels[rows.start : rows.stop]
        start, stop = np.searchsorted(labels, [label, label + 1])
        return range(rows.start + int(start), rows.start + int(stop))

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
            with _damage(self.path):
                self._images.read_direct(glyphs, np.s_[rows.start : rows.stop])
        return glyphs

    def verify(self) -> list[str]:
        """Compare every checksum with the data; return the names of the parts that differ."""
        with _damage(self.path):
            damaged = [
                dataset.name
                for dataset in datasets(self._file)
                if read_text(dataset.attrs, "sha256") != digest(dataset)
            ]
            if fingerprint(self._file) != self.fingerprint:
                damaged.append("the attributes")
            end = max(0, self.path.stat().st_size - ENDING_BYTES)
            with self.path.open("rb") as file:
                file.seek(end)
                ending = file.read()
            frame = frame_digest(self.path, end, image_bytes(self._file))
            if not damaged and ending != END_MARK + frame:
                damaged.append("the frame around the data sets")
        return damaged

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


def _open(path: Path) -> h5py.File:
    try:
        if not path.exists():
            remedy = f"make one with `hanzi-lsgan prepare --out {path}`"
            raise StoreError(path, "there is no such store", remedy)
        return h5py.File(path, "r")
    except OSError as error:
        raise StoreError(path, f"cannot be opened as a store ({error})") from None


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what h5py, numpy and json raise on a broken file into one line that names it."""
    try:
        yield
    except StoreError:
        raise
    except _DAMAGE as error:
        raise StoreError(path, f"is damaged ({error})") from None
