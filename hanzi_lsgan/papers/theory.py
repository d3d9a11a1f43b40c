"""What the papers prove, checked on known densities with the losses themselves.

For labels a, b, c and densities p_d of data and p_g of G's samples (Mao et al., 2017, section 3.2):

    D*(x) = (b p_d(x) + a p_g(x)) / (p_d(x) + p_g(x))
    2 C(G) = ∫ (p_d + p_g) (D* - c)² dx = χ²(p_d + p_g ‖ 2 p_g)   if b - c = 1 and b - a = 2

with Pearson's χ²(P ‖ Q) = ∫ (Q - P)² / P dx. Written with D* as it is, for any labels,

    2 C(G) = 2 ((a + b) / 2 - c)² + ((b - a) / 2)² χ²(p_d + p_g ‖ 2 p_g)

so the two conditions set a constant to zero and a factor to one: where they are broken, as by
a, b, c = 0, 1, 1 with b = c, the minimum is still at p_g = p_d alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, vmap

from hanzi_lsgan.losses import SCHEMES, LeastSquares
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.toys import (
    LINE,
    PAIRS,
    SPACING,
    Pair,
    build_mlp,
    draw_from,
    train_toy_step,
)

CODINGS = {
    "(−1, 1, 0)": SCHEMES["-1,1,0"],
    "(0, 1, 1), b = c": SCHEMES["0,1,1"],
    "(−1, 1, 1), b − c = 0": LeastSquares(-1.0, 1.0, 1.0),
    "(0, 1, 0), b − a = 1": LeastSquares(0.0, 1.0, 0.0),
}
"""The first fulfils the theorem's conditions; each of the others breaks one, or both."""

_TRAINED = ("(−1, 1, 0)", "(0, 1, 1), b = c")
_DIVERGENCES: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    # Of a point where p_d = 1 and p_g = r; each is at least 0, and 0 for r = 1 alone.
    "χ²(p_d + p_g ‖ 2 p_g)": ("#c0392b", lambda r: (1 - r).square() / (1 + r)),
    "KL(p_d ‖ p_g)": ("#1f618d", lambda r: r - 1 - r.log()),
    "KL(p_g ‖ p_d)": ("#7fb3d5", lambda r: r * r.log() - r + 1),
    "2 JS(p_d ‖ p_g)": (
        "#1e8449",
        lambda r: (2 / (1 + r)).log() + r * (2 * r / (1 + r)).log(),
    ),
}


@dataclass(frozen=True)
class Settings:
    """How D is trained.

    Attributes:
        seeds: trainings of D for each of two densities and two codings.
        steps: of a training; the learning rate falls linearly to zero.
        batch_size: samples of each density a step.
        learning_rate: of Adam.
        width: of D's two hidden layers.
        mirror_steps: of the two trainings that must be mirror images.
    """

    seeds: int = 5
    steps: int = 4000
    batch_size: int = 512
    learning_rate: float = 3e-3
    width: int = 64
    mirror_steps: int = 300


FULL = Settings()
QUICK = Settings(seeds=2, steps=1000, batch_size=256)


def optimal_scores(loss: LeastSquares, pair: Pair) -> Tensor:
    """D* by the paper's formula, NaN where neither density is."""
    return (loss.b * pair.data + loss.a * pair.generated) / (pair.data + pair.generated)


def best_scores(loss: LeastSquares, pair: Pair) -> Tensor:
    """What minimises D's loss at each point, found by the loss's own derivatives.

    The expectation of the loss is p_d times its half of real samples plus p_g times the other,
    summed over points; each term is a parabola of one score, whose bottom one Newton step finds.
    """

    def expected(score: Tensor, data: Tensor, generated: Tensor) -> Tensor:
        score = score.unsqueeze(0)
        real_half = loss.discriminator(score, score) - loss.refusal(score)
        return data * real_half + generated * loss.refusal(score)

    start = torch.zeros_like(pair.data)
    slopes = vmap(grad(expected))(start, pair.data, pair.generated)
    curvatures = vmap(grad(grad(expected)))(start, pair.data, pair.generated)
    best: Tensor = start - slopes / curvatures
    return best


def twice_objective(loss: LeastSquares, scores: Tensor, pair: Pair) -> float:
    """2 C(G): twice G's loss, expected under p_d + p_g, of these scores at the points."""
    losses = vmap(loss.generator)(scores.unsqueeze(1))
    both = pair.data + pair.generated
    return 2 * float((both * losses)[both > 0].sum()) * SPACING


def pearson(pair: Pair) -> float:
    """χ²(p_d + p_g ‖ 2 p_g) = ∫ (p_g - p_d)² / (p_d + p_g) dx, from 0 to 2."""
    both = pair.data + pair.generated
    terms = (2 * pair.generated - both).square() / both
    return float(terms[both > 0].sum()) * SPACING


def predicted_objective(loss: LeastSquares, divergence: float) -> float:
    """2 C(G) for any labels, from the divergence."""
    offset = (loss.a + loss.b) / 2 - loss.c
    return 2 * offset**2 + ((loss.b - loss.a) / 2) ** 2 * divergence


def train_on(
    loss: LeastSquares, pair: Pair, settings: Settings, seed: int
) -> list[tuple[int, float, Tensor]]:
    """Train D on samples of two densities.

    Returns:
        At some steps, the root mean square of D - D* under (p_d + p_g) / 2, and D on `LINE`.
    """
    network = build_mlp((1, settings.width, settings.width, 1), seed)
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    random = torch.Generator().manual_seed(seed)
    optimal = optimal_scores(loss, pair)
    weights = (pair.data + pair.generated) / 2
    known = weights > 0
    told = []
    for step in range(settings.steps + 1):
        if step % max(1, settings.steps // 20) == 0:
            with torch.no_grad():
                scores = network(LINE.float().unsqueeze(1)).squeeze(1).double()
            error = ((scores - optimal).square() * weights)[known].sum() * SPACING
            told.append((step, float(error.sqrt()), scores))
        real, fake = (
            draw_from(density, settings.batch_size, random).float().unsqueeze(1)
            for density in (pair.data, pair.generated)
        )
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 - step / (settings.steps + 1))
        optimizer.zero_grad()
        objective = loss.discriminator(network(real).squeeze(1), network(fake).squeeze(1))
        objective.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return told


def mirror_difference(first: LeastSquares, second: LeastSquares, steps: int) -> float:
    """Train a toy by each loss, the second with D's sign turned, and compare what G draws.

    Returns:
        The greatest difference of G's samples after `steps`: 0 if the losses are the same but for
        D's sign.
    """
    samples = []
    for loss, sign in ((first, 1.0), (second, -1.0)):
        generator, discriminator = build_mlp((8, 32, 2), 0), build_mlp((2, 32, 1), 1)
        with torch.no_grad():
            for value in discriminator[-1].parameters():
                value.mul_(sign)
        optimizers = (
            torch.optim.Adam(generator.parameters(), 1e-3, (0.5, 0.999)),
            torch.optim.Adam(discriminator.parameters(), 1e-3, (0.5, 0.999)),
        )
        random = torch.Generator().manual_seed(2)
        for _ in range(steps):
            real = torch.randn((64, 2), generator=random) * 0.2 + 1
            latents = torch.randn((64, 8), generator=random)
            train_toy_step(loss, (generator, discriminator), optimizers, real, latents)
        with torch.no_grad():
            samples.append(generator(torch.randn((256, 8), generator=random)))
    return float((samples[0] - samples[1]).abs().max())


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Check the theorems, train D, and draw all of it.

    Raises:
        UserError: matplotlib is missing, or the folder holds something else or cannot be written.
    """
    record = sitting.begin("theory", settings)
    trainings = [
        (pair, coding, seed)
        for seed in range(settings.seeds)
        for pair in PAIRS[:2]
        for coding in _TRAINED
    ]
    checks: list[tuple[str, Callable[[], list[Row]]]] = [
        ("theorem", _theorem_rows),
        ("punishment", _punishment_rows),
        ("mirror", lambda: _mirror_rows(settings.mirror_steps)),
    ]
    parts = [name for name, _ in checks]
    parts += [f"{pair.name}, {coding}, seed {seed}" for pair, coding, seed in trainings]

    def compute(index: int) -> list[Row]:
        if index < len(checks):
            return checks[index][1]()
        return _training_rows(*trainings[index - len(checks)], settings)

    sitting.work(record, parts, compute)
    _draw(record)
    return _summarise(record)


def _theorem_rows() -> list[Row]:
    rows: list[Row] = []
    for pair in PAIRS:
        divergence = pearson(pair)
        for coding, loss in CODINGS.items():
            two_c = twice_objective(loss, best_scores(loss, pair), pair)
            values = {
                "two_c": two_c,
                "pearson": divergence,
                "gap": two_c - divergence,
                "gap_of_any_labels": two_c - predicted_objective(loss, divergence),
            }
            rows.append({"check": "theorem", "pair": pair.name, "coding": coding} | values)
    return rows


def _punishment_rows() -> list[Row]:
    ratios = torch.logspace(-3, 3, 241, dtype=torch.float64)
    return [
        {"check": "punishment", "divergence": name, "ratio": ratio, "value": value}
        for name, (_, terms) in _DIVERGENCES.items()
        for ratio, value in zip(ratios.tolist(), terms(ratios).tolist(), strict=True)
    ]


def _mirror_rows(steps: int) -> list[Row]:
    binary = SCHEMES["0,1,1"]
    claims = {
        "(0, −1, −1) with D → −D": LeastSquares(0.0, -1.0, -1.0),
        "(−1, 1, 0) with D → −D": SCHEMES["-1,1,0"],
    }
    return [
        {
            "check": "mirror",
            "coding": name,
            "difference": mirror_difference(binary, loss, steps),
        }
        for name, loss in claims.items()
    ]


def _training_rows(pair: Pair, coding: str, seed: int, settings: Settings) -> list[Row]:
    told = train_on(CODINGS[coding], pair, settings, seed)
    of: Row = {"check": "D*", "pair": pair.name, "coding": coding, "seed": seed}
    rows: list[Row] = [of | {"step": step, "error": error} for step, error, _ in told]
    shown = slice(None, None, 40)  # every 0.16
    rows += [
        of | {"check": "D", "x": x, "score": score}
        for x, score in zip(LINE[shown].tolist(), told[-1][2][shown].tolist(), strict=True)
    ]
    return rows


def _chosen(record: Record, **wanted: str | int) -> list[Row]:
    return [
        row
        for row in record.rows()
        if all(row.get(name) == value for name, value in wanted.items())
    ]


def _column(rows: Sequence[Row], name: str) -> list[float]:
    return [float(row[name]) for row in rows]


def _summarise(record: Record) -> Summary:
    rows: list[tuple[str, ...]] = []
    for coding in CODINGS:
        found = _chosen(record, check="theorem", coding=coding)
        gaps, misses = (
            [abs(gap) for gap in _column(found, name)] for name in ("gap", "gap_of_any_labels")
        )
        if found:
            least, greatest = min(gaps), max(gaps)
            words = f"{least:.2g} to {greatest:.2g}" if least > 1e-9 else f"at most {greatest:.1g}"
            rows.append((f"|2C(G) − χ²|, five pairs, {coding}", words))
            rows.append(
                (f"… from the formula for any labels, {coding}", f"at most {max(misses):.1g}")
            )
    for name in (pair.name for pair in PAIRS[:2]):
        for coding in _TRAINED:
            found = _chosen(record, check="D*", pair=name, coding=coding)
            first, last = (
                [float(row["error"]) for row in found if row["step"] == step]
                for step in (0, max((int(row["step"]) for row in found), default=0))
            )
            words = f"{mean_and_spread(first)} before, {mean_and_spread(last, 2)} after"
            rows.append((f"RMS of D − D*, {name}, {coding}", words))
    rows += [
        (f"G trained by (0, 1, 1) and by {row['coding']}", f"differ by {row['difference']:.2g}")
        for row in _chosen(record, check="mirror")
    ]
    for name in _DIVERGENCES:
        found = _chosen(record, check="punishment", divergence=name)
        if found:
            low, high = found[0]["value"], found[-1]["value"]
            rows.append((f"{name} at p_g/p_d = 0.001 and 1000", f"{low:.3g} and {high:.4g}"))
    return Summary("The theorems on known densities", ("what", "found"), rows)


def _draw(record: Record) -> None:
    with drawing(record.folder, 2, 2, width=9.6, height=6.4) as (_, axes):
        scores, equal, punishment, errors = axes
        pair = PAIRS[0]
        scores.plot(LINE, pair.data, color="#2471a3", alpha=0.5, label="p_d")
        scores.plot(LINE, pair.generated, color="#d68910", alpha=0.5, label="p_g")
        for coding, colour in zip(_TRAINED, ("#e59866", "#c0392b"), strict=True):
            optimal = optimal_scores(CODINGS[coding], pair)
            scores.plot(LINE, optimal, "--", color=colour, label=f"D* for {coding}")
            found = _chosen(record, check="D", pair=pair.name, coding=coding, seed=0)
            scores.plot(
                _column(found, "x"), _column(found, "score"), ".", color=colour, markersize=4
            )
        scores.set(title="D* (dashed) and a trained D (dots)", xlabel="x", xlim=(-5, 6))
        scores.legend()

        for coding, marker in zip(CODINGS, "o^sv", strict=True):
            found = _chosen(record, check="theorem", coding=coding)
            equal.plot(
                _column(found, "pearson"), _column(found, "two_c"), marker, label=coding, alpha=0.8
            )
        equal.plot([0, 2], [0, 2], color="#777777", linewidth=0.8)
        equal.set(
            title="2C(G) against χ² for five pairs of densities",
            xlabel="χ²(p_d + p_g ‖ 2 p_g)",
            ylabel="2C(G)",
        )
        equal.legend()

        for name, (colour, _) in _DIVERGENCES.items():
            found = _chosen(record, check="punishment", divergence=name)
            punishment.loglog(
                _column(found, "ratio"), _column(found, "value"), color=colour, label=name
            )
        punishment.set(
            title="What a point with p_d = 1 adds to a divergence",
            xlabel="p_g / p_d",
            ylim=(1e-3, 1e3),
        )
        punishment.legend()

        for pair in PAIRS[:2]:
            for coding, colour in zip(_TRAINED, ("#e59866", "#c0392b"), strict=True):
                found = _chosen(record, check="D*", pair=pair.name, coding=coding)
                steps = sorted({int(row["step"]) for row in found})
                means = [
                    np.mean([float(row["error"]) for row in found if row["step"] == step])
                    for step in steps
                ]
                style = "-" if pair is PAIRS[0] else "--"
                label = f"{pair.name}, {coding}"
                errors.semilogy(steps, means, style, color=colour, label=label)
        errors.set(title="RMS of D − D* while D is trained", xlabel="step")
        errors.legend()
