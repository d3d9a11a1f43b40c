"""Several candidates for each image, of which the one that is read best is kept."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.models import Generator

_READ_AT_ONCE = 2048
"""Candidates: the posteriors of 10,000 classes are then 80 MB, and a few copies of them."""

Read = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Log p(y | x) (N, classes) of glyphs (N, S, S)."""


@dataclass(frozen=True)
class BestOf:
    """Draws each image as the best of several candidates.

    Attributes:
        generator: in evaluation mode.
        read: judges the candidates, with the generator's labels.
        candidates: for each image; more make strokes surer, and hands more alike.
    """

    generator: Generator
    read: Read
    candidates: int

    def draw(self, label: int, count: int, seed: int) -> NDArray[np.uint8]:
        """Draw one character: (count, S, S); latents follow from seed and label."""
        images = draw_class(self.generator, label, count * self.candidates, seed)
        offered = images.reshape(count, self.candidates, *images.shape[1:])
        return self.choose(offered, np.full(count, label))

    def choose(self, offered: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Of candidates (N, K, S, S) for labels (N,) those that are read best: (N, S, S)."""
        chosen = np.empty((len(offered), *offered.shape[2:]), np.uint8)
        at_once = max(1, _READ_AT_ONCE // offered.shape[1])
        for start in range(0, len(offered), at_once):
            some = offered[start : start + at_once]
            count, candidates = some.shape[:2]
            posteriors = self.read(some.reshape(-1, *some.shape[2:]))
            likelihood = posteriors.reshape(count, candidates, -1)
            own = likelihood[np.arange(count), :, labels[start : start + count]]
            chosen[start : start + count] = some[np.arange(count), own.argmax(axis=1)]
        return chosen
