"""What the judge's learning does to figures, and how long figures of many samples take.

    python -m benchmarks.judging floors STORE [--size 32]
    python -m benchmarks.judging scores [--samples 800000]

`floors` puts train samples that the judge has learned in the place of generated ones, beside as
many that it has not learned: without learning both would be the same. It trains the store's judge
where there is none, which takes minutes. `scores` times a checkpoint score's distance, and an
evaluation's figures with their errors, on random features.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from data_tools.store.reader import Store
from hanzi_lsgan.judging.evaluate import measure
from hanzi_lsgan.judging.judge import obtain_judge
from hanzi_lsgan.judging.metrics import (
    class_diversities,
    frechet_distances,
    kernel_distances,
    manifold_figures,
)
from hanzi_lsgan.judging.moments import Moments, frechet_distance, merge_moments
from hanzi_lsgan.judging.recogniser import FEATURES
from hanzi_lsgan.judging.resampling import Resampling

_BLOCK_SAMPLES = 4096
_DRAWN = 10_000
_SCORED = 4000
_PAIRED = 5000
_CLASSES = 100


def main() -> None:
    """Measure one of both and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging")
    parts = parser.add_subparsers(dest="part", required=True)
    floors = parts.add_parser("floors")
    floors.add_argument("store", type=Path)
    floors.add_argument("--size", type=int, default=32)
    scores = parts.add_parser("scores")
    scores.add_argument("--samples", type=int, default=800_000)
    arguments = parser.parse_args()
    if arguments.part == "floors":
        _compare_floors(arguments.store, arguments.size)
    else:
        _time_scores(arguments.samples)


def _compare_floors(path: Path, size: int) -> None:
    with Store(path) as store:
        judge = obtain_judge(store, size, lambda phase, done, total: None)
    if not judge.unlearned.any():
        print(f"{path}: too few writers, the judge has learned all")
        return
    for split, reading in (("test", judge.test), ("unlearned", judge.others)):
        share = (reading.guesses[:, 0] == reading.labels).mean()
        print(f"read rightly of {len(reading.labels):,} {split}: {share:.2%}")
    started = time.perf_counter()
    found = measure(judge.train.rows(~judge.unlearned), judge)
    print(f"figures after {time.perf_counter() - started:.1f} s; learned, then not learned:")
    for figure in found.figures:
        print(f"{figure.name}: {figure.shown}, {figure.real_shown} ({figure.compared})")


def _time_scores(samples: int) -> None:
    random = np.random.default_rng(0)

    def draw(count: int) -> np.ndarray:
        return random.gamma(1, 0.5, (count, FEATURES)).astype(np.float32)

    started = time.perf_counter()
    real = merge_moments(
        Moments.of(draw(min(_BLOCK_SAMPLES, samples - done)))
        for done in range(0, samples, _BLOCK_SAMPLES)
    )
    print(f"moments of {samples:,} samples, drawing included: {_since(started)}")
    for _ in range(2):  # the first also takes the root of the real covariance
        scored = draw(_SCORED)
        started = time.perf_counter()
        frechet_distance(real, Moments.of(scored))
        print(f"Fréchet distance of {_SCORED:,} samples to them: {_since(started)}")
    _print_peak()
    generated, test = draw(_DRAWN), draw(_PAIRED)
    labels = np.sort(np.arange(_DRAWN) % _CLASSES)
    resampling = Resampling.of_samples(labels)
    some = Resampling.of_samples(labels[:_PAIRED])
    timed: tuple[tuple[str, Callable[[], object]], ...] = (
        (f"Fréchet of {_DRAWN:,}", lambda: frechet_distances(test, generated, resampling)),
        (f"kernel of {_PAIRED:,}", lambda: kernel_distances(test, generated[:_PAIRED], some)),
        (f"manifold of {_PAIRED:,}", lambda: manifold_figures(test, generated[:_PAIRED], some)),
        (f"diversity of {_DRAWN:,}", lambda: class_diversities(generated, labels, resampling)),
    )
    for name, compute in timed:
        started = time.perf_counter()
        compute()
        print(f"{name} with its error: {_since(started)}")
    _print_peak()


def _print_peak() -> None:
    if sys.platform == "win32":
        peak_bytes = psutil.Process().memory_info().peak_wset
    else:
        import resource  # which Windows lacks

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak_bytes = peak if sys.platform == "darwin" else peak * 1024
    print(f"peak memory so far: {peak_bytes / 2**20:,.0f} MiB")


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.2f} s"


if __name__ == "__main__":
    main()
