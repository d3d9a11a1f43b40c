import pytest
import torch

from hanzi_lsgan.losses import SCHEMES, LeastSquares, r1_penalty

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
