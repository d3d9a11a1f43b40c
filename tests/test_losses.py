from math import exp, log, sqrt

import pytest
import torch

from hanzi_lsgan.losses import (
    SCHEMES,
    AdversarialLoss,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
    gradient_penalty,
    interpolate,
    r1_penalty,
)

REAL = torch.tensor([2.0, 0.0])
FAKE = torch.tensor([1.0, 3.0])


def test_binary_coding_by_hand() -> None:
    objective = SCHEMES["0,1,1"]
    # real: ((2-1)² + (0-1)²) / 2 = 1; fake: (1² + 3²) / 2 = 5; half of the sum.
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(3.0)
    # ((1-1)² + (3-1)²) / 2 = 2; half of it.
    assert objective.generator(FAKE).item() == pytest.approx(1.0)


def test_pearson_scheme_by_hand() -> None:
    objective = SCHEMES["-1,1,0"]
    # fake: ((1+1)² + (3+1)²) / 2 = 10, real as before.
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(5.5)
    # (1² + 3²) / 2 = 5; half of it.
    assert objective.generator(FAKE).item() == pytest.approx(2.5)


def test_losses_are_means_so_that_repeating_a_batch_changes_nothing() -> None:
    objective = LeastSquares(0.2, 0.9, 0.7)
    once = objective.discriminator(REAL, FAKE)
    twice = objective.discriminator(REAL.repeat(2), FAKE.repeat(2))
    assert once.item() == pytest.approx(twice.item())
    assert objective.generator(FAKE).item() == pytest.approx(
        objective.generator(FAKE.repeat(2)).item()
    )


def test_pearson_scheme_fulfils_the_papers_condition() -> None:
    scheme = SCHEMES["-1,1,0"]
    assert (scheme.b - scheme.c, scheme.b - scheme.a) == (1, 2)


@pytest.mark.parametrize("objective", [Minimax(), NonSaturating()])
def test_a_sigmoids_cross_entropy_by_hand(objective: Minimax) -> None:
    # Scores log 3 and -log 3 are probabilities of 3/4 and 1/4; real ones are wanted at 1.
    sure, doubtful = torch.tensor([log(3.0)]), torch.tensor([-log(3.0)])
    right = objective.discriminator(sure, doubtful).item()
    assert right == pytest.approx(-log(3 / 4) - log(1 - 1 / 4), abs=1e-6)
    wrong = objective.discriminator(doubtful, sure).item()
    assert wrong == pytest.approx(-log(1 / 4) - log(1 - 3 / 4), abs=1e-6)
    assert objective.refusal(sure).item() == pytest.approx(-log(1 / 4), abs=1e-6)


def test_the_generators_of_minimax_and_non_saturating_by_hand() -> None:
    # A generated image of probability 1/4.
    scores = torch.tensor([-log(3.0)])
    assert Minimax().generator(scores).item() == pytest.approx(log(3 / 4), abs=1e-6)
    assert NonSaturating().generator(scores).item() == pytest.approx(-log(1 / 4), abs=1e-6)


def test_only_minimax_leaves_a_generator_that_is_found_out_without_a_gradient() -> None:
    slopes = {}
    for objective in (Minimax(), NonSaturating(), LeastSquares(0, 1, 1), Wasserstein()):
        scores = torch.tensor([-20.0], requires_grad=True)
        (slope,) = torch.autograd.grad(objective.generator(scores), scores)
        slopes[type(objective)] = slope.item()
    assert slopes == {
        Minimax: pytest.approx(-exp(-20), rel=1e-3),
        NonSaturating: pytest.approx(-1, rel=1e-3),
        LeastSquares: pytest.approx(-21),
        Wasserstein: -1,
    }


def test_wasserstein_by_hand() -> None:
    objective = Wasserstein()
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(2 - 1)
    assert objective.refusal(FAKE).item() == pytest.approx(2)
    assert objective.generator(FAKE).item() == pytest.approx(-2)


@pytest.mark.parametrize("objective", [Minimax(), NonSaturating(), Wasserstein()])
def test_huge_scores_do_not_overflow(objective: AdversarialLoss) -> None:
    huge = torch.tensor([1e4, -1e4])
    assert objective.discriminator(huge, huge).isfinite()
    assert objective.generator(huge).isfinite()


def test_r1_of_a_linear_score_is_its_squared_weight() -> None:
    weight = torch.tensor([3.0, 4.0])
    images = torch.randn(5, 1, 1, 2, requires_grad=True)
    scores = (images.view(5, 2) * weight).sum(dim=1)
    assert r1_penalty(scores, images).item() == pytest.approx(25.0)


def test_r1_of_a_pack_is_the_squared_norm_over_all_its_images() -> None:
    images = torch.ones(4, 1, 1, 1, requires_grad=True)
    scores = images.view(2, 2).square().sum(dim=1)  # two packs of two: the gradient is 2 everywhere
    assert r1_penalty(scores, images).item() == pytest.approx(8.0)


def test_r1_can_be_differentiated() -> None:
    weight = torch.tensor(3.0, requires_grad=True)
    images = torch.ones(2, 1, 1, 1, requires_grad=True)
    penalty = r1_penalty(weight * images.flatten(), images)
    (gradient,) = torch.autograd.grad(penalty, weight)
    assert gradient.item() == pytest.approx(6.0)  # d(w²)/dw


def test_the_gradient_penalty_of_a_linear_score_is_how_far_its_slope_is_from_one() -> None:
    weight = torch.tensor([3.0, 4.0])
    images = torch.randn(5, 1, 1, 2, requires_grad=True)
    scores = (images.view(5, 2) * weight).sum(dim=1)
    assert gradient_penalty(scores, images).item() == pytest.approx((5 - 1) ** 2)


@pytest.mark.parametrize("slope", [0.1, 1.0, 30.0])
def test_under_batch_normalisation_the_gradient_penalty_knows_nothing_of_the_slope(
    slope: float,
) -> None:
    """Normalised scores sum to zero, wherever images are: (0 - 1)² for any D. So recipes refuse."""
    images = torch.randn(6, 1, 1, 1, dtype=torch.float64, requires_grad=True)
    scores = slope * images.flatten()
    normalised = slope * (scores - scores.mean()) / scores.std(correction=0)
    assert gradient_penalty(normalised, images).item() == pytest.approx(1.0)
    assert gradient_penalty(scores, images).item() == pytest.approx((slope - 1) ** 2)


def test_the_gradient_penalty_is_a_mean_over_packs() -> None:
    # Two packs of two images: slopes of (1, 1) and (2, 2).
    images = torch.tensor([0.5, 0.5, 1.0, 1.0]).view(4, 1, 1, 1).requires_grad_()
    scores = images.view(2, 2).square().sum(dim=1)
    expected = ((sqrt(2) - 1) ** 2 + (sqrt(8) - 1) ** 2) / 2
    assert gradient_penalty(scores, images).item() == pytest.approx(expected)


def test_the_gradient_penalty_can_be_differentiated_and_has_no_hole_at_a_flat_score() -> None:
    for slope, expected in ((3.0, 2 * (3 - 1)), (0.0, 0.0)):
        weight = torch.tensor(slope, requires_grad=True)
        images = torch.ones(2, 1, 1, 1, requires_grad=True)
        penalty = gradient_penalty(weight * images.flatten(), images)
        (gradient,) = torch.autograd.grad(penalty, weight)
        assert gradient.item() == pytest.approx(expected)


def test_interpolates_lie_between_and_share_a_place_in_a_pack() -> None:
    real, fake = torch.full((4, 1, 2, 2), 10.0), torch.zeros(4, 1, 2, 2)
    between = interpolate(real, fake, torch.tensor([0.25, 1.0]))
    assert between[:, 0, 0, 0].tolist() == [2.5, 2.5, 10.0, 10.0]
    assert (between == between[:, :, :1, :1]).all()
