"""The recogniser that judges generated characters: a small residual network of our own.

It is trained on the train split of a store, on affine variations of the samples, and never sees the
test split. Its features, just before the last layer, are what distances between images are measured
in (`metrics.py`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from hanzi_lsgan.acceleration import MixedPrecision, process_state
from hanzi_lsgan.models.layers import sample_images

FEATURES = 256
BATCH = 128
GUESSES = 5

_CHANNELS = (32, 64, 128, FEATURES)
_BODY_SIDE_PIXELS = 32  # of larger images, blocks of pixels are folded into channels
_LEARNING_RATE = 4e-3
_WARM_UP_SHARE = 0.15
_WEIGHT_DECAY = 0.02
_LABEL_SMOOTHING = 0.1
_DROPOUT = 0.2
_ROTATION_RADIANS = 0.15
_SHEAR = 0.15
_SCALE = 0.15
_SHIFT = 0.1  # of half a side
_READ_BATCH = 256


@dataclass(frozen=True)
class Reading:
    """Glyphs as a recogniser sees them.

    Attributes:
        labels: (N,) int64, what they are meant to be.
        features: (N, 256) float32.
        guesses: (N, up to 5) int32, the labels they look like, likeliest first.
        writers: (N,) int32, who wrote them; None where nobody did.
    """

    labels: NDArray[np.int64]
    features: NDArray[np.float32]
    guesses: NDArray[np.int32]
    writers: NDArray[np.int32] | None = None

    def rows(self, chosen: NDArray[Any]) -> "Reading":
        """Some of the glyphs, by index or by a mask."""
        writers = None if self.writers is None else self.writers[chosen]
        return Reading(self.labels[chosen], self.features[chosen], self.guesses[chosen], writers)

    def rows_of(self, label: int) -> slice:
        """The rows of a label, where rows are in order of labels."""
        start, stop = np.searchsorted(self.labels, [label, label + 1])
        return slice(int(start), int(stop))


class Recogniser(nn.Module):
    """p(y | x) for a glyph, and its features."""

    def __init__(self, classes: int, size: int) -> None:
        """Build the network for glyphs of `size` pixels."""
        super().__init__()
        self.classes = classes
        self.size = size
        self.fold = -(-size // _BODY_SIDE_PIXELS)
        self.body = nn.Sequential(
            _ConvNorm(self.fold**2, _CHANNELS[0], kernel_size=5, stride=2),
            _Residual(_CHANNELS[0], _CHANNELS[1], stride=1),
            _Residual(_CHANNELS[1], _CHANNELS[2], stride=2),
            _Residual(_CHANNELS[2], _CHANNELS[3], stride=2),
        )
        self.dropout = nn.Dropout(_DROPOUT)
        self.classify = nn.Linear(FEATURES, classes)

    def features(self, ink: Tensor) -> Tensor:
        """Describe glyphs (B, 1, S, S), 0 is background and 1 ink, by features (B, 256)."""
        folded = F.pixel_unshuffle(ink, self.fold)
        maps = self.body(folded.contiguous(memory_format=torch.channels_last))
        means: Tensor = maps.mean(dim=(2, 3))
        return means

    def forward(self, ink: Tensor) -> Tensor:
        """Logits (B, classes) of glyphs (B, 1, S, S), 0 is background and 1 ink."""
        logits: Tensor = self.classify(self.dropout(self.features(ink)))
        return logits


class _ConvNorm(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, before: int, after: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            before, after, kernel_size, stride, padding=kernel_size // 2, bias=False
        )
        self.norm = nn.BatchNorm2d(after)

    def forward(self, maps: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(maps)))


class _Residual(nn.Module):
    """Two convolutions beside a linear short cut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _ConvNorm(before, after, kernel_size=3, stride=stride)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(after)
        self.short_cut = nn.Conv2d(before, after, 1, bias=False)
        self.stride = stride

    def forward(self, maps: Tensor) -> Tensor:
        short = F.avg_pool2d(maps, self.stride, ceil_mode=True) if self.stride > 1 else maps
        return F.relu(self.norm(self.second(self.first(maps))) + self.short_cut(short))


def train_recogniser(
    batches: Iterator[tuple[Tensor, Tensor]],
    *,
    classes: int,
    size: int,
    steps: int,
    seed: int = 0,
    on_images: Callable[[int], None] = lambda images: None,
) -> Recogniser:
    """Train a recogniser from scratch; torch's random state stays as it was.

    Args:
        batches: glyphs (B, 1, S, S) uint8, 255 is background, and labels (B,) int64; `steps` of
            them are taken.
        classes: number of characters.
        size: S.
        steps: how many batches.
        seed: of weights and variations.
        on_images: told of the images seen.

    Returns:
        The network in evaluation mode, on the device it was trained on.
    """
    device: torch.device = process_state().device
    devices = [device] if device.type == "cuda" else []
    # Weights and dropout draw from the one generator of the process, which is the caller's.
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        network = Recogniser(classes, size).to(device).to(memory_format=torch.channels_last)
        _learn(network, batches, steps, torch.Generator(device).manual_seed(seed), on_images)
    return network.eval().requires_grad_(False)


def _learn(
    network: Recogniser,
    batches: Iterator[tuple[Tensor, Tensor]],
    steps: int,
    random: torch.Generator,
    on_images: Callable[[int], None],
) -> None:
    """Train a fresh recogniser on the device of `random`, which draws the variations."""
    device = random.device
    precision = MixedPrecision(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _LEARNING_RATE, total_steps=max(2, steps), pct_start=_WARM_UP_SHARE
    )
    seen = 0
    for grey, labels in islice(batches, steps):
        ink = to_ink(grey.to(device))
        ink = vary(ink, draw_variations(len(ink), random))
        loss = F.cross_entropy(
            precision.forward(network, ink), labels.to(device), label_smoothing=_LABEL_SMOOTHING
        )
        optimizer.zero_grad()
        precision.backward(loss)
        precision.update(optimizer)
        schedule.step()
        seen += len(labels)
        on_images(seen)


def draw_variations(count: int, random: torch.Generator) -> Tensor:
    """Draw what `vary` does to each of `count` glyphs: (7, count) in [-1, 1]."""
    return torch.rand((7, count), generator=random, device=random.device) * 2 - 1


def vary(ink: Tensor, variations: Tensor) -> Tensor:
    """Rotate, shear, scale and shift each glyph (B, 1, S, S) a little, as other hands would."""
    angle = variations[0] * _ROTATION_RADIANS
    cos, sin = angle.cos(), angle.sin()
    wide, high = 1 + variations[1] * _SCALE, 1 + variations[2] * _SCALE
    lean, tilt = variations[3] * _SHEAR, variations[4] * _SHEAR
    matrix = torch.stack(
        [
            torch.stack([cos * wide, (lean - sin) * high, variations[5] * _SHIFT], dim=1),
            torch.stack([(tilt + sin) * wide, cos * high, variations[6] * _SHIFT], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, list(ink.shape), align_corners=False)
    return sample_images(ink, grid, "zeros")


def to_ink(grey: Tensor) -> Tensor:
    """Turn grey levels, 255 is background, into amounts of ink: 0 is background and 1 ink."""
    return 1 - grey.float() / 255


def read_glyphs(
    recogniser: Recogniser, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Features (N, 256) and the likeliest labels (N, up to 5), best first, of glyphs (N, S, S)."""
    device = next(recogniser.parameters()).device
    features, guesses = [], []
    with torch.inference_mode():
        for start in range(0, len(images), _READ_BATCH):
            grey = torch.from_numpy(images[start : start + _READ_BATCH])
            described = recogniser.features(to_ink(grey.unsqueeze(1).to(device)))
            likeliest = recogniser.classify(described).topk(min(GUESSES, recogniser.classes))
            features.append(described.numpy(force=True))
            guesses.append(likeliest.indices.to(torch.int32).numpy(force=True))
    return np.concatenate(features), np.concatenate(guesses)


def read_log_posteriors(recogniser: Recogniser, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log p(y | x) (N, classes) of glyphs (N, S, S)."""
    features = torch.from_numpy(read_glyphs(recogniser, images)[0])
    with torch.inference_mode():
        logits = recogniser.classify(features.to(recogniser.classify.weight.device))
        posteriors: NDArray[np.float32] = logits.log_softmax(dim=1).numpy(force=True)
    return posteriors
