"""What generated samples are worth to one who trains a recogniser.

GAN-train (Shmelkov et al., 2018), also called the classification accuracy score (CAS, Ravuri and
Vinyals, 2019): the recogniser is trained anew, on as many samples and as long as the judge was on
real ones, and its accuracy is that on the real test split.
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
from hanzi_lsgan.judging.metrics import Values, is_among_first
from hanzi_lsgan.judging.recogniser import BATCH, read_glyphs, train_recogniser
from hanzi_lsgan.judging.resampling import Resampling
from hanzi_lsgan.judging.scores import Figure
from hanzi_lsgan.judging.unlearned import unlearned_rows
from hanzi_lsgan.models import Generator

_SEED = 100  # unlike those of the other figures


def classification_accuracy_score(
    generator: Generator, store: Store, judge: Judge, on_samples: OnSamples
) -> list[Figure]:
    """Train on generated samples only, as many of each character as the judge has learned.

    Returns:
        CAS, which is an accuracy, and its ratio to the judge's accuracy unless that is 0.
    """
    images, labels = _draw_like_learned(generator, judge, on_samples)
    accuracies = _accuracies_of_training_on(images, labels, store, judge, "CAS", on_samples)
    real = _accuracies(judge.test.guesses, judge)
    compared = (
        f"{len(labels):,} generated; real: {_learned(store, judge) or 'as many train'}; both "
        f"tested on {len(judge.test.labels):,} test"
    )
    meaning = "test accuracy after training on generated samples only; beside it, on real ones"
    ratio = "CAS over the accuracy after training on real samples"
    figures = [_figure("CAS", meaning, judge, compared, accuracies, real)]
    if real[0] > 0:  # else it has no ratio
        with np.errstate(divide="ignore", invalid="ignore"):  # nor have some parts
            ratios, ones = accuracies / real, real / real
        figures.append(_figure("CAS over real", ratio, judge, compared, ratios, ones))
    return figures


def accuracy_of_both(
    generator: Generator, store: Store, judge: Judge, on_samples: OnSamples
) -> Figure:
    """Train on what the judge has learned and as many generated samples, as long as the judge."""
    images, labels = _draw_like_learned(generator, judge, on_samples)
    learned = _load(store, Split.TRAIN, judge)[~judge.unlearned]
    both_images = np.concatenate([learned, images])
    both_labels = np.concatenate([judge.train.labels[~judge.unlearned], labels])
    both = _accuracies_of_training_on(both_images, both_labels, store, judge, "both", on_samples)
    return _figure(
        "real + generated",
        "test accuracy after training on real and generated samples; beside it, on real ones",
        judge,
        f"{len(learned):,} train and {len(labels):,} generated; real: "
        f"{_learned(store, judge) or 'these train'}; both tested on "
        f"{len(judge.test.labels):,} test",
        both,
        _accuracies(judge.test.guesses, judge),
    )


def _learned(store: Store, judge: Judge) -> str:
    """What stands as real where the judge has learned more than the kind that is judged."""
    if judge.kind is None or len(store.kinds) == 1:
        return ""
    learned = len(store.rows_of(Split.TRAIN)) - int(unlearned_rows(store).sum())
    return f"{learned:,} train of all kinds of writing"


def _draw_like_learned(
    generator: Generator, judge: Judge, on_samples: OnSamples
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Generated images and labels, of each class as many as the judge has learned."""
    counts = np.bincount(judge.train.labels[~judge.unlearned], minlength=len(judge.charset))
    images = []
    for label, count in enumerate(counts.tolist()):
        if count:
            images.append(draw_class(generator, label, count, _SEED))
            on_samples("draw", sum(map(len, images)), int(counts.sum()))
    return np.concatenate(images), np.repeat(np.arange(len(counts)), counts)


def _accuracies_of_training_on(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    store: Store,
    judge: Judge,
    phase: str,
    on_samples: OnSamples,
) -> Values:
    """Test accuracies of a fresh recogniser that is trained as long as the judge: (M,)."""
    steps = training_steps(int((~judge.unlearned).sum()))
    size = judge.recogniser.size
    recogniser = train_recogniser(
        shuffled_batches(images, labels),
        classes=len(store.charset),
        size=size,
        steps=steps,
        on_images=lambda seen: on_samples(phase, seen, steps * BATCH),
    )
    _, guesses = read_glyphs(recogniser, _load(store, Split.TEST, judge))
    return _accuracies(guesses, judge)


def _load(store: Store, split: Split, judge: Judge) -> NDArray[np.uint8]:
    """The samples of a split that a judge's reading is of: (N, S, S)."""
    return load_rows(store, store.rows_of(split), judge.recogniser.size)[judge.chosen(store, split)]


def _accuracies(guesses: NDArray[np.int32], judge: Judge) -> Values:
    """Share of the test split that is read rightly, and of parts of its writers: (M,)."""
    hits = is_among_first(guesses, judge.test.labels, 1)
    selections = _resample(judge).selections
    return np.array([hits[chosen].mean() if chosen.any() else np.nan for chosen in selections])


def _resample(judge: Judge) -> Resampling:
    return Resampling.of_real(judge.test.labels, judge.test.writers)


def _figure(
    name: str, meaning: str, judge: Judge, compared: str, values: Values, real: Values
) -> Figure:
    """The figure of accuracies, or of their ratios, of the test split and its parts (M,)."""
    error, real_error = (
        float(error) if np.isfinite(error) else None
        for error in map(_resample(judge).standard_errors, (values, real))
    )
    return Figure(
        name=name,
        meaning=meaning,
        better="higher",
        value=float(values[0]),
        error=error,
        real=float(real[0]),
        real_error=real_error,
        compared=compared,
    )


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
