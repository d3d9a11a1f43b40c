"""Every metric on a case whose answer is known in closed form, and beside other programs."""

import numpy as np
import pytest
import scipy.linalg
from prdc import compute_prdc  # type: ignore[import-untyped]
from torch_fidelity.metric_kid import kernel_mmd  # type: ignore[import-untyped]

from hanzi_lsgan.judging.metrics import (
    class_diversities,
    frechet_distances,
    kernel_distances,
    manifold_figures,
    nearest_distances,
    top_k_accuracy,
)
from hanzi_lsgan.judging.moments import Moments, frechet_distance, merge_moments
from hanzi_lsgan.judging.resampling import Resampling


def points(*values: float) -> np.ndarray:
    """Features of one dimension."""
    return np.array(values, np.float32)[:, None]


def resample(features: np.ndarray) -> Resampling:
    return Resampling.of_samples(np.zeros(len(features), np.int64))


def two_sets() -> tuple[np.ndarray, np.ndarray]:
    """300 and 200 samples of two different distributions in 12 dimensions, with correlations."""
    random = np.random.default_rng(0)
    mixed = random.normal(size=(12, 12)) / 3
    first = np.maximum(random.normal(size=(300, 12)) @ mixed, 0)
    second = np.maximum(random.normal(size=(200, 12)) @ mixed * 1.2 + 0.1, 0)
    return first.astype(np.float32), second.astype(np.float32)


def test_a_guess_counts_where_it_is_among_the_first_k() -> None:
    guesses = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]], np.int32)
    labels = np.zeros(4, np.int64)
    assert [top_k_accuracy(guesses, labels, k) for k in (1, 2, 3)] == [0.25, 0.75, 1.0]


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    return frechet_distance(Moments.of(first), Moments.of(second))


def test_the_frechet_distance_of_two_gaussians_on_a_line() -> None:
    """Means 0 and 3, variances 2 and 8: 3² + 2 + 8 - 2 √16 = 11."""
    assert frechet(points(-1, 1), points(1, 5)) == pytest.approx(11, abs=1e-6)
    assert frechet(points(-1, 1), points(-1, 1)) == pytest.approx(0, abs=1e-6)
    assert np.isnan(frechet(points(-1, 1), points(0)))


def test_the_frechet_distance_adds_over_independent_directions() -> None:
    corners = np.array([[x, y] for x in (-1, 1) for y in (-1, 1)], np.float32)
    wide = corners * np.array([2, 3], np.float32) + np.array([5, 0], np.float32)
    variance = 4 / 3  # of ±1 twice, unbiased
    expected = 25 + variance * ((2 - 1) ** 2 + (3 - 1) ** 2)
    assert frechet(corners, wide) == pytest.approx(expected, rel=1e-6)


def test_the_frechet_distance_is_that_of_scipys_matrix_root() -> None:
    first, second = two_sets()
    covariances = [
        np.cov(features.astype(np.float64), rowvar=False) for features in (first, second)
    ]
    shift = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    expected = shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * root.real)
    assert frechet(first, second) == pytest.approx(expected, rel=1e-9)
    few = second[:7]  # fewer samples than dimensions
    root = scipy.linalg.sqrtm(covariances[0] @ np.cov(few.astype(np.float64), rowvar=False))
    shift = first.mean(axis=0, dtype=np.float64) - few.mean(axis=0, dtype=np.float64)
    traces = np.trace(covariances[0]) + np.trace(np.cov(few.astype(np.float64), rowvar=False))
    expected = shift @ shift + traces - 2 * np.trace(root.real)
    assert frechet(first, few) == pytest.approx(expected, rel=1e-5)


def test_moments_merged_in_blocks_are_those_of_all_at_once() -> None:
    random = np.random.default_rng(0)
    features = (random.normal(size=(20_000, 5)) * [1, 2, 3, 4, 0.01] + 1000).astype(np.float32)
    blocks = np.split(features, [1, 700, 701, 9000])
    for merged in (merge_moments(map(Moments.of, blocks)), Moments.of(features)):
        assert merged.count == 20_000
        assert merged.mean == pytest.approx(features.mean(axis=0, dtype=np.float64), rel=1e-12)
        expected = np.cov(features.astype(np.float64), rowvar=False)
        assert merged.covariance == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_each_part_has_the_distance_that_it_has_alone() -> None:
    first, second = two_sets()
    resampling = resample(second)
    distances = frechet_distances(first, second, resampling)
    kernels = kernel_distances(first, second, resampling)
    manifolds = manifold_figures(first, second, resampling)
    for index in (0, 1, 20):
        part = second[resampling.selections[index]]
        assert distances[index] == pytest.approx(frechet(first, part), rel=1e-9)
        assert kernels[index] == pytest.approx(kernel_distances(first, part, resample(part))[0])
        assert manifolds[index] == pytest.approx(manifold_figures(first, part, resample(part))[0])


def test_the_kernel_distance_by_hand() -> None:
    """k(x, y) = (xy + 1)³: within {1, -1} 0, within {2, 0} 1, across (27 - 1 + 1 + 1) / 4 = 7."""
    first, second = points(1, -1), points(2, 0)
    assert kernel_distances(first, second, resample(second))[0] == pytest.approx(0 + 1 - 2 * 7)
    assert np.isnan(kernel_distances(first, points(2), resample(points(2)))[0])


def test_the_kernel_distance_is_torch_fidelitys() -> None:
    first, second = two_sets()
    polynomial = {
        "kid_kernel": "poly",
        "kid_kernel_poly_degree": 3,
        "kid_kernel_poly_gamma": None,
        "kid_kernel_poly_coef0": 1,
    }
    same = second[: len(first)], first[: len(second)]  # it wants sets of one size
    expected = kernel_mmd(*(features.astype(np.float64) for features in same), **polynomial)
    assert kernel_distances(same[0], same[1], resample(same[1]))[0] == pytest.approx(expected)


def test_kernel_distances_of_more_samples_than_a_block_have_no_bias() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 1500, 3)).astype(np.float32)
    values = kernel_distances(first, second, resample(second))
    assert abs(values[0]) < 0.01
    assert abs(values[1:].mean()) < 0.01


def test_precision_recall_density_and_coverage_by_hand() -> None:
    """With k = 1, real balls reach 1, 1 and 9; generated ones 19.5 each.

    0.5 lies in the balls of 0 and of 1; 20 lies in none. Both generated balls hold all real
    samples. The balls of 0 and of 1 hold 0.5, that of 10 holds nothing.
    """
    generated = points(0.5, 20)
    figures = manifold_figures(points(0, 1, 10), generated, resample(generated), neighbours=1)
    assert figures[0] == pytest.approx((1 / 2, 1, 1, 2 / 3))
    assert np.isnan(manifold_figures(points(0, 1, 10), generated, resample(generated))[0]).all()


@pytest.mark.parametrize("neighbours", [1, 5])
def test_precision_recall_density_and_coverage_are_those_of_prdc(neighbours: int) -> None:
    real, generated = two_sets()
    expected = compute_prdc(real, generated, nearest_k=neighbours)
    figures = manifold_figures(real, generated, resample(generated), neighbours)[0]
    names = ("precision", "recall", "density", "coverage")
    assert figures == pytest.approx([expected[name] for name in names], abs=1e-9)
    assert (figures > 0).all()
    assert (figures[[0, 1, 3]] < 1).all()


def test_equal_sets_cover_each_other_and_far_ones_do_not() -> None:
    features = np.random.default_rng(0).normal(size=(1100, 4)).astype(np.float32)
    resampling = resample(features)
    precision, recall, density, coverage = manifold_figures(features, features, resampling)[0]
    assert (precision, recall, coverage) == (1, 1, 1)
    # Each sample lies in its own ball and in those of the k samples nearest to it, on average:
    # less the one that lies just on the border.
    assert density == pytest.approx(1, abs=0.01)
    assert manifold_figures(features, features + 100, resampling)[0].tolist() == [0, 0, 0, 0]


def test_the_mean_distance_in_a_triangle() -> None:
    corners = np.array([[0, 0], [3, 0], [0, 4], [9, 9]], np.float32)
    labels = np.array([1, 1, 1, 2])
    diversities = class_diversities(corners, labels, Resampling.of_samples(labels))[0]
    assert diversities[1] == pytest.approx((3 + 4 + 5) / 3)
    assert np.isnan(diversities[[0, 2]]).all()


def test_the_nearest_of_many() -> None:
    others = points(*range(0, 30_000, 10))
    distances = nearest_distances(points(*np.arange(2000) * 10 + 3), others)
    assert distances == pytest.approx(np.full(2000, 3.0))
