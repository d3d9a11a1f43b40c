"""Every metric on a case whose answer is known in closed form."""

import math

import numpy as np
import pytest

from hanzi_lsgan.judging.metrics import (
    frechet_distance,
    inception_score,
    kernel_distance,
    manifold_figures,
    mean_pairwise_distance,
    nearest_distances,
    top_k_accuracy,
)


def points(*values: float) -> np.ndarray:
    """Features of one dimension."""
    return np.array(values, np.float32)[:, None]


def test_a_guess_counts_where_it_is_among_the_first_k() -> None:
    guesses = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]], np.int32)
    labels = np.zeros(4, np.int64)
    assert [top_k_accuracy(guesses, labels, k) for k in (1, 2, 3)] == [0.25, 0.75, 1.0]


def test_the_frechet_distance_of_two_gaussians_on_a_line() -> None:
    """Means 0 and 3, variances 2 and 8: 3² + 2 + 8 - 2 √16 = 11."""
    assert frechet_distance(points(-1, 1), points(1, 5)) == pytest.approx(11, abs=1e-6)
    assert frechet_distance(points(-1, 1), points(-1, 1)) == pytest.approx(0, abs=1e-6)


def test_the_frechet_distance_adds_over_independent_directions() -> None:
    corners = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)], np.float32)
    wide = corners * np.array([2, 3], np.float32) + np.array([5, 0], np.float32)
    variance = 4 / 3  # of ±1 twice, unbiased
    expected = 25 + variance * ((2 - 1) ** 2 + (3 - 1) ** 2)
    assert frechet_distance(corners, wide) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_distance_by_hand() -> None:
    """k(x, y) = (xy + 1)³: within {1, -1} 0, within {2, 0} 1, across (27 - 1 + 1 + 1) / 4 = 7."""
    assert kernel_distance(points(1, -1), points(2, 0)) == pytest.approx(0 + 1 - 2 * 7, abs=1e-5)


def test_the_kernel_distance_draws_the_same_subsets_always() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 1500, 3)).astype(np.float32)
    assert kernel_distance(first, second) == kernel_distance(first, second)
    assert abs(kernel_distance(first, second)) < 0.01


def test_the_inception_score_lies_between_one_and_the_number_of_classes() -> None:
    sure = np.eye(5, dtype=np.float32) * 100
    assert inception_score(sure) == pytest.approx(5, rel=1e-5)
    assert inception_score(np.repeat(sure[:1], 5, axis=0)) == pytest.approx(1, rel=1e-5)
    assert inception_score(np.zeros((5, 5), np.float32)) == pytest.approx(1, rel=1e-5)


def test_the_inception_score_of_a_coin_between_two_classes() -> None:
    """p(y|x) is (¾, ¼) or (¼, ¾), p(y) is even: exp(ln 2 - H(¾))."""
    logits = np.log(np.array([[0.75, 0.25], [0.25, 0.75]], np.float32))
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert inception_score(logits) == pytest.approx(2 / math.exp(entropy), rel=1e-5)


def test_precision_recall_density_and_coverage_by_hand() -> None:
    """With k = 1, real balls reach 1, 1 and 9; generated ones 19.5 each.

    0.5 lies in the balls of 0 and of 1; 20 lies in none. Both generated balls hold all real
    samples. The balls of 0 and of 1 hold 0.5, that of 10 holds nothing.
    """
    figures = manifold_figures(points(0, 1, 10), points(0.5, 20), neighbours=1)
    assert figures == pytest.approx((1 / 2, 1, 1, 2 / 3))


def test_equal_sets_cover_each_other_and_far_ones_do_not() -> None:
    features = np.random.default_rng(0).normal(size=(2500, 4)).astype(np.float32)
    precision, recall, density, coverage = manifold_figures(features, features)
    assert (precision, recall, coverage) == (1, 1, 1)
    # Each sample lies in its own ball and in those of the k samples nearest to it, on average:
    # less the one that lies just on the border.
    assert density == pytest.approx(1, abs=0.01)
    assert manifold_figures(features, features + 100) == (0, 0, 0, 0)


def test_the_mean_distance_in_a_triangle() -> None:
    corners = np.array([[0, 0], [3, 0], [0, 4]], np.float32)
    assert mean_pairwise_distance(corners) == pytest.approx((3 + 4 + 5) / 3)


def test_the_nearest_of_many() -> None:
    others = points(*range(0, 30_000, 10))
    distances = nearest_distances(points(*np.arange(2000) * 10 + 3), others)
    assert distances == pytest.approx(np.full(2000, 3.0))
