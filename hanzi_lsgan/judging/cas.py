"""What generated samples are worth to one who trains a recogniser.

GAN-train (Shmelkov et al., 2018), also called the classification accuracy score (CAS, Ravuri and
Vinyals, 2019): the recogniser is trained anew, as long as the one that was trained on real samples,
and tested on the real test split.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import load_rows
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.judging.judge import Judge, OnSamples, training_steps
from hanzi_lsgan.judging.metrics import top_k_accuracy
from hanzi_lsgan.judging.recogniser import BATCH, read_glyphs, train_recogniser
from hanzi_lsgan.judging.scores import Figure
from hanzi_lsgan.models import Generator

_SEED = 100  # unlike those of the other figures


def classification_accuracy_score(
    generator: Generator, store: Store, judge: Judge, on_samples: OnSamples
) -> Figure:
    """Train on generated samples only, as many of each character as the train split has."""
    images, labels = _draw_like_train(generator, store, on_samples)
    accuracy = _accuracy_of_training_on(images, labels, store, judge, "CAS", on_samples)
    real = top_k_accuracy(judge.test.guesses, judge.test.labels, 1)
    return Figure(
        name="CAS",
        meaning=f"test accuracy after training on generated samples only ({accuracy:.2%}), over "
        f"that after real ones ({real:.2%})",
        better="higher",
        value=accuracy / real,
        spread=None,
        real=1.0,
        compared=f"{len(labels):,} generated, {len(judge.test.labels):,} test",
    )


def accuracy_of_both(
    generator: Generator, store: Store, judge: Judge, on_samples: OnSamples
) -> Figure:
    """Train on the train split and as many generated samples, for as many steps as on real ones."""
    images, labels = _draw_like_train(generator, store, on_samples)
    rows = store.rows_of(Split.TRAIN)
    both_images = np.concatenate([load_rows(store, rows, judge.recogniser.size), images])
    both_labels = np.concatenate([judge.train.labels, labels])
    return Figure(
        name="real + generated",
        meaning="test accuracy after training on real and generated samples; beside it, on real",
        better="higher",
        value=_accuracy_of_training_on(both_images, both_labels, store, judge, "both", on_samples),
        spread=None,
        real=top_k_accuracy(judge.test.guesses, judge.test.labels, 1),
        compared=f"{len(rows):,} train and {len(labels):,} generated, "
        f"{len(judge.test.labels):,} test",
    )


def _draw_like_train(
    generator: Generator, store: Store, on_samples: OnSamples
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Generated images and labels, of each class as many as the train split has."""
    counts = store.counts(Split.TRAIN)
    images = []
    for label, count in enumerate(counts.tolist()):
        if count:
            images.append(draw_class(generator, label, count, _SEED))
            on_samples("draw", sum(map(len, images)), int(counts.sum()))
    return np.concatenate(images), np.repeat(np.arange(len(counts)), counts)


def _accuracy_of_training_on(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    store: Store,
    judge: Judge,
    phase: str,
    on_samples: OnSamples,
) -> float:
    """Test accuracy of a fresh recogniser that is trained as long as the store's own."""
    steps = training_steps(len(store.rows_of(Split.TRAIN)))
    size = judge.recogniser.size
    recogniser = train_recogniser(
        shuffled_batches(images, labels),
        classes=len(store.charset),
        size=size,
        steps=steps,
        on_images=lambda seen: on_samples(phase, seen, steps * BATCH),
    )
    _, guesses = read_glyphs(recogniser, load_rows(store, store.rows_of(Split.TEST), size))
    return top_k_accuracy(guesses, judge.test.labels, 1)


def shuffled_batches(
    images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield whole batches for ever, (B, 1, S, S) and (B,), shuffled anew in each epoch.

    Fewer samples than a batch repeat within it.
    """
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(max(len(labels), BATCH)) % len(labels)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            yield torch.from_numpy(images[rows]).unsqueeze(1), torch.from_numpy(labels[rows])
