"""How fast training, generating and rendering are on this machine.

    python benchmarks/training.py [--recipe quick32 hwdb64 paper28] [--classes 105] [--steps 30]

The samples are noise in a store made for the purpose: speed does not depend on what they show.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from data_tools.glyphs import GlyphOptions
from data_tools.sources import Split
from data_tools.store import Store
from data_tools.store_schema import SourceInfo, StoreHeader
from data_tools.store_writer import create_store, seal_store
from hanzi_lsgan.config import Recipe, load_recipe
from hanzi_lsgan.dataset import BatchStream
from hanzi_lsgan.export import export_samples
from hanzi_lsgan.render import render_comparison
from hanzi_lsgan.trainer import Trainer

_SAMPLES_A_CLASS = 24
_FIRST_HANZI = 0x4E00
_WARM_UP_STEPS = 8
_GENERATED = 4000
_RENDERED_CHARACTERS = 1000


def main() -> None:
    """Measure every recipe and print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recipe", nargs="+", default=["quick32", "hwdb64", "paper28"])
    parser.add_argument("--classes", type=int, default=105)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in arguments.recipe:
        recipe = load_recipe(name, [f"train.precision={arguments.precision}"])
        with tempfile.TemporaryDirectory() as folder:
            store_path = Path(folder) / "noise.h5"
            _write_noise(store_path, recipe.model.size, arguments.classes)
            with Store(store_path) as store:
                _measure_training(name, recipe, store, arguments.steps)
            if name == "quick32":
                _measure_drawing(recipe, Path(folder))


def _write_noise(path: Path, size: int, classes: int) -> None:
    labels = np.repeat(np.arange(classes), _SAMPLES_A_CLASS)
    header = StoreHeader(
        charset="".join(chr(_FIRST_HANZI + label) for label in range(classes)),
        glyph=GlyphOptions(size, "aspect", 0),
        font_drawn=False,
        left_out={},
        tool_version="benchmark",
    )
    columns = {
        "labels": labels,
        "writers": np.zeros_like(labels),
        "splits": np.full_like(labels, Split.TRAIN),
    }
    offset = create_store(path, header, columns, [SourceInfo("noise", "0" * 64, 1, len(labels))])
    random = np.random.default_rng(0)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(random.bytes(len(labels) * size**2))
    seal_store(path)


def _measure_training(name: str, recipe: Recipe, store: Store, steps: int) -> None:
    trainer = Trainer(recipe, store.charset)
    stream = BatchStream(
        store,
        size=recipe.model.size,
        batch_size=recipe.train.batch_size,
        pack_size=recipe.model.pack_size,
        seed=0,
    )
    batches = stream.batches()
    for _ in range(_WARM_UP_STEPS):
        trainer.train_step(next(batches))
    step_seconds, loader_seconds = [], []
    for _ in range(steps):
        started = time.perf_counter()
        batch = next(batches)
        loaded = time.perf_counter()
        trainer.train_step(batch)
        loader_seconds.append(loaded - started)
        step_seconds.append(time.perf_counter() - started)
    mean = statistics.mean(step_seconds)
    print(
        f"train {name} ({len(store.charset):,} classes, batch {recipe.train.batch_size}, "
        f"precision {trainer.precision}): {recipe.train.batch_size / mean:,.0f} images/s, loader "
        f"{100 * statistics.mean(loader_seconds) / mean:.1f} % of a step"
    )


def _measure_drawing(recipe: Recipe, folder: Path) -> None:
    charset = "".join(chr(_FIRST_HANZI + label) for label in range(_RENDERED_CHARACTERS))
    trainer = Trainer(recipe, charset)
    per_class = _GENERATED // _RENDERED_CHARACTERS
    started = time.perf_counter()
    count = export_samples(
        trainer.ema, charset, charset, folder / "fake.gnt", per_class=per_class, seed=0
    )
    rate = count / (time.perf_counter() - started)
    print(f"generate at 32 pixels: {rate:,.0f} samples/s into a .gnt file")
    started = time.perf_counter()
    render_comparison(trainer.ema, charset, charset, store=None, rows=1, seed=0)
    print(f"render {len(charset):,} characters: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    main()
