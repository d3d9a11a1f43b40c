"""How good a generator of characters is, in four figures by the judge of `judging/`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream, load_rows
from hanzi_lsgan.drawing.images import draw_classes
from hanzi_lsgan.judging.judge import obtain_recogniser, require_both_splits
from hanzi_lsgan.judging.metrics import top_k_accuracy
from hanzi_lsgan.judging.moments import Moments, frechet_distance
from hanzi_lsgan.judging.recogniser import (
    Recogniser,
    read_glyphs,
    train_recogniser,
)
from hanzi_lsgan.models import Generator
from hanzi_lsgan.papers.record import Row
from hanzi_lsgan.papers.sitting import Sitting

_SEED = 0  # of the latents
_BRIEF_BATCH = 64


@dataclass(frozen=True)
class Examiner:
    """A recogniser, and the test split of a store as it sees it.

    Attributes:
        recogniser: trained on the train split.
        labels: (N,) of the test split.
        features: (N, F) of the test split.
        guesses: (N, k) of the test split.
        train_features: (M, F) of as many train samples, a class at a time, for the floor.
    """

    recogniser: Recogniser
    labels: NDArray[np.int64]
    features: NDArray[np.float32]
    guesses: NDArray[np.int32]
    train_features: NDArray[np.float32]

    @classmethod
    def of_store(
        cls, sitting: Sitting, store_path: Path, size: int, brief_steps: int = 0
    ) -> "Examiner":
        """The store's own judge, or one that is trained for a few steps and not kept.

        Args:
            sitting: told of progress.
            store_path: of a store with both splits.
            size: side of the images.
            brief_steps: of the other one, where it is to take seconds instead of minutes.

        Raises:
            Unfinished: Ctrl-C was pressed meanwhile.
            UserError: the store lacks a split, cannot be read, or does not suit.
        """
        with Store(store_path) as store:
            require_both_splits(store)
            test_rows, train_rows = store.rows_of(Split.TEST), store.rows_of(Split.TRAIN)
            if brief_steps:
                recogniser = _train_briefly(store, size, brief_steps)
            else:
                recogniser = obtain_recogniser(store, size, sitting.report)
            features, guesses = read_glyphs(recogniser, load_rows(store, test_rows, size))
            labels = store.labels[test_rows.start : test_rows.stop].astype(np.int64)
            images = load_rows(store, train_rows, size)
            train_labels = store.labels[train_rows.start : train_rows.stop]
            chosen = np.concatenate(
                [
                    np.flatnonzero(train_labels == label)[:count]
                    for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
                ]
            )
            train_features, _ = read_glyphs(recogniser, images[chosen])
        return cls(recogniser, labels, features, guesses, train_features)

    def examine(self, generator: Generator) -> Row:
        """Draw as many samples of each class as the test split has on average, and judge them."""
        classes = np.unique(self.labels).tolist()
        count = max(2, len(self.labels) // len(classes))
        images = np.concatenate(list(draw_classes(generator, classes, count, _SEED)))
        labels = np.repeat(np.array(classes), count)
        features, guesses = read_glyphs(self.recogniser, images)
        return self._figures(features, guesses, labels)

    def examine_real(self) -> Row:
        """What real samples reach: the test split itself; in Fréchet distance, train samples."""
        figures = self._figures(self.features, self.guesses, self.labels)
        return figures | {"frechet": distance_of(self.features, self.train_features)}

    def _figures(
        self,
        features: NDArray[np.float32],
        guesses: NDArray[np.int32],
        labels: NDArray[np.int64],
    ) -> Row:
        real = class_diversity(self.features, self.labels)
        return {
            "readability": top_k_accuracy(guesses, labels, 1),
            "diversity": class_diversity(features, labels) / real,
            "frechet": distance_of(self.features, features),
            "recogniser_score": posterior_score(self._log_posteriors(features)),
        }

    def _log_posteriors(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits = self.recogniser.classify(
                torch.from_numpy(features).to(self.recogniser.classify.weight.device)
            )
            posteriors: NDArray[np.float32] = logits.log_softmax(dim=1).numpy(force=True)
        return posteriors


def check_store(path: str, size: int) -> None:
    """Refuse a store that nothing can be judged on, before an experiment on it has a record.

    Args:
        path: as settings hold it; empty where characters are font-drawn.
        size: side of the images.

    Raises:
        UserError: it cannot be read, lacks a split, has glyphs of another size, or no two test
            samples of a character, by which diversity is measured.
    """
    if path:
        with Store(path) as store:
            require_both_splits(store)
            load_rows(store, range(0), size)
            rows = store.rows_of(Split.TEST)
            if np.bincount(store.labels[rows.start : rows.stop]).max() < 2:
                problem = "has one test sample of each character, and diversity takes two"
                raise UserError(join_message(path, problem, "prepare it with more test writers"))


def distance_of(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The Fréchet distance of two sets of features (N, F)."""
    return frechet_distance(Moments.of(first), Moments.of(second))


def class_diversity(features: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean Euclidean distance of two samples (N, F) of one class, over classes that have two."""
    distances = [
        torch.pdist(torch.from_numpy(features[labels == label])).mean().item()
        for label in np.unique(labels).tolist()
        if (labels == label).sum() > 1
    ]
    return float(np.mean(distances))


def posterior_score(log_posteriors: NDArray[np.float32]) -> float:
    """exp E[KL(p(y|x) ‖ p(y))] of log p(y|x) (N, classes): the Inception Score's formula."""
    exact = log_posteriors.astype(np.float64)
    posteriors = np.exp(exact)
    divergences = (posteriors * (exact - np.log(posteriors.mean(axis=0)))).sum(axis=1)
    return float(np.exp(divergences.mean()))


def _train_briefly(store: Store, size: int, steps: int) -> Recogniser:
    samples = len(store.rows_of(Split.TRAIN))
    batch_size = min(_BRIEF_BATCH, samples)
    stream = BatchStream(store, size=size, batch_size=batch_size, pack_size=1, seed=0)
    return train_recogniser(
        ((batch.images, batch.labels) for batch in stream.batches()),
        classes=len(store.charset),
        size=size,
        steps=steps,
    )
