import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hanzi_lsgan.models import build_discriminator, build_generator
from hanzi_lsgan.models.label_embedding import GlyphEmbedding, LabelEmbedding
from hanzi_lsgan.models.layers import ConditionalBatchNorm2d, combine_moments
from hanzi_lsgan.models.paper import (
    ConstantMapConvolution,
    PaperDiscriminator,
    PaperGenerator,
    TransposedConvolution,
)
from hanzi_lsgan.models.projection import ProjectionDiscriminator, ProjectionGenerator
from hanzi_lsgan.recipe import load_recipe

PAPER_CLASSES = 3740


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small_paper_discriminator() -> PaperDiscriminator:
    torch.manual_seed(1)
    network = PaperDiscriminator(classes=7)
    for parameter in network.parameters():  # zero biases would hide a forgotten one
        torch.nn.init.normal_(parameter, std=0.1)
    return network


def plain_scores(network: PaperDiscriminator, images: Tensor, labels: Tensor) -> Tensor:
    """The original written down plainly: Φ(y) as maps, concatenated and convolved."""
    label_vectors = network.label_embedding(labels)
    maps = F.leaky_relu(network.conv1(F.pad(images, (1, 2, 1, 2))), 0.2)
    label_maps = label_vectors[:, :, None, None].expand(-1, -1, 14, 14)
    maps = network.conv2(F.pad(torch.cat([maps, label_maps], dim=1), (1, 2, 1, 2)))
    maps = F.leaky_relu(network.conv2_norm(maps), 0.2)
    hidden = network.linear(torch.cat([maps.flatten(1), label_vectors], dim=1))
    hidden = F.leaky_relu(network.linear_norm(hidden), 0.2)
    scores: Tensor = network.to_score(torch.cat([hidden, label_vectors], dim=1))
    return scores.squeeze(1)


def test_paper_networks_have_the_originals_size() -> None:
    # 3740·256+256 for Φ, then layer by layer as in the authors' program.
    assert parameters(PaperGenerator(PAPER_CLASSES)) == 9_417_857
    assert parameters(PaperDiscriminator(PAPER_CLASSES)) == 21_392_155


def assert_equal_with_gradients(fast: Tensor, plain: Tensor, inputs: list[Tensor]) -> None:
    torch.testing.assert_close(fast, plain)
    direction = torch.randn_like(plain)
    plain_gradients = torch.autograd.grad((plain * direction).sum(), inputs)
    fast_gradients = torch.autograd.grad((fast * direction).sum(), inputs)
    torch.testing.assert_close(fast_gradients, plain_gradients)


def test_constant_maps_are_convolved_exactly() -> None:
    torch.manual_seed(0)
    values = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    maps = values[:, :, None, None].expand(-1, -1, 14, 14)
    plain = F.conv2d(F.pad(maps, (1, 2, 1, 2)), weight, stride=2)
    assert_equal_with_gradients(ConstantMapConvolution()(values, weight), plain, [values, weight])


def test_a_transposed_convolution_in_phases_is_exact() -> None:
    torch.manual_seed(0)
    maps = torch.randn(2, 4, 7, 7, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, dtype=torch.float64, requires_grad=True)
    plain = F.conv_transpose2d(maps, weight, bias, stride=2, padding=1)[:, :, :14, :14]
    fast = TransposedConvolution()(maps, weight, bias)
    assert_equal_with_gradients(fast, plain, [maps, weight, bias])


def test_paper_discriminator_equals_a_plain_port_in_outputs_and_gradients() -> None:
    network = small_paper_discriminator().double()
    images = torch.rand(6, 1, 28, 28, dtype=torch.float64)
    labels = torch.tensor([0, 6, 3, 3, 1, 5])
    plain = plain_scores(network, images, labels)
    plain_gradients = torch.autograd.grad(plain.square().sum(), list(network.parameters()))
    scores = network(images, labels)
    gradients = torch.autograd.grad(scores.square().sum(), list(network.parameters()))
    torch.testing.assert_close(scores, plain)
    torch.testing.assert_close(gradients, plain_gradients)


def test_paper_discriminator_normalises_real_and_generated_apart() -> None:
    network = small_paper_discriminator()
    real, fake = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28) * 0.1
    labels = torch.tensor([0, 1, 2, 3])
    together = network(torch.cat([real, fake]), labels)
    apart = torch.cat([network(real, labels), network(fake, labels)])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)


def test_paper_generator_follows_same_padding() -> None:
    """Pixel (r, c) of a transposed convolution sees inputs i with 2i - 1 <= r <= 2i + 3."""
    network = PaperGenerator(classes=2)
    torch.nn.init.zeros_(network.to_pixels.weight)
    torch.nn.init.zeros_(network.deconv.weight)
    with torch.no_grad():
        network.to_pixels.weight[0, 0, 0, 0] = 1.0  # the first tap: pixel 2i - 1 from input i
        network.deconv_norm.bias[0] = 5.0  # every input of the last layer is 5
    image = network.eval()(torch.zeros(1, 1024), torch.tensor([0]))[0, 0]
    lit = image > 0.9
    assert lit[1, 1]
    assert not lit[0].any()
    assert not lit[2].any()
    assert int(lit.sum()) == 13 * 13  # inputs 1 to 13 reach pixels 1, 3 … 25


@pytest.mark.parametrize("name", ["paper28", "quick32", "hwdb64", "glyph64", "dcgan32"])
def test_networks_of_every_recipe_fit_together(name: str) -> None:
    model = load_recipe(name).model
    generator, discriminator = (
        build_generator(model, "一二三"),
        build_discriminator(model, "一二三"),
    )
    labels = torch.arange(2).repeat_interleave(4)
    images = generator(generator.sample_latents(8, torch.Generator()), labels)
    assert images.shape == (8, 1, model.size, model.size)
    low, high = generator.pixel_range
    assert low <= images.min()
    assert images.max() <= high
    scores = discriminator(torch.cat([images, images]), labels)
    assert scores.shape == (16 // discriminator.pack_size,)


def test_white_is_reached_and_never_passed() -> None:
    network = ProjectionGenerator(LabelEmbedding(1, 4, std=1.0), 4, channels=[4, 4]).eval()
    torch.nn.init.zeros_(network.to_pixels.weight)
    assert network.to_pixels.bias is not None
    torch.nn.init.constant_(network.to_pixels.bias, 2.0)  # tanh 2 = 0.964
    images = network(torch.zeros(1, 4), torch.zeros(1, dtype=torch.int64))
    assert (images == 1).all()


@pytest.mark.parametrize("name", ["quick32", "glyph64"])
def test_a_spread_of_1_5_draws_a_latent_as_1_5_times_as_long_a_one(name: str) -> None:
    """Through every layer that sees the latent: first map, norms, and what bends the picture."""
    torch.manual_seed(0)
    network = build_generator(load_recipe(name).model, "一二三").eval()
    assert isinstance(network, ProjectionGenerator)
    for parameter in network.parameters():  # fresh scales and shifts are too small to be seen
        torch.nn.init.normal_(parameter, std=0.05)
    latents, labels = torch.randn(3, network.latent_features), torch.arange(3)
    wide = copy.deepcopy(network)
    wide.spread_latents(1.5)
    with torch.no_grad():
        assert not torch.allclose(wide(latents, labels), network(latents, labels), atol=1e-2)
        torch.testing.assert_close(
            wide(latents, labels), network(1.5 * latents, labels), rtol=1e-3, atol=1e-3
        )


def test_latents_follow_the_papers_distribution_and_the_seed() -> None:
    generator = PaperGenerator(classes=1)
    latents = generator.sample_latents(64, torch.Generator().manual_seed(3))
    assert latents.shape == (64, 1024)
    assert -1 <= latents.min() < -0.99
    assert 0.99 < latents.max() <= 1
    again = generator.sample_latents(64, torch.Generator().manual_seed(3))
    torch.testing.assert_close(latents, again, rtol=0, atol=0)


def test_a_packs_score_depends_on_all_its_images_and_on_no_other() -> None:
    torch.manual_seed(0)
    network = ProjectionDiscriminator(
        LabelEmbedding(3, 16, std=1.0), pack_size=2, channels=[8, 8, 8]
    )
    images = torch.randn(4, 1, 16, 16)
    labels = torch.tensor([0, 0, 2, 2])
    before = network(images, labels)
    images[1] += 1  # the second image of the first pack
    after = network(images, labels)
    assert after[0] != before[0]
    torch.testing.assert_close(after[1], before[1])


def test_a_packs_score_depends_on_its_label() -> None:
    torch.manual_seed(0)
    network = ProjectionDiscriminator(
        LabelEmbedding(3, 16, std=1.0), pack_size=2, channels=[8, 8, 8]
    )
    images = torch.randn(2, 1, 16, 16)
    assert network(images, torch.tensor([0, 0])) != network(images, torch.tensor([1, 1]))


@pytest.mark.parametrize("pictures", [True, False])
def test_a_discriminator_may_see_what_a_character_looks_like(pictures: bool) -> None:
    """Where Φ(y) says nothing, pictures alone tell packs of one label from those of another."""
    torch.manual_seed(0)
    embedding = GlyphEmbedding("一二", 16)
    network = ProjectionDiscriminator(embedding, 2, [8, 8, 8, 8], sees_pictures=pictures)
    torch.nn.init.zeros_(embedding.projection.weight)
    images = torch.randn(2, 1, 32, 32)
    first, second = (network(images, torch.tensor([label, label])) for label in (0, 1))
    assert bool(first != second) == pictures


@pytest.mark.parametrize("name", ["quick32", "glyph64"])
def test_packs_under_wrong_labels_have_the_scores_that_these_labels_give(name: str) -> None:
    torch.manual_seed(0)
    model = load_recipe(name, ["model.pack_size=2"]).model
    network = build_discriminator(model, "一二三")
    images = torch.randn(8, 1, model.size, model.size)  # two batches
    labels, wrong = torch.tensor([0, 0, 2, 2]), torch.tensor([1, 0])
    scores = network(images, labels, wrong)
    torch.testing.assert_close(scores[:4], network(images, labels))
    torch.testing.assert_close(scores[4:], network(images[:4], wrong.repeat_interleave(2)))


def test_a_packs_score_is_a_linear_one_and_a_projection_over_the_root_of_its_length() -> None:
    """D = w · h + b + Φ(y) · h / √n, h being n = 9 features: the projection counts a third."""
    torch.manual_seed(0)
    embedding = LabelEmbedding(3, 9, std=1.0)
    network = ProjectionDiscriminator(embedding, pack_size=2, channels=[8, 8])
    features: list[Tensor] = []
    network.to_score.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    labels = torch.tensor([0, 0, 2, 2])
    scores = network(torch.randn(4, 1, 8, 8), labels)
    weight, bias = network.to_score.weight[0], network.to_score.bias
    vectors = embedding.table.weight[[0, 2]] + embedding.bias
    expected = features[0] @ weight + bias + (features[0] * vectors).sum(dim=1) / 3
    torch.testing.assert_close(scores, expected)


def test_conditional_batch_norm_by_hand() -> None:
    layer = ConditionalBatchNorm2d(channels=1, condition_features=1)
    with torch.no_grad():
        layer.scale_and_shift.weight.copy_(torch.tensor([[2.0], [0.0]]))
        layer.scale_and_shift.bias.copy_(torch.tensor([0.0, 10.0]))
    maps = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)  # mean 0, variance 1
    out = layer(maps, torch.tensor([[0.0], [1.0]])).flatten()
    # The first: (1 + 0)·(-1) + 10; the second: (1 + 2)·1 + 10.
    torch.testing.assert_close(out, torch.tensor([9.0, 13.0]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("level", [5.0, 7.3, 10.0, -1000.0])
def test_moments_of_parts_are_those_of_the_whole(level: float) -> None:
    """A channel that hardly varies keeps its variance, in float32 too."""
    rng = np.random.default_rng(0)
    parts = level + rng.normal(size=(4, 64, 3)) * [0, 1e-3, 1]
    single = torch.tensor(parts, dtype=torch.float32)
    exact = single.double().numpy().reshape(-1, 3)
    mean, variance = combine_moments(single.mean(dim=1), single.var(dim=1, correction=0))
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-6)
    assert (variance >= 0).all()
    np.testing.assert_allclose(variance[1:], exact.var(axis=0)[1:], rtol=0.01)
    assert variance[0] <= (1e-6 * level) ** 2
