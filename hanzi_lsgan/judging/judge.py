"""What generated characters are judged by: a store's recogniser, and its real samples read by it.

Both are made once and kept beside the store, under the store's checksum and the size of the images:

    hanzi.recogniser-543d8f27aaec-32-v1.safetensors    weights of the judge
    hanzi.teacher-543d8f27aaec-32-v1.safetensors       weights of the teacher, which judges nothing
    hanzi.train-read-543d8f27aaec-32-v1.safetensors    features and guesses of the train split
    hanzi.test-read-543d8f27aaec-32-v1.safetensors     the same of the test split
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save as serialize_arrays
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save as serialize_tensors

from data_tools.errors import UserError, join_message
from data_tools.files import replacing
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream, load_rows
from hanzi_lsgan.judging.recogniser import BATCH, Reading, Recogniser, read_glyphs, train_recogniser

_VERSION = "1"  # of the recogniser: counts up when its network or training changes
_EPOCHS = 13
_LEAST_IMAGES = 100_000
_MOST_IMAGES = 800_000
_READ_ROWS = 4096


@dataclass(frozen=True)
class Role:
    """What one of a store's recognisers is for; each is trained from its own seed.

    Attributes:
        name: of its file.
        seed: of its weights, and of the order and variations of samples.
        purpose: what it does.
        off: the setting that does without it.
    """

    name: str
    seed: int
    purpose: str
    off: str


JUDGE = Role("recogniser", 0, "scores every checkpoint", "train.score_samples=0")
TEACHER = Role("teacher", 1, "teaches the generator", "objective.reading_weight=0")


@dataclass(frozen=True)
class Judge:
    """The real samples of a store as its recogniser sees them, rows in the store's order.

    Attributes:
        recogniser: trained on the train split.
        charset: label i is character i.
        train: reading of the train split, with its labels.
        test: reading of the test split, with its labels.
    """

    recogniser: Recogniser
    charset: str
    train: Reading
    test: Reading


OnSamples = Callable[[str, int, int], None]
"""Told of the phase, the samples done and their number."""


def training_steps(samples: int) -> int:
    """How long a recogniser is trained on so many samples, in batches.

    13 epochs; but enough images to converge for few samples, and not for hours for many.
    """
    images = min(max(_EPOCHS * samples, _LEAST_IMAGES), _MOST_IMAGES)
    return -(-images // BATCH)


def has_recogniser(store: Store, size: int, role: Role) -> bool:
    """Whether a store has a recogniser already, so that obtaining it takes no time."""
    return _beside(store, role.name, size).exists()


def obtain_recogniser(
    store: Store, size: int, on_samples: OnSamples, role: Role = JUDGE
) -> Recogniser:
    """Load the recogniser of a store for glyphs of `size` pixels, or train it on the train split.

    Raises:
        UserError: the store's size does not suit, it has too few samples, or the file cannot be
            written.
    """
    path = _beside(store, role.name, size)
    if not path.exists():
        trained = _train(store, size, role, on_samples)
        with replacing(path) as unfinished:
            weights = {name: value.contiguous() for name, value in trained.state_dict().items()}
            unfinished.write_bytes(serialize_tensors(weights))
    # Who made it reads it back as well: rounding depends on strides in memory, and a resumed run
    # must be as one that was not interrupted.
    network = Recogniser(len(store.charset), size)
    try:
        network.load_state_dict(load_tensors(path))
    except (SafetensorError, RuntimeError, OSError) as error:
        problem = f"is no recogniser of this store ({error})"
        raise UserError(join_message(str(path), problem, "delete it; it is made again")) from None
    if torch.accelerator.is_available():
        network.to(torch.accelerator.current_accelerator())
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def _train(store: Store, size: int, role: Role, on_samples: OnSamples) -> Recogniser:
    samples = len(store.rows_of(Split.TRAIN))
    batch_size = max(1, min(BATCH, samples))
    stream = BatchStream(store, size=size, batch_size=batch_size, pack_size=1, seed=role.seed)
    steps = training_steps(samples)
    return train_recogniser(
        ((batch.images, batch.labels) for batch in stream.batches()),
        classes=len(store.charset),
        size=size,
        steps=steps,
        seed=role.seed,
        on_images=lambda images: on_samples(role.name, images, steps * batch_size),
    )


def obtain_judge(store: Store, size: int, on_samples: OnSamples) -> Judge:
    """Load or make all that evaluation needs of a store.

    Raises:
        UserError: as `obtain_recogniser`, or the store lacks a split.
    """
    for split in Split:
        if not store.rows_of(split):
            remedy = "prepare it with --test, so that nothing is judged by what it was trained on"
            problem = f"has no {split.name.lower()} split"
            raise UserError(join_message(str(store.path), problem, remedy))
    recogniser = obtain_recogniser(store, size, on_samples)
    return Judge(
        recogniser,
        store.charset,
        train=obtain_reading(store, recogniser, Split.TRAIN, on_samples),
        test=obtain_reading(store, recogniser, Split.TEST, on_samples),
    )


def obtain_reading(
    store: Store, recogniser: Recogniser, split: Split, on_samples: OnSamples
) -> Reading:
    """Read a split of a store with its recogniser, unless that has been done before.

    Raises:
        UserError: the store cannot be read, or the file cannot be written.
    """
    rows = store.rows_of(split)
    weights = _beside(store, JUDGE.name, recogniser.size).read_bytes()
    made_with = hashlib.sha256(weights).hexdigest()
    path = _beside(store, f"{split.name.lower()}-read", recogniser.size)
    arrays = _load_arrays(path, made_with)
    if arrays is None:
        features, guesses = _read_rows(recogniser, store, rows, on_samples)
        arrays = {"features": features, "guesses": guesses}
        with replacing(path) as unfinished:
            unfinished.write_bytes(serialize_arrays(arrays, {"made_with": made_with}))
    labels = store.labels[rows.start : rows.stop].astype(np.int64)
    return Reading(labels, arrays["features"], arrays["guesses"])


def _read_rows(
    recogniser: Recogniser, store: Store, rows: range, on_samples: OnSamples
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Read neighbouring rows of a store, a block at a time."""
    features, guesses = [], []
    for start in range(rows.start, rows.stop, _READ_ROWS):
        block = range(start, min(start + _READ_ROWS, rows.stop))
        read = read_glyphs(recogniser, load_rows(store, block, recogniser.size))
        features.append(read[0])
        guesses.append(read[1])
        on_samples("reading", block.stop - rows.start, len(rows))
    return np.concatenate(features), np.concatenate(guesses)


def _load_arrays(path: Path, made_with: str) -> dict[str, NDArray[Any]] | None:
    """What was read before with the same weights, or None."""
    try:
        with safe_open(path, framework="np") as file:
            if (file.metadata() or {}).get("made_with") != made_with:
                return None
        return load_arrays(path)
    except (FileNotFoundError, SafetensorError):
        return None


def _beside(store: Store, what: str, size: int) -> Path:
    name = f"{store.path.stem}.{what}-{store.fingerprint[:12]}-{size}-v{_VERSION}.safetensors"
    return store.path.with_name(name)
