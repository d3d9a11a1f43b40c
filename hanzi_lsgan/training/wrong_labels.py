"""Wrong labels for real samples, which teach a discriminator that the label matters.

A discriminator that only ever sees real samples under their own labels can tell generated ones by
their looks alone. Real samples under wrong labels, which it is to score as it does generated ones,
leave it no such way (matching-aware discriminator, Reed et al., 2016).
"""

import torch
from torch import Tensor

_NEIGHBOURS = 16  # as many similar characters to take a wrong label from
_NEAR_SHARE = 0.5  # of wrong labels that are similar characters, where it is known what these are
_ROWS = 512  # whose distances to all others are in memory at once


class WrongLabels:
    """Draws labels that differ from the right ones."""

    def __init__(self, classes: int, codes: Tensor | None) -> None:
        """Find each character's neighbours.

        Args:
            classes: how many labels there are, at least two.
            codes: (classes, n) on the device that labels will be on, near each other for similar
                characters; or None where that is unknown: then all wrong labels are equally likely.
        """
        self._classes = classes
        self._neighbours = None if codes is None else _nearest(codes, min(_NEIGHBOURS, classes - 1))

    def draw(self, labels: Tensor, draws: Tensor) -> Tensor:
        """A wrong label for each of `labels` (P,), decided by `draws` (3, P) in [0, 1)."""
        wrong = (labels + 1 + (draws[0] * (self._classes - 1)).long()) % self._classes
        if self._neighbours is None:
            return wrong
        near = self._neighbours[labels, (draws[1] * self._neighbours.shape[1]).long()]
        return torch.where(draws[2] < _NEAR_SHARE, near, wrong)


def _nearest(codes: Tensor, count: int) -> Tensor:
    """Labels of the nearest other codes: (classes, count)."""
    nearest = []
    for start in range(0, len(codes), _ROWS):
        distances = torch.cdist(codes[start : start + _ROWS], codes)
        own = torch.arange(start, start + len(distances), device=codes.device)
        distances[torch.arange(len(own), device=codes.device), own] = torch.inf
        nearest.append(distances.topk(count, largest=False).indices)
    return torch.cat(nearest)
