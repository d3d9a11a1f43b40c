"""Generated samples on the right side of the boundary, and how each objective moves them.

Figure 1 of Mao et al., 2017: cross entropy leaves a generated sample alone that is taken for real,
however far from the data it lies; least squares pulls it towards the boundary. Here D is linear, so
that its boundary is a line, and is trained on the same samples by each objective's own loss; the
arrows are minus the gradient of each objective's own loss for G with respect to the sample.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.objectives import (
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    PEARSON,
    Objective,
)
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread
from hanzi_lsgan.papers.sitting import Sitting

_OBJECTIVES = (MINIMAX, NON_SATURATING, LEAST_SQUARES, PEARSON)
_REAL_CENTRE, _FAKE_CENTRE, _FAR_CENTRE = (1.0, 0.0), (-1.0, 0.0), (5.0, 0.0)
_EVERY = 4  # one arrow for so many samples near the boundary, that they can be told apart
_ARROW = 1.5  # length of the longest one of a panel
_MIDDLE_SCORE = {PEARSON.name: 0.0, LEAST_SQUARES.name: 0.5}  # (a + b) / 2; 0 of a sigmoid


@dataclass(frozen=True)
class Settings:
    """How many samples, and how long D is trained.

    Attributes:
        seeds: sets of samples, and initial weights of D.
        samples: real ones, and as many generated ones; one in ten of these lies far away on the
            real samples' side.
        spread: standard deviation of each group of samples.
        iterations: of L-BFGS for D, which converges long before.
    """

    seeds: int = 5
    samples: int = 200
    spread: float = 0.45
    iterations: int = 200


FULL = Settings()
QUICK = Settings(seeds=2, samples=100)


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train D by each objective, and measure how its boundary moves the samples.

    Raises:
        UserError: matplotlib is missing, or the folder holds something else or cannot be written.
    """
    record = sitting.begin("boundary", settings)
    pieces = [(objective, seed) for seed in range(settings.seeds) for objective in _OBJECTIVES]

    def compute(index: int) -> list[Row]:
        objective, seed = pieces[index]
        real, fake, far = draw_samples(settings, seed)
        discriminator = train_discriminator(objective, real, fake, settings, seed)
        scores, moves = pull(objective, discriminator, fake)
        weight = discriminator.weight.detach()[0]
        middle = _MIDDLE_SCORE.get(objective.name, 0.0)
        distances = (scores - middle) / weight.norm()
        # The way to the boundary is against D's slope where the score is above the middle.
        towards = (moves @ weight) / weight.norm() * -distances.sign()
        columns: dict[str, list[float]] = {
            "x": fake[:, 0].tolist(),
            "y": fake[:, 1].tolist(),
            "score": scores.tolist(),
            "boundary_distance": distances.tolist(),
            "move_x": moves[:, 0].tolist(),
            "move_y": moves[:, 1].tolist(),
            "pull_to_boundary": towards.tolist(),
        }
        of: Row = {
            "objective": objective.name,
            "seed": seed,
            "weight_x": float(weight[0]),
            "weight_y": float(weight[1]),
            "bias": float(discriminator.bias.detach()[0]),
        }
        return [
            of | {"far": int(is_far)} | dict(zip(columns, values, strict=True))
            for is_far, *values in zip(far.tolist(), *columns.values(), strict=True)
        ]

    sitting.work(record, [f"{objective.name}, seed {seed}" for objective, seed in pieces], compute)
    _draw(record, settings)
    return _summarise(record)


def draw_samples(settings: Settings, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Real samples (N, 2), generated ones (N, 2), and which of these lie far away (N,)."""
    random = torch.Generator().manual_seed(seed)
    count, far_count = settings.samples, settings.samples // 10
    noise = torch.randn((2, count, 2), generator=random, dtype=torch.float64) * settings.spread
    real = noise[0] + torch.tensor(_REAL_CENTRE)
    far = torch.arange(count) < far_count
    centres = torch.where(far[:, None], torch.tensor(_FAR_CENTRE), torch.tensor(_FAKE_CENTRE))
    return real, noise[1] + centres, far


def train_discriminator(
    objective: Objective, real: Tensor, fake: Tensor, settings: Settings, seed: int
) -> nn.Linear:
    """The linear D that an objective's own loss makes of these samples."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Linear(2, 1, dtype=torch.float64)
    optimizer = torch.optim.LBFGS(
        network.parameters(), max_iter=settings.iterations, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = objective.loss.discriminator(network(real).squeeze(1), network(fake).squeeze(1))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return network


def pull(objective: Objective, discriminator: nn.Module, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Scores (N,) of generated samples, and minus the gradient of G's loss of each one (N, 2)."""
    samples = fake.clone().requires_grad_()
    scores = discriminator(samples).squeeze(1)
    # The loss is a mean: times N, each sample has the gradient that it would have alone.
    (gradients,) = torch.autograd.grad(objective.loss.generator(scores) * len(fake), samples)
    return scores.detach(), -gradients


def _summarise(record: Record) -> Summary:
    rows: list[tuple[str, ...]] = []
    for objective in _OBJECTIVES:
        chosen = [row for row in record.rows() if row["objective"] == objective.name]
        cells = []
        for far, quantity in ((1, "boundary_distance"), (1, "pull"), (0, "pull"), (1, "right")):
            means = []
            for seed in sorted({int(row["seed"]) for row in chosen}):
                of = [row for row in chosen if row["seed"] == seed and row["far"] == far]
                pulls = np.array([float(row["pull_to_boundary"]) for row in of])
                if quantity == "boundary_distance":
                    means.append(float(np.mean([float(row[quantity]) for row in of])))
                elif quantity == "pull":
                    lengths = [math.hypot(float(row["move_x"]), float(row["move_y"])) for row in of]
                    means.append(float(np.mean(lengths)))
                else:
                    means.append(float((pulls > 0).mean()))
            cells.append(mean_and_spread(means))
        rows.append((objective.name, *cells))
    return Summary(
        "How far samples are moved by G's loss, each alone",
        (
            "objective",
            "distance of far ones from the boundary",
            "gradient, far ones",
            "gradient, others",
            "far ones pulled to the boundary",
        ),
        rows,
    )


def _draw(record: Record, settings: Settings) -> None:
    with drawing(record.folder, 2, 2, width=9.6, height=5.6) as (_, axes):
        for objective, axis in zip(_OBJECTIVES, axes, strict=True):
            of = [
                row
                for row in record.rows()
                if row["objective"] == objective.name and row["seed"] == 0
            ]
            axis.set(xlim=(-3, 7), ylim=(-2.2, 2.2))
            if not of:
                continue
            real, _, _ = draw_samples(settings, 0)
            x, y, u, v = (
                np.array([float(row[name]) for row in of])
                for name in ("x", "y", "move_x", "move_y")
            )
            far = np.array([row["far"] for row in of]) == 1
            axis.scatter(real[:, 0], real[:, 1], s=6, color="#2471a3", alpha=0.4, label="real")
            axis.scatter(x[~far], y[~far], s=6, color="#d68910", alpha=0.4, label="generated")
            axis.scatter(x[far], y[far], s=14, color="#943126", label="generated, far away")
            longest = float(np.hypot(u, v).max())
            axis.set_title(f"{objective.name}; the longest arrow is {longest:.2g}")
            shown = far | (np.arange(len(x)) % _EVERY == 0)
            axis.quiver(
                *(column[shown] for column in (x, y, u, v)),
                angles="xy",
                scale_units="xy",
                scale=longest / _ARROW,
                width=0.0025,
                color="#333333",
            )
            weight_x, weight_y, bias = (
                float(of[0][name]) for name in ("weight_x", "weight_y", "bias")
            )
            middle = _MIDDLE_SCORE.get(objective.name, 0.0)
            heights = np.linspace(-2.2, 2.2, 2)
            line = (middle - bias - weight_y * heights) / weight_x
            axis.plot(line, heights, color="#1d8348", label="boundary")
        axes[0].legend(loc="upper right", ncols=2)
