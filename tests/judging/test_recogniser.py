from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from hanzi_lsgan.judging.recogniser import (
    FEATURES,
    Recogniser,
    draw_variations,
    read_glyphs,
    read_log_posteriors,
    to_ink,
    train_recogniser,
    vary,
)


def bars(labels: Tensor, size: int) -> Tensor:
    """Glyphs (B, 1, S, S) uint8: a horizontal bar, a vertical one, or a diagonal one."""
    kinds = np.full((3, size, size), 255, np.uint8)
    middle = slice(size // 2 - 2, size // 2 + 2)
    kinds[0, middle], kinds[1, :, middle] = 0, 0
    for offset in range(-2, 3):
        kinds[2] -= np.eye(size, k=offset, dtype=np.uint8) * 255
    return torch.from_numpy(kinds)[labels].unsqueeze(1)


def batches(size: int) -> Iterator[tuple[Tensor, Tensor]]:
    random = torch.Generator().manual_seed(0)
    while True:
        labels = torch.randint(0, 3, (32,), generator=random)
        yield bars(labels, size), labels


@pytest.mark.parametrize("size", [28, 32])
def test_a_recogniser_learns_to_tell_bars_apart(size: int) -> None:
    seen: list[int] = []
    recogniser = train_recogniser(
        batches(size), classes=3, size=size, steps=30, on_images=seen.append
    )
    assert seen == list(range(32, 32 * 30 + 1, 32))
    features, guesses = read_glyphs(recogniser, bars(torch.arange(3), size)[:, 0].numpy())
    assert features.shape == (3, FEATURES)
    assert guesses.shape == (3, 3)  # five guesses where there are so many classes
    assert guesses[:, 0].tolist() == [0, 1, 2]
    posteriors = read_log_posteriors(recogniser, bars(torch.arange(3), size)[:, 0].numpy())
    assert np.exp(posteriors).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert posteriors.argmax(axis=1).tolist() == [0, 1, 2]
    # Labels are smoothed by a tenth: the surest answer is 0.9 + 0.1 / 3.
    assert np.exp(posteriors).max() == pytest.approx(0.933, abs=0.1)


@pytest.mark.parametrize("size", [28, 32, 48, 64, 96, 128])
def test_every_size_of_a_store_can_be_read(size: int) -> None:
    recogniser = Recogniser(7, size).eval()
    images = np.full((2, size, size), 255, np.uint8)
    features, guesses = read_glyphs(recogniser, images)
    assert features.shape == (2, FEATURES)
    assert sorted(guesses[0]) == sorted(set(guesses[0]))
    assert guesses.shape == (2, 5)


def test_a_reading_does_not_depend_on_the_batch() -> None:
    torch.manual_seed(0)
    recogniser = Recogniser(7, 32).eval()
    images = np.random.default_rng(0).integers(0, 256, (300, 32, 32), dtype=np.uint8)
    together, _ = read_glyphs(recogniser, images)
    alone, _ = read_glyphs(recogniser, images[299:])
    assert together[299:] == pytest.approx(alone, abs=1e-5)


def test_the_same_seed_trains_the_same_recogniser() -> None:
    trained = [
        train_recogniser(batches(32), classes=3, size=32, steps=3, seed=seed).state_dict()
        for seed in (0, 0, 1)
    ]
    first, again, other = [state["classify.weight"] for state in trained]
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_leaves_torchs_random_state_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_recogniser(batches(32), classes=3, size=32, steps=1)
    assert torch.equal(torch.rand(3), expected)


def test_paper_is_no_ink() -> None:
    assert to_ink(torch.tensor([255, 0, 51])).tolist() == pytest.approx([0, 1, 0.8])


def test_variations_keep_paper_and_move_ink_a_little() -> None:
    random = torch.Generator().manual_seed(0)
    assert vary(torch.zeros(4, 1, 32, 32), draw_variations(4, random)).abs().max() == 0
    ink = torch.zeros(64, 1, 32, 32)
    ink[:, :, 12:20, 12:20] = 1
    varied = vary(ink, draw_variations(64, random))
    assert varied.min() >= 0
    assert varied.max() <= 1 + 1e-6
    assert not torch.equal(varied[0], varied[1])
    # A block of 8 x 8 in the middle stays about as large and near the middle, whatever the hand.
    assert ((varied.sum(dim=(1, 2, 3)) > 64 / 2) & (varied.sum(dim=(1, 2, 3)) < 64 * 2)).all()
    assert varied[:, :, :5].sum() == 0
    repeated = [vary(ink, draw_variations(64, torch.Generator().manual_seed(5))) for _ in "12"]
    assert torch.equal(*repeated)
