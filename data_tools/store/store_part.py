"""A store as a source of another: what one writer wrote, as `prepare` reads it beside others."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from isal.isal_zlib import adler32, crc32

from data_tools.glyphs.fit import GlyphOptions
from data_tools.glyphs.place import UNKNOWN_PLACE, Place
from data_tools.hwdb.gnt import GntRecord
from data_tools.sources.members import Member
from data_tools.sources.sample_stream import SampleStream
from data_tools.sources.samples import Sample
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split
from data_tools.store.reader import Store


@dataclass(frozen=True)
class StorePart:
    """The samples of one writer in one split of a store.

    Attributes:
        name: of the store, and below it of the source that the writer was.
        path: of the store.
        source: the writer's number in it.
        own_split: where the store has the samples.
        named_split: train or test, and what said so.
        kind: of writing, as the store has it; empty if it says none.
        has_writers: whether the store's sources are writers, and not classes that many may have
            written.
        sha256: the checksum of what the store was made of.
    """

    name: str
    path: Path
    source: int
    own_split: Split
    named_split: NamedSplit = field(compare=False)
    kind: str = field(compare=False)
    has_writers: bool = field(compare=False)
    sha256: str = field(compare=False)
    number: ClassVar[int] = 0  # it is read in one part

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return str(self.path)

    @property
    def writer(self) -> str:
        """The writer's name."""
        return self.name

    @property
    def split(self) -> Split:
        """Train or test."""
        return self.named_split.split

    def open(self) -> "StorePartStream":
        """The samples for one reading."""
        return StorePartStream(self)


class StorePartStream(SampleStream):
    """Samples of a part; `bytes_read` and `notes` as of other sources."""

    def __init__(self, part: StorePart) -> None:
        super().__init__()
        self._part = part

    def samples(
        self,
        is_wanted: Callable[[str], bool],
        on_bad: Callable[[str, int], None] | None = None,
    ) -> Iterator[Sample]:
        """The samples in the store's order; a store is damaged as a whole or not at all.

        Raises:
            StoreError: it cannot be read.
        """
        part = self._part
        store = _open_store(part.path, part.path.stat().st_mtime_ns)
        rows = np.flatnonzero((store.writers == part.source) & (store.splits == part.own_split))
        for number, row in enumerate(rows.tolist()):
            character = store.charset[store.labels[row]]
            data = store.images(range(row, row + 1)).tobytes()
            self._digest.update(character.encode())
            self._digest.update(data)
            self.bytes_read += len(data)
            key = crc32(data, store.size) << 32 | adler32(data)
            pixels = memoryview(data)
            record = GntRecord(number, character, store.size, store.size, pixels)
            yield Sample(record, key, _place_of(store, row))


def _place_of(store: Store, row: int) -> Place:
    if store.places is None:
        return UNKNOWN_PLACE
    left, top, right, bottom = store.places[row].tolist()
    return left, top, right, bottom


@lru_cache(maxsize=4)
def _open_store(path: Path, modified: int) -> Store:
    """A store that is read once for all its writers; another time tells another file."""
    return Store(path)


def store_parts(
    members: Sequence[Member], glyph: GlyphOptions
) -> tuple[list[StorePart], list[str]]:
    """The writers of stores; samples stay in the split that a store has them in, unless named.

    Args:
        members: the stores.
        glyph: of the one to make.

    Returns:
        The parts, and a line on each store whose glyphs are of another size or fit.

    Raises:
        StoreError: one is no store, or damaged.
    """
    parts = []
    notes = []
    for member in members:
        with Store(member.path) as store:
            has_writers = _has_writers(store)
            own = store.header.glyph
            if (own.size, own.fit) != (glyph.size, glyph.fit):
                of_store = f"{own.size} pixels, {own.fit}, are fitted anew"
                notes.append(f"{member.place}: glyphs of {of_store} to {glyph.size}, {glyph.fit}")
            for split in Split:
                rows = store.rows_of(split)
                for source in np.unique(store.writers[rows.start : rows.stop]).tolist():
                    named = member.named_split
                    if not named.name:  # nothing that a person or a name has said
                        named = NamedSplit(split, "" if split is Split.TRAIN else member.name)
                    kind = store.header.kinds[source] if store.header.kinds else ""
                    info = store.sources[source]
                    part = StorePart(
                        f"{member.name}/{info.name}",
                        member.path,
                        source,
                        split,
                        named,
                        kind,
                        has_writers,
                        info.sha256,
                    )
                    parts.append(part)
    return parts, notes


def _has_writers(store: Store) -> bool:
    """Whether any source has several characters, where the store has several."""
    written = np.unique(np.stack([store.writers, store.labels]), axis=1)
    return len(store.charset) == 1 or bool(np.bincount(written[0]).max() > 1)
