"""What is in a store, in figures that a person reads."""

from dataclasses import dataclass

import numpy as np

from data_tools.splits import Split
from data_tools.store.reader import Store


@dataclass(frozen=True)
class SplitSummary:
    """Figures of one split; `per_class` is minimum, median and maximum over classes present."""

    samples: int
    classes: int
    writers: int
    per_class: tuple[int, float, int]


@dataclass(frozen=True)
class StoreSummary:
    """Figures of a store.

    Attributes:
        files: `.gnt` files that it was made from.
        source_bytes: their unpacked size.
        image_bytes: size of the glyphs, which training holds in memory.
        stored_bytes: their size in the file if they are compressed there, else None.
        splits: figures for each split that has samples.
        kinds: samples of each kind of writing, where there are several or they have names.
        placed: samples of which it is known where they stood in their writers' squares.
    """

    files: int
    source_bytes: int
    image_bytes: int
    stored_bytes: int | None
    splits: dict[str, SplitSummary]
    kinds: dict[str, int]
    placed: int


def untaught_in(store: Store) -> str:
    """The characters that have no train sample, so that nothing can be learned of them."""
    counts = store.counts(Split.TRAIN)
    return "".join(c for c, count in zip(store.charset, counts, strict=True) if not count)


def untaught_kinds_in(store: Store) -> tuple[str, ...]:
    """The kinds of writing that have no train sample, so that nothing can be learned of them."""
    rows = store.rows_of(Split.TRAIN)
    taught = set(store.row_kinds[rows.start : rows.stop].tolist())
    return tuple(kind for number, kind in enumerate(store.kinds) if number not in taught)


def summarise(store: Store) -> StoreSummary:
    """Count what a store holds."""
    splits = {}
    for split in Split:
        rows = store.rows_of(split)
        if len(rows):
            counts = store.counts(split)
            present = counts[counts > 0]
            splits[split.name.lower()] = SplitSummary(
                samples=len(rows),
                classes=len(present),
                writers=int(np.count_nonzero(np.bincount(store.writers[rows.start : rows.stop]))),
                per_class=(int(present.min()), float(np.median(present)), int(present.max())),
            )
    return StoreSummary(
        files=len(store.sources),
        source_bytes=sum(source.bytes for source in store.sources),
        image_bytes=len(store) * store.size**2,
        stored_bytes=store.stored_bytes,
        splits=splits,
        kinds={
            kind: int(np.count_nonzero(store.row_kinds == number))
            for number, kind in enumerate(store.kinds)
            if kind
        },
        placed=0 if store.places is None else int(np.isfinite(store.places).all(axis=1).sum()),
    )
