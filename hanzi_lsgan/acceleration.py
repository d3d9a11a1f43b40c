"""Which device and precision: one accelerator for training the networks and the recogniser."""

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import is_bf16_available

from data_tools.errors import UserError


def shared_accelerator() -> Accelerator:
    """The accelerator of this process as it was made last, or a new one in the best precision."""
    return Accelerator() if AcceleratorState._shared_state else make_accelerator()


def make_accelerator(precision: str = "auto") -> Accelerator:
    """An accelerator in the precision asked for, or in the best that the device computes fast.

    Args:
        precision: `auto`, `bf16`, `fp16` or `no`.

    Raises:
        UserError: the precision or the number of processes cannot be had.
    """
    AcceleratorState._reset_state(reset_partial_state=True)  # it remembers the run before
    accelerator = Accelerator(mixed_precision="no" if precision == "auto" else precision)
    on_cpu = accelerator.device.type == "cpu"
    if accelerator.num_processes > 1:
        problem = f"{accelerator.num_processes} processes were started"
        raise UserError(f"{problem}, and training is for one so far; start it without a launcher")
    if precision == "fp16" and on_cpu:
        raise UserError("train.precision: fp16 needs a GPU; choose auto, bf16 or no")
    if precision != "auto":
        return accelerator
    if on_cpu:
        mkldnn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        best = "bf16" if mkldnn and torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no"
    else:
        best = "bf16" if is_bf16_available() else "fp16"
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(mixed_precision=best)
