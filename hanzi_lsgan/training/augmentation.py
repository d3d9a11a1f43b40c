"""Varying what a discriminator sees, no more than keeps it from knowing its samples by heart.

A discriminator that has seen each of its samples a hundred times tells them from any other, and
teaches a generator no more than to repeat them. What it sees can be varied a little instead, real
and generated alike; but always and from the beginning that is a harder task, in which both learn
half as fast. So the share of images that are varied follows how sure the discriminator is of real
ones (adaptive discriminator augmentation, Karras et al., 2020). It begins at none, or higher where
a trained generator is to go on by few samples, which are known by heart before the share has grown.
"""

import torch
from torch import Tensor

from hanzi_lsgan.judging.recogniser import draw_variations, vary

STEPS_BETWEEN = 4  # looks at how sure the discriminator is: in between nothing waits for it
_LARGEST_SHARE = 0.8  # at more, what generated images vary by themselves could be hidden among it
_RAMP_IMAGES = 500_000  # seen before a share of none could become one of all


class AdaptiveAugmentation:
    """How many of the images that a discriminator sees are varied.

    Attributes:
        share: of images that are varied, from 0 to 0.8.
    """

    def __init__(self, target: float, a: float, b: float, start: float = 0.0) -> None:
        """Begin with the first share.

        Args:
            target: of how sure D is of real packs, in (0, 1): above it the share grows.
            a: what D is to say of generated packs.
            b: what it is to say of real ones.
            start: the first share, from 0 to 0.8.
        """
        self.share = start
        self._target = target
        self._a, self._b = a, b

    def sureness(self, real_scores: Tensor) -> Tensor:
        """How sure D is of real packs x, a scalar from -1 to 1, from their scores (P,).

        It is E[sign(D(x) - (a + b) / 2)], where b is the larger; else the sign is the other.
        """
        nearer = (real_scores.detach() - (self._a + self._b) / 2) * (self._b - self._a)
        return nearer.sign().mean()

    def follow(self, sureness: float, images: int) -> None:
        """Move the share by what so many images allow, up if D is surer than is aimed at."""
        step = images / _RAMP_IMAGES
        moved = self.share + (step if sureness > self._target else -step)
        self.share = min(_LARGEST_SHARE, max(0.0, moved))

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """What `vary` does to each of `count` images: (7, count), 0 for those left as they are."""
        chosen = torch.rand(count, generator=random, device=random.device) < self.share
        return draw_variations(count, random) * chosen


def vary_images(images: Tensor, variations: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """Images (B, C, S, S) in a range whose upper end is background, as `vary` leaves them."""
    low, high = pixel_range
    return high - (high - low) * vary((high - images) / (high - low), variations)
