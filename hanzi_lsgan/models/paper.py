"""The original networks: conditional LSGAN at 28 × 28 (Mao et al., ICCV 2017, section 4.4).

Layer by layer as in the authors' program: TensorFlow's SAME padding, batch normalisation over real
and generated images apart, weights from N(0, 0.02). Pixels lie in [0, 1].
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_tools.glyphs.place import Place
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.models.layers import BatchNorm1d, BatchNorm2d, exactly, normalise_apart

LATENT_FEATURES = 1024
LABEL_FEATURES = 256
INIT_STD = 0.02
_SLOPE = 0.2
_KERNEL = 5

# A stride of 2 with SAME padding pads one row above and two below: output row i reads input rows
# 2i - 1 to 2i + 3.
_PADDING = (1, 2, 1, 2)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=INIT_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class PaperGenerator(nn.Module):
    """G(z, y): 9.42 M parameters at 3,740 classes, 28.7 M multiply-adds in the original."""

    pixel_range = (0.0, 1.0)
    places: Mapping[str, Place] = MappingProxyType({})

    def __init__(self, classes: int, kinds: int = 1) -> None:
        super().__init__()
        self.label_embedding = LabelEmbedding(classes, LABEL_FEATURES, INIT_STD, kinds)
        self.project = nn.Linear(LATENT_FEATURES + LABEL_FEATURES, 128 * 7 * 7)
        self.project_norm = BatchNorm1d(128 * 7 * 7)
        self.deconv = nn.ConvTranspose2d(128, 128, _KERNEL, stride=2, padding=1)
        self.deconv_norm = BatchNorm2d(128)
        self.to_pixels = nn.ConvTranspose2d(128, 1, _KERNEL, stride=2, padding=1)
        self.transposed = TransposedConvolution()
        self.apply(_initialise)

    def sample_latents(self, count: int, random: torch.Generator) -> Tensor:
        """Draw z ~ U(-1, 1): (count, 1024), on the device of `random`."""
        return torch.rand(count, LATENT_FEATURES, generator=random, device=random.device) * 2 - 1

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Draw images (B, 1, 28, 28) in [0, 1] from latents (B, 1024) and labels (B,)."""
        hidden = torch.cat([latents, self.label_embedding(labels)], dim=1)
        hidden = F.relu(self.project_norm(self.project(hidden)))
        maps = hidden.view(-1, 128, 7, 7).contiguous(memory_format=torch.channels_last)
        maps = self.transposed(maps, self.deconv.weight, self.deconv.bias)
        maps = F.relu(self.deconv_norm(maps))
        # Undoing SAME padding makes one row and one column too many, which are cut.
        return torch.sigmoid(self.to_pixels(maps)[:, :, :28, :28])


class PaperDiscriminator(nn.Module):
    """D(x, y): 21.39 M parameters at 3,740 classes.

    Φ(y) is repeated over a 14 × 14 map and convolved together with the features. Nearly half of the
    original's 218.7 M multiply-adds an image convolve these constant maps; here that part is
    computed without convolving, see `ConstantMapConvolution`.
    """

    pack_size = 1

    def __init__(self, classes: int, kinds: int = 1) -> None:
        super().__init__()
        channels, hidden_channels, hidden_features = 1 + LABEL_FEATURES, 320, 1024
        self.label_embedding = LabelEmbedding(classes, LABEL_FEATURES, INIT_STD, kinds)
        self.conv1 = nn.Conv2d(1, channels, _KERNEL, stride=2)
        self.conv2 = nn.Conv2d(channels + LABEL_FEATURES, hidden_channels, _KERNEL, stride=2)
        self.conv2_norm = BatchNorm2d(hidden_channels)
        self.linear = nn.Linear(hidden_channels * 7 * 7 + LABEL_FEATURES, hidden_features)
        self.linear_norm = BatchNorm1d(hidden_features)
        self.to_score = nn.Linear(hidden_features + LABEL_FEATURES, 1)
        self.constant_maps = ConstantMapConvolution()
        self.apply(_initialise)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Score images (k·B, 1, 28, 28) in [0, 1], k batches that share the labels (B,): (k·B,).

        Each batch is normalised by statistics of its own.
        """
        batches = len(images) // len(labels)
        label_vectors = self.label_embedding(labels)
        repeated = label_vectors.repeat(batches, 1)
        maps = F.leaky_relu(self.conv1(F.pad(images, _PADDING)), _SLOPE)

        image_channels = self.conv1.out_channels
        image_weight = self.conv2.weight[:, :image_channels]
        label_weight = self.conv2.weight[:, image_channels:]
        from_image = F.conv2d(F.pad(maps, _PADDING), image_weight, self.conv2.bias, stride=2)
        from_label = self.constant_maps(label_vectors, label_weight)
        maps = from_image + from_label.repeat(batches, 1, 1, 1)
        maps = F.leaky_relu(normalise_apart(self.conv2_norm, maps, batches), _SLOPE)

        hidden = self.linear(torch.cat([maps.flatten(1), repeated], dim=1))
        hidden = F.leaky_relu(normalise_apart(self.linear_norm, hidden, batches), _SLOPE)
        return exactly(self.to_score, torch.cat([hidden, repeated], dim=1)).squeeze(1)


class ConstantMapConvolution(nn.Module):
    """Convolves 14 × 14 maps that hold one value each, without convolving; it has no weights.

    Equal to `conv2d(pad(values[:, :, None, None].expand(-1, -1, 14, 14)), weight, stride=2)` up to
    rounding. A constant map gives the same sum of weights everywhere but at the border, where the
    padding cuts taps off: the first row of outputs misses the top tap, the last the two bottom
    ones. So there are three kinds of rows and of columns, hence nine matrix products instead of 49
    positions with 25 taps each.
    """

    taps: Tensor
    kind_of_position: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([[0.0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
        kind_of_row = torch.tensor([0, 1, 1, 1, 1, 1, 2])
        kind_of_position = (3 * kind_of_row[:, None] + kind_of_row).flatten()
        self.register_buffer("taps", torch.kron(taps, taps), persistent=False)  # (9, 25)
        self.register_buffer("kind_of_position", kind_of_position, persistent=False)

    def forward(self, values: Tensor, weight: Tensor) -> Tensor:
        """Convolve the maps of constants (B, C) with a weight (O, C, 5, 5): (B, O, 7, 7)."""
        out_channels, channels = weight.shape[:2]
        # (O, 9, C): weights summed over the taps that lie on the map.
        summed = self.taps.to(weight.dtype) @ weight.permute(0, 2, 3, 1).flatten(1, 2)
        products = F.linear(values, summed.reshape(-1, channels)).view(-1, out_channels, 9)
        # Channels come last in memory, as in the maps that these are added to.
        maps = products.transpose(1, 2).index_select(1, self.kind_of_position)
        return maps.view(-1, 7, 7, out_channels).permute(0, 3, 1, 2)


class TransposedConvolution(nn.Module):
    """Undoes a 5 × 5 convolution of stride 2 with SAME padding; it has no weights.

    Equal to `conv_transpose2d(maps, weight, bias, stride=2, padding=1)` without its last row and
    column, up to rounding, and three times as fast on a CPU. Output row 2m reads input rows m - 1
    and m through taps 3 and 1, row 2m + 1 reads m - 1, m and m + 1 through taps 4, 2 and 0. So the
    four phases of an output are four 3 × 3 convolutions, computed as one.
    """

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        absent = 5  # a sixth tap, of zeros
        taps = torch.tensor([[3, 1, absent], [4, 2, 0]])
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Double maps (B, C, S, S) with a weight (C, O, 5, 5) and a bias (O,): (B, O, 2S, 2S)."""
        six = F.pad(weight, (0, 1, 0, 1))
        phases = six[:, :, self.taps][..., self.taps]  # (C, O, 2, 3, 2, 3)
        phases = phases.permute(1, 2, 4, 0, 3, 5).flatten(0, 2)
        biases = None if bias is None else bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(maps, phases, biases, padding=1), 2)
