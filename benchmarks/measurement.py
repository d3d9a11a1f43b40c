"""A measured figure, the machine it was measured on, and how time and memory are taken."""

import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from hanzi_lsgan.acceleration import synchronize

MIB = 1 << 20

_PACKAGES = ("hanzi-lsgan", "torch", "accelerate", "numpy", "h5py", "pillow")
_LOOKING_SECONDS = 0.1  # looking costs time of the cores that are measured
_MATRIX_SIDE = 2048
_MATRIX_SECONDS = 2.0


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        part: of the benchmark.
        what: was measured.
        value: the figure.
        unit: of the figure.
        alternative: what else would do the same, measured in the same run, if anything.
        ratio: how many times better the figure is than the alternative's.
    """

    part: str
    what: str
    value: float
    unit: str
    alternative: str = ""
    ratio: float | None = None


def describe_machine() -> dict[str, str]:
    """Processor, cores, memory and versions."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        model = next((line.split(": ")[1] for line in lines if "model name" in line), model)
    accelerator = "none"
    if torch.accelerator.is_available():
        accelerator = str(torch.accelerator.current_accelerator())
    return {
        "processor": model,
        "cores": str(_cores()),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "accelerator": accelerator,
        "python": platform.python_version(),
    } | {name: importlib.metadata.version(name) for name in _PACKAGES}


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def matrix_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of a large matrix product on all of a device."""
    first = torch.randn(_MATRIX_SIDE, _MATRIX_SIDE).to(device, dtype)
    second = torch.randn(_MATRIX_SIDE, _MATRIX_SIDE).to(device, dtype)
    best = 0.0
    end = time.perf_counter() + _MATRIX_SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        torch.mm(first, second)
        synchronize(device)
        best = max(best, 2 * _MATRIX_SIDE**3 / (time.perf_counter() - started))
    return best


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """The median wall time of several calls."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def run_program(program: str, *arguments: str | Path) -> float:
    """Run a Python program in a new interpreter and take the number that it prints last.

    Raises:
        SystemExit: it failed.
    """
    process = _start_program(program, arguments)
    printed, _ = process.communicate()
    return _number_printed(process.returncode, printed)


def watch_program(program: str, *arguments: str | Path) -> tuple[float, int]:
    """Run a program as `run_program` does while looking at its memory.

    Returns:
        The number that it prints last, and the peak memory of all its processes in bytes.

    Raises:
        SystemExit: it failed.
    """
    peak = 0
    with _start_program(program, arguments) as process:
        while process.poll() is None:
            peak = max(peak, _memory_bytes(process.pid))
            time.sleep(_LOOKING_SECONDS)
        printed = process.stdout.read() if process.stdout else ""
    return _number_printed(process.returncode, printed), peak


def _start_program(program: str, arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _number_printed(return_code: int, printed: str) -> float:
    if return_code:
        raise SystemExit(return_code)
    return float(printed.split()[-1])


def _memory_bytes(pid: int) -> int:
    """Memory of a process and its children; shared pages count once where that is known."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    except psutil.Error:  # a process that has just ended
        return total
    return total
