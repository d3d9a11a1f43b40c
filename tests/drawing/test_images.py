import numpy as np
import pytest
import torch
from torch import Tensor

from hanzi_lsgan.drawing.images import draw_class, draw_classes, draw_images, draw_latents
from hanzi_lsgan.models import build_generator, noise_of, take_hand
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from hanzi_lsgan.recipe import load_recipe
from tests.tiny import OVERRIDES, tiny_generator

_CLASSES = 40


@pytest.mark.parametrize("count", [1, 3, 70])
def test_many_characters_are_drawn_as_each_by_itself(count: int) -> None:
    torch.manual_seed(0)
    generator = tiny_generator(_CLASSES)
    labels = list(range(_CLASSES))[::-1]
    batches = list(draw_classes(generator, labels, count, seed=5))
    together = np.concatenate(batches)
    apart = np.concatenate([draw_class(generator, label, count, seed=5) for label in labels])
    assert together.shape == (count * _CLASSES, 32, 32)
    # To a grey level: sums are taken in another order in a batch of another size.
    np.testing.assert_allclose(together.astype(int), apart.astype(int), atol=1)
    assert len(np.unique(together, axis=0)) == len(together)
    assert max(map(len, batches)) <= 64


def test_few_samples_of_many_characters_make_full_batches() -> None:
    batches = list(draw_classes(tiny_generator(_CLASSES), range(_CLASSES), 3, seed=0))
    assert [len(batch) for batch in batches] == [63, 57]


def test_each_character_of_a_hand_has_noise_at_places_of_its_own() -> None:
    settings = ["model.label_embedding=glyph", "model.hands=4", "model.noise_points=2"]
    model = load_recipe("quick32", [*OVERRIDES, *settings]).model
    generator = build_generator(model, "一二三").eval()
    seen: list[Tensor] = []

    def draw(latents: Tensor, labels: list[int]) -> Tensor:
        list(draw_images(generator, latents, labels))
        return seen[-1]

    generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    latents = draw_latents(generator, 2, seed=1)
    noise = noise_of(generator)
    assert noise == 16
    drawn = draw(latents, [0, 1, 2])
    hands = drawn.view(2, 3, -1)
    assert torch.equal(hands[..., :-noise], latents[:, None, :-noise].expand(2, 3, -1))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(hands[:, one, -noise:], hands[:, other, -noise:])
    lot = latents[:, None, -noise:].expand(2, 3, -1)
    assert torch.equal(hands[..., -noise:].sort().values, lot.sort().values)
    # It is the character's, whatever else is drawn and whichever label it has.
    assert torch.equal(draw(latents[1:], [2])[0], hands[1, 2])
    assert isinstance(generator.label_embedding, GlyphEmbedding)
    generator.label_embedding.relabel("三二")
    assert torch.equal(draw(latents, [0]), hands[:, 2])
    # One person's noise has been learned with the rest of the hand.
    take_hand(generator, latents[0])
    assert torch.equal(draw(latents, [0, 1]), latents.repeat_interleave(2, dim=0))


@pytest.mark.parametrize("width", [8, 100, 128])
def test_of_more_latents_the_first_are_the_same(width: int) -> None:
    recipe = load_recipe("quick32", [*OVERRIDES, f"model.latent_features={width}"])
    generator = build_generator(recipe.model, "一二").eval()
    many = draw_latents(generator, 40, 5)
    for count in (1, 2, 16, 17):
        assert torch.equal(draw_latents(generator, count, 5), many[:count])
