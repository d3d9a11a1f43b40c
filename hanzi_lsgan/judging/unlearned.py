"""Which train samples the judge does not learn, so that they can stand beside a figure as real.

A recogniser describes what it has learned otherwise than what it has not: samples of a class lie
closer together. Such samples are no measure of what other people write, so some writers of the
train split are kept from the judge. The networks that are judged learn from them as from all.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from data_tools.splits import Split
from data_tools.store.reader import Store

_SHARE = 8  # one writer of so many
_LEAST_WRITERS = 8  # fewer say little of other writers, and a judge of few needs them all
_MOST_WRITERS = 100  # as many as `evaluate` draws of each character


def unlearned_rows(store: Store) -> NDArray[np.bool_]:
    """Whether each row of a store (N,) is of the train split but not for the judge to learn.

    One writer of eight, at most 100: those whose names (of their `.gnt` files) have the lowest
    SHA-256, so that neither order nor chance has a part in it. None where that gives fewer than 8
    writers, and no row of a class of which the judge would be left without any.
    """
    rows = store.rows_of(Split.TRAIN)
    labels = store.labels[rows.start : rows.stop]
    writers = store.writers[rows.start : rows.stop]
    present = np.unique(writers).tolist()
    count = min(len(present) // _SHARE, _MOST_WRITERS)
    unlearned = np.zeros(len(store), bool)
    if count < _LEAST_WRITERS:
        return unlearned
    chosen = sorted(present, key=lambda writer: _digest(store.sources[writer].name))[:count]
    held = np.isin(writers, chosen)
    learned = np.bincount(labels[~held], minlength=len(store.charset))
    unlearned[rows.start : rows.stop] = held & (learned[labels] > 0)
    return unlearned


def are_enough(writers: NDArray[np.int32]) -> bool:
    """Whether samples by these writers (N,) can stand for what others write."""
    return len(np.unique(writers)) >= _LEAST_WRITERS


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
