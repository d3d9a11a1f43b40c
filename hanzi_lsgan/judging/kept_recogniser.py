"""A recogniser that weights bring along: small, and of use without the store that taught it.

Weights are kept in 8 bits and a scale for all that lead to one output, the rest in half precision.
The characters stand in the file's metadata.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save as serialize_tensors
from torch import Tensor

from data_tools.errors import UserError, join_message
from hanzi_lsgan.judging.recogniser import Recogniser, read_log_posteriors

_SCALES = ".scales"
_LARGEST = 127.0


@dataclass(frozen=True)
class KeptRecogniser:
    """A recogniser and what it reads.

    Attributes:
        network: in evaluation mode; label i is character i.
        charset: the characters that it has learned.
    """

    network: Recogniser
    charset: str

    def reading(self, charset: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """Log p(y | x) (N, classes) of glyphs (N, S, S) by the labels of another charset.

        A character that it has not learned is equally likely for every glyph.
        """
        return _Reading(self.network, self.labels_of(charset))

    def labels_of(self, charset: str) -> NDArray[np.int64]:
        """Its label of each character of another charset, -1 where it has not learned it."""
        place = {character: label for label, character in enumerate(self.charset)}
        return np.array([place.get(character, -1) for character in charset], np.int64)


@dataclass(frozen=True)
class _Reading:
    network: Recogniser
    labels: NDArray[np.int64]

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        posteriors = read_log_posteriors(self.network, images)
        return np.where(self.labels >= 0, posteriors[:, self.labels], np.float32(0))


def keep_learned(network: Recogniser, charset: str, untaught: str) -> KeptRecogniser:
    """A recogniser of a store, to take along, without classes that no sample has taught it.

    Args:
        network: in evaluation mode.
        charset: label i of the network is character i.
        untaught: characters that it has not learned; not all.
    """
    if not untaught:
        return KeptRecogniser(network, charset)
    learned = [label for label, character in enumerate(charset) if character not in untaught]
    weights = network.state_dict()
    for name in ("classify.weight", "classify.bias"):
        weights[name] = weights[name][learned]
    kept = Recogniser(len(learned), network.size).to(weights["classify.bias"].device)
    kept.load_state_dict(weights)
    frozen = kept.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return KeptRecogniser(frozen, "".join(charset[label] for label in learned))


def serialize_recogniser(network: Recogniser, charset: str) -> bytes:
    """A file of a recogniser, of whose weights 8 or 16 bits are kept."""
    tensors: dict[str, Tensor] = {}
    for name, value in ((name, value.cpu()) for name, value in network.state_dict().items()):
        if value.dim() > 1:
            scales = value.flatten(1).abs().amax(dim=1).clamp(min=1e-8) / _LARGEST
            tensors[name] = (value / _per_output(scales, value)).round().to(torch.int8).contiguous()
            tensors[name + _SCALES] = scales
        else:
            tensors[name] = value.half() if value.is_floating_point() else value
    return serialize_tensors(tensors, {"charset": charset, "size": str(network.size)})


def load_recogniser(path: Path) -> KeptRecogniser:
    """Read what `serialize_recogniser` has made.

    Raises:
        UserError: the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        charset, size = metadata["charset"], int(metadata["size"])
        kept = {name: value.float() for name, value in load_tensors(path).items()}
        tensors = {name: value for name, value in kept.items() if not name.endswith(_SCALES)}
        for name, value in tensors.items():
            if value.dim() > 1:
                tensors[name] = value * _per_output(kept[name + _SCALES], value)
        network = Recogniser(len(charset), size)
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, OSError, KeyError, ValueError) as error:
        problem = f"is no recogniser ({error})"
        remedy = "install the weights again, or make them with export-weights --data or adapt"
        raise UserError(join_message(str(path), problem, remedy)) from None
    if torch.accelerator.is_available():
        network.to(torch.accelerator.current_accelerator())
    frozen = network.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return KeptRecogniser(frozen, charset)


def _per_output(scales: Tensor, weights: Tensor) -> Tensor:
    """The scale of each output (N,), in as many dimensions as weights (N, …) have."""
    return scales.view(-1, *[1] * (weights.dim() - 1))


def unread(characters: Sequence[str], recogniser: KeptRecogniser) -> list[str]:
    """Those of the characters that a recogniser has not learned, each once."""
    learned = frozenset(recogniser.charset)
    return [character for character in dict.fromkeys(characters) if character not in learned]
