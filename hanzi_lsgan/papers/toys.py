"""What the toys are made of: small networks, the step that trains them, densities on a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from hanzi_lsgan.papers.objectives import Loss

LINE = torch.linspace(-8, 8, 4001, dtype=torch.float64)
"""Where densities are known: (4001,) points, so close that sums stand for integrals."""

SPACING = 16 / 4000


def build_mlp(
    widths: Sequence[int], seed: int, activation: type[nn.Module] = nn.Tanh
) -> nn.Sequential:
    """Linear layers of these widths with an activation between them, from a seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1])


def train_toy_step(
    loss: Loss,
    networks: tuple[nn.Module, nn.Module],
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    real: Tensor,
    latents: Tensor,
) -> None:
    """Update D, then G on the same generated samples, as `Trainer.train_step` does.

    Args:
        loss: of both.
        networks: G and D.
        optimizers: of G and D.
        real: samples (N, F).
        latents: (N, Z).
    """
    generator, discriminator = networks
    generator_optimizer, discriminator_optimizer = optimizers
    fake = generator(latents)
    discriminator_optimizer.zero_grad()
    scores = (discriminator(real).squeeze(1), discriminator(fake.detach()).squeeze(1))
    loss.discriminator(*scores).backward()  # type: ignore[no-untyped-call]
    discriminator_optimizer.step()
    generator_optimizer.zero_grad()
    loss.generator(discriminator(fake).squeeze(1)).backward()  # type: ignore[no-untyped-call]
    generator_optimizer.step()


@dataclass(frozen=True)
class Pair:
    """Two densities on the line.

    Attributes:
        name: of both.
        data: p_d at the points of `LINE`, summing to 1 / SPACING.
        generated: p_g, the same.
    """

    name: str
    data: Tensor
    generated: Tensor


def _normalise(values: Tensor) -> Tensor:
    return values / (values.sum() * SPACING)


def _gaussian(mean: float, deviation: float) -> Tensor:
    return _normalise(torch.exp(-0.5 * ((LINE - mean) / deviation) ** 2))


def _laplace(mean: float, scale: float) -> Tensor:
    return _normalise(torch.exp(-(LINE - mean).abs() / scale))


def _triangle(mean: float, half_width: float) -> Tensor:
    """Exactly zero from `half_width` on, so that supports can differ."""
    return _normalise((1 - (LINE - mean).abs() / half_width).clamp(min=0))


PAIRS = (
    Pair("Gaussians apart", _gaussian(-1, 1), _gaussian(1.5, 1)),
    Pair("wide and narrow", _gaussian(0, 2), _gaussian(0, 0.5)),
    Pair(
        "two modes, one of them lost",
        _normalise(_gaussian(-2, 0.5) + _gaussian(2, 0.5)),
        _gaussian(2, 0.6),
    ),
    Pair("heavy tails", _laplace(0, 1), _gaussian(0.5, 1)),
    Pair("half of the supports shared", _triangle(-1, 2), _triangle(1, 2)),
)


def draw_from(density: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Draw `count` samples of a density on the line: a point by its share, a place about it."""
    shares = density.cumsum(0) * SPACING
    draws = torch.rand((2, count), generator=random, dtype=torch.float64)
    chosen = torch.searchsorted(shares, draws[0] * shares[-1])
    return LINE[chosen.clamp(max=len(LINE) - 1)] + (draws[1] - 0.5) * SPACING
