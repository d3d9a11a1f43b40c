"""Several candidates for each image, of which the recogniser keeps the one it reads best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.models import Generator
from hanzi_lsgan.recogniser import Recogniser, read_glyphs, read_log_posteriors
from hanzi_lsgan.sampling import draw_class


@dataclass(frozen=True)
class BestOf:
    """Draws each image as the best of several candidates.

    Attributes:
        generator: in evaluation mode.
        recogniser: of the same labels and size.
        candidates: for each image; more make strokes surer, and hands more alike.
    """

    generator: Generator
    recogniser: Recogniser
    candidates: int

    def draw(self, label: int, count: int, seed: int) -> NDArray[np.uint8]:
        """Draw one character: (count, S, S), 255 is paper; latents follow from seed and label."""
        images = draw_class(self.generator, label, count * self.candidates, seed)
        features, _ = read_glyphs(self.recogniser, images)
        likelihood = read_log_posteriors(self.recogniser, features)[:, label]
        best = likelihood.reshape(count, self.candidates).argmax(axis=1)
        chosen: NDArray[np.uint8] = images[best + np.arange(count) * self.candidates]
        return chosen
