"""Inception's features and class posteriors of colour images, from weights on disk.

Two files are known: torchvision's `inception_v3_google-….pth`, and torch-fidelity's
`weights-inception-2015-12-05-….pth`, which is the network of the published figures. FID by
torchvision's is not comparable with published FID.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.errors import UserError, join_message

FEATURES = 2048

_SIDE_PIXELS = 299
_BATCH = 16
_FIDELITY_CLASSES = 1008

Inception = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Images (N, 3, S, S) uint8 → features (N, 2048) and logits (N, classes)."""


def load_inception(path: Path) -> Inception:
    """Load a network by the kind of file that it is.

    Raises:
        UserError: there is no such file, it is no Inception v3, or torch-fidelity is missing.
    """
    remedy = (
        "name torchvision's inception_v3_google-….pth or torch-fidelity's "
        "weights-inception-2015-12-05-….pth"
    )
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        classes = len(weights["fc.bias"])
    except FileNotFoundError:
        raise UserError(join_message(str(path), "there is no such file", remedy)) from None
    except Exception as error:  # whatever torch finds wrong with it
        problem = f"is no file of Inception v3's weights ({error})"
        raise UserError(join_message(str(path), problem, remedy)) from None
    if classes == _FIDELITY_CLASSES:
        return _load_fidelity(path)
    from torchvision.models import inception_v3  # type: ignore[import-untyped]

    network = inception_v3(weights=None, init_weights=False, aux_logits=True)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        problem = f"is no file of Inception v3's weights ({error})"
        raise UserError(join_message(str(path), problem, remedy)) from None
    head, network.fc = network.fc, nn.Identity()
    network.eval().requires_grad_(False)
    # Its weights expect the colours of ImageNet, with mean 0 and deviation 1.
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

    def read(images: Tensor) -> tuple[Tensor, Tensor]:
        large = F.interpolate(
            images.float() / 255, (_SIDE_PIXELS, _SIDE_PIXELS), mode="bilinear", antialias=True
        )
        features: Tensor = network((large - mean) / deviation)
        return features, head(features)

    return read


def _load_fidelity(path: Path) -> Inception:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore[import-untyped]
            FeatureExtractorInceptionV3,
        )
    except ImportError:
        problem = "needs torch-fidelity, which is not installed"
        remedy = "pip install torch-fidelity, or name torchvision's weights"
        raise UserError(join_message(str(path), problem, remedy)) from None
    network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], str(path))

    def read(images: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = network(images)
        return features, logits

    return read


def read_images(
    inception: Inception, images: NDArray[np.uint8], on_images: Callable[[int], None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features (N, 2048) and log posteriors (N, classes) of images (N, 3, S, S)."""
    features, posteriors = [], []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            read = inception(torch.from_numpy(images[start : start + _BATCH]))
            features.append(read[0].numpy(force=True))
            posteriors.append(read[1].log_softmax(dim=1).numpy(force=True))
            on_images(min(start + _BATCH, len(images)))
    return np.concatenate(features), np.concatenate(posteriors)
