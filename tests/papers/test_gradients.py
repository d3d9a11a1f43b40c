"""Curves, boundary and vanishing gradients: what each must show, in numbers worked out by hand."""

import csv
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from hanzi_lsgan.losses import LeastSquares, NonSaturating
from hanzi_lsgan.papers import boundary, curves, vanishing
from hanzi_lsgan.papers.objectives import (
    LEAST_SQUARES,
    LSGAN_GP,
    LSGAN_R1,
    MINIMAX,
    NON_SATURATING,
    PEARSON,
    WGAN_GP,
)
from hanzi_lsgan.papers.sitting import Sitting


def test_curves_are_the_losses_and_their_derivatives() -> None:
    scores = torch.tensor([-3.0, 0.0, 3.0], dtype=torch.float64)
    values, gradients = curves.loss_and_gradient(LeastSquares(0, 1, 1).generator, scores)
    assert values == pytest.approx([8, 0.5, 2])
    assert gradients == pytest.approx([-4, -1, 2])
    values, gradients = curves.loss_and_gradient(NonSaturating().generator, scores)
    assert values[0] == pytest.approx(math.log(1 + math.exp(3)))
    assert gradients == pytest.approx([-1 / (1 + math.exp(s)) for s in (-3, 0, 3)])


def test_least_squares_is_flat_at_one_point_and_the_sigmoid_on_a_half_line(tmp_path: Path) -> None:
    summary = curves.run(Sitting(tmp_path), curves.QUICK)
    found = {row[0]: row[-2:] for row in summary.rows}
    # σ(t) < 0.01 from t = -ln 99 = -4.595 downwards; the grid has a point every 0.1.
    assert found == {
        MINIMAX.name: ("-12 to -4.6", "nowhere"),
        NON_SATURATING.name: ("4.6 to 12", "nowhere"),
        LEAST_SQUARES.name: ("1 to 1", "1"),
        PEARSON.name: ("0 to 0", "0"),
    }
    rows = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    assert len(rows) == 4 * 3 * 241
    flat_for_d = [r for r in rows if r["side"] == "real, for D" and float(r["gradient"]) == 0]
    assert {(r["objective"], r["score"]) for r in flat_for_d} == {
        (LEAST_SQUARES.name, "1.0"),
        (PEARSON.name, "1.0"),
    }


def test_least_squares_alone_pulls_far_samples_to_the_boundary(tmp_path: Path) -> None:
    boundary.run(Sitting(tmp_path), boundary.Settings(seeds=1, samples=60))
    rows = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    far = {
        name: [
            float(r["pull_to_boundary"]) for r in rows if r["objective"] == name and r["far"] == "1"
        ]
        for name in (MINIMAX.name, NON_SATURATING.name, LEAST_SQUARES.name, PEARSON.name)
    }
    assert all(len(pulls) == 6 for pulls in far.values())
    assert sum(far[LEAST_SQUARES.name]) > 0.1
    assert min(far[PEARSON.name]) > 0
    assert all(-0.1 < pull < 0 for pull in far[NON_SATURATING.name])  # nearly left alone
    assert max(far[MINIMAX.name]) < -0.3  # sent further away, at full force


def test_each_penalty_is_of_its_own_points() -> None:
    # A linear D of slope (3, 4): ‖∇D‖ = 5 everywhere.
    discriminator = nn.Linear(2, 1)
    with torch.no_grad():
        discriminator.weight.copy_(torch.tensor([[3.0, 4.0]]))
    real, fake = torch.ones(4, 2), -torch.ones(4, 2)
    settings = vanishing.Settings(penalty_weight=10, r1_gamma=2)
    found = {
        objective.name: vanishing.penalty_of(
            objective, discriminator, real, fake, settings, torch.Generator().manual_seed(0)
        ).item()
        for objective in (WGAN_GP, LSGAN_GP, LSGAN_R1, LEAST_SQUARES)
    }
    assert list(found.values()) == pytest.approx([10 * 16, 10 * 16, 25, 0])


def test_vanishing_tells_what_it_finds(tmp_path: Path) -> None:
    settings = vanishing.Settings(
        seeds=1, steps=150, batch_size=32, width=32, points=5, learning_rate=1e-2
    )
    summary = vanishing.run(Sitting(tmp_path), settings)
    left = {row[0]: float(row[3]) for row in summary.rows}
    assert len(left) == 7
    # Minimax dies at once, as σ of low scores does; with a slope of one, nothing can.
    assert left[MINIMAX.name] < 0.2
    assert left[NON_SATURATING.name] > 0.5
    assert left[LSGAN_GP.name] > 2 * left[MINIMAX.name]
    losses = {row[0]: float(row[4]) for row in summary.rows}
    assert losses[LEAST_SQUARES.name] == pytest.approx(0.5, abs=0.1)  # ½ (0 - 1)², a constant
