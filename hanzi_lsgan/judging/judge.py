"""What generated characters are judged by: a store's recogniser, and its real samples read by it.

All are made once and kept beside the store, under the store's checksum and the size of the images:

    hanzi.recogniser-543d8f27aaec-32-v3.safetensors     weights of the judge
    hanzi.teacher-543d8f27aaec-32-v3.safetensors        weights of the teacher, which judges nothing
    hanzi.train-read-543d8f27aaec-32-v3.safetensors     features and guesses of the train split
    hanzi.test-read-543d8f27aaec-32-v3.safetensors      the same of the test split
    hanzi.train-moments-543d8f27aaec-32-v3.safetensors  mean and scatter of features of the train
                                                        samples that the judge has not learned
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save as serialize_arrays
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save as serialize_tensors

from data_tools.errors import UserError, join_message
from data_tools.files import BeingWrittenError, replacing
from data_tools.splits import Split
from data_tools.store.reader import Store
from data_tools.store.summary import untaught_in
from hanzi_lsgan.batches import BatchStream, load_rows
from hanzi_lsgan.judging.moments import Moments, merge_moments
from hanzi_lsgan.judging.recogniser import BATCH, Reading, Recogniser, read_glyphs, train_recogniser
from hanzi_lsgan.judging.unlearned import are_enough, unlearned_rows

_EPOCHS = 13
_EPOCHS_OF_MANY = 7
_LEAST_IMAGES = 100_000
_MANY_IMAGES = 800_000
_MOST_IMAGES = 2_400_000
_WAIT_SECONDS = 1.0
_READ_ROWS = 4096


@dataclass(frozen=True)
class Role:
    """What one of a store's recognisers is for; each is trained from its own seed.

    Attributes:
        name: of its file.
        seed: of its weights, and of the order and variations of samples.
        purpose: what it does.
        off: the setting that does without it.
        version: counts up when its network or training changes.
        learns_all: whether it learns from every train sample (`unlearned.py`).
        most_images: that it sees, however many samples there are.
    """

    name: str
    seed: int
    purpose: str
    off: str
    version: int
    learns_all: bool
    most_images: int


JUDGE = Role(
    "recogniser", 0, "scores every checkpoint", "train.score_samples=0", 3, False, _MOST_IMAGES
)
# A teacher only says what cannot be read at all: weights that one of 2.4 million images taught were
# read no better than those of one of 800,000 (docs/quality.md), which is ready in a third of the
# time.
TEACHER = Role(
    "teacher", 1, "teaches the generator", "objective.reading_weight=0", 3, True, 800_000
)


@dataclass(frozen=True)
class Judge:
    """The real samples of a store as its recogniser sees them, rows in the store's order.

    Attributes:
        recogniser: trained on the train split, or on most of its writers.
        charset: label i is character i.
        train: reading of the train split, which the networks that are judged have learned.
        test: reading of the test split.
        unlearned: rows of `train` (N,) that the recogniser has not learned; possibly none.
        kind: the number of the kind of writing that both readings are of; None if they are of all.
        untaught: characters of which the store has no train sample, so that the recogniser cannot
            read them; the readings have none.
    """

    recogniser: Recogniser
    charset: str
    train: Reading
    test: Reading
    unlearned: NDArray[np.bool_]
    kind: int | None = None
    untaught: str = ""

    def of_kind(self, store: Store, kind: str) -> Self:
        """The same judge with the real samples of one kind of writing alone.

        Raises:
            UserError: the store has no train or no test samples of it.
        """
        require_kind(store, kind, store.kinds)
        of_it = replace(self, kind=store.kinds.index(kind))
        train, test = (
            of_it.chosen(store, split)[self.chosen(store, split)]
            for split in (Split.TRAIN, Split.TEST)
        )
        return replace(
            of_it,
            train=self.train.rows(train),
            test=self.test.rows(test),
            unlearned=self.unlearned[train],
        )

    def chosen(self, store: Store, split: Split) -> NDArray[np.bool_]:
        """Which rows of a split (n,) are of the kind, and of characters that can be read."""
        rows = store.rows_of(split)
        chosen = self.learned[store.labels[rows.start : rows.stop]]
        if self.kind is not None:
            chosen &= store.row_kinds[rows.start : rows.stop] == self.kind
        return chosen

    @property
    def learned(self) -> NDArray[np.bool_]:
        """Whether the recogniser has been taught each class: (classes,)."""
        return np.array([character not in self.untaught for character in self.charset], bool)

    @property
    def others(self) -> Reading:
        """What stands for generated samples: train samples, unlearned ones where these do."""
        return self.train.rows(self.unlearned) if self.has_others else self.train

    @property
    def has_others(self) -> bool:
        """Whether there are unlearned samples, and of a kind by more than a few writers."""
        if self.kind is None or self.train.writers is None:
            return bool(self.unlearned.any())
        return are_enough(self.train.writers[self.unlearned])


OnSamples = Callable[[str, int, int], None]
"""Told of the phase, the samples done and their number."""


def training_steps(samples: int) -> int:
    """How long a recogniser is trained on so many samples, in batches.

    13 epochs; but enough images to converge for few samples, and fewer epochs for many: 800,000
    images from 61,000 samples on, 7 epochs from 114,000, 2.4 million images from 343,000. (After
    two epochs the 9,783 characters of twelve hands were read badly.)
    """
    most = min(max(_EPOCHS_OF_MANY * samples, _MANY_IMAGES), _MOST_IMAGES)
    images = min(max(_EPOCHS * samples, _LEAST_IMAGES), most)
    return -(-images // BATCH)


def has_recogniser(store: Store, size: int, role: Role) -> bool:
    """Whether a store has a recogniser already, so that obtaining it takes no time."""
    return _weights(store, role, size).exists()


def obtain_recogniser(
    store: Store, size: int, on_samples: OnSamples, role: Role = JUDGE
) -> Recogniser:
    """Load the recogniser of a store for glyphs of `size` pixels, or train it on the train split.

    Raises:
        UserError: the store's size does not suit, it has too few samples, or the file cannot be
            written.
    """
    path = _weights(store, role, size)
    while not path.exists():
        try:
            # Opened before the minutes of work, which could not be kept where that fails.
            with replacing(path) as unfinished:
                trained = _train(store, size, role, on_samples)
                weights = {name: value.contiguous() for name, value in trained.state_dict().items()}
                unfinished.write_bytes(serialize_tensors(weights))
        except BeingWrittenError:  # another process trains it; if that is ended, this one does
            on_samples(f"wait for the {role.name} that another process trains", 0, 0)
            time.sleep(_WAIT_SECONDS)
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
    left_out = None if role.learns_all else unlearned_rows(store)
    samples = len(store.rows_of(Split.TRAIN)) - (0 if left_out is None else int(left_out.sum()))
    batch_size = max(1, min(BATCH, samples))
    stream = BatchStream(
        store, size=size, batch_size=batch_size, pack_size=1, seed=role.seed, left_out=left_out
    )
    steps = min(training_steps(samples), -(-role.most_images // BATCH))
    return train_recogniser(
        ((batch.images, batch.labels) for batch in stream.batches()),
        classes=len(store.charset),
        size=size,
        steps=steps,
        seed=role.seed,
        on_images=lambda images: on_samples(role.name, images, steps * batch_size),
    )


def require_both_splits(store: Store) -> None:
    """Refuse a store that lacks the train or the test split.

    Raises:
        UserError: it does.
    """
    for split in Split:
        if not store.rows_of(split):
            remedy = "prepare it with --test, so that nothing is judged by what it was trained on"
            problem = f"has no {split.name.lower()} split"
            raise UserError(join_message(str(store.path), problem, remedy))


def require_kind(store: Store, kind: str, drawn: Collection[str]) -> None:
    """Refuse a store that lacks train or test samples of a kind of writing.

    Args:
        store: to be judged by.
        kind: of what is judged.
        drawn: kinds that could be drawn instead; such as can be judged here are named.

    Raises:
        UserError: it does.
    """
    lacking = {name: _splits_without(store, number) for number, name in enumerate(store.kinds)}
    if kind in lacking and not lacking[kind]:
        return
    problem = f"has no kind of writing named {kind}"
    if kind in lacking:
        problem = f"has no {lacking[kind][0].name.lower()} samples by {kind}"
    remedy = f"name a store with train and test samples by {kind}, as --data"
    if others := [name for name in store.kinds if name in drawn and not lacking[name]]:
        remedy = f"choose one of {', '.join(others)} as --kind, or {remedy}"
    raise UserError(join_message(str(store.path), problem, remedy))


def _splits_without(store: Store, kind: int) -> list[Split]:
    """Those splits of a store that have no sample by a kind of writing."""
    of_kind = store.row_kinds == kind
    return [split for split in Split if not (of_kind & (store.splits == split)).any()]


def obtain_judge(store: Store, size: int, on_samples: OnSamples) -> Judge:
    """Load or make all that evaluation needs of a store.

    Raises:
        UserError: as `obtain_recogniser`, or the store lacks a split.
    """
    require_both_splits(store)
    recogniser = obtain_recogniser(store, size, on_samples)
    rows = store.rows_of(Split.TRAIN)
    judge = Judge(
        recogniser,
        store.charset,
        train=obtain_reading(store, recogniser, Split.TRAIN, on_samples),
        test=obtain_reading(store, recogniser, Split.TEST, on_samples),
        unlearned=unlearned_rows(store)[rows.start : rows.stop],
        untaught=untaught_in(store),
    )
    return replace(judge, test=judge.test.rows(judge.chosen(store, Split.TEST)))


def obtain_reading(
    store: Store, recogniser: Recogniser, split: Split, on_samples: OnSamples
) -> Reading:
    """Read a split of a store with its recogniser, unless that has been done before.

    Raises:
        UserError: the store cannot be read, or the file cannot be written.
    """
    rows = store.rows_of(split)
    made_with = _made_with(store, recogniser)
    path = _beside(store, f"{split.name.lower()}-read", recogniser.size)
    arrays = _load_arrays(path, made_with)
    if arrays is None:
        blocks = list(_read_blocks(recogniser, store, rows, on_samples))
        arrays = {
            "features": np.concatenate([features for features, _ in blocks]),
            "guesses": np.concatenate([guesses for _, guesses in blocks]),
        }
        _save_arrays(path, arrays, made_with)
    within = slice(rows.start, rows.stop)
    labels, writers = store.labels[within].astype(np.int64), store.writers[within]
    return Reading(labels, arrays["features"], arrays["guesses"], writers)


def obtain_moments(store: Store, recogniser: Recogniser, on_samples: OnSamples) -> Moments:
    """Moments of the features that generators are compared with while they train.

    They are of the train samples that the judge has not learned, or of all where it has learned
    all; the samples are read a block at a time, unless that has been done before.

    Raises:
        UserError: the store cannot be read, or the file cannot be written.
    """
    made_with = _made_with(store, recogniser)
    path = _beside(store, "train-moments", recogniser.size)
    arrays = _load_arrays(path, made_with)
    if arrays is not None:
        return Moments(int(arrays["count"]), arrays["mean"], arrays["scatter"])
    unlearned = unlearned_rows(store)
    wanted = unlearned if unlearned.any() else None
    blocks = _read_blocks(recogniser, store, store.rows_of(Split.TRAIN), on_samples, wanted)
    moments = merge_moments(Moments.of(features) for features, _ in blocks)
    count = np.array(moments.count)
    arrays = {"count": count, "mean": moments.mean, "scatter": moments.scatter}
    _save_arrays(path, arrays, made_with)
    return moments


def _read_blocks(
    recogniser: Recogniser,
    store: Store,
    rows: range,
    on_samples: OnSamples,
    wanted: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
    """Features and guesses of neighbouring rows, or of those wanted (N,), a block at a time."""
    for start in range(rows.start, rows.stop, _READ_ROWS):
        block = range(start, min(start + _READ_ROWS, rows.stop))
        images = load_rows(store, block, recogniser.size)
        if wanted is not None:
            images = images[wanted[block.start : block.stop]]
        if len(images):
            yield read_glyphs(recogniser, images)
        on_samples("reading", block.stop - rows.start, len(rows))


def _made_with(store: Store, recogniser: Recogniser) -> str:
    """The checksum of the judge's weights, by which what it read is known."""
    return hashlib.sha256(_weights(store, JUDGE, recogniser.size).read_bytes()).hexdigest()


def _load_arrays(path: Path, made_with: str) -> dict[str, NDArray[Any]] | None:
    """What was read before with the same weights, or None."""
    try:
        with safe_open(path, framework="np") as file:
            if (file.metadata() or {}).get("made_with") != made_with:
                return None
        return load_arrays(path)
    except (FileNotFoundError, SafetensorError):
        return None


def _save_arrays(path: Path, arrays: dict[str, NDArray[Any]], made_with: str) -> None:
    # Where another process keeps the same at this moment, that one's is as good.
    with suppress(BeingWrittenError), replacing(path) as unfinished:
        unfinished.write_bytes(serialize_arrays(arrays, {"made_with": made_with}))


def _weights(store: Store, role: Role, size: int) -> Path:
    return _beside(store, role.name, size, role.version)


def _beside(store: Store, what: str, size: int, version: int = JUDGE.version) -> Path:
    name = f"{store.path.stem}.{what}-{store.fingerprint[:12]}-{size}-v{version}.safetensors"
    return store.path.with_name(name)
