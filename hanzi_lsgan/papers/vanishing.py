"""G's gradient while D is trained towards its optimum on supports that are apart.

Where no sample of G lies on data, D's optimum is constant on G's samples, and so is the loss: what
G learns from is the slope of D, which goes to zero (Arjovsky and Bottou, 2017, figure 2; a known
deficiency of least squares as of cross entropy). G is fixed here and D trained on it, by each
objective and with each penalty that is said to cure this, while the norm of G's gradient is told.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hanzi_lsgan.losses import gradient_penalty, interpolate, r1_penalty
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.objectives import (
    LEAST_SQUARES,
    LSGAN_GP,
    LSGAN_R1,
    MINIMAX,
    NON_SATURATING,
    PEARSON,
    WGAN_GP,
    Objective,
)
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.toys import build_mlp

_OBJECTIVES = (LEAST_SQUARES, PEARSON, MINIMAX, NON_SATURATING, WGAN_GP, LSGAN_GP, LSGAN_R1)
_LATENT_FEATURES = 16
_VANISHED = 0.2  # of the greatest norm


@dataclass(frozen=True)
class Settings:
    """What is apart, and how D is trained.

    Attributes:
        seeds: trainings of each objective.
        steps: of D, by Adam.
        batch_size: samples of each kind a step.
        learning_rate: of Adam, with β₁ = 0.5.
        width: of the two hidden layers of each network.
        radius: of the disc of real samples about (1, 0).
        distance: from the middle of G's samples, which lie within about a radius too.
        penalty_weight: λ of WGAN-GP's and LSGAN-GP's penalty, of a mean.
        noise: standard deviation of LSGAN-GP's perturbed real samples.
        r1_gamma: γ of R1, whose half is its weight.
        points: at how many steps the norms are told.
    """

    seeds: int = 5
    steps: int = 4000
    batch_size: int = 128
    learning_rate: float = 1e-3
    width: int = 64
    radius: float = 0.3
    distance: float = 2.0
    penalty_weight: float = 10.0
    noise: float = 0.5
    r1_gamma: float = 10.0
    points: int = 40


FULL = Settings()
QUICK = Settings(seeds=2, steps=500, batch_size=64, learning_rate=5e-3, points=25)


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train D by each objective, and tell G's gradient.

    Raises:
        UserError: matplotlib is missing, or the folder holds something else or cannot be written.
    """
    record = sitting.begin("vanishing", settings)
    pieces = [(objective, seed) for seed in range(settings.seeds) for objective in _OBJECTIVES]
    parts = [f"{objective.name}, seed {seed}" for objective, seed in pieces]
    sitting.work(record, parts, lambda index: train_towards_optimum(*pieces[index], settings))
    _draw(record)
    return _summarise(record)


class _Disc(nn.Module):
    """G: latents (N, Z) → points (N, 2) of a disc of `radius` about (1 - distance, 0)."""

    def __init__(self, settings: Settings, seed: int) -> None:
        super().__init__()
        self.body = build_mlp((_LATENT_FEATURES, settings.width, settings.width, 2), seed)
        self.register_buffer("centre", torch.tensor([1 - settings.distance, 0.0]))
        self.radius = settings.radius

    def forward(self, latents: Tensor) -> Tensor:
        # Bounded, so that the supports are truly apart; 3 spreads the samples over the disc.
        points = 3 * self.body(latents)
        length = torch.linalg.vector_norm(points, dim=1, keepdim=True)
        disc: Tensor = self.get_buffer("centre") + self.radius * points / (1 + length)
        return disc


def draw_disc(settings: Settings, random: torch.Generator) -> Tensor:
    """Real samples (N, 2), even over their disc."""
    draws = torch.rand((2, settings.batch_size), generator=random)
    angle, length = draws[0] * 2 * torch.pi, settings.radius * draws[1].sqrt()
    return torch.stack([1 + length * angle.cos(), length * angle.sin()], dim=1)


def penalty_of(
    objective: Objective,
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    settings: Settings,
    random: torch.Generator,
) -> Tensor:
    """What an objective adds to D's loss, with its weight."""
    if objective.penalty == "r1":
        points = real.clone().requires_grad_()
        return settings.r1_gamma / 2 * r1_penalty(discriminator(points).squeeze(1), points)
    if objective.penalty == "between":
        points = interpolate(real, fake, torch.rand(len(real), generator=random))
    elif objective.penalty == "around":
        points = real + settings.noise * torch.randn(real.shape, generator=random)
    else:
        return torch.zeros(())
    points = points.detach().requires_grad_()
    scores = discriminator(points).squeeze(1)
    return settings.penalty_weight * gradient_penalty(scores, points)


def train_towards_optimum(objective: Objective, seed: int, settings: Settings) -> list[Row]:
    """Train D on a fixed G.

    Returns:
        At evenly spread steps: G's loss, the norm of its gradient over G's weights, the mean norm
        of D's slope at G's samples, and both networks' scores.
    """
    generator = _Disc(settings, seed)
    discriminator = build_mlp((2, settings.width, settings.width, 1), seed + 1000)
    optimizer = torch.optim.Adam(discriminator.parameters(), settings.learning_rate, (0.5, 0.999))
    random = torch.Generator().manual_seed(seed)
    weights = list(generator.parameters())
    rows: list[Row] = []
    for step in range(settings.steps + 1):
        real = draw_disc(settings, random)
        latents = torch.randn((settings.batch_size, _LATENT_FEATURES), generator=random)
        if step % max(1, settings.steps // settings.points) == 0:
            fake = generator(latents)
            scores = discriminator(fake).squeeze(1)
            loss = objective.loss.generator(scores)
            gradients = torch.autograd.grad(loss, weights, retain_graph=True)
            (slopes,) = torch.autograd.grad(scores.sum(), fake)
            rows.append(
                {
                    "objective": objective.name,
                    "seed": seed,
                    "step": step,
                    "generator_loss": loss.item(),
                    "gradient_norm": torch.cat([g.flatten() for g in gradients]).norm().item(),
                    "slope": slopes.norm(dim=1).mean().item(),
                    "real_score": discriminator(real).mean().item(),
                    "fake_score": scores.mean().item(),
                }
            )
        with torch.no_grad():
            fake = generator(latents)
        loss = objective.loss.discriminator(
            discriminator(real).squeeze(1), discriminator(fake).squeeze(1)
        )
        loss = loss + penalty_of(objective, discriminator, real, fake, settings, random)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return rows


def _curve(record: Record, objective: Objective, quantity: str) -> dict[int, list[float]]:
    """Values of all seeds at each step."""
    curve: dict[int, list[float]] = {}
    for row in record.rows():
        if row["objective"] == objective.name:
            curve.setdefault(int(row["step"]), []).append(float(row[quantity]))
    return dict(sorted(curve.items()))


def _summarise(record: Record) -> Summary:
    rows: list[tuple[str, ...]] = []
    for objective in _OBJECTIVES:
        norms = _curve(record, objective, "gradient_norm")
        if not norms:
            continue
        last = max(norms)
        greatest = [max(values) for values in zip(*norms.values(), strict=True)]
        kept = [end / most for most, end in zip(greatest, norms[last], strict=True)]
        losses = _curve(record, objective, "generator_loss")[last]
        slopes = _curve(record, objective, "slope")[last]
        rows.append(
            (
                objective.name,
                mean_and_spread(greatest),
                mean_and_spread(norms[last]),
                mean_and_spread(kept),
                mean_and_spread(losses),
                mean_and_spread(slopes),
                "vanishes" if float(np.mean(kept)) < _VANISHED else "stays",
            )
        )
    return Summary(
        "G's gradient while D is trained on supports that are apart, G being fixed",
        (
            "objective",
            "greatest norm",
            "norm at the end",
            "share left",
            "G's loss at the end",
            "D's slope at G's samples",
            "the gradient",
        ),
        rows,
        (f"“Vanishes”: less than {_VANISHED:.0%} of the greatest norm is left at the end.",),
    )


def _draw(record: Record) -> None:
    with drawing(record.folder, 1, 2, width=9.6, height=4) as (figure, axes):
        panels = (("gradient_norm", "norm of G's gradient"), ("slope", "D's slope at G's samples"))
        for axis, (quantity, title) in zip(axes, panels, strict=True):
            for objective in _OBJECTIVES:
                curve = _curve(record, objective, quantity)
                means = [float(np.mean(values)) for values in curve.values()]
                style = "--" if objective in (PEARSON, MINIMAX) else "-"
                axis.semilogy(
                    list(curve), means, style, color=objective.colour, label=objective.name
                )
            axis.set(title=title, xlabel="steps of D, G fixed")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
