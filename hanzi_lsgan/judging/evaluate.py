"""How good a generator is, in figures that have their floor beside them.

Generated samples are compared with the test split, which neither the generator nor the recogniser
has seen. The floor of a figure is what real samples reach in the same place: the test split where
samples are read one by one, and as many samples of the train split where they are compared with the
test split.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.drawing.images import draw_classes
from hanzi_lsgan.judging.judge import Judge, OnSamples
from hanzi_lsgan.judging.metrics import (
    Features,
    frechet_distance,
    inception_score,
    kernel_distance,
    manifold_figures,
    mean_pairwise_distance,
    nearest_distances,
    top_k_accuracy,
)
from hanzi_lsgan.judging.recogniser import Reading, classify_log_posteriors, read_glyphs
from hanzi_lsgan.judging.scores import Better, CharacterScore, Figure
from hanzi_lsgan.models import Generator

SEEDS = (0, 1, 2)
"""Sampling seeds; each figure is also computed for each alone, to show its spread."""

_MANIFOLD_SAMPLES = 5000  # distances of all to all
_LOGITS = 20_000_000  # samples times classes: bounds the memory of the Inception Score


class _Quantity(NamedTuple):
    """One number that a measure yields."""

    name: str
    meaning: str
    better: Better


@dataclass(frozen=True)
class _Measure:
    """A way to judge a set of samples, generated or real.

    Attributes:
        quantities: what it yields.
        compared: which samples with which.
        of: one value for each quantity.
        stand_in: the real samples that show its floor.
    """

    quantities: tuple[_Quantity, ...]
    compared: str
    of: Callable[[Reading], Sequence[float]]
    stand_in: Reading


_READABILITY = (
    _Quantity("readability top-1", "share that the recogniser reads rightly", "higher"),
    _Quantity("readability top-5", "share that it reads rightly at five guesses", "higher"),
)
_DISTANCES = (
    _Quantity("Fréchet distance", "of Gaussians fitted to recogniser features", "lower"),
    _Quantity("KID", "squared MMD of a cubic kernel on recogniser features", "lower"),
)
_CERTAINTY = (_Quantity("Inception Score", "with the recogniser's class posterior", "higher"),)
_MANIFOLD = (
    _Quantity("precision", "share of generated samples within reach of real ones", "higher"),
    _Quantity("recall", "share of real samples within reach of generated ones", "higher"),
    _Quantity("density", "real neighbourhoods around a generated sample, over k = 5", "real"),
    _Quantity("coverage", "share of real neighbourhoods with a generated sample", "higher"),
)
_DIVERSITY = (
    _Quantity("diversity", "feature distance within a character, over that of test", "real"),
)
_MEMORISATION = (
    _Quantity("memorisation", "distance to the nearest train sample, over that of test", "real"),
)


def evaluate(
    generator: Generator,
    judge: Judge,
    *,
    per_class: int,
    seeds: Sequence[int] = SEEDS,
    unseen: Collection[str] = (),
    on_samples: OnSamples = lambda phase, done, total: None,
) -> tuple[list[Figure], list[CharacterScore]]:
    """Draw samples of each character and judge them.

    Args:
        generator: in evaluation mode; its labels are the reference's.
        judge: of the store to compare with.
        per_class: samples of each character, shared out to the seeds and rounded up.
        seeds: of the latents.
        unseen: characters that the generator was not trained on; readability is told apart.
        on_samples: told of progress.

    Returns:
        All figures, and one score for each character in order of labels.
    """
    each = -(-per_class // len(seeds))
    return measure(
        [read_generated(generator, judge, each, seed, on_samples) for seed in seeds],
        judge,
        unseen,
    )


def measure(
    sets: Sequence[Reading], judge: Judge, unseen: Collection[str] = ()
) -> tuple[list[Figure], list[CharacterScore]]:
    """Judge several sets of samples, each in order of labels, together and for their spread."""
    generated = _concatenate(sets)
    per_class = -(-len(generated.labels) // len(judge.charset))
    figures = []
    measures = _measures(generated, judge, per_class)
    measures[1:1] = _measures_of_unseen(judge, unseen)
    for measure in measures:
        values, floors = measure.of(generated), measure.of(measure.stand_in)
        alone = np.array([measure.of(reading) for reading in sets])
        spreads = alone.std(axis=0, ddof=1).tolist() if len(sets) > 1 else [None] * len(values)
        for quantity, value, spread, floor in zip(
            measure.quantities, values, spreads, floors, strict=True
        ):
            figures.append(
                Figure(
                    **quantity._asdict(),
                    value=value,
                    spread=spread,
                    real=floor,
                    compared=measure.compared,
                )
            )
    return figures, _score_characters(generated, judge, unseen)


def read_generated(
    generator: Generator,
    judge: Judge,
    count: int,
    seed: int,
    on_samples: OnSamples = lambda phase, done, total: None,
) -> Reading:
    """Draw each character `count` times and let the recogniser read the result."""
    features, guesses = [], []
    classes = len(judge.charset)
    done = 0
    for images in draw_classes(generator, range(classes), count, seed):
        described, likeliest = read_glyphs(judge.recogniser, images)
        features.append(described)
        guesses.append(likeliest)
        done += len(images)
        on_samples(f"seed {seed}", done, classes * count)
    labels = np.repeat(np.arange(classes), count)
    return Reading(labels, np.concatenate(features), np.concatenate(guesses))


def _measures(generated: Reading, judge: Judge, per_class: int) -> list[_Measure]:
    """Every measure that evaluation makes."""
    train, test = judge.train, judge.test
    classes = len(judge.charset)
    of_train = take_per_class(train, per_class)
    drawn = f"{len(generated.labels):,} generated"
    beside_test = f"{drawn}, {len(test.labels):,} test"
    neighbours = _subset(test.features, _MANIFOLD_SAMPLES)
    manifold_count = min(_MANIFOLD_SAMPLES, len(generated.labels))
    variety = np.nanmean(_class_diversity(test, classes))
    novelty = _novelty(test, train)

    def readability(reading: Reading) -> list[float]:
        return [top_k_accuracy(reading.guesses, reading.labels, k) for k in (1, 5)]

    def distances(reading: Reading) -> list[float]:
        return [
            distance(test.features, reading.features)
            for distance in (frechet_distance, kernel_distance)
        ]

    def certainty(reading: Reading) -> list[float]:
        features = _subset(reading.features, _LOGITS // classes)
        return [inception_score(classify_log_posteriors(judge.recogniser, features))]

    def manifold(reading: Reading) -> Sequence[float]:
        return manifold_figures(neighbours, _subset(reading.features, _MANIFOLD_SAMPLES))

    def diversity(reading: Reading) -> list[float]:
        return [float(np.nanmean(_class_diversity(reading, classes)) / variety)]

    def memorisation(reading: Reading) -> list[float]:
        return [_novelty(reading, train) / novelty]

    return [
        _Measure(_READABILITY, drawn, readability, test),
        _Measure(_DISTANCES, beside_test, distances, of_train),
        _Measure(_CERTAINTY, drawn, certainty, test),
        _Measure(
            _MANIFOLD, f"{manifold_count:,} generated, {len(neighbours):,} test", manifold, of_train
        ),
        _Measure(_DIVERSITY, beside_test, diversity, of_train),
        _Measure(_MEMORISATION, f"{beside_test}, {len(train.labels):,} train", memorisation, test),
    ]


def _measures_of_unseen(judge: Judge, unseen: Collection[str]) -> list[_Measure]:
    """Readability of the characters that were trained on and of the others, if there are any."""
    is_unseen = np.array([character in unseen for character in judge.charset])
    kinds = (("trained", "had", ~is_unseen), ("unseen", "never had", is_unseen))
    return [
        _Measure(
            (
                _Quantity(
                    f"readability, {kind}",
                    f"top-1 of the {chosen.sum():,} characters that training {had}",
                    "higher",
                ),
            ),
            "generated samples of these",
            partial(_readability_of, chosen),
            judge.test,
        )
        for kind, had, chosen in kinds
        if is_unseen.any() and chosen.any()
    ]


def _readability_of(chosen: NDArray[np.bool_], reading: Reading) -> list[float]:
    """Share of samples read rightly, of the labels chosen (classes,)."""
    rows = chosen[reading.labels]
    return [top_k_accuracy(reading.guesses[rows], reading.labels[rows], 1)]


def take_per_class(reading: Reading, count: int) -> Reading:
    """Choose up to `count` samples of each label at random, always the same ones."""
    order = np.random.default_rng(0).permutation(len(reading.labels))
    order = order[np.argsort(reading.labels[order], kind="stable")]
    labels = reading.labels[order]
    rank = np.arange(len(labels)) - np.searchsorted(labels, labels)
    chosen = order[rank < count]
    return Reading(reading.labels[chosen], reading.features[chosen], reading.guesses[chosen])


def _subset(features: Features, count: int) -> Features:
    """At most `count` samples, chosen at random and always the same."""
    if len(features) <= count:
        return features
    return features[np.random.default_rng(0).permutation(len(features))[:count]]


def _concatenate(readings: Sequence[Reading]) -> Reading:
    """Several readings as one, in order of labels."""
    labels = np.concatenate([reading.labels for reading in readings])
    order = np.argsort(labels, kind="stable")
    features = np.concatenate([reading.features for reading in readings])
    guesses = np.concatenate([reading.guesses for reading in readings])
    return Reading(labels[order], features[order], guesses[order])


def _of_class(reading: Reading, label: int) -> slice:
    """Rows of a label in a reading that is in order of labels."""
    start, stop = np.searchsorted(reading.labels, [label, label + 1])
    return slice(int(start), int(stop))


def _class_diversity(reading: Reading, classes: int) -> NDArray[np.float64]:
    """Mean distance of two samples of each class, NaN where there are not two: (classes,)."""
    distances = np.full(classes, np.nan)
    for label in range(classes):
        features = reading.features[_of_class(reading, label)]
        if len(features) > 1:
            distances[label] = mean_pairwise_distance(features)
    return distances


def _novelty(reading: Reading, train: Reading) -> float:
    """Mean distance to the nearest training sample of the same class."""
    nearest = [
        nearest_distances(
            reading.features[_of_class(reading, label)], train.features[_of_class(train, label)]
        )
        for label in np.intersect1d(reading.labels, train.labels).tolist()
    ]
    return float(np.concatenate(nearest).mean())


def _score_characters(
    generated: Reading, judge: Judge, unseen: Collection[str]
) -> list[CharacterScore]:
    classes = len(judge.charset)
    ratios = _class_diversity(generated, classes) / _class_diversity(judge.test, classes)
    scores = []
    for label, character in enumerate(judge.charset):
        guesses = generated.guesses[_of_class(generated, label)]
        real_guesses = judge.test.guesses[_of_class(judge.test, label)]
        wrong = Counter(guess for guess in guesses[:, 0].tolist() if guess != label)
        read_as, misread = wrong.most_common(1)[0] if wrong else (label, 0)
        scores.append(
            CharacterScore(
                character=character,
                top1=float((guesses[:, 0] == label).mean()),
                top5=float((guesses == label).any(axis=1).mean()),
                real_top1=float((real_guesses[:, 0] == label).mean())
                if len(real_guesses)
                else None,
                read_as=judge.charset[read_as] if misread else "",
                misread=misread,
                diversity=float(ratios[label]) if np.isfinite(ratios[label]) else None,
                unseen=character in unseen,
            )
        )
    return scores
