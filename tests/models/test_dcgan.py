import pytest
import torch
import torch.nn.functional as F
from torch import nn

from data_tools.errors import UserError
from hanzi_lsgan.models import build_discriminator, build_generator
from hanzi_lsgan.models.dcgan import DcganDiscriminator, DcganGenerator, map_widths
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.recipe import load_recipe


@pytest.mark.parametrize("normalisation", ["batch", "none"])
@pytest.mark.parametrize(("size", "image_channels"), [(32, 3), (64, 1)])
def test_every_size_colour_and_normalisation_draws_and_scores(
    size: int, image_channels: int, normalisation: str
) -> None:
    overrides = [f"model.size={size}", f"model.image_channels={image_channels}"]
    overrides += [
        f"model.{of}_normalisation={normalisation}" for of in ("generator", "discriminator")
    ]
    model = load_recipe("dcgan32", [*overrides, "model.channels=8"]).model
    generator, discriminator = build_generator(model, "一二"), build_discriminator(model, "一二")
    labels = torch.tensor([0, 1, 1])
    images = generator(generator.sample_latents(3, torch.Generator()), labels)
    assert images.shape == (3, image_channels, size, size)
    assert images.abs().max() <= 1
    assert discriminator(torch.cat([images, images]), labels).shape == (6,)
    for network in (generator, discriminator):
        norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        assert bool(norms) == (normalisation == "batch")


def test_maps_halve_and_channels_double() -> None:
    assert map_widths(64, 32) == [256, 128, 64]
    assert map_widths(64, 64) == [512, 256, 128, 64]


def small_discriminator(batch_norm: bool) -> DcganDiscriminator:
    torch.manual_seed(0)
    embedding = LabelEmbedding(3, features=16, std=1.0)
    return DcganDiscriminator(embedding, 8, size=16, image_channels=1, batch_norm=batch_norm)


def test_the_score_is_a_linear_one_and_a_projection_on_the_label() -> None:
    network = small_discriminator(batch_norm=False)
    images, labels = torch.randn(4, 1, 16, 16), torch.tensor([0, 1, 2, 0])
    (halve,) = network.halvings
    maps = F.leaky_relu(halve(F.leaky_relu(network.from_pixels(images), 0.2)), 0.2)
    phi = network.label_embedding.table.weight[labels] + network.label_embedding.bias
    linear = maps.flatten(1) @ network.to_score.weight[0] + network.to_score.bias
    # 16 features, so that the projection is divided by 4.
    expected = linear + (phi * maps.mean(dim=(2, 3))).sum(dim=1) / 4
    torch.testing.assert_close(network(images, labels), expected)


def test_real_and_generated_are_normalised_apart() -> None:
    network = small_discriminator(batch_norm=True)
    real, fake = torch.randn(4, 1, 16, 16), torch.randn(4, 1, 16, 16) * 0.1
    labels = torch.tensor([0, 1, 2, 0])
    together = network(torch.cat([real, fake]), labels)
    apart = torch.cat([network(real, labels), network(fake, labels)])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)


def test_images_depend_on_latent_and_label() -> None:
    torch.manual_seed(0)
    embedding = LabelEmbedding(2, features=8, std=1.0)
    network = DcganGenerator(embedding, 8, 8, size=16, image_channels=1, batch_norm=False)
    latents = torch.randn(2, 8)
    images = network(latents[[0, 0, 1]], torch.tensor([0, 1, 0]))
    assert not torch.allclose(images[0], images[1])
    assert not torch.allclose(images[0], images[2])


def test_what_only_the_default_networks_can_is_refused() -> None:
    with pytest.raises(UserError, match="wrong_label_weight must be 0"):
        load_recipe("dcgan32", ["objective.wrong_label_weight=1"])
    with pytest.raises(UserError, match="reading_weight must be 0 for images with colours"):
        load_recipe("dcgan32", ["objective.reading_weight=1", "model.image_channels=3"])
