"""Preparing and loading, beside a plain converter and a `DataLoader` that reads item by item."""

import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from torch.utils.data import DataLoader

from benchmarks.measurement import MIB, Measurement, run_program, watch_program
from benchmarks.noise import write_noise_gnt, write_noise_store
from benchmarks.plain_training import PlainDataset
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream, Residence

_SIZE_PIXELS = 64
_BATCH = 64
_BATCHES = 2000  # 128,000 samples: a streamed store fills its buffer again meanwhile
_ITEM_BATCHES = 400
_ITEM_WORKERS = 2

_GROWTH_SIZE_PIXELS = 32
_GROWTH_CLASSES = 1000
_RESIDENCES: tuple[Residence, ...] = ("memory", "stream")

_PREPARE = """
import sys, time
from pathlib import Path
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
out, *sources = map(Path, sys.argv[1:])
started = time.perf_counter()
prepare(sources, out, glyph=GlyphOptions(64, "aspect", 2))
print(time.perf_counter() - started)
"""
_LOAD = """
import sys
from pathlib import Path
from benchmarks.data import loading_rate
print(loading_rate(Path(sys.argv[1]), sys.argv[2]))
"""
_PLAIN = """
import sys, time
from pathlib import Path
from benchmarks.plain_converter import convert_plainly
out, *sources = map(Path, sys.argv[1:])
started = time.perf_counter()
convert_plainly(sources, out, 64)
print(time.perf_counter() - started)
"""


def measure_preparing(sources: list[Path], runs: int) -> Iterator[Measurement]:
    """Both converters on the same sources, in turns; the best run of each, and one for memory."""
    ours, plain = [], []
    for _ in range(runs):
        # Each store is removed at once, or the next one would wait for the disk to take it.
        with tempfile.TemporaryDirectory() as folder:
            ours.append(run_program(_PREPARE, Path(folder) / "store.h5", *sources))
        with tempfile.TemporaryDirectory() as folder:
            plain.append(run_program(_PLAIN, Path(folder) / "plain.h5", *sources))
    with tempfile.TemporaryDirectory() as folder:
        _, ours_peak = watch_program(_PREPARE, Path(folder) / "store.h5", *sources)
        _, plain_peak = watch_program(_PLAIN, Path(folder) / "plain.h5", *sources)
        with Store(Path(folder) / "store.h5") as store:
            samples = len(store)
    what = f"{samples:,} samples at {_SIZE_PIXELS} pixels"
    beside = f"record by record: {samples / min(plain):,.0f} samples/s"
    yield Measurement(
        "prepare", what, samples / min(ours), "samples/s", beside, min(plain) / min(ours)
    )
    yield Measurement(
        "prepare",
        "peak memory of all processes",
        ours_peak / MIB,
        "MiB",
        f"record by record: {plain_peak / MIB:,.0f} MiB",
        plain_peak / ours_peak,
    )


def measure_loading(store_path: Path) -> Iterator[Measurement]:
    """Random batches from a store in memory and streamed, beside reads item by item."""
    loader = DataLoader(PlainDataset(store_path), _BATCH, shuffle=True, num_workers=_ITEM_WORKERS)
    item_by_item = _rate(iter(loader), _ITEM_BATCHES)
    beside = f"DataLoader of {_ITEM_WORKERS} workers, item by item: {item_by_item:,.0f} samples/s"
    for residence in _RESIDENCES:
        rate = loading_rate(store_path, residence)
        what = f"random batches of {_BATCH}, {residence}, {_SIZE_PIXELS} pixels"
        yield Measurement("load", what, rate, "samples/s", beside, rate / item_by_item)


def loading_rate(store_path: Path, residence: Residence) -> float:
    """Samples a second of random batches."""
    with Store(store_path) as store:
        stream = BatchStream(
            store, size=store.size, batch_size=_BATCH, pack_size=1, seed=0, residence=residence
        )
        return _rate(stream.batches(), _BATCHES)


def _rate(batches: Iterator[object], count: int) -> float:
    """Samples a second of `count` batches, once the first has come."""
    next(batches)
    started = time.perf_counter()
    taken = sum(1 for _ in islice(batches, count))
    return taken * _BATCH / (time.perf_counter() - started)


def measure_growth_of_preparing(counts: list[int]) -> Iterator[Measurement]:
    """The same conversion of more and more samples, of noise."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            source = write_noise_gnt(Path(folder) / "noise", count)
            seconds, peak = watch_program(_PREPARE, Path(folder) / "store.h5", source)
        what = f"prepare, {count:,} samples of noise"
        yield Measurement("growth", what, 1e6 * seconds / count, "µs a sample")
        yield Measurement("growth", f"{what}, peak memory", peak / MIB, "MiB")


def measure_growth_of_loading(counts: list[int]) -> Iterator[Measurement]:
    """Random batches from larger and larger stores, of noise."""
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "noise.h5"
            write_noise_store(store, _GROWTH_SIZE_PIXELS, _GROWTH_CLASSES, count)
            for residence in _RESIDENCES:
                rate, peak = watch_program(_LOAD, store, residence)
                what = f"load, {count:,} samples of {_GROWTH_SIZE_PIXELS} pixels, {residence}"
                yield Measurement("growth", what, 1e6 / rate, "µs a sample")
                yield Measurement("growth", f"{what}, peak memory", peak / MIB, "MiB")
