"""How fast `prepare` is, from archives on disk to the finished store.

    python benchmarks/prepare.py PATH... [--size 64] [--runs 5] [--jobs N]

Each run is a process of its own with a store of its own; the sources are read once before, so that
all runs find them in the page cache. Prints the median of the runs.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from data_tools.store import Store

_SAMPLING_SECONDS = 0.02


def main() -> None:
    """Measure and print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--size", nargs="+", type=int, default=[64, 32])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=psutil.cpu_count(logical=False) or 1)
    arguments = parser.parse_args()
    for path in arguments.sources:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file():
                file.read_bytes()
    for size in arguments.size:
        runs = [_measure(arguments.sources, size, arguments.jobs) for _ in range(arguments.runs)]
        samples = runs[0][0]
        seconds = statistics.median(run[1] for run in runs)
        peak = statistics.median(run[2] for run in runs)
        print(
            f"prepare --size {size} --jobs {arguments.jobs}: {samples:,} samples in "
            f"{seconds:.2f} s (median of {arguments.runs}), {samples / seconds:,.0f} samples/s, "
            f"peak {peak / 2**20:,.0f} MiB in all processes"
        )


def _measure(sources: list[Path], size: int, jobs: int) -> tuple[int, float, int]:
    """Samples, wall seconds of the whole command, and peak memory of its processes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "store.h5"
        command = [sys.executable, "-m", "hanzi_lsgan.cli", "prepare", *map(str, sources)]
        command += ["--size", str(size), "--jobs", str(jobs), "--out", str(out)]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, _memory_bytes(process.pid))
                time.sleep(_SAMPLING_SECONDS)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit(process.returncode)
        with Store(out) as store:
            return len(store), seconds, peak


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


if __name__ == "__main__":
    main()
