"""How far generated characters are from real ones: functions of features, labels and logits.

Features are float32 (N, F), of the recogniser (`recogniser.py`); logits (N, classes). Fréchet
distance, kernel distance and Inception Score are torchmetrics', given features and logits in place
of images.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

Features = NDArray[np.float32]
Logits = NDArray[np.float32]
Labels = NDArray[np.int64]

NEIGHBOURS = 5
"""k of the manifolds in `manifold_figures`, as in Naeem et al., 2020."""

_KERNEL_SUBSETS = 50
_KERNEL_SUBSET_SIZE = 1000
_DISTANCE_ROWS = 1024  # distances are computed for so many rows at a time


@contextmanager
def _steady() -> Iterator[None]:
    """Let torchmetrics draw the same subsets always, and keep its advice on memory to itself."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.manual_seed(0)
        yield


class _Described(nn.Module):
    """Stands where torchmetrics expects a feature extractor: the features are there already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def top_k_accuracy(guesses: NDArray[np.int32], labels: Labels, k: int) -> float:
    """Share of samples whose label is among the first k guesses (N, at least k), 0 to 1."""
    return float((guesses[:, :k] == labels[:, None]).any(axis=1).mean())


def frechet_distance(first: Features, second: Features) -> float:
    """Distance of the Gaussians fitted to two sets of features (Heusel et al., 2017).

    d² = ‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½), at least 0. It falls as the sets grow: compare only
    distances between sets of the same sizes.
    """
    metric = FrechetInceptionDistance(_Described(first.shape[1])).set_dtype(torch.float64)
    metric.update(torch.from_numpy(first).double(), real=True)
    metric.update(torch.from_numpy(second).double(), real=False)
    return max(0.0, float(metric.compute()))


def kernel_distance(first: Features, second: Features) -> float:
    """Unbiased squared MMD of a cubic kernel (KID, Binkowski et al., 2018), mean over subsets.

    k(x, y) = (x · y / F + 1)³. Near 0 for equal distributions, whatever the number of samples.
    """
    size = min(_KERNEL_SUBSET_SIZE, len(first), len(second))
    with _steady():
        metric = KernelInceptionDistance(
            _Described(first.shape[1]), subsets=_KERNEL_SUBSETS, subset_size=size
        )
        metric.update(torch.from_numpy(first), real=True)
        metric.update(torch.from_numpy(second), real=False)
        mean, _ = metric.compute()
    return float(mean)


def inception_score(logits: Logits) -> float:
    """exp E[KL(p(y|x) ‖ p(y))] (Salimans et al., 2016) of all samples at once: 1 to classes."""
    with _steady():
        metric = InceptionScore(_Described(logits.shape[1]), splits=1)
        metric.update(torch.from_numpy(logits))
        mean, _ = metric.compute()
    return float(mean)


def manifold_figures(
    real: Features, generated: Features, neighbours: int = NEIGHBOURS
) -> tuple[float, float, float, float]:
    """Precision, recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020).

    Each sample owns the ball that reaches to its k-th neighbour in its own set.
    Precision: share of generated samples in a real ball. Recall: share of real samples in a
    generated ball. Density: real balls around a generated sample, over k. Coverage: share of real
    balls with a generated sample in them. All from 0; density may exceed 1.
    """
    real_radii = _neighbour_distances(real, neighbours)
    generated_radii = _neighbour_distances(generated, neighbours)
    in_real_balls = np.zeros(len(generated), np.int64)
    in_generated_ball = np.zeros(len(real), bool)
    nearest_generated = np.empty(len(real))
    for rows, distances in _distances(real, generated):
        in_real_balls += (distances < real_radii[rows, None]).sum(axis=0)
        in_generated_ball[rows] = (distances < generated_radii).any(axis=1)
        nearest_generated[rows] = distances.min(axis=1)
    return (
        float((in_real_balls > 0).mean()),
        float(in_generated_ball.mean()),
        float(in_real_balls.mean() / neighbours),
        float((nearest_generated < real_radii).mean()),
    )


def mean_pairwise_distance(features: Features) -> float:
    """Mean Euclidean distance of two different samples; needs at least two."""
    return float(torch.pdist(torch.from_numpy(features)).mean())


def nearest_distances(features: Features, others: Features) -> NDArray[np.float64]:
    """Distance of each sample to the nearest one of another set: (N,)."""
    return np.concatenate([distances.min(axis=1) for _, distances in _distances(features, others)])


def _neighbour_distances(features: Features, neighbours: int) -> NDArray[np.float64]:
    """Distance of each sample to its k-th neighbour in its own set."""
    radii = np.empty(len(features))
    for rows, distances in _distances(features, features):
        # The nearest of all is the sample itself.
        radii[rows] = np.partition(distances, neighbours, axis=1)[:, neighbours]
    return radii


def _distances(first: Features, second: Features) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Distances of a block of the first set's samples to all of the second, block by block."""
    # Scalar products are fast; in double precision they keep small distances too.
    mode = "use_mm_for_euclid_dist"
    others = torch.from_numpy(second).double()
    for start in range(0, len(first), _DISTANCE_ROWS):
        rows = slice(start, start + _DISTANCE_ROWS)
        block = torch.from_numpy(first[rows]).double()
        yield rows, torch.cdist(block, others, compute_mode=mode).numpy()
