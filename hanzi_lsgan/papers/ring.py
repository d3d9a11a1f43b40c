"""Eight Gaussians on a ring: which objective loses modes (Mao et al., 2019, the mixture toy).

Radius 1, standard deviation 0.01, small networks with tanh, 35,000 steps. In the authors' program
the centres are `linspace(0, 2π, 9)` with both ends: nine, of which two coincide, so that one mode
has twice the weight of the others; `even` is the ring that was meant.
"""

import json
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data_tools.errors import UserError, join_message
from data_tools.files import replacing
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.many_runs import ManyRuns, ToySettings
from hanzi_lsgan.papers.objectives import LEAST_SQUARES, NON_SATURATING, Objective
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread, success_share
from hanzi_lsgan.papers.sitting import Sitting, Unfinished
from hanzi_lsgan.runs.state_file import write_state

LAYOUTS = ("published", "even")
PUBLISHED = {LEAST_SQUARES.name: "99 of 100", NON_SATURATING.name: "5 of 100"}

_OBJECTIVES = (LEAST_SQUARES, NON_SATURATING)
_MODES = 8
_NEAR = 0.2  # of a mode's centre: a quarter of the way to the next one's
_KEEP_SECONDS = 120
_STEPS_A_REPORT = 20


@dataclass(frozen=True)
class Settings:
    """The ring, the runs, and how they are looked at.

    Attributes:
        seeds: runs of each objective.
        layout: `published` or `even`.
        steps: of each run.
        at_once: runs trained together.
        snapshots: at how many steps, evenly spread, runs are looked at.
        samples: drawn for a look.
        least_share: a mode is kept if at least so much of its eighth lies near its centre.
        shown: samples of the first run that are kept for the figure.
        radius: of the ring.
        deviation: standard deviation of each Gaussian.
        toy: the networks and their training.
    """

    seeds: int = 20
    layout: str = "published"
    steps: int = 35_000
    at_once: int = 20
    snapshots: int = 7
    samples: int = 4000
    least_share: float = 0.1
    shown: int = 500
    radius: float = 1.0
    deviation: float = 0.01
    toy: ToySettings = field(default_factory=ToySettings)


FULL = Settings()
QUICK = Settings(
    seeds=4, steps=840, samples=1000, toy=ToySettings(latent_features=64, batch_size=128)
)


def centres_of(settings: Settings) -> Tensor:
    """Where the Gaussians are: (9, 2), the first and the last the same, or (8, 2).

    Raises:
        UserError: there is no such layout.
    """
    if settings.layout not in LAYOUTS:
        remedy = f"say {' or '.join(LAYOUTS)}"
        raise UserError(join_message(f"--layout {settings.layout}", "is none", remedy))
    angles = torch.linspace(0, 2 * math.pi, _MODES + 1)
    if settings.layout == "even":
        angles = angles[:-1]
    return settings.radius * torch.stack([angles.cos(), angles.sin()], dim=1)


def draw_ring(centres: Tensor, deviation: float, count: int, random: torch.Generator) -> Tensor:
    """Real samples (count, 2): a centre at random, and a Gaussian about it."""
    chosen = torch.randint(len(centres), (count,), generator=random)
    return centres[chosen] + deviation * torch.randn((count, 2), generator=random)


def look_at(samples: Tensor, settings: Settings) -> Row:
    """How samples (N, 2) are spread over the eight modes."""
    centres = centres_of(settings)[:_MODES]
    distances, nearest = torch.cdist(samples, centres).min(dim=1)
    near = distances < _NEAR * settings.radius
    shares = torch.bincount(nearest[near], minlength=_MODES) / len(samples)
    return {
        "modes": float((shares >= settings.least_share / _MODES).sum()),
        "least_mode_share": float(shares.min()),
        "near": float(near.float().mean()),
        "within_3_deviations": float((distances < 3 * settings.deviation).float().mean()),
    }


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train all runs, count their modes, and draw the first ones.

    Raises:
        UserError: matplotlib is missing, there is no such layout, or the folder holds something
            else or cannot be written.
    """
    centres_of(settings)
    record = sitting.begin("ring", settings)
    pieces = [(objective, seed) for objective in _OBJECTIVES for seed in range(settings.seeds)]
    parts = [f"{objective.name}, seed {seed}" for objective, seed in pieces]
    computed: dict[str, list[Row]] = {}

    def compute(index: int) -> list[Row]:
        if parts[index] not in computed:
            objective = pieces[index][0]
            lacking = [
                seed
                for (other, seed), part in zip(pieces, parts, strict=True)
                if other is objective and not record.has(part)
            ][: settings.at_once]
            rows = _train(sitting, record, objective, lacking, settings)
            for seed in lacking:
                computed[f"{objective.name}, seed {seed}"] = [r for r in rows if r["seed"] == seed]
        return computed[parts[index]]

    if sitting.work(record, parts, compute):
        for state in record.folder.glob("training-*.pt"):
            state.unlink()
    _draw(record, settings)
    return _summarise(record, settings)


def _train(
    sitting: Sitting, record: Record, objective: Objective, seeds: list[int], settings: Settings
) -> list[Row]:
    """Train runs together, or go on with them, to the last step.

    Raises:
        Unfinished: the sitting is over; the state is saved.
    """
    centres = centres_of(settings)
    runs = ManyRuns(
        objective.loss,
        seeds,
        lambda count, random: draw_ring(centres, settings.deviation, count, random),
        settings.toy,
    )
    number = _OBJECTIVES.index(objective)
    path = record.folder / f"training-{number}-{seeds[0]}-{len(seeds)}.pt"
    rows: list[Row] = []
    if path.exists():
        state: dict[str, Any] = torch.load(path, weights_only=True)
        rows = json.loads(state.pop("rows"))
        runs.load_state(state)

    def save() -> None:
        with replacing(path) as unfinished:
            write_state(unfinished, runs.state() | {"rows": json.dumps(rows)})

    saved = time.monotonic()
    every = max(1, settings.steps // settings.snapshots)
    while runs.step < settings.steps:
        runs.train_step()
        if runs.step % every == 0 or runs.step == settings.steps:
            rows += _look_at_all(runs, objective, settings)
        if runs.step % _STEPS_A_REPORT == 0:
            sitting.on_progress(objective.name, runs.step, settings.steps)
        if sitting.over or time.monotonic() - saved > _KEEP_SECONDS:
            save()
            saved = time.monotonic()
        if sitting.over and runs.step < settings.steps:
            raise Unfinished
    sitting.on_progress(objective.name, settings.steps, settings.steps)
    save()
    return rows


def _look_at_all(runs: ManyRuns, objective: Objective, settings: Settings) -> list[Row]:
    rows: list[Row] = []
    for seed, samples in zip(runs.seeds, runs.draw_samples(settings.samples), strict=True):
        of: Row = {"objective": objective.name, "seed": seed, "step": runs.step}
        rows.append(of | look_at(samples, settings))
        if seed == 0:
            shown = samples[: settings.shown].tolist()
            rows += [of | {"x": round(x, 4), "y": round(y, 4)} for x, y in shown]
    return rows


def _looks(record: Record, objective: Objective) -> dict[int, list[Row]]:
    """What all runs were like at each step."""
    looks: dict[int, list[Row]] = {}
    for row in record.rows():
        if row["objective"] == objective.name and "modes" in row:
            looks.setdefault(int(row["step"]), []).append(row)
    return dict(sorted(looks.items()))


def _summarise(record: Record, settings: Settings) -> Summary:
    rows: list[tuple[str, ...]] = []
    for objective in _OBJECTIVES:
        looks = _looks(record, objective)
        if not looks:
            rows.append((objective.name, "–", "–", "–", "–", PUBLISHED[objective.name]))
            continue
        last = looks[max(looks)]
        successes = sum(row["modes"] == _MODES for row in last)
        means = (
            mean_and_spread([float(row[name]) for row in last])
            for name in ("modes", "near", "within_3_deviations")
        )
        share = success_share(successes, len(last))
        rows.append((objective.name, share, *means, PUBLISHED[objective.name]))
    return Summary(
        f"Runs that keep all eight modes, layout {settings.layout}, after {settings.steps:,} steps",
        (
            "objective",
            "keep all (95 % interval)",
            "modes kept",
            f"samples within {_NEAR:g}",
            "within 3 sd",
            "published",
        ),
        rows,
        (
            f"A mode is kept if at least {settings.least_share / _MODES:.2%} of a run's samples "
            f"lie within {_NEAR:g} of its centre. Published: Mao et al., 2019, 35,000 steps.",
        ),
    )


def _draw(record: Record, settings: Settings) -> None:
    steps = sorted({step for objective in _OBJECTIVES for step in _looks(record, objective)})
    columns = max(1, len(steps)) + 1
    centres = centres_of(settings)
    with drawing(record.folder, 2, columns, width=1.6 * columns + 1, height=3.8) as (figure, axes):
        for line, objective in enumerate(_OBJECTIVES):
            looks = _looks(record, objective)
            for column, step in enumerate(steps):
                axis = axes[line * columns + column]
                points = np.array(
                    [
                        (float(row["x"]), float(row["y"]))
                        for row in record.rows()
                        if row["objective"] == objective.name and row["step"] == step and "x" in row
                    ]
                ).reshape(-1, 2)
                axis.scatter(centres[:, 0], centres[:, 1], s=60, facecolor="none", color="#bbbbbb")
                axis.scatter(points[:, 0], points[:, 1], s=2, color=objective.colour, alpha=0.5)
                axis.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[], aspect="equal")
                axis.set_title(f"step {step:,}" if line == 0 else "")
                if column == 0:
                    axis.set_ylabel(objective.name)
            kept = [
                float(np.mean([float(row["modes"]) for row in rows])) for rows in looks.values()
            ]
            axes[columns - 1].plot(list(looks), kept, "o-", color=objective.colour, markersize=3)
            shares = [
                float(np.mean([row["modes"] == _MODES for row in rows])) for rows in looks.values()
            ]
            axes[-1].plot(list(looks), shares, "o-", color=objective.colour, markersize=3)
        axes[columns - 1].set(title="modes kept, mean", ylim=(-0.3, 8.3), xticklabels=[])
        axes[-1].set(title="share that keeps all", ylim=(-0.05, 1.05), xlabel="step")
        for axis in (axes[columns - 1], axes[-1]):
            axis.title.set_fontsize(8)
        figure.suptitle(f"What the run of seed 0 draws, layout {settings.layout}", fontsize=9)
