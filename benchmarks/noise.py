"""Stores and `.gnt` files of noise: speed does not depend on what the samples show."""

from pathlib import Path

import numpy as np

from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import write_record
from data_tools.hwdb.standard_sets import gb2312
from data_tools.splits import Split
from data_tools.store.schema import SourceInfo, StoreHeader
from data_tools.store.writer import StoreFacts, create_store, seal_store

_CHUNK_BYTES = 64 << 20
_BITMAP_SIDES = (40, 80)  # as HWDB's mostly are
_RECORDS_A_FILE = 4000
_EXTENSION_A = 0x3400  # the hanzi behind GB2312's, for charsets that are larger


def some_characters(count: int) -> str:
    """A charset of `count` hanzi in order of code points, GB2312's first."""
    known = sorted(gb2312())
    further = [chr(_EXTENSION_A + number) for number in range(max(0, count - len(known)))]
    return "".join(sorted(known[:count] + further))


def write_noise_store(path: Path, size: int, classes: int, samples: int) -> None:
    """A store of random pixels, as many of each class as can be."""
    labels = np.arange(samples) * classes // samples
    header = StoreHeader(
        charset=some_characters(classes),
        glyph=GlyphOptions(size, "aspect", 0),
        font_drawn=False,
        left_out={},
        tool_version="benchmark",
    )
    columns = {
        "labels": labels,
        "writers": np.zeros_like(labels),
        "splits": np.full_like(labels, Split.TRAIN),
    }
    sources = [SourceInfo("noise", "0" * 64, 1, samples)]
    offset = create_store(path, StoreFacts(header, columns, sources))
    random = np.random.default_rng(0)
    left = samples * size**2
    with path.open("r+b") as file:
        file.seek(offset)
        while left:
            left -= file.write(random.bytes(min(left, _CHUNK_BYTES)))
    seal_store(path)


def write_noise_gnt(folder: Path, samples: int) -> Path:
    """`.gnt` files of random bitmaps."""
    folder.mkdir()
    random = np.random.default_rng(0)
    characters = some_characters(_RECORDS_A_FILE)
    bitmaps = [
        random.integers(0, 256, random.integers(*_BITMAP_SIDES, 2), np.uint8) for _ in range(100)
    ]
    for file_number, first in enumerate(range(0, samples, _RECORDS_A_FILE)):
        with (folder / f"{first:08}.gnt").open("wb") as stream:
            for number in range(min(_RECORDS_A_FILE, samples - first)):
                # Each file begins with another character: two of the same bytes are refused.
                character = characters[(number + file_number) % _RECORDS_A_FILE]
                write_record(stream, character, bitmaps[number % len(bitmaps)])
    return folder
