"""How fast `prepare` is, from archives on disk to the finished store.

    python benchmarks/prepare.py PATH... [--size 64] [--runs 5] [--jobs N]

Each run is a process of its own with a store of its own; the sources are read once before, so that
all runs find them in the page cache. Prints medians: of the conversion, from the call of
`data_tools.prepare.prepare` to its return, and of the whole command with its start-up and tables.
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

_SAMPLING_SECONDS = 0.1  # looking costs time of the cores that are measured


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
        conversions, commands, peaks = [], [], []
        for _ in range(arguments.runs):
            with tempfile.TemporaryDirectory() as folder:
                samples, seconds = _convert(arguments.sources, size, arguments.jobs, Path(folder))
                conversions.append(seconds)
            with tempfile.TemporaryDirectory() as folder:
                seconds, peak = _command(arguments.sources, size, arguments.jobs, Path(folder))
                commands.append(seconds)
                peaks.append(peak)
        converting, whole = statistics.median(conversions), statistics.median(commands)
        print(
            f"prepare --size {size} --jobs {arguments.jobs}: {samples:,} samples; conversion "
            f"{converting:.2f} s, {samples / converting:,.0f} samples/s; whole command {whole:.2f} "
            f"s, {samples / whole:,.0f} samples/s; peak {max(peaks) / 2**20:,.0f} MiB in all "
            f"processes; medians of {arguments.runs} runs"
        )


def _convert(sources: list[Path], size: int, jobs: int, folder: Path) -> tuple[int, float]:
    """Samples and wall seconds of the conversion in a new interpreter."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from data_tools.glyphs import GlyphOptions, default_margin\n"
        "from data_tools.prepare import prepare\n"
        "out, size, jobs, *sources = sys.argv[1:]\n"
        "glyph = GlyphOptions(int(size), 'aspect', default_margin(int(size), 'aspect'))\n"
        "started = time.perf_counter()\n"
        "prepare([Path(source) for source in sources], Path(out), glyph=glyph, jobs=int(jobs))\n"
        "print(time.perf_counter() - started)\n"
    )
    out = folder / "store.h5"
    command = [sys.executable, "-c", program, str(out), str(size), str(jobs), *map(str, sources)]
    seconds = float(subprocess.run(command, check=True, capture_output=True).stdout)
    with Store(out) as store:
        return len(store), seconds


def _command(sources: list[Path], size: int, jobs: int, folder: Path) -> tuple[float, int]:
    """Wall seconds of the whole command, and peak memory of its processes."""
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "prepare", *map(str, sources)]
    command += ["--size", str(size), "--jobs", str(jobs), "--out", str(folder / "store.h5")]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory_bytes(process.pid))
            time.sleep(_SAMPLING_SECONDS)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(process.returncode)
    return seconds, peak


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
