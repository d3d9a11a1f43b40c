"""Layers that more than one network uses."""

import torch
from torch import Tensor, nn


class LabelEmbedding(nn.Module):
    """Φ(y): the learned projection of a one-hot label to a short vector.

    A linear layer on a one-hot vector is a table look-up and a bias, which is how it is computed
    here; the cost of a step does not grow with the number of classes.
    """

    def __init__(self, classes: int, features: int, std: float) -> None:
        super().__init__()
        self.table = nn.Embedding(classes, features)
        self.bias = nn.Parameter(torch.zeros(features))
        nn.init.normal_(self.table.weight, std=std)

    def forward(self, labels: Tensor) -> Tensor:
        """Map labels (B,) int64 to Φ(y): (B, features)."""
        vectors: Tensor = self.table(labels) + self.bias
        return vectors


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose scale and shift are linear in a condition (de Vries et al., 2017).

    y = (1 + γ(h)) · (x - mean) / std + β(h), with γ and β near zero at the start.
    """

    def __init__(self, channels: int, condition_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale_and_shift = nn.Linear(condition_features, 2 * channels)
        nn.init.normal_(self.scale_and_shift.weight, std=0.02)
        nn.init.zeros_(self.scale_and_shift.bias)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Normalise feature maps (B, C, H, W) and modulate them by the condition (B, features)."""
        scale, shift = self.scale_and_shift(condition)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(shift, self.norm(images), 1 + scale)
