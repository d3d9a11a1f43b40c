"""The HDF5 store: its schema, one writer and one reader. Nothing else touches h5py.

    /images    uint8  (N, S, S)   contiguous: 255 is paper, 0 the darkest ink
    /labels    int32  (N,)        index into the charset
    /writers   int32  (N,)        index into /sources
    /splits    uint8  (N,)        0 train, 1 test
    /sources   name, sha256, bytes, samples: one entry for each `.gnt` file
    attrs      format_version, tool_version, charset, glyph (JSON), font_drawn, left_out (JSON)

Rows are ordered by split, label, source and record, so each class of a split is one block of rows.
Every data set carries its SHA-256, and the file one of all attributes and data sets.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.files import reserve
from data_tools.glyphs import GlyphOptions
from data_tools.sources import Split

FORMAT_VERSION = 1

_HASH_BLOCK_BYTES = 8 << 20
_PAGE_BYTES = 4096
_METADATA_BYTES = 1 << 20  # more than attributes and addresses ever take
_REMEDY = "make it again with `hanzi-lsgan prepare`"
_COLUMNS = {"labels": "int32", "writers": "int32", "splits": "uint8"}
_DAMAGE = (
    *(OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError),
    MemoryError,  # a broken shape asks for more than there is
    UserError,  # the glyph options are checked by their class
)
_NO_DIGEST = "0" * 64
_SOURCE_COLUMNS = ("name", "sha256", "bytes", "samples")


class StoreError(UserError):
    """A store that cannot be used, with its path and what is wrong."""

    def __init__(self, path: Path, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(join_message(str(path), problem, remedy))


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


def create_store(
    path: Path,
    header: StoreHeader,
    columns: Mapping[str, NDArray[Any]],
    sources: Sequence[SourceInfo],
) -> int:
    """Create a store with every row's facts and room for its image.

    The caller keeps other writers away; HDF5's own lock would also keep the caller's away.

    Args:
        path: the new file; one that exists is overwritten.
        header: becomes the attributes.
        columns: `labels`, `writers` and `splits`, each (N,), in the store's order.
        sources: index i is writer i.

    Returns:
        The byte offset in the file of the first image. Image i lies size * size * i behind it, and
        processes may write there until `seal_store` is called.
    """
    size = header.glyph.size
    rows = len(columns["labels"])
    source_columns = {
        name: _source_column([getattr(source, name) for source in sources])
        for name in _SOURCE_COLUMNS
    }
    # HDF5 may crash where it finds the disk full, so it begins only once there is room for all.
    data_bytes = sum(column.nbytes for column in (*columns.values(), *source_columns.values()))
    reserve(path, rows * size**2 + data_bytes + _METADATA_BYTES)
    # The latest format has checksums on its own metadata and room for a charset of any length.
    # Images that begin on a page are written without reading the page before.
    with h5py.File(
        path,
        "w",
        libver="latest",
        locking=False,
        alignment_threshold=_PAGE_BYTES,
        alignment_interval=_PAGE_BYTES,
    ) as file:
        for name, dtype in _COLUMNS.items():
            file.create_dataset(name, data=columns[name].astype(dtype))
        group = file.create_group("sources")
        for name, column in source_columns.items():
            group.create_dataset(name, data=column)
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["font_drawn"] = header.font_drawn
        texts = {
            "tool_version": header.tool_version,
            "charset": header.charset,
            "glyph": json.dumps(asdict(header.glyph), sort_keys=True),
            "left_out": json.dumps(dict(header.left_out), sort_keys=True),
        }
        for name, text in texts.items():
            _write_text(file.attrs, name, text)
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_layout(h5py.h5d.CONTIGUOUS)
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        creation.set_obj_track_times(False)  # a date would make equal stores differ
        space = h5py.h5s.create_simple((rows, size, size))
        images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, creation)
        for part in (file, *_datasets(file)):
            _write_text(part.attrs, "sha256", _NO_DIGEST)
        first_image = int(images.get_offset())
    reserve(path, path.stat().st_size)
    return first_image


def _source_column(values: Sequence[str] | Sequence[int]) -> NDArray[Any]:
    encoded = [value.encode(errors="replace") for value in values if isinstance(value, str)]
    if not encoded:
        return np.array(values, np.int64)
    return np.array(encoded, h5py.string_dtype("utf-8", max(map(len, encoded))))


def seal_store(path: Path) -> None:
    """Write the checksums over their placeholders, once every image is in its place."""
    with h5py.File(path, "r+", libver="latest", locking=False) as file:
        for dataset in _datasets(file):
            dataset.attrs.modify("sha256", np.bytes_(_digest(dataset)))
        file.attrs.modify("sha256", np.bytes_(_fingerprint(file)))


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
            charset=_read_text(attributes, "charset"),
            glyph=GlyphOptions(**json.loads(_read_text(attributes, "glyph"))),
            font_drawn=bool(attributes["font_drawn"]),
            left_out={
                str(reason): int(count)
                for reason, count in json.loads(_read_text(attributes, "left_out")).items()
            },
            tool_version=_read_text(attributes, "tool_version"),
        )
        self.fingerprint = _read_text(attributes, "sha256")
        for name, dtype in _COLUMNS.items():
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
        images = self._file["images"]
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
        """Read neighbouring rows: (len(rows), size, size), 255 is paper.

        Raises:
            StoreError: the file cannot be read here.
        """
        glyphs = np.empty((len(rows), self.size, self.size), np.uint8)
        if len(rows):
            with _damage(self.path):
                self._file["images"].read_direct(glyphs, np.s_[rows.start : rows.stop])
        return glyphs

    def verify(self) -> list[str]:
        """Compare every checksum with the data; return the names of the parts that differ."""
        with _damage(self.path):
            damaged = [
                dataset.name
                for dataset in _datasets(self._file)
                if _read_text(dataset.attrs, "sha256") != _digest(dataset)
            ]
            if _fingerprint(self._file) != self.fingerprint:
                damaged.append("the attributes")
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


def _write_text(attributes: h5py.AttributeManager, name: str, text: str) -> None:
    # Of fixed length: HDF5 keeps others in a heap without checksum, and one wrong byte there lets
    # it loop forever.
    encoded = text.encode()
    attributes.create(name, encoded, dtype=h5py.string_dtype("utf-8", len(encoded)))


def _read_text(attributes: h5py.AttributeManager, name: str) -> str:
    if attributes.get_id(name).dtype.kind != "S":
        raise TypeError(f"attribute {name} is not a text of fixed length")
    return bytes(attributes[name]).decode()


def _datasets(file: h5py.File) -> list[h5py.Dataset]:
    sources = [file["sources"][name] for name in _SOURCE_COLUMNS]
    return [file["images"], *(file[name] for name in _COLUMNS), *sources]


def _digest(dataset: h5py.Dataset) -> str:
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


def _fingerprint(file: h5py.File) -> str:
    """SHA-256 over the attributes and the data sets' checksums."""
    parts = {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in file.attrs.items()
        if name != "sha256"
    }
    for dataset in _datasets(file):
        shape = f"{dataset.dtype.str} {dataset.shape}"
        parts[dataset.name] = f"{shape} {_read_text(dataset.attrs, 'sha256')}"
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
