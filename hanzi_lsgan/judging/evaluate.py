"""How good a generator is, in figures that have their floor beside them.

Generated samples are compared with the test split, which neither the generator nor the recogniser
has seen. The floor of a figure is what real samples reach in the same place: the test split where
samples are read one by one, and train samples where sets are compared with the test split. Both
sets have then as many samples of each class (`matching.py`), and the train samples are of writers
whom the recogniser has not learned, where there are enough (`unlearned.py`).

Each figure has its standard error (`resampling.py`). It says how far the figure would move if other
samples were drawn, of the same numbers of each class; what both are compared with stays as it is.
Where the test split stands as real and is read sample by sample, other writers are meant.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_tools.hwdb.charset import is_hanzi
from hanzi_lsgan.drawing.images import draw_classes
from hanzi_lsgan.judging.characters import score_characters
from hanzi_lsgan.judging.judge import Judge, OnSamples
from hanzi_lsgan.judging.look_alikes import forgive_look_alikes
from hanzi_lsgan.judging.matching import (
    DIVERSITY,
    FRECHET,
    KERNEL,
    MEMORISATION,
    Counted,
    count_classes,
    some_rows,
    take_per_class,
)
from hanzi_lsgan.judging.metrics import (
    Values,
    class_diversities,
    frechet_distances,
    is_among_first,
    kernel_distances,
    manifold_figures,
    nearest_distances,
)
from hanzi_lsgan.judging.recogniser import Reading, read_glyphs
from hanzi_lsgan.judging.resampling import Resampling, class_means
from hanzi_lsgan.judging.scores import Better, CharacterScore, Figure
from hanzi_lsgan.models import Generator

SEEDS = (0, 1, 2)
"""Sampling seeds, to which the samples of each character are shared out."""

_NO_DISTANCE = 1e-4  # of features, that are the same but for rounding


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
        of: the values of a set and of its parts (M, quantities).
        judged: generated samples.
        stand_in: the real samples that show its floor; None where there are none.
    """

    quantities: tuple[_Quantity, ...]
    compared: str
    of: Callable[[Reading, Resampling], Values]
    judged: Reading
    stand_in: Reading | None


_READABILITY = (
    _Quantity("readability top-1", "share that the recogniser reads rightly", "higher"),
    _Quantity("readability top-5", "share that it reads rightly at five guesses", "higher"),
)
_FRECHET = _Quantity(FRECHET, "of Gaussians fitted to recogniser features", "lower")
_KERNEL = _Quantity(KERNEL, "squared MMD of KID's cubic kernel on recogniser features", "lower")
_MANIFOLD = (
    _Quantity("precision", "share of generated samples within reach of real ones", "higher"),
    _Quantity("recall", "share of real samples within reach of generated ones", "higher"),
    _Quantity("density", "real neighbourhoods around a generated sample, over k = 5", "real"),
    _Quantity("coverage", "share of real neighbourhoods with a generated sample", "higher"),
)
_DIVERSITY = _Quantity(DIVERSITY, "feature distance within a character, over that of test", "real")
_MEMORISATION = _Quantity(
    MEMORISATION, "distance to the nearest train sample, over that of test", "real"
)


class Evaluation(NamedTuple):
    """What was found of a generator.

    Attributes:
        figures: all that could be measured.
        characters: one score for each character that the recogniser has been taught, in order of
            labels.
        left_out: figures that could not be measured, by name, and why.
    """

    figures: list[Figure]
    characters: list[CharacterScore]
    left_out: dict[str, str]


def evaluate(
    generator: Generator,
    judge: Judge,
    *,
    per_class: int,
    seeds: Sequence[int] = SEEDS,
    unseen: Collection[str] = (),
    on_samples: OnSamples = lambda phase, done, total: None,
) -> Evaluation:
    """Draw samples of each character that the recogniser has been taught, and judge them.

    Args:
        generator: in evaluation mode; its labels are the judge's.
        judge: of the store to compare with.
        per_class: samples of each character, shared out to the seeds and rounded up.
        seeds: of the latents.
        unseen: characters that the generator was not trained on; readability is told apart.
        on_samples: told of progress.
    """
    each = samples_of_each(per_class, seeds)
    drawn = [read_generated(generator, judge, each, seed, on_samples) for seed in seeds]
    return measure(_concatenate(drawn), judge, unseen)


def samples_of_each(per_class: int, seeds: Sequence[int] = SEEDS) -> int:
    """How many samples of each character every seed draws, so that they are at least so many."""
    return -(-per_class // len(seeds))


def measure(generated: Reading, judge: Judge, unseen: Collection[str] = ()) -> Evaluation:
    """Judge a set of samples.

    What is read as a character that looks alike once fitted is read rightly (`look_alikes.py`).
    """
    generated = forgive_look_alikes(generated, judge.charset)
    judge = replace(judge, test=forgive_look_alikes(judge.test, judge.charset))
    classes = len(judge.charset)
    counted = Counted(
        *(
            count_classes(reading.labels, classes)
            for reading in (generated, judge.others, judge.train, judge.test)
        )
    )
    left_out = counted.left_out()
    measures = [
        *_measures_of_reading(generated, judge, unseen),
        *_measures_of_sets(generated, judge, counted),
        _memorisation(generated, judge, counted),
    ]
    figures = []
    for one in measures:
        if any(quantity.name in left_out for quantity in one.quantities):
            continue
        values, errors = _with_errors(one, one.judged)
        floors, floor_errors = _with_errors(one, one.stand_in)
        for index, quantity in enumerate(one.quantities):
            value = values[index]
            if value is None:
                left_out[quantity.name] = "the real samples of each character are all alike"
                continue
            figures.append(
                Figure(
                    **quantity._asdict(),
                    value=value,
                    error=errors[index],
                    real=floors[index],
                    real_error=floor_errors[index],
                    compared=one.compared,
                )
            )
    return Evaluation(figures, score_characters(generated, judge, unseen), left_out)


def read_generated(
    generator: Generator,
    judge: Judge,
    count: int,
    seed: int,
    on_samples: OnSamples = lambda phase, done, total: None,
) -> Reading:
    """Draw each character that the recogniser has been taught, and let it read the result."""
    features, guesses = [], []
    learned = np.flatnonzero(judge.learned)
    done = 0
    for images in draw_classes(generator, learned.tolist(), count, seed):
        described, likeliest = read_glyphs(judge.recogniser, images)
        features.append(described)
        guesses.append(likeliest)
        done += len(images)
        on_samples(f"seed {seed}", done, len(learned) * count)
    labels = np.repeat(learned, count)
    return Reading(labels, np.concatenate(features), np.concatenate(guesses))


def _with_errors(
    one: _Measure, reading: Reading | None
) -> tuple[list[float | None], list[float | None]]:
    """Each quantity of a set of samples and its standard error, None where there is none."""
    if reading is None:
        return [None] * len(one.quantities), [None] * len(one.quantities)
    resampling = Resampling.of_real(reading.labels, reading.writers)
    values = one.of(reading, resampling)
    return _finite(values[0]), _finite(resampling.standard_errors(values))


def _finite(values: Values) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _measures_of_reading(
    generated: Reading, judge: Judge, unseen: Collection[str]
) -> list[_Measure]:
    """Readability of all characters, and of such parts of them as there are besides others."""

    def readability(reading: Reading, resampling: Resampling) -> Values:
        hits = [is_among_first(reading.guesses, reading.labels, k) for k in (1, 5)]
        return np.stack([class_means(hit, reading.labels, resampling) for hit in hits], axis=1)

    def top1(reading: Reading, resampling: Resampling) -> Values:
        return readability(reading, resampling)[:, :1]

    def measure_of(
        chosen: NDArray[np.bool_],
        quantities: tuple[_Quantity, ...],
        of: Callable[[Reading, Resampling], Values],
    ) -> _Measure:
        drawn = generated.rows(chosen[generated.labels])
        test = judge.test.rows(chosen[judge.test.labels])
        compared = f"{_of_characters(drawn, 'generated')}; real: {_of_characters(test, 'test')}"
        return _Measure(quantities, compared, of, drawn, test if len(test.labels) else None)

    is_unseen = np.array([character in unseen for character in judge.charset])
    is_mark = np.array([not is_hanzi(character) for character in judge.charset])
    measures = [measure_of(judge.learned, _READABILITY, readability)]
    for part, what, chosen in (
        ("trained", "characters that training had", ~is_unseen),
        ("unseen", "characters that training never had", is_unseen),
        ("marks", "marks, digits and letters; such as look alike are one", is_mark),
    ):
        of_part = chosen & judge.learned
        if of_part.any() and (of_part != judge.learned).any():
            quantity = _Quantity(
                f"readability, {part}", f"top-1 of the {of_part.sum():,} {what}", "higher"
            )
            measures.append(measure_of(of_part, (quantity,), top1))
    return measures


def _measures_of_sets(generated: Reading, judge: Judge, counted: Counted) -> list[_Measure]:
    """What compares sets with the test split, generated and real ones of the same sizes."""
    # To leave out a writer would change the mix of classes, which weighs more than the writer.
    drawn, real, test = (
        replace(take_per_class(reading, counted.compared), writers=None)
        for reading in (generated, judge.others, judge.test)
    )
    rows = some_rows(len(test.labels))  # each is of the same class in all three
    whole = (drawn, real, test)
    some = (drawn.rows(rows), real.rows(rows), test.rows(rows))
    variety = _mean_diversity(test, Resampling.of_samples(test.labels))[0]

    def frechet(reading: Reading, resampling: Resampling) -> Values:
        return frechet_distances(test.features, reading.features, resampling)[:, None]

    def kernel(reading: Reading, resampling: Resampling) -> Values:
        return kernel_distances(some[2].features, reading.features, resampling)[:, None]

    def manifold(reading: Reading, resampling: Resampling) -> Values:
        return manifold_figures(some[2].features, reading.features, resampling)

    def diversity(reading: Reading, resampling: Resampling) -> Values:
        return _share_of(variety, _mean_diversity(reading, resampling))

    return [
        _Measure(quantities, _compared_sets(judge, *sets), of, sets[0], sets[1])
        for quantities, of, sets in (
            ((_FRECHET,), frechet, whole),
            ((_KERNEL,), kernel, some),
            (_MANIFOLD, manifold, some),
            ((_DIVERSITY,), diversity, whole),
        )
    ]


def _memorisation(generated: Reading, judge: Judge, counted: Counted) -> _Measure:
    """Distance to the train split, for which the size of a set makes no difference."""
    drawn = generated.rows(counted.known[generated.labels])
    test = judge.test.rows(counted.known[judge.test.labels])

    def novelty(reading: Reading, resampling: Resampling) -> Values:
        nearest = _nearest_train_distances(reading, judge.train)
        return class_means(nearest, reading.labels, resampling)

    typical = novelty(test, Resampling.of_samples(test.labels))[0] if len(test.labels) else np.nan

    def memorisation(reading: Reading, resampling: Resampling) -> Values:
        return _share_of(typical, novelty(reading, resampling))

    sizes = (len(drawn.labels), len(judge.train.labels), len(test.labels))
    compared = "{:,} generated with {:,} train; real: {:,} test".format(*sizes)
    return _Measure((_MEMORISATION,), compared, memorisation, drawn, test)


def _share_of(whole: float, values: Values) -> Values:
    """Distances (M,) over another, NaN where that is none: (M, 1)."""
    return values[:, None] / (whole if whole > _NO_DISTANCE else np.nan)


def _of_characters(reading: Reading, what: str) -> str:
    return f"{len(reading.labels):,} {what} of {len(np.unique(reading.labels)):,} characters"


def _compared_sets(judge: Judge, drawn: Reading, real: Reading, test: Reading) -> str:
    """Which samples are compared with which, in words."""
    kind = "not learned by the judge" if judge.has_others else "learned by the judge"
    return (
        f"{len(drawn.labels):,} generated with {len(test.labels):,} test; "
        f"real: {len(real.labels):,} train, {kind}"
    )


def _concatenate(readings: Sequence[Reading]) -> Reading:
    """Several readings of generated samples as one, in order of labels."""
    labels = np.concatenate([reading.labels for reading in readings])
    features = np.concatenate([reading.features for reading in readings])
    guesses = np.concatenate([reading.guesses for reading in readings])
    return Reading(labels, features, guesses).rows(np.argsort(labels, kind="stable"))


def _mean_diversity(reading: Reading, resampling: Resampling) -> Values:
    """Mean over classes of the distance of two samples, NaN where no class has two: (M,)."""
    if not len(reading.labels):
        return np.full(len(resampling.chosen), np.nan)
    diversities = class_diversities(reading.features, reading.labels, resampling)
    present = np.isfinite(diversities)
    sums: Values = np.where(present, diversities, 0).sum(axis=1)
    counts = present.sum(axis=1)
    return sums / np.where(counts > 0, counts, np.nan)


def _nearest_train_distances(reading: Reading, train: Reading) -> Values:
    """Distance of each sample to the nearest training sample of the same class: (N,)."""
    return np.concatenate(
        [
            nearest_distances(
                reading.features[reading.rows_of(label)], train.features[train.rows_of(label)]
            )
            for label in np.unique(reading.labels).tolist()
        ]
    )
