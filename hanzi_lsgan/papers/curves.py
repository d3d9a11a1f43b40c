"""The losses against the score, with their gradients (Mao et al., 2017, figure 2).

What a loss says of one score is the loss of a batch of one, and its gradient is autograd's, both of
the classes in `losses.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.objectives import LEAST_SQUARES, MINIMAX, NON_SATURATING, PEARSON
from hanzi_lsgan.papers.record import Record, Row, Summary
from hanzi_lsgan.papers.sitting import Sitting

_OBJECTIVES = (MINIMAX, NON_SATURATING, LEAST_SQUARES, PEARSON)
_TOLD = (-8.0, -4.0, 0.0, 4.0, 8.0)  # scores whose gradients the table has
_REAL, _FAKE, _GENERATOR = "real, for D", "generated, for D", "generated, for G"


@dataclass(frozen=True)
class Settings:
    """Which scores, and what counts as flat.

    Attributes:
        least: the least score.
        greatest: the greatest.
        points: how many scores, evenly from one to the other.
        flat: a loss is flat where its gradient is less than this.
    """

    least: float = -12.0
    greatest: float = 12.0
    points: int = 1201
    flat: float = 0.01


FULL = Settings()
QUICK = Settings(points=241)


def loss_and_gradient(
    loss: Callable[[Tensor], Tensor], scores: Tensor
) -> tuple[list[float], list[float]]:
    """What a loss is at each of these scores (N,) alone, and its derivative there."""
    single = scores.unsqueeze(1)
    return vmap(loss)(single).tolist(), vmap(grad(loss))(single).squeeze(1).tolist()


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Compute and draw the curves; always the same.

    Raises:
        UserError: matplotlib is missing, or the folder holds something else or cannot be written.
    """
    record = sitting.begin("curves", settings)
    scores = torch.linspace(
        settings.least, settings.greatest, settings.points, dtype=torch.float64
    ).round(decimals=6)

    def compute(index: int) -> list[Row]:
        objective = _OBJECTIVES[index]
        loss = objective.loss
        sides: dict[str, Callable[[Tensor], Tensor]] = {
            # D's loss of a real sample alone: both halves, less the half of a generated one.
            _REAL: lambda score: loss.discriminator(score, score) - loss.refusal(score),
            _FAKE: loss.refusal,
            _GENERATOR: loss.generator,
        }
        return [
            {
                "objective": objective.name,
                "side": side,
                "score": s,
                "loss": v,
                "gradient": g,
            }
            for side, function in sides.items()
            for s, v, g in zip(scores.tolist(), *loss_and_gradient(function, scores), strict=True)
        ]

    sitting.work(record, [objective.name for objective in _OBJECTIVES], compute)
    _draw(record)
    return _summarise(record, settings)


def _of(rows: list[Row], objective: str, side: str) -> tuple[list[float], ...]:
    """Scores, losses and gradients of one curve."""
    chosen = [row for row in rows if row["objective"] == objective and row["side"] == side]
    columns = ([float(row[name]) for row in chosen] for name in ("score", "loss", "gradient"))
    return tuple(columns)


def _summarise(record: Record, settings: Settings) -> Summary:
    rows: list[tuple[str, ...]] = []
    for objective in _OBJECTIVES:
        scores, _, gradients = _of(record.rows(), objective.name, _GENERATOR)
        if not scores:
            continue
        flat = [s for s, g in zip(scores, gradients, strict=True) if abs(g) < settings.flat]
        where = f"{flat[0] + 0.0:g} to {flat[-1] + 0.0:g}" if flat else "nowhere"
        zero = [f"{s + 0.0:g}" for s, g in zip(scores, gradients, strict=True) if g == 0]
        told = [
            gradients[min(range(len(scores)), key=lambda i: abs(scores[i] - at))] for at in _TOLD
        ]
        rows.append(
            (objective.name, *(f"{g + 0.0:.3g}" for g in told), where, ", ".join(zero) or "nowhere")
        )
    heads = (f"at {score:g}" for score in _TOLD)
    flat_head = f"less than {settings.flat:g}"
    return Summary(
        "G's gradient with respect to the score of a generated sample",
        ("objective", *heads, flat_head, "zero at"),
        rows,
        (f"Scores from {settings.least:g} to {settings.greatest:g}; nothing here is random.",),
    )


def _draw(record: Record) -> None:
    panels = (
        (_REAL, "loss", "D's loss of a real sample", (0, 8)),
        (_FAKE, "loss", "D's loss of a generated sample", (0, 8)),
        (_GENERATOR, "loss", "G's loss of a generated sample", (-8, 8)),
        (_GENERATOR, "gradient", "its gradient", (-3, 3)),
    )
    with drawing(record.folder, 1, 4, width=12, height=3.4) as (figure, axes):
        for (side, quantity, title, limits), axis in zip(panels, axes, strict=True):
            for objective in _OBJECTIVES:
                scores, losses, gradients = _of(record.rows(), objective.name, side)
                values = losses if quantity == "loss" else gradients
                dashed = "--" if objective in (MINIMAX, PEARSON) else "-"
                axis.plot(scores, values, dashed, color=objective.colour, label=objective.name)
            axis.set(title=title, xlabel="score D(x)", ylim=limits, xlim=(-8, 8))
        axes[-1].axhline(0, color="#777777", linewidth=0.8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
