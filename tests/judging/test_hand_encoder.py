"""How alike hands are, on made-up directions and on hands that are known to be two."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from data_tools.fonts.simulated_hand import write_glyph
from data_tools.glyphs.fit import GlyphOptions
from hanzi_lsgan.judging.hand_encoder import (
    HandEncoder,
    HandJudge,
    Role,
    load_hand_encoder,
    load_hand_judge,
)

CPU = torch.device("cpu")


class _Directions(HandEncoder):
    """Says of each glyph what its first pixels are."""

    def describe(self, ink: Tensor) -> Tensor:
        return ink[:, 0, 0, :3]


def glyphs(*directions: tuple[float, float, float]) -> Tensor:
    ink = torch.zeros(len(directions), 1, 4, 4)
    ink[:, 0, 0, :3] = torch.tensor(directions)
    return ink


def test_distances_are_those_of_directions() -> None:
    """The person writes along x, another along y; what is drawn lies between, or at either."""
    judge = HandJudge(_Directions(), torch.tensor([[[0.0, 1.0, 0.0]] * 2]))
    own = glyphs((1, 0, 0), (1, 0, 0))
    likeness = judge.compare(glyphs((0.6, 0.8, 0), (0, 1, 0), (1, 0, 0), (0.8, 0.6, 0)), own)
    assert likeness.own_attributed == 1
    assert likeness.attributed == 0.5
    assert likeness.own_distance == pytest.approx(0, abs=1e-6)
    assert likeness.other_distance == pytest.approx(1)
    distance = (0.4 + 1 + 0 + 0.2) / 4
    assert likeness.distance == pytest.approx(distance, abs=1e-6)
    assert likeness.way == pytest.approx(1 - distance, abs=1e-6)


def test_each_of_the_persons_own_is_compared_with_the_others() -> None:
    judge = HandJudge(_Directions(), torch.tensor([[[0.0, 0.0, 1.0]] * 2]))
    half = math.sqrt(0.5)
    likeness = judge.compare(glyphs((1, 0, 0)), glyphs((1, 0, 0), (0, 1, 0), (0, 1, 0)))
    # The first beside two along y; the others each beside one along x and one along y.
    assert likeness.own_distance == pytest.approx((1 + 2 * (1 - half)) / 3, abs=1e-6)


@pytest.mark.parametrize("role", get_args(Role))
def test_the_encoders_that_come_along_tell_hands_apart(role: Role) -> None:
    """Each of six writers' glyphs are nearer to each other than to the glyphs of any other."""
    encoder = load_hand_encoder(role, CPU)
    options = GlyphOptions(64, "aspect", 2)
    text = "永和九年天地"
    written = [[write_glyph(c, writer, options) for c in text] for writer in range(70, 76)]
    ink = 1 - torch.from_numpy(np.array(written)).float() / 255
    directions = encoder.describe(ink.view(-1, 1, 64, 64))
    assert torch.allclose(directions.norm(dim=1), torch.ones(36), atol=1e-4)
    cosines = (directions @ directions.T).fill_diagonal_(0).view(6, 6, 6, 6).sum(dim=(1, 3))
    own, others = cosines.diagonal() / 30, cosines.clone().fill_diagonal_(-36) / 36
    assert (own > others.amax(dim=1)).all()


def test_the_judge_knows_nineteen_other_hands() -> None:
    judge = load_hand_judge(CPU)
    assert len(judge.others) == 19
    assert torch.allclose(judge.others.norm(dim=2), torch.ones(judge.others.shape[:2]), atol=1e-3)
