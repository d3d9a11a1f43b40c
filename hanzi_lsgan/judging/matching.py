"""Sets of equal size: what stands as real beside a figure has as many samples of each class.

Distances between sets depend on how many samples they have, and of which classes. So generated
samples, those that stand as real in their place, and the test samples that both are compared with
are equally many of each class: where one has too few, the others are fewer too. All this follows
from the numbers of samples alone, so that it is known before any work what cannot be measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.judging.metrics import NEIGHBOURS
from hanzi_lsgan.judging.recogniser import Reading
from hanzi_lsgan.judging.unlearned import are_enough, unlearned_rows

_MOST_PAIRED = 5000  # samples of a set of which all are compared with all

FRECHET = "Fréchet distance"
KERNEL = "kernel distance"
MANIFOLD = ("precision", "recall", "density", "coverage")
DIVERSITY = "diversity"
MEMORISATION = "memorisation"

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """How many samples of each class (classes,) there are.

    Attributes:
        generated: drawn.
        others: of the train split, to stand as real in place of generated ones.
        train: of the train split.
        test: of the test split.
    """

    generated: Counts
    others: Counts
    train: Counts
    test: Counts

    @classmethod
    def of_store(cls, store: Store, per_class: int, kind: str = "") -> "Counted":
        """What there will be of a store, or of a kind of writing, if so many of each are drawn."""
        classes = len(store.charset)
        wanted = np.ones(len(store), bool)
        if is_of_kind := bool(kind) and kind in store.kinds:
            wanted = store.row_kinds == store.kinds.index(kind)
        train, test = (
            count_classes(store.labels[wanted & (store.splits == split)], classes)
            for split in (Split.TRAIN, Split.TEST)
        )
        rows = unlearned_rows(store) & wanted
        enough = are_enough(store.writers[rows]) if is_of_kind else rows.any()
        others = count_classes(store.labels[rows], classes) if enough else train
        return cls(np.full(classes, per_class), others, train, test)

    @property
    def compared(self) -> Counts:
        """Of generated, real and test samples, in figures that compare sets."""
        return np.minimum(np.minimum(self.generated, self.others), self.test)

    @property
    def known(self) -> NDArray[np.bool_]:
        """The classes whose generated and test samples can be compared with train samples."""
        return (self.generated > 0) & (self.train > 0) & (self.test > 0)

    def left_out(self) -> dict[str, str]:
        """What cannot be measured, by name, and why."""
        reasons = {}
        count = int(self.compared.sum())
        for names, needed in (((FRECHET, KERNEL), 2), (MANIFOLD, NEIGHBOURS + 1)):
            if count < needed:
                reason = f"{count} test samples have as many train samples beside them, of their "
                reasons.update(dict.fromkeys(names, f"{reason}characters; {needed} are needed"))
        if self.compared.max() < 2:
            reasons[DIVERSITY] = "no character has two test samples and two others beside them"
        if not self.known.any():
            reasons[MEMORISATION] = "no character has train and test samples"
        return reasons


def count_classes(labels: NDArray[np.integer], classes: int) -> Counts:
    """Samples of each class: (classes,)."""
    return np.bincount(labels, minlength=classes)


def take_per_class(reading: Reading, counts: Counts) -> Reading:
    """Choose so many samples of each label, or all, at random, always the same ones.

    They are in order of labels.
    """
    order = np.lexsort((np.random.default_rng(0).random(len(reading.labels)), reading.labels))
    labels = reading.labels[order]
    rank = np.arange(len(labels)) - np.searchsorted(labels, labels)
    return reading.rows(order[rank < counts[labels]])


def some_rows(count: int) -> NDArray[np.int64]:
    """Up to 5,000 of so many rows, chosen at random and always the same, in ascending order."""
    chosen = np.random.default_rng(0).permutation(count)[:_MOST_PAIRED]
    return np.sort(chosen)
