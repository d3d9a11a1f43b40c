"""A score that takes seconds, so that training can watch itself and keep its best generator.

The rule: the best generator has the lowest Fréchet distance between the recogniser's features of
its samples and those of the train split: of the samples that the recogniser has not learned, where
there are any. The test split has no part in the choice, so that `evaluate` judges the chosen one on
samples that nothing was chosen by. Of the real features only mean and covariance are kept.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.drawing.images import draw_latents, draw_pairs
from hanzi_lsgan.judging.judge import OnSamples, obtain_moments, obtain_recogniser
from hanzi_lsgan.judging.metrics import top_k_accuracy
from hanzi_lsgan.judging.moments import Moments, frechet_distance
from hanzi_lsgan.judging.recogniser import read_glyphs
from hanzi_lsgan.models import Generator, drawing_kind

_SEED = 1000  # unlike those that `evaluate` samples with


@dataclass(frozen=True)
class QuickScore:
    """What a generator scores on a few samples.

    Attributes:
        readability: share of samples that are read rightly.
        frechet: distance to the train split; the lower the better.
        score_seconds: that it took to find out.
    """

    readability: float
    frechet: float
    score_seconds: float


class QuickScorer:
    """Scores generators of one store."""

    def __init__(self, store: Store, size: int, samples: int, on_samples: OnSamples) -> None:
        """Get the recogniser ready; where it is missing, that takes minutes.

        Args:
            store: that is trained on.
            size: side of the images.
            samples: drawn for a score, evenly over the characters of the train split; as it has
                them where it has several kinds of writing.
            on_samples: told of progress.

        Raises:
            UserError: the recogniser or the store is damaged, or cannot be written beside it.
        """
        self._recogniser = obtain_recogniser(store, size, on_samples)
        self._real = obtain_moments(store, self._recogniser, on_samples)
        learned = np.flatnonzero(store.counts(Split.TRAIN))  # others nobody has learned to read
        self._labels = learned[np.arange(samples) * len(learned) // samples]
        self._kinds = np.zeros(samples, np.int32)
        if len(store.kinds) > 1:  # those of the train split, characters and kinds as it has them
            train = store.rows_of(Split.TRAIN)
            rows = train.start + np.arange(samples) * len(train) // samples
            self._labels = store.labels[rows].astype(np.int64)
            self._kinds = store.row_kinds[rows]

    def score(self, generator: Generator) -> QuickScore:
        """Score a generator, in evaluation mode, always with the same latents."""
        started = time.perf_counter()
        count = len(self._labels)
        order = np.argsort(self._kinds, kind="stable")
        batches: list[NDArray[np.uint8]] = []
        for kind in np.unique(self._kinds).tolist():
            rows = torch.from_numpy(order[self._kinds[order] == kind])
            labels = torch.from_numpy(self._labels)[rows]
            with drawing_kind(generator, kind):
                latents = draw_latents(generator, count, _SEED)
                batches += draw_pairs(generator, latents, rows, labels)
        images = np.concatenate(batches)[np.argsort(order)]
        features, guesses = read_glyphs(self._recogniser, images)
        return QuickScore(
            readability=top_k_accuracy(guesses, self._labels, 1),
            frechet=frechet_distance(self._real, Moments.of(features)),
            score_seconds=time.perf_counter() - started,
        )
