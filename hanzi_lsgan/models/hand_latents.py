"""Latents of one hand: near each other, so that nothing is written twice the same."""

import math

import torch
from torch import Tensor

DEPARTURE = 0.3
"""How far each character strays from its hand, of the distance that two hands are apart."""


def stray(
    hand: Tensor, draws: Tensor, forms: int, noise: int = 0, departure: float = DEPARTURE
) -> Tensor:
    """Latents on the way from a hand's to others, as long as they are: (N, latent features).

    Args:
        hand: (latent features,), the hand's own latent.
        draws: (N, latent features) of N(0, 1).
        forms: how many of the first elements stay, since they decide the forms of characters.
        noise: how many of the last elements are noise at places, which is nobody's and goes as many
            times as far: from the usual departure on it is another each time.
        departure: 0 is always the hand's own, 1 another hand each time.
    """
    habits = len(hand) - noise
    parts = [
        hand[:forms].expand(len(draws), -1),
        _between(hand[forms:habits], draws[:, forms:habits], departure),
        _between(hand[habits:], draws[:, habits:], min(1.0, departure / DEPARTURE)),
    ]
    return torch.cat(parts, dim=1)


def _between(start: Tensor, ends: Tensor, way: float) -> Tensor:
    """Vectors (N, features) that have gone part of the way from one (features,) to others."""
    return math.sqrt(1 - way**2) * start + way * ends
