"""The table on CIFAR-10, for who has it: RGB, the same step, Inception's features.

It trains without a store and a run folder, which hold grey levels: batches come from memory, and a
run is one file of the trainer's state.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.files import replacing
from hanzi_lsgan.batches import Batch, Position
from hanzi_lsgan.drawing.images import draw_classes
from hanzi_lsgan.papers.inception import Inception, load_inception, read_images
from hanzi_lsgan.papers.judged import distance_of, posterior_score
from hanzi_lsgan.papers.record import Row, Summary
from hanzi_lsgan.papers.sitting import Sitting, Unfinished
from hanzi_lsgan.papers.table import (
    FULL,
    OVERRIDES,
    Settings,
    compare,
    draw_bars,
    recipe_overrides,
    summarise,
)
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.state_file import write_state
from hanzi_lsgan.training.step import Trainer

FOLDER = "cifar-10-batches-py"

_CLASSES = "0123456789"  # stand for airplane to truck where the trainer wants characters
_SCORE_SPLITS = 10  # of the Inception Score, as it is published
_SEED = 0


@dataclass(frozen=True)
class Cifar10:
    """Images in memory.

    Attributes:
        images: (N, 3, 32, 32) uint8.
        labels: (N,) int64, 0 to 9.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @classmethod
    def of_folder(cls, folder: Path) -> "Cifar10":
        """Read the train split by torchvision, which compares the checksums first.

        Args:
            folder: what holds `cifar-10-batches-py`, or that itself.

        Raises:
            UserError: a file is missing or damaged.
        """
        from torchvision.datasets import CIFAR10  # type: ignore[import-untyped]

        root = folder.parent if folder.name == FOLDER else folder
        try:
            dataset = CIFAR10(root, train=True, download=False)
        except (RuntimeError, OSError, KeyError, ValueError, pickle.UnpicklingError) as error:
            problem = f"holds no whole {FOLDER} ({error})"
            remedy = "unpack cifar-10-python.tar.gz from www.cs.toronto.edu/~kriz/cifar.html there"
            raise UserError(join_message(str(root), problem, remedy)) from None
        images = np.ascontiguousarray(np.asarray(dataset.data).transpose(0, 3, 1, 2))
        return cls(images, np.asarray(dataset.targets, dtype=np.int64))

    def batches(self, batch_size: int, seed: int, start: Position) -> Iterator[Batch]:
        """Endless batches, every image once an epoch but for the last incomplete batch."""
        images, labels = torch.from_numpy(self.images), torch.from_numpy(self.labels)
        epoch, first = start.epoch, start.batch
        while True:
            order = np.random.default_rng((seed, epoch)).permutation(len(self.labels))
            for number in range(first, len(order) // batch_size):
                rows = torch.from_numpy(order[number * batch_size : (number + 1) * batch_size])
                yield Batch(images[rows], labels[rows], Position(epoch, number + 1))
            epoch, first = epoch + 1, 0


def is_cifar10(path: Path) -> bool:
    """Whether a path is meant for CIFAR-10: a folder, where a store is a file."""
    return path.is_dir()


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train each objective with each seed on CIFAR-10, and judge by Inception's features.

    Raises:
        UserError: matplotlib, CIFAR-10 or Inception's weights are missing, or the folder holds
            something else or cannot be written.
    """
    data = Cifar10.of_folder(Path(settings.data))
    if len(data.labels) < settings.batch_size:
        raise UserError(
            join_message(settings.data, "has too few images for a batch", "unpack it again")
        )
    if not settings.inception:
        remedy = "name a file with --inception; `hanzi-lsgan paper list` says which"
        raise UserError(join_message("--data", "CIFAR-10 is judged by Inception's weights", remedy))
    inception = load_inception(Path(settings.inception))
    record = sitting.begin("table", settings)
    chosen = np.random.default_rng(_SEED).permutation(len(data.labels))
    halves = (chosen[: settings.samples], chosen[settings.samples :][: settings.samples])
    real: list[NDArray[np.float32]] = []

    def real_features() -> NDArray[np.float32]:
        if not real:
            real.append(_read(sitting, inception, data.images[halves[0]])[0])
        return real[0]

    def examine(name: str, seed: int) -> Row:
        path = record.folder / "runs" / f"{list(OVERRIDES).index(name)}-{seed}.pt"
        trainer = _train(sitting, data, path, recipe_overrides(name, settings, seed), settings)
        each = -(-settings.samples // len(_CLASSES))
        drawn = draw_classes(trainer.ema, range(len(_CLASSES)), each, _SEED)
        images = np.concatenate(list(drawn))[: settings.samples]
        features, posteriors = _read(sitting, inception, images)
        return _figures(real_features(), features, posteriors)

    def examine_real() -> Row:
        features, posteriors = _read(sitting, inception, data.images[halves[1]])
        return _figures(real_features(), features, posteriors)

    compare(sitting, record, settings, examine, examine_real)
    draw_bars(record, "fid", f"FID of {settings.samples:,} samples, CIFAR-10")
    note = (
        f"CIFAR-10, {settings.samples:,} train images against as many generated ones; FID falls "
        "with their number, so that only rows of this table can be compared with each other."
    )
    columns = {"fid": "FID", "inception_score": "Inception Score"}
    return summarise(record, settings, columns, note)


def _train(
    sitting: Sitting, data: Cifar10, path: Path, overrides: list[str], settings: Settings
) -> Trainer:
    """Train on batches from memory, or go on with what was begun."""
    recipe = load_recipe("dcgan32", [*overrides, "model.image_channels=3"])
    trainer = Trainer(recipe, _CLASSES)
    if path.exists():
        trainer.load_state(torch.load(path, map_location="cpu", weights_only=True))
    goal = round(settings.kimg * 1000)
    batches = data.batches(settings.batch_size, recipe.train.seed, trainer.position)
    while trainer.images < goal and not sitting.over:
        trainer.train_step(next(batches))
        sitting.on_progress(path.stem, min(trainer.images, goal), goal)
    with replacing(path) as unfinished:
        write_state(unfinished, trainer.state())
    if trainer.images < goal:
        raise Unfinished
    return trainer


def _read(
    sitting: Sitting, inception: Inception, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return read_images(
        inception, images, lambda done: sitting.report("Inception", done, len(images))
    )


def _figures(
    real: NDArray[np.float32], features: NDArray[np.float32], posteriors: NDArray[np.float32]
) -> Row:
    splits = np.array_split(posteriors, min(_SCORE_SPLITS, len(posteriors)))
    return {
        "fid": distance_of(real, features),
        "inception_score": float(np.mean([posterior_score(split) for split in splits])),
    }
