"""Training steps, drawing and starting, beside the machine's matrix products and a plain port."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measurement import (
    MIB,
    Measurement,
    matrix_rate,
    median_seconds,
    watch_program,
)
from benchmarks.noise import some_characters, write_noise_store
from benchmarks.plain_training import PlainPaperStep
from data_tools.store.reader import Store
from hanzi_lsgan.acceleration import keep_freed_memory, process_state, synchronize
from hanzi_lsgan.batches import Batch, BatchStream
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.export.samples import export_samples
from hanzi_lsgan.recipe import load_recipe, recipe_names
from hanzi_lsgan.training.dry_run import teach_with_anyone
from hanzi_lsgan.training.step import Trainer

_SAMPLES_A_CLASS = 24
_WARM_UP_STEPS = 8
_BLOCKS = 5  # of steps, the fastest of which counts: the machine's speed drifts
_BLOCK_STEPS = 8  # as many as lie between two penalties
_GROWTH_SAMPLES = 7185 * _SAMPLES_A_CLASS
_CLASSES = 105
_PAPER_CLASSES = 3740
_GENERATED = 4000
_RENDERED = 1000

_GROWTH = """
import sys
from benchmarks.networks import step_milliseconds
print(step_milliseconds(sys.argv[1], int(sys.argv[2])))
"""


def measure_steps() -> Iterator[Measurement]:
    """Each recipe's step in the precision that it takes here."""
    device = process_state().device
    types = {"bf16": torch.bfloat16, "no": torch.float32}
    if device.type != "cpu":
        types["fp16"] = torch.float16
    rates = {precision: matrix_rate(type_, device) for precision, type_ in types.items()}
    for precision, rate in rates.items():
        what = f"matrix product, {'float32' if precision == 'no' else precision}"
        yield Measurement("train", what, rate / 1e9, "Gflop/s")
    for name in recipe_names():
        classes = _PAPER_CLASSES if name.startswith("paper") else _CLASSES
        seconds, waiting, operations, precision, batch_size = _time_steps(name, classes)
        what = f"{name}, {classes:,} classes, {precision}"
        yield Measurement("train", what, batch_size / seconds, "images/s")
        share = 100 * operations / seconds / rates.get(precision, rates["no"])
        yield Measurement("train", f"{what}, of the matrix product's rate", share, "%")
        yield Measurement("train", f"{what}, waiting for data", 100 * waiting / seconds, "%")


def measure_paper_step() -> Iterator[Measurement]:
    """The original networks in float32 beside a plain port of them."""
    seconds, _, _, _, batch_size = _time_steps("paper28", _PAPER_CLASSES, "train.precision=no")
    device = process_state().device
    step = PlainPaperStep(_PAPER_CLASSES, batch_size, device)
    images = torch.rand(batch_size, 1, 28, 28, device=device)
    labels = torch.arange(batch_size, device=device)

    def plain_step() -> None:
        step(images, labels)
        synchronize(device)

    plain_step()
    plain = median_seconds(plain_step, 5)
    yield Measurement(
        "train",
        f"paper28, {_PAPER_CLASSES:,} classes, float32",
        batch_size / seconds,
        "images/s",
        f"plain port: {batch_size / plain:,.0f} images/s",
        plain / seconds,
    )


def measure_drawing() -> Iterator[Measurement]:
    """`generate` and `render` of the smallest recipe."""
    charset = some_characters(_RENDERED)
    generator = Trainer(load_recipe("quick32"), charset).ema
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "fake.gnt"
        each = _GENERATED // _RENDERED
        seconds = median_seconds(
            lambda: export_samples(
                generator, charset, charset, out, per_class=each, seed=0, force=True
            ),
            3,
        )
    rate = _GENERATED / seconds
    yield Measurement("draw", "generate at 32 pixels, to a .gnt file", rate, "samples/s")
    seconds = median_seconds(
        lambda: render_comparison(generator, charset, charset, store=None, rows=1, seed=0), 3
    )
    yield Measurement("draw", f"render {_RENDERED:,} characters, torch loaded", seconds, "s")


def measure_starting() -> Iterator[Measurement]:
    """From the shell to the first answer."""
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "--help"]
    seconds = median_seconds(
        lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 5
    )
    importing = [sys.executable, "-c", "import torch"]
    torch_seconds = median_seconds(lambda: subprocess.run(importing, check=True), 5)
    beside = f"import torch: {torch_seconds:.2f} s"
    yield Measurement("start", "hanzi-lsgan --help", seconds, "s", beside, torch_seconds / seconds)


def measure_growth_of_steps(class_counts: list[int]) -> Iterator[Measurement]:
    """A step of `quick32` on more and more classes, with learned rows and with glyphs."""
    for embedding in ("learned", "glyph"):
        for classes in class_counts:
            milliseconds, peak = watch_program(_GROWTH, embedding, str(classes))
            what = f"quick32, {embedding}, {classes:,} classes"
            yield Measurement("growth", f"{what}, a step", milliseconds, "ms")
            yield Measurement("growth", f"{what}, peak memory", peak / MIB, "MiB")


def step_milliseconds(embedding: str, classes: int) -> float:
    """Time of a step of `quick32` with a kind of label embedding."""
    override = f"model.label_embedding={embedding}"
    seconds, *_ = _time_steps("quick32", classes, override, samples=_GROWTH_SAMPLES)
    return 1000 * seconds


def _time_steps(
    name: str, classes: int, *overrides: str, samples: int | None = None
) -> tuple[float, float, float, str, int]:
    """A step's seconds, those of them waiting for data, its operations, precision and batch."""
    keep_freed_memory()  # as the command line does
    recipe = load_recipe(name, overrides)
    batch_size = recipe.train.batch_size
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.h5"
        samples = samples or classes * _SAMPLES_A_CLASS
        write_noise_store(path, recipe.model.size, classes, samples)
        with Store(path) as store:
            trainer = Trainer(recipe, store.charset)
            teach_with_anyone(trainer, classes)
            stream = BatchStream(
                store,
                size=recipe.model.size,
                batch_size=batch_size,
                pack_size=recipe.model.pack_size,
                seed=0,
                device=trainer.device,
            )
            batches = stream.batches()
            operations = _operations(trainer, next(batches))
            for _ in range(_WARM_UP_STEPS):
                trainer.train_step(next(batches))
            blocks = [_time_block(trainer, batches) for _ in range(_BLOCKS)]
    seconds, waiting = min(blocks)
    return seconds, waiting, operations, trainer.precision, batch_size


def _time_block(trainer: Trainer, batches: Iterator[Batch]) -> tuple[float, float]:
    """A step's seconds and those of them waiting for data, means of a block."""
    waiting = 0.0
    synchronize(trainer.device)
    started = time.perf_counter()
    for _ in range(_BLOCK_STEPS):
        asked = time.perf_counter()
        batch = next(batches)
        waiting += time.perf_counter() - asked
        trainer.train_step(batch)
    synchronize(trainer.device)
    return (time.perf_counter() - started) / _BLOCK_STEPS, waiting / _BLOCK_STEPS


def _operations(trainer: Trainer, batch: Batch) -> float:
    """Floating-point operations of a step, two for each multiply-add.

    A backward pass costs what two forward passes do, or one where weights get no gradient. G goes
    forward and back once. D does so on real and on generated images, then on generated ones without
    gradients of its own. The penalty costs about three forward passes for the gradient, and as many
    again to derive it, every so many steps.
    """
    labels = batch.labels.to(trainer.device)
    latents = trainer.ema.sample_latents(len(labels), trainer.random)
    with FlopCounterMode(display=False) as generator:
        images = trainer.generator(latents, labels).detach()
    with FlopCounterMode(display=False) as discriminator:
        trainer.discriminator(images, labels)
    passes = 2 * 3 + 2.0
    objective = trainer.recipe.objective
    if objective.r1_gamma > 0:
        passes += 6 / objective.r1_every
    return float(3 * generator.get_total_flops() + passes * discriminator.get_total_flops())
