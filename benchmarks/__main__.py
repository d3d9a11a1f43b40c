"""Measure the whole project on this machine, beside what one would use instead.

    python -m benchmarks [PATH...] [--out bench.json] [--only PART...] [--runs 3]

PATH are `.gnt` files or archives of HWDB, read once before so that all find them in the page cache;
noise stands in where none is given. Nothing else should run meanwhile.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import data, networks, pictures
from benchmarks.measurement import Measurement, describe_machine
from benchmarks.noise import write_noise_gnt, write_noise_store

_NOISE_SAMPLES = 40_000
_PICTURES = 20_000
_LOADED_SAMPLES = 100_000  # more than the buffer of a streamed store holds
_TABLE_COLUMNS = 150
_LOADED_CLASSES = 105
_CLASS_COUNTS = [100, 1000, 5717, 7185]
_SAMPLE_COUNTS = [10_000, 100_000, 1_000_000]


def main() -> None:
    """Measure all parts or some, print a table and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure.")
    parser.add_argument("sources", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--only", nargs="+", help="prepare, load, train, draw, start, growth")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(width=_TABLE_COLUMNS)
    machine = describe_machine()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    measurements = []
    with tempfile.TemporaryDirectory() as folder:
        for part, measure in _parts(arguments.sources, arguments.runs, Path(folder)):
            if arguments.only and part not in arguments.only:
                continue
            for measurement in measure():
                measurements.append(measurement)
                console.print(f"{part}: {measurement.what}: {_shown(measurement)}")
    console.print(_table(measurements))
    content = {"machine": machine, "measurements": [asdict(one) for one in measurements]}
    arguments.out.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    console.print(f"wrote {arguments.out}")


def _parts(
    sources: list[Path], runs: int, folder: Path
) -> Iterator[tuple[str, Callable[[], Iterator[Measurement]]]]:
    """Every part by its name; what it needs is made when it begins."""

    def prepare() -> Iterator[Measurement]:
        read = sources or [*write_noise_gnt(folder / "gnt", _NOISE_SAMPLES).iterdir()]
        for path in read:
            path.read_bytes()
        yield from data.measure_preparing(read, runs)

    def load() -> Iterator[Measurement]:
        store = folder / "noise.h5"
        write_noise_store(store, 64, _LOADED_CLASSES, _LOADED_SAMPLES)
        yield from data.measure_loading(store)

    yield "prepare", prepare
    yield "prepare", lambda: pictures.measure_preparing_pictures(_PICTURES, runs)
    yield "load", load
    yield "train", networks.measure_steps
    yield "train", networks.measure_paper_step
    yield "draw", networks.measure_drawing
    yield "start", networks.measure_starting
    yield "growth", lambda: networks.measure_growth_of_steps(_CLASS_COUNTS)
    yield "growth", lambda: data.measure_growth_of_preparing(_SAMPLE_COUNTS)
    yield "growth", lambda: data.measure_growth_of_loading(_SAMPLE_COUNTS)


def _shown(measurement: Measurement) -> str:
    value = measurement.value
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {measurement.unit}"


def _table(measurements: list[Measurement]) -> Table:
    table = Table("part", "what", title="measured", title_justify="left")
    table.add_column("figure", justify="right")
    table.add_column("beside")
    table.add_column("times better", justify="right")
    for one in measurements:
        ratio = "" if one.ratio is None else f"{one.ratio:.1f}"
        table.add_row(one.part, one.what, _shown(one), one.alternative, ratio)
    return table


if __name__ == "__main__":
    main()
