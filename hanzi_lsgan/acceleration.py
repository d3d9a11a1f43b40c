"""Which device computes, and in which precision: for training the networks and the recogniser."""

import ctypes
import sys
from datetime import timedelta
from typing import Any, Literal

import torch
from accelerate import PartialState
from torch import Tensor, nn

from data_tools.errors import UserError

_PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: one of them may train the store's recogniser first."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h

Precision = Literal["bf16", "fp16", "no"]

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def process_state() -> PartialState:
    """This process's device and number, and how many train together; the first call joins them."""
    # Told so, accelerate lets several processes train together on a CPU too.
    return PartialState(cpu=not torch.accelerator.is_available(), timeout=_PATIENCE)


def best_precision(device: torch.device) -> Precision:
    """The lowest precision that a device computes fast, and that training bears."""
    match device.type:
        case "cpu":
            mkldnn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
            fast = mkldnn and torch.ops.mkldnn._is_mkldnn_bf16_supported()
            return "bf16" if fast else "no"
        case "cuda":
            # Where bfloat16 is emulated (T4, V100), float16 is what is fast.
            fast = torch.cuda.is_bf16_supported(including_emulation=False)
            return "bf16" if fast else "fp16"
        case "xpu":
            return "bf16"
        case _:  # Apple's GPUs gain little, and not every system that drives them has bfloat16
            return "no"


class MixedPrecision:
    """Forward passes in a precision, with the backward passes and updates that go with it.

    Weights and what a network returns are float32 in every precision.

    Attributes:
        name: `bf16`, `fp16` or `no`.
    """

    def __init__(self, device: torch.device, wanted: Precision | Literal["auto"] = "auto") -> None:
        """Take the precision wanted, or the best that the device computes fast.

        Raises:
            UserError: the device cannot compute in it.
        """
        if wanted == "fp16" and device.type == "cpu":
            raise UserError("train.precision: fp16 needs a GPU; choose auto, bf16 or no")
        if wanted == "fp16" and device.type == "mps":
            raise UserError("train.precision: Apple's GPUs train in no fp16; choose auto or no")
        self.name = best_precision(device) if wanted == "auto" else wanted
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.name == "fp16")

    def forward(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        """What a network makes of its inputs, as float32."""
        type_ = _TYPES.get(self.name)
        with torch.autocast(self._device.type, type_, enabled=type_ is not None):
            outputs: Tensor = network(*inputs)
        return outputs.float()

    def backward(self, loss: Tensor) -> None:
        """Add a loss's gradients, scaled where float16 would lose them."""
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def update(self, optimizer: torch.optim.Optimizer) -> None:
        """Apply the gradients, unless float16 overflowed."""
        self._scaler.step(optimizer)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The scale of gradients, which float16 alone has."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with a scale; a run that had none begins with a fresh one."""
        if state:
            self._scaler.load_state_dict(state)


def synchronize(device: torch.device) -> None:
    """Wait until a device has done what it was given, so that a clock tells the truth."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def keep_freed_memory() -> None:
    """Let the C library keep the memory that is freed, in the place of handing it back.

    Each step allocates the same large tensors as the one before. By default glibc asks the system
    for them anew, which clears every page: up to a seventh of a step. Without effect where the C
    library is another. It changes the whole process, so only programs that train call it.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
