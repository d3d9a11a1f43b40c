"""The picture of a character that a generator looks at: bent, and shown to its coarse stages."""

import pytest
import torch

from hanzi_lsgan.models import build_generator
from hanzi_lsgan.models.glyph_picture import GlyphGuide, bend
from hanzi_lsgan.recipe import load_recipe

PICTURES = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def displacements(right: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """The same field of P × P points for both pictures: (2, 2, P, P)."""
    return torch.stack([right, below]).repeat(2, 1, 1, 1)


def test_no_displacement_leaves_a_picture_as_it_is() -> None:
    torch.testing.assert_close(bend(PICTURES, torch.zeros(2, 2, 4, 4)), PICTURES)


def test_equal_displacements_shift_a_picture() -> None:
    """Three pixels of 32 are 6 / 32 of half a side; what comes from beyond the edge is the edge."""
    none = torch.zeros(4, 4)
    shifted = bend(PICTURES, displacements(none + 6 / 32, none))
    torch.testing.assert_close(shifted[..., :29], PICTURES[..., 3:], rtol=0, atol=1e-5)
    edge = PICTURES[..., 31:].expand(-1, -1, -1, 3)
    torch.testing.assert_close(shifted[..., 29:], edge, rtol=0, atol=1e-5)


def test_displacements_that_grow_across_the_picture_mirror_it() -> None:
    """Ink at height v comes from v - 2v = -v; the outermost points are at v = ±31 / 32."""
    heights = torch.linspace(-31 / 32, 31 / 32, 4).unsqueeze(1).expand(4, 4)
    mirrored = bend(PICTURES, displacements(torch.zeros(4, 4), -2 * heights))
    torch.testing.assert_close(mirrored, PICTURES.flip(2), rtol=0, atol=1e-4)


def test_fields_of_different_fineness_add_up() -> None:
    """One and two pixels make the three of the test above."""
    coarse = displacements(torch.full((4, 4), 2 / 32), torch.zeros(4, 4))
    fine = displacements(torch.full((8, 8), 4 / 32), torch.zeros(8, 8))
    shifted = bend(PICTURES, coarse, fine)
    torch.testing.assert_close(shifted[..., :29], PICTURES[..., 3:], rtol=0, atol=1e-5)


def noisy_guide() -> GlyphGuide:
    """A guide that sees pictures and noise as they are, a quarter of a pixel bent by the latter."""
    guide = GlyphGuide(condition_features=3, first_side=4, channels=[68, 20, 8, 2], noise_points=2)
    torch.nn.init.zeros_(guide.to_displacements.weight)
    for convolution in guide.convolutions:
        assert isinstance(convolution, torch.nn.Conv2d)
        torch.nn.init.dirac_(convolution.weight)
    return guide


def test_noise_moves_the_ink_of_one_place_and_is_seen_there() -> None:
    """Of 2 × 2 places the last has noise: the edges where it has none stay as they are."""
    guide = noisy_guide()
    noise = torch.zeros(2, 4, 2, 2)
    noise[:, :, 1, 1] = 1
    (_, _, still), (_, _, moved) = (
        guide(PICTURES, torch.ones(2, 3), drawn.flatten(1)) for drawn in (0 * noise, noise)
    )
    changed = (moved - still)[:, 0].abs().amax(dim=0)  # of every second pixel, from the first on
    assert changed[0].amax() == changed[:, 0].amax() == 0
    assert changed[1:, 1:].amin() > 0
    # What is seen rises from nothing at the first place to 1 at the last.
    rise = torch.linspace(0, 1, 16)
    torch.testing.assert_close(moved[0, 4], rise[:, None] * rise)


def test_a_hand_says_how_far_noise_moves_ink() -> None:
    """Noise of 1 everywhere shifts by 0.03 of half a side, and by what the condition adds to it."""
    guide = noisy_guide()
    everywhere = torch.cat([torch.ones(2, 4), torch.zeros(2, 12)], dim=1)  # to the right alone
    torch.nn.init.constant_(guide.to_straying.weight, 1 / 3)
    far = 6 / 32 / 0.03 - 1
    (_, _, moved) = guide(PICTURES, torch.full((2, 3), far), everywhere)
    # Three pixels: even columns are those that were odd, three further on.
    torch.testing.assert_close(moved[:, 0, :, :14], PICTURES[:, 0, 0::2, 3:31:2], rtol=0, atol=1e-4)


def test_coarse_stages_see_all_of_the_picture_and_fine_ones_nothing() -> None:
    guide = GlyphGuide(condition_features=3, first_side=4, channels=[64, 16, 4, 2, 2])
    torch.nn.init.zeros_(guide.to_displacements.weight)
    for convolution in guide.convolutions:
        assert isinstance(convolution, torch.nn.Conv2d)
        torch.nn.init.dirac_(convolution.weight)
    maps = guide(PICTURES, torch.ones(2, 3), torch.empty(2, 0))
    assert [tuple(stage.shape) for stage in maps] == [(2, 64, 4, 4), (2, 16, 8, 8), (2, 4, 16, 16)]
    # Every second pixel is one of four channels at half the side, and so on.
    torch.testing.assert_close(maps[2][:, 1], PICTURES[:, 0, 0::2, 1::2])
    torch.testing.assert_close(maps[0][:, 63], PICTURES[:, 0, 7::8, 7::8])


@pytest.mark.parametrize("kind", ["learned", "glyph"])
def test_only_a_glyph_model_looks_at_pictures(kind: str) -> None:
    recipe = load_recipe("quick32", [f"model.label_embedding={kind}"])
    names = build_generator(recipe.model, "一二").state_dict()
    assert any("guide" in name for name in names) == (kind == "glyph")
