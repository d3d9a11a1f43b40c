"""Several candidates for each image, of which the one that is read best is kept."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.models import Generator

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
        likelihood = self.read(images)[:, label]
        best = likelihood.reshape(count, self.candidates).argmax(axis=1)
        chosen: NDArray[np.uint8] = images[best + np.arange(count) * self.candidates]
        return chosen
