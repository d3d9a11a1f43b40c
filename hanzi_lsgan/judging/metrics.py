"""How far generated characters are from real ones: functions of features, labels and guesses.

Features are float32 (N, F), of the recogniser (`recogniser.py`). Where a function takes a
resampling (`resampling.py`) of M rows, it yields a value for each of them: the figure of all
generated samples, and those of parts of them, by which its error is known. A value is NaN where
there are too few samples for it.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from hanzi_lsgan.judging.moments import Moments, frechet_distance, merge_moments
from hanzi_lsgan.judging.resampling import Resampling

Features = NDArray[np.float32]
Labels = NDArray[np.int64]
Values = NDArray[np.float64]

NEIGHBOURS = 5
"""k of the manifolds in `manifold_figures`, as in Naeem et al., 2020."""

_REMEMBERED_NEIGHBOURS = 64  # of which any part has the k nearest
_DISTANCE_ROWS = 1024  # distances are computed for so many rows at a time


def is_among_first(guesses: NDArray[np.int32], labels: Labels, k: int) -> NDArray[np.bool_]:
    """Whether the label of each sample is among its first k guesses (N, up to 5): (N,)."""
    hits: NDArray[np.bool_] = (guesses[:, :k] == labels[:, None]).any(axis=1)
    return hits


def top_k_accuracy(guesses: NDArray[np.int32], labels: Labels, k: int) -> float:
    """Share of samples whose label is among the first k guesses (N, up to 5), 0 to 1."""
    return float(is_among_first(guesses, labels, k).mean())


def frechet_distances(real: Features, generated: Features, resampling: Resampling) -> Values:
    """Fréchet distance to real features of generated ones and of parts of them: (M,)."""
    reference = Moments.of(real)
    groups = range(resampling.chosen.shape[1])
    parts = [Moments.of(generated[resampling.groups == group]) for group in groups]
    distances = np.full(len(resampling.chosen), np.nan)
    for index, chosen in enumerate(resampling.chosen):
        if chosen.any():
            whole = merge_moments(parts[group] for group in np.flatnonzero(chosen).tolist())
            distances[index] = frechet_distance(reference, whole)
    return distances


def kernel_distances(real: Features, generated: Features, resampling: Resampling) -> Values:
    """Unbiased squared MMD of a cubic kernel over all pairs (Bińkowski et al., 2018): (M,).

    k(x, y) = (x · y / F + 1)³, the kernel of KID; near 0 for equal distributions, whatever the
    number of samples.
    """
    count = len(real)
    alone = np.zeros(count, np.int64)
    among_real = _kernel_sums(real, real, alone, alone, without_self=True)[0, 0]
    between = _kernel_sums(real, generated, alone, resampling.groups)[0]
    among = _kernel_sums(
        generated, generated, resampling.groups, resampling.groups, without_self=True
    )
    sizes = np.bincount(resampling.groups)
    distances = np.full(len(resampling.chosen), np.nan)
    for index, chosen in enumerate(resampling.chosen):
        size = sizes[chosen].sum()
        if count > 1 and size > 1:
            distances[index] = (
                among_real / (count * (count - 1))
                + among[np.ix_(chosen, chosen)].sum() / (size * (size - 1))
                - 2 * between[chosen].sum() / (count * size)
            )
    return distances


def manifold_figures(
    real: Features, generated: Features, resampling: Resampling, neighbours: int = NEIGHBOURS
) -> Values:
    """Precision, recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020).

    Each sample owns the ball that reaches to its k-th neighbour in its own set.
    Precision: share of generated samples in a real ball. Recall: share of real samples in a
    generated ball. Density: real balls around a generated sample, over k. Coverage: share of real
    balls with a generated sample in them. All from 0; density may exceed 1.

    Returns:
        (M, 4).
    """
    figures = np.full((len(resampling.chosen), 4), np.nan)
    if min(len(real), len(generated)) <= neighbours:
        return figures
    radii = _nearest(real, neighbours)[1][:, neighbours - 1]
    near, near_distances = _nearest(generated, _REMEMBERED_NEIGHBOURS)
    between = np.concatenate([distances for _, distances in _distances(real, generated)])
    around = (between < radii[:, None]).sum(axis=0)  # real balls that hold a generated sample
    by_group = np.argsort(resampling.groups, kind="stable")
    starts = np.searchsorted(resampling.groups[by_group], np.arange(resampling.chosen.shape[1]))
    closest = np.stack([np.minimum.reduceat(row[by_group], starts) for row in between])
    for index, (groups, chosen) in enumerate(
        zip(resampling.chosen, resampling.selections, strict=True)
    ):
        if chosen.sum() <= neighbours:
            continue
        # The k-th of the neighbours that belong to the part; others have no ball.
        kth = (chosen[near].cumsum(axis=1) == neighbours).argmax(axis=1)
        generated_radii = np.where(chosen, near_distances[np.arange(len(kth)), kth], 0)
        figures[index] = (
            (around[chosen] > 0).mean(),
            (between < generated_radii).any(axis=1).mean(),
            around[chosen].mean() / neighbours,
            (closest[:, groups].min(axis=1) < radii).mean(),
        )
    return figures


def class_diversities(features: Features, labels: Labels, resampling: Resampling) -> Values:
    """Mean distance of two samples of each class: (M, labels.max() + 1).

    Labels are in ascending order; a class without two samples has NaN.
    """
    selections = resampling.selections.astype(np.float64)
    diversities = np.full((len(selections), int(labels.max()) + 1), np.nan)
    for label in np.unique(labels).tolist():
        rows = slice(*np.searchsorted(labels, [label, label + 1]).tolist())
        distances = np.concatenate(
            [block for _, block in _distances(features[rows], features[rows])]
        )
        np.fill_diagonal(distances, 0)
        chosen = selections[:, rows]
        sizes = chosen.sum(axis=1)
        pairs = np.where(sizes > 1, sizes * (sizes - 1), np.nan)
        diversities[:, label] = ((chosen @ distances) * chosen).sum(axis=1) / pairs
    return diversities


def nearest_distances(features: Features, others: Features) -> Values:
    """Distance of each sample to the nearest one of another set: (N,)."""
    return np.concatenate([distances.min(axis=1) for _, distances in _distances(features, others)])


def _kernel_sums(
    first: Features,
    second: Features,
    first_groups: Labels,
    second_groups: Labels,
    without_self: bool = False,
) -> Values:
    """Sums of the cubic kernel over the pairs of each two groups: (groups, groups).

    Without self, a sample is not paired with itself; both sets are then the same.
    """
    sums = np.zeros((first_groups.max() + 1, second_groups.max() + 1))
    exact = second.astype(np.float64)
    member = np.eye(sums.shape[1])[second_groups]
    for start in range(0, len(first), _DISTANCE_ROWS):
        rows = slice(start, start + _DISTANCE_ROWS)
        kernel = (first[rows].astype(np.float64) @ exact.T / first.shape[1] + 1) ** 3
        if without_self:
            kernel[np.arange(len(kernel)), start + np.arange(len(kernel))] = 0
        np.add.at(sums, first_groups[rows], kernel @ member)
    return sums


def _nearest(features: Features, count: int) -> tuple[NDArray[np.int64], Values]:
    """Each sample's nearest others in its own set, and their distances: (N, at most count)."""
    count = min(count, len(features) - 1)
    indices = np.empty((len(features), count), np.int64)
    nearest = np.empty((len(features), count))
    for rows, distances in _distances(features, features):
        distances[np.arange(len(distances)), rows.start + np.arange(len(distances))] = np.inf
        found = np.argpartition(distances, count - 1, axis=1)[:, :count]
        reached = np.take_along_axis(distances, found, axis=1)
        order = np.argsort(reached, axis=1)
        indices[rows] = np.take_along_axis(found, order, axis=1)
        nearest[rows] = np.take_along_axis(reached, order, axis=1)
    return indices, nearest


def _distances(first: Features, second: Features) -> Iterator[tuple[slice, Values]]:
    """Distances of a block of the first set's samples to all of the second, block by block."""
    # Scalar products are fast; in double precision they keep small distances too.
    mode = "use_mm_for_euclid_dist"
    others = torch.from_numpy(second).double()
    for start in range(0, len(first), _DISTANCE_ROWS):
        rows = slice(start, start + _DISTANCE_ROWS)
        block = torch.from_numpy(first[rows]).double()
        yield rows, torch.cdist(block, others, compute_mode=mode).numpy()
