"""Layers that more than one network uses."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn.modules.batchnorm import _BatchNorm


class _SumOfProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes, through which gradients flow back to all.

    Its gradient is such a sum again, so that a penalty on gradients can be differentiated too.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> Tensor:
        total: Tensor = _SumOfProcesses.apply(gradient)
        return total


def _gather(values: Tensor) -> Tensor:
    """The values of all processes, one after the other: (processes, *values.shape)."""
    slots = values.new_zeros(dist.get_world_size(), *values.shape)
    slots[dist.get_rank()] = values
    gathered: Tensor = _SumOfProcesses.apply(slots)
    return gathered


def combine_moments(means: Tensor, variances: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of equally many values each: (parts, C) to (C,).

    From centred variances (Chan et al., 1979): E[x²] - E[x]² would lose what is small beside the
    mean, and fall below zero.
    """
    mean = means.mean(dim=0)
    return mean, variances.mean(dim=0) + (means - mean).square().mean(dim=0)


class _SharedBatchNorm(_BatchNorm):
    """Batch normalisation by the statistics of all processes' batches together.

    torch's own SyncBatchNorm is for GPUs only. In a single process this is plain batch
    normalisation.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (B, C, …); every process has as many."""
        alone = not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1
        if alone or not self.training:
            normalised: Tensor = super().forward(features)
            return normalised
        processes = dist.get_world_size()
        others = [axis for axis in range(features.dim()) if axis != 1]
        exact = features.float()
        moments = torch.stack([exact.mean(others), exact.var(others, correction=0)])
        mean, variance = combine_moments(*_gather(moments).unbind(1))
        count = features.numel() // features.shape[1] * processes
        unbiased = variance * (count / (count - 1))
        for running, current in ((self.running_mean, mean), (self.running_var, unbiased)):
            if running is not None:
                running.lerp_(current.detach(), self.momentum or 0.0)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        shape = [1, -1] + [1] * (features.dim() - 2)
        centred = exact - mean.view(shape)
        standard = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            standard = torch.addcmul(self.bias.view(shape), standard, self.weight.view(shape))
        return standard.to(features.dtype)


class BatchNorm1d(_SharedBatchNorm, nn.BatchNorm1d):
    """Batch normalisation of features (B, C) over all processes."""


class BatchNorm2d(_SharedBatchNorm, nn.BatchNorm2d):
    """Batch normalisation of feature maps (B, C, H, W) over all processes."""


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose scale and shift are linear in a condition (de Vries et al., 2017).

    y = (1 + γ(h)) · (x - mean) / std + β(h), with γ and β near zero at the start.
    """

    def __init__(self, channels: int, condition_features: int) -> None:
        super().__init__()
        self.norm = BatchNorm2d(channels, affine=False)
        self.scale_and_shift = nn.Linear(condition_features, 2 * channels)
        nn.init.normal_(self.scale_and_shift.weight, std=0.02)
        nn.init.zeros_(self.scale_and_shift.bias)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        """Normalise feature maps (B, C, H, W) and modulate them by the condition (B, features)."""
        scale, shift = self.scale_and_shift(condition)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(shift, self.norm(images), 1 + scale)


def sample_images(images: Tensor, places: Tensor, padding: Literal["zeros", "border"]) -> Tensor:
    """Images (B, C, S, S) at places (B, H, W, 2), interpolated: (B, C, H, W).

    This is `grid_sample`, which Apple's GPUs have in part only: no border before torch 2.13, and
    nothing to differentiate it by.

    Args:
        images: squares.
        places: x and y, -1 and 1 being the outer edges of the outermost pixels.
        padding: what lies beyond: nothing, or the outermost pixel.
    """
    if images.device.type != "mps":
        return F.grid_sample(images, places, padding_mode=padding, align_corners=False)
    return gather_samples(images, places, padding)


def gather_samples(images: Tensor, places: Tensor, padding: Literal["zeros", "border"]) -> Tensor:
    """The same as `sample_images`, up to rounding, from operations that every device has."""
    size = images.shape[-1]
    pixels = ((places + 1) * size - 1) / 2
    if padding == "border":
        pixels = pixels.clamp(0, size - 1)
    first = pixels.floor()
    share = pixels - first
    flat = images.flatten(2)
    total = images.new_zeros(())
    for right in (0, 1):
        for below in (0, 1):
            column, row = first[..., 0] + right, first[..., 1] + below
            weight = (share[..., 0] if right else 1 - share[..., 0]) * (
                share[..., 1] if below else 1 - share[..., 1]
            )
            inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
            index = row.clamp(0, size - 1) * size + column.clamp(0, size - 1)
            index = index.long().flatten(1).unsqueeze(1).expand(-1, flat.shape[1], -1)
            values = flat.gather(2, index).view(*flat.shape[:2], *places.shape[1:3])
            total = total + values * (weight * inside).unsqueeze(1)
    return total


def exactly(head: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """What a network's last layers make of their inputs, in float32 at least.

    A score in bfloat16 has eight bits: those of a batch would be a handful of values.
    """
    with torch.autocast(inputs[0].device.type, enabled=False):
        return head(*(value.float() if value.itemsize < 4 else value for value in inputs))


def normalise_apart(norm: nn.Module, features: Tensor, batches: int) -> Tensor:
    """Normalise each of `batches` equal parts of (k·B, …) by its own statistics."""
    return torch.cat([norm(part) for part in features.chunk(batches)])
