"""The networks of DCGAN (Radford et al., 2016) with a label: what the papers compare objectives on.

Their trials of stability take batch normalisation away from one network or both. Labels condition
them as they do the default networks: the generator's latent and Φ(y) are one vector, and the
discriminator adds a projection on Φ(y). With a single class that is DCGAN without labels. Pixels
lie in [-1, 1].
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_tools.glyphs.place import Place
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.models.layers import BatchNorm2d, exactly, normalise_apart

_FIRST_SIDE_PIXELS = 4
_SLOPE = 0.2
_INIT_STD = 0.02


def _initialise(module: nn.Module) -> None:
    """Weights ~ N(0, 0.02), as in the publication."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=_INIT_STD)


def map_widths(channels: int, size: int) -> list[int]:
    """Channels of the maps at 4 × 4, 8 × 8 and so on up to half of `size`."""
    doublings = (size // _FIRST_SIDE_PIXELS).bit_length() - 1
    return [channels * 2**stage for stage in reversed(range(doublings))]


def _norms(widths: Sequence[int], batch_norm: bool) -> nn.ModuleList:
    return nn.ModuleList(BatchNorm2d(width) if batch_norm else nn.Identity() for width in widths)


class DcganGenerator(nn.Module):
    """G(z, y) with a transposed convolution for each doubling of the side."""

    pixel_range = (-1.0, 1.0)
    places: Mapping[str, Place] = MappingProxyType({})

    def __init__(
        self,
        label_embedding: LabelEmbedding,
        latent_features: int,
        channels: int,
        *,
        size: int,
        image_channels: int,
        batch_norm: bool,
    ) -> None:
        """Build the network.

        Args:
            label_embedding: Φ.
            latent_features: length of z.
            channels: of the maps at half of `size`.
            size: side of an image in pixels, 4 · 2ⁿ.
            image_channels: 1 or 3.
            batch_norm: whether maps are normalised.
        """
        super().__init__()
        widths = map_widths(channels, size)
        self.latent_features = latent_features
        self.label_embedding = label_embedding
        condition_features = latent_features + label_embedding.features
        self.project = nn.Linear(condition_features, widths[0] * _FIRST_SIDE_PIXELS**2)
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in pairwise(widths)
        )
        self.norms = _norms(widths, batch_norm)
        self.to_pixels = nn.ConvTranspose2d(
            widths[-1], image_channels, kernel_size=4, stride=2, padding=1
        )
        self.apply(_initialise)

    def sample_latents(self, count: int, random: torch.Generator) -> Tensor:
        """Draw z ~ N(0, 1): (count, latent_features), on the device of `random`."""
        shape = (count, self.latent_features)
        return torch.randn(shape, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Draw images (B, C, S, S) in [-1, 1] from latents (B, latent_features) and labels (B,)."""
        condition = torch.cat([latents, self.label_embedding(labels)], dim=1)
        maps = self.project(condition).unflatten(1, (-1, _FIRST_SIDE_PIXELS, _FIRST_SIDE_PIXELS))
        maps = maps.contiguous(memory_format=torch.channels_last)
        maps = F.relu(self.norms[0](maps))
        for double, norm in zip(self.doublings, self.norms[1:], strict=True):
            maps = F.relu(norm(double(maps)))
        return torch.tanh(self.to_pixels(maps))


class DcganDiscriminator(nn.Module):
    """D(x, y) = w · m + Φ(y) · h / √n: m are the last maps, h their n means over positions."""

    pack_size = 1

    def __init__(
        self,
        label_embedding: LabelEmbedding,
        channels: int,
        *,
        size: int,
        image_channels: int,
        batch_norm: bool,
    ) -> None:
        """Build the network.

        Args:
            label_embedding: Φ, as long as the last maps have channels.
            channels: of the maps at half of `size`.
            size: side of an image in pixels, 4 · 2ⁿ.
            image_channels: 1 or 3.
            batch_norm: whether maps are normalised, all but the first.
        """
        super().__init__()
        widths = map_widths(channels, size)[::-1]
        self.label_embedding = label_embedding
        self.from_pixels = nn.Conv2d(image_channels, widths[0], kernel_size=4, stride=2, padding=1)
        self.halvings = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in pairwise(widths)
        )
        self.norms = _norms(widths[1:], batch_norm)
        self.to_score = nn.Linear(widths[-1] * _FIRST_SIDE_PIXELS**2, 1)
        self.apply(_initialise)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Score images (k·B, C, S, S), k batches that share the labels (B,): (k·B,).

        Each batch is normalised by statistics of its own.
        """
        batches = len(images) // len(labels)
        maps = images.contiguous(memory_format=torch.channels_last)
        maps = F.leaky_relu(self.from_pixels(maps), _SLOPE)
        for halve, norm in zip(self.halvings, self.norms, strict=True):
            maps = F.leaky_relu(normalise_apart(norm, halve(maps), batches), _SLOPE)
        return exactly(self._score, maps, self.label_embedding(labels).repeat(batches, 1))

    def _score(self, maps: Tensor, label_vectors: Tensor) -> Tensor:
        """w · m + Φ(y) · h / √n of maps (B, n, 4, 4) and label vectors (B, n): (B,)."""
        projection = (maps.mean(dim=(2, 3)) * label_vectors).sum(dim=1)
        scores: Tensor = self.to_score(maps.flatten(1)).squeeze(1)
        scaled: Tensor = projection / maps.shape[1] ** 0.5
        return scores + scaled
