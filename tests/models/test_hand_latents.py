"""Latents of one hand: what stays of it from character to character, and what does not."""

import pytest
import torch

from hanzi_lsgan.models.hand_latents import DEPARTURE, stray

HAND, DRAWS = torch.full((6,), 2.0), torch.full((3, 6), -1.0)


@pytest.mark.parametrize(
    ("departure", "habits", "noise"),
    [
        (0.0, 2.0, 2.0),
        # √(1 - 0.3²) · 2 - 0.3, and as far as it goes
        (DEPARTURE, 1.6079, -1.0),
        # √(1 - 0.15²) · 2 - 0.15, and √(1 - 0.5²) · 2 - 0.5
        (DEPARTURE / 2, 1.8274, 1.2321),
        (1.0, -1.0, -1.0),
    ],
)
def test_forms_stay_habits_stray_and_noise_is_soon_another(
    departure: float, habits: float, noise: float
) -> None:
    latents = stray(HAND, DRAWS, forms=1, noise=2, departure=departure)
    expected = torch.tensor([2.0, habits, habits, habits, noise, noise]).expand(3, -1)
    torch.testing.assert_close(latents, expected, rtol=0, atol=1e-4)
