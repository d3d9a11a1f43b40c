"""Writing a store: room for every image first, checksums once they are in place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
    SOURCE_COLUMNS,
    SourceInfo,
    StoreHeader,
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
        for name in SOURCE_COLUMNS
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
        for name, dtype in COLUMNS.items():
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
            write_text(file.attrs, name, text)
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_layout(h5py.h5d.CONTIGUOUS)
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        creation.set_obj_track_times(False)  # a date would make equal stores differ
        space = h5py.h5s.create_simple((rows, size, size))
        images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, creation)
        for part in (file, *datasets(file)):
            write_text(part.attrs, "sha256", _NO_DIGEST)
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
        for dataset in datasets(file):
            dataset.attrs.modify("sha256", np.bytes_(digest(dataset)))
        file.attrs.modify("sha256", np.bytes_(fingerprint(file)))
        images = image_bytes(file)
    end = path.stat().st_size
    with path.open("ab") as behind:
        behind.write(END_MARK + frame_digest(path, end, images))
