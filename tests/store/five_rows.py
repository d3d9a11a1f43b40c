"""A store of five rows, and what goes into it, for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest

from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.reader import Store, StoreError
from data_tools.store.schema import SourceInfo, StoreHeader
from data_tools.store.verification import Verification
from data_tools.store.writer import StoreFacts, compress_store, create_store, seal_store

HEADER = StoreHeader(
    charset="一丁七",
    glyph=GlyphOptions(28, "stretch", 1),
    font_drawn=True,
    left_out={"damaged": 1, "symbols": 2},
    tool_version="9.8.7",
)
SOURCES = [
    SourceInfo("a/1.gnt", "a" * 64, 100, 2),
    SourceInfo("a/2.gnt", "b" * 64, 200, 1),
    SourceInfo("乙.gnt", "c" * 64, 300, 2),
]
LABELS = [0, 0, 2, 0, 1]
WRITERS = [0, 1, 0, 2, 2]
SPLITS = [0, 0, 0, 1, 1]
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)

UNTOUCHED = Verification([], sealed=True, added=[])

Edit = Callable[[h5py.File], None]


def facts_of(header: StoreHeader = HEADER) -> StoreFacts:
    columns = {"labels": LABELS, "writers": WRITERS, "splits": SPLITS}
    return StoreFacts(header, {name: np.array(values) for name, values in columns.items()}, SOURCES)


def make_store(path: Path, compressed: bool = False) -> Path:
    """A store of five rows, written as `prepare` writes it."""
    images = path.with_suffix(".images") if compressed else path
    first_image = create_store(images, facts_of())
    with images.open("r+b") as file:
        file.seek(first_image)
        file.write(IMAGES.tobytes())
    if compressed:
        compress_store(images, first_image, path, facts_of(), threads=2)
        images.unlink()
    seal_store(path)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    names = [file.path for file in psutil.Process().open_files()]
    assert str(path) not in names
    return message
