"""Mean and covariance of features, of sets too large to keep, and the Fréchet distance of two."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

_BLOCK_ROWS = 8192  # turned into double precision at a time


@dataclass(frozen=True)
class Moments:
    """A set of N features (N, F) by its first two moments, in double precision.

    Attributes:
        count: N.
        mean: μ (F,).
        scatter: Σ (x - μ)(x - μ)ᵀ over the samples (F, F).
    """

    count: int
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> "Moments":
        """Moments of features (N, F), N at least 1."""
        starts = range(0, len(features), _BLOCK_ROWS)
        return merge_moments(_of_block(features[start : start + _BLOCK_ROWS]) for start in starts)

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Unbiased covariance Σ (F, F); of a single sample it is NaN."""
        if self.count < 2:
            return np.full_like(self.scatter, np.nan)
        return self.scatter / (self.count - 1)

    @cached_property
    def covariance_root(self) -> NDArray[np.float64]:
        """The symmetric square root of the covariance (F, F)."""
        values, vectors = np.linalg.eigh(self.covariance)
        root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        return root


def merge_moments(parts: Iterable[Moments]) -> Moments:
    """The moments of all parts together (Chan, Golub and LeVeque, 1983)."""
    return reduce(_merge, parts)


def frechet_distance(first: Moments, second: Moments) -> float:
    """Distance of the Gaussians fitted to two sets of features (Heusel et al., 2017).

    d² = ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½), at least 0, and NaN where a set is a single sample.
    It falls as the sets grow: compare only distances between sets of the same sizes.
    """
    if min(first.count, second.count) < 2:
        return float("nan")
    # Σ₁ Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½.
    inner = first.covariance_root @ second.covariance @ first.covariance_root
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(inner), 0)).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    shift = first.mean - second.mean
    return max(0.0, float(shift @ shift + traces - 2 * overlap))


def _of_block(features: NDArray[np.float32]) -> Moments:
    exact = features.astype(np.float64)
    mean = exact.mean(axis=0)
    exact -= mean
    return Moments(len(exact), mean, exact.T @ exact)


def _merge(first: Moments, second: Moments) -> Moments:
    count = first.count + second.count
    shift = second.mean - first.mean
    mean = first.mean + shift * (second.count / count)
    between = np.outer(shift, shift) * (first.count * second.count / count)
    return Moments(count, mean, first.scatter + second.scatter + between)
