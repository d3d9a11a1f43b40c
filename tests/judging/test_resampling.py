"""The error of a figure against what is known of it, and against figures of many other samples."""

import math

import numpy as np
import pytest

from hanzi_lsgan.judging.metrics import (
    class_diversities,
    frechet_distances,
    kernel_distances,
    manifold_figures,
)
from hanzi_lsgan.judging.resampling import Resampling, class_means


def test_each_part_lacks_one_group_of_every_stratum_and_all_lack_each_as_often() -> None:
    resampling = Resampling.of_samples(np.repeat(np.arange(4), 100))
    parts = resampling.chosen[1:]
    assert resampling.chosen[0].all()
    assert parts.shape == (36, 64)
    assert (parts.reshape(36, 16, 4).sum(axis=2) == 3).all()
    assert (parts.sum(axis=0) == 27).all()
    assert len(np.unique(parts, axis=0)) == 36


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 64, 65, 1000])
def test_all_samples_take_part(count: int) -> None:
    resampling = Resampling.of_samples(np.zeros(count, np.int64))
    assert resampling.selections[0].all()
    assert np.ptp(np.bincount(resampling.groups)) <= 1
    assert np.isfinite(resampling.standard_errors(resampling.selections.sum(axis=1)))


def test_a_part_has_three_quarters_of_each_class() -> None:
    labels = np.repeat(np.arange(5), 128)
    for chosen in Resampling.of_samples(labels).selections[1:]:
        assert np.bincount(labels[chosen]).tolist() == [96] * 5


def test_writers_stay_whole() -> None:
    writers = np.tile(np.arange(20, dtype=np.int32), 7)
    labels = np.repeat(np.arange(7), 20)
    for chosen in Resampling.of_real(labels, writers).selections[1:]:
        assert sorted(np.bincount(writers[chosen], minlength=20)) == [0] * 5 + [7] * 15
    few = Resampling.of_real(labels, writers % 7)
    assert len(np.unique(few.groups[writers % 7 == 0])) > 1  # too few of them to say anything


def error_of_mean(hits: np.ndarray, labels: np.ndarray, resampling: Resampling) -> float:
    return float(resampling.standard_errors(class_means(hits, labels, resampling)))


@pytest.mark.parametrize("times", [1, 10])
def test_the_error_of_a_proportion(times: int) -> None:
    """Of 400, 900 and 500 hits of 1,000 in three classes: √(Σ p (1 - p) / 1000) / 3."""
    labels = np.repeat(np.arange(3), 1000 * times)
    shuffled = np.random.default_rng(0).permutation(1000 * times) % 10
    hits = np.concatenate([shuffled < tenths for tenths in (4, 9, 5)])
    resampling = Resampling.of_samples(labels)
    assert class_means(hits, labels, resampling)[0] == pytest.approx(0.6)
    expected = math.sqrt((0.4 * 0.6 + 0.9 * 0.1 + 0.5 * 0.5) / (1000 * times)) / 3
    assert error_of_mean(hits, labels, resampling) == pytest.approx(expected, rel=0.3)


def test_samples_of_one_writer_are_no_news() -> None:
    """20 writers who each write all rightly or all wrongly: √(p (1 - p) / 19), not by samples."""
    writers = np.repeat(np.arange(20, dtype=np.int32), 50)
    labels = np.tile(np.arange(50), 20)
    error = error_of_mean(writers % 2 == 0, labels, Resampling.of_real(labels, writers))
    assert error == pytest.approx(0.5 / math.sqrt(19), rel=0.4)


def test_classes_count_the_same_whatever_their_size() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    hits = labels == 0
    assert class_means(hits, labels, Resampling.of_samples(labels))[0] == 0.5


def test_two_errors_hold_the_truth_as_often_as_they_should() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    chances = np.linspace(0.3, 0.9, 10)
    resampling = Resampling.of_samples(labels)
    inside = []
    for _ in range(300):
        values = class_means(random.random(200) < chances[labels], labels, resampling)
        error = float(resampling.standard_errors(values))
        inside.append(abs(values[0] - chances.mean()) <= 2 * error)
    assert 0.91 <= np.mean(inside) <= 0.98  # a normal distribution: 0.954


def test_errors_are_those_of_other_samples() -> None:
    """Each figure of 40 generators like real handwriting: their spread, and what each says of it.

    Where distributions are the same some errors are too large, as the module says; none too small.
    """
    random = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 60)
    centres = random.normal(size=(4, 6))

    def draw() -> np.ndarray:
        return (centres[labels] + random.normal(size=(240, 6))).astype(np.float32)

    real = draw()
    values, errors = [], []
    resampling = Resampling.of_samples(labels)
    for _ in range(40):
        features = draw()
        figures = np.concatenate(
            [
                frechet_distances(real, features, resampling)[:, None],
                kernel_distances(real, features, resampling)[:, None],
                manifold_figures(real, features, resampling),
                class_diversities(features, labels, resampling).mean(axis=1, keepdims=True),
            ],
            axis=1,
        )
        values.append(figures[0])
        errors.append(resampling.standard_errors(figures))
    ratio = np.sqrt(np.square(errors).mean(axis=0)) / np.std(values, axis=0, ddof=1)
    assert (ratio > 0.75).all()
    assert (np.delete(ratio, 5) < 1.75).all()
    assert ratio[5] < 2.3


def test_the_same_samples_have_the_same_error() -> None:
    labels = np.repeat(np.arange(3), 30)
    one, other = Resampling.of_samples(labels), Resampling.of_samples(labels)
    assert np.array_equal(one.selections, other.selections)
