"""The papers' theorems, which fail when a label or a sign in `losses.py` is wrong.

Everything that is expected is written out here: no formula is taken from the code under test.
"""

import csv
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hanzi_lsgan.losses import SCHEMES, LeastSquares, Minimax, NonSaturating, Wasserstein
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.theory import (
    Settings,
    best_scores,
    mirror_difference,
    run,
    train_on,
    twice_objective,
)
from hanzi_lsgan.papers.toys import LINE, PAIRS, SPACING, Pair

LABELS = {"-1,1,0": (-1, 1, 0), "0,1,1": (0, 1, 1)}
ALL_LOSSES = [*SCHEMES.values(), Minimax(), NonSaturating(), Wasserstein()]


def divergence(pair: Pair) -> float:
    """χ²(p_d + p_g ‖ 2 p_g), written out."""
    both = pair.data + pair.generated
    return float(((pair.data - pair.generated) ** 2 / both).nansum()) * SPACING


# A coin that falls on heads in three of four real throws, and in one of four generated ones: four
# samples of each kind are the expectations, exactly.


def throw(heads: Tensor, tails: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of the four real and the four generated throws, from those of heads and tails."""
    return torch.stack([heads] * 3 + [tails]), torch.stack([heads] + [tails] * 3)


@pytest.mark.parametrize(("name", "heads", "tails"), [("-1,1,0", 0.5, -0.5), ("0,1,1", 0.75, 0.25)])
def test_optimum_of_the_coin_by_hand(name: str, heads: float, tails: float) -> None:
    # D* = (b p_d + a p_g) / (p_d + p_g): heads (3b + a) / 4, tails (b + 3a) / 4.
    scores = torch.tensor([heads, tails], dtype=torch.float64, requires_grad=True)
    loss = SCHEMES[name].discriminator(*throw(*scores))
    (gradient,) = torch.autograd.grad(loss, scores)
    assert gradient.abs().max().item() < 1e-12


@pytest.mark.parametrize(("name", "twice"), [("-1,1,0", 0.5), ("0,1,1", 0.625)])
def test_objective_of_the_coin_by_hand(name: str, twice: float) -> None:
    # χ² = Σ (p_d - p_g)² / (p_d + p_g) = ¼ + ¼. With b = c it is ½ + ¼ · ½.
    heads, tails = (torch.tensor(s) for s in ((0.5, -0.5) if name == "-1,1,0" else (0.75, 0.25)))
    real, fake = throw(heads, tails)
    loss = SCHEMES[name]
    assert 2 * (loss.generator(real) + loss.generator(fake)).item() == pytest.approx(twice)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize("name", LABELS)
def test_losses_are_least_at_the_optimum_of_the_paper(name: str, pair: Pair) -> None:
    a, b, _ = LABELS[name]
    expected = (b * pair.data + a * pair.generated) / (pair.data + pair.generated)
    found = best_scores(SCHEMES[name], pair)
    there = pair.data + pair.generated > 0
    assert there.sum() > 500
    torch.testing.assert_close(found[there], expected[there], rtol=0, atol=1e-12)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_both_sides_of_the_theorem_are_equal(pair: Pair) -> None:
    loss = SCHEMES["-1,1,0"]
    assert 0.1 < divergence(pair) < 2
    twice = twice_objective(loss, best_scores(loss, pair), pair)
    assert twice == pytest.approx(divergence(pair), abs=1e-12)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize("labels", [(-1, 1, 1), (0, 1, 0), (-1, 1, 0.1), (-0.8, 1, 0)])
def test_sides_differ_when_a_condition_is_broken(
    labels: tuple[float, float, float], pair: Pair
) -> None:
    loss = LeastSquares(*labels)
    twice = twice_objective(loss, best_scores(loss, pair), pair)
    assert abs(twice - divergence(pair)) > 0.005


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_with_b_equal_to_c_it_is_a_half_and_a_quarter_of_the_divergence(pair: Pair) -> None:
    loss = SCHEMES["0,1,1"]
    twice = twice_objective(loss, best_scores(loss, pair), pair)
    assert twice == pytest.approx(0.5 + divergence(pair) / 4, abs=1e-12)


def test_equal_densities_have_the_least_objective() -> None:
    same = Pair("same", PAIRS[0].data, PAIRS[0].data)
    for loss, least in ((SCHEMES["-1,1,0"], 0.0), (SCHEMES["0,1,1"], 0.5)):
        assert twice_objective(loss, best_scores(loss, same), same) == pytest.approx(least)


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: type(loss).__name__)
def test_both_networks_pull_scores_apart_in_the_right_directions(loss: Minimax) -> None:
    # Where D is undecided: real scores are to rise, generated ones to fall, and G wants the
    # opposite of the latter.
    scores = torch.full((2, 3), 0.4, dtype=torch.float64, requires_grad=True)
    of_real, of_fake = torch.autograd.grad(loss.discriminator(scores[0], scores[1]), scores)[0]
    assert (of_real < 0).all()
    assert (of_fake > 0).all()
    low = torch.full((3,), -0.6, dtype=torch.float64, requires_grad=True)
    assert (torch.autograd.grad(loss.generator(low), low)[0] < 0).all()


def test_one_claim_is_the_binary_coding_with_the_sign_of_d_turned() -> None:
    real, fake = torch.tensor([0.3, -2.0]), torch.tensor([1.7, 0.1])
    claimed, binary = LeastSquares(a=0, b=-1, c=-1), SCHEMES["0,1,1"]
    assert torch.equal(claimed.discriminator(-real, -fake), binary.discriminator(real, fake))
    assert torch.equal(claimed.generator(-fake), binary.generator(fake))
    assert mirror_difference(binary, claimed, steps=30) == 0
    assert mirror_difference(binary, SCHEMES["-1,1,0"], steps=30) > 0.01


def test_a_trained_discriminator_comes_near_the_optimum() -> None:
    settings = Settings(steps=300, batch_size=256)
    told = train_on(SCHEMES["-1,1,0"], PAIRS[0], settings, seed=0)
    (_, first, _), (_, last, scores) = told[0], told[-1]
    assert first > 0.5
    assert last < 0.08
    # Between two Gaussians of one width D* is 0 in the middle, here at 0.25.
    middle = int((LINE - 0.25).abs().argmin())
    assert abs(scores[middle].item()) < 0.15


def test_run_writes_every_number_and_the_figure(tmp_path: Path) -> None:
    settings = Settings(seeds=1, steps=20, batch_size=32, width=8, mirror_steps=2)
    summary = run(Sitting(tmp_path), settings)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figure.svg").read_bytes().startswith(b"<?xml")
    rows = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    # χ² punishes from both directions: at a point with p_d = 1, a lost mode costs at most 1, and
    # a thousand times too much of p_g costs 999² / 1001.
    ends = [float(row["value"]) for row in rows if row["divergence"] == "χ²(p_d + p_g ‖ 2 p_g)"]
    assert ends[0] == pytest.approx(0.999**2 / 1.001)
    assert ends[-1] == pytest.approx(999**2 / 1001)
    lost = [float(row["value"]) for row in rows if row["divergence"] == "KL(p_d ‖ p_g)"]
    assert lost[0] == pytest.approx(math.log(1000) - 0.999)
    assert any("χ²" in row[0] for row in summary.rows)
