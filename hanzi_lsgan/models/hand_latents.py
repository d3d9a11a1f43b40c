"""Latents of one hand: near each other, so that nothing is written twice the same."""

import math

import torch
from torch import Tensor

DEPARTURE = 0.3
"""How far each character strays from its hand, of the distance that two hands are apart."""


def stray(hand: Tensor, noise: Tensor, forms: int, departure: float = DEPARTURE) -> Tensor:
    """Latents on the way from a hand's to others, as long as they are: (N, latent features).

    Args:
        hand: (latent features,), the hand's own latent.
        noise: (N, latent features), draws of N(0, 1).
        forms: how many of the first elements stay, since they decide the forms of characters.
        departure: 0 is always the hand's own, 1 another hand each time.
    """
    strayed = math.sqrt(1 - departure**2) * hand + departure * noise
    return torch.cat([hand[:forms].expand(len(noise), -1), strayed[:, forms:]], dim=1)
