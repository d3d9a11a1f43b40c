"""Which device and precision: one accelerator for training the networks and the recogniser."""

import ctypes
import sys
from datetime import timedelta

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs, is_bf16_available

from data_tools.errors import UserError

_PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: one of them may train the store's recogniser first."""

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def shared_accelerator() -> Accelerator:
    """The accelerator of this process as it was made last, or a new one in the best precision."""
    return Accelerator() if AcceleratorState._shared_state else make_accelerator()


def make_accelerator(precision: str = "auto") -> Accelerator:
    """An accelerator in the precision asked for, or in the best that the device computes fast.

    Args:
        precision: `auto`, `bf16`, `fp16` or `no`.

    Raises:
        UserError: the precision cannot be had.
    """
    on_cpu = not torch.accelerator.is_available()
    if on_cpu:
        keep_freed_memory()
    AcceleratorState._reset_state(reset_partial_state=True)  # it remembers the run before
    # Told so, accelerate lets several processes train together on a CPU too.
    patient = [InitProcessGroupKwargs(timeout=_PATIENCE)]
    accelerator = Accelerator(
        cpu=on_cpu,
        mixed_precision="no" if precision == "auto" else precision,
        kwargs_handlers=patient,
    )
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
    return Accelerator(cpu=on_cpu, mixed_precision=best, kwargs_handlers=patient)


def keep_freed_memory() -> None:
    """Let the C library keep the memory that is freed, in the place of handing it back.

    Each step allocates the same large tensors as the one before. By default glibc asks the system
    for them anew, which clears every page: up to a seventh of a step. Without effect where the C
    library is another.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
