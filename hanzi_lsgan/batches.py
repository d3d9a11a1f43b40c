"""From the store to batches: packs of one class, mixed over all classes.

An epoch takes every training sample at most once, unless classes are balanced: then it takes as
many of each class, some twice and others not at all. Samples of a class are shuffled and cut into
packs, and packs of all classes are shuffled into batches. Where the samples fit, they lie in memory
as uint8; else blocks of neighbouring rows are streamed into a buffer, many blocks from all over the
file at a time, and the same is done inside each buffer. Everything follows from the seed and the
position, so a resumed run sees the batches that an uninterrupted one would.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_tools.errors import UserError, join_message
from data_tools.splits import Split
from data_tools.store.reader import Store

BLOCK_BYTES = 1 << 20
BUFFER_BYTES = 256 << 20
"""Streaming: read blocks of this size, and mix this much of them at a time."""

_MEMORY_SHARE = 0.5  # of what is free, that samples may take

Residence = Literal["auto", "memory", "device", "stream"]


@dataclass(frozen=True)
class Position:
    """How far training has come in the data: `batch` batches into `epoch`."""

    epoch: int = 0
    batch: int = 0


_BEGINNING = Position()


@dataclass(frozen=True)
class Batch:
    """Real samples, neighbours of one pack having one label.

    Attributes:
        images: (B, 1, S, S) uint8, 255 is background.
        labels: (B,) int64.
        following: the position behind this batch.
    """

    images: Tensor
    labels: Tensor
    following: Position


def pack_rows(
    labels: NDArray[np.int32],
    pack_size: int,
    random: np.random.Generator,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Shuffle rows into packs of one label each.

    Args:
        labels: (N,), in ascending order.
        pack_size: rows in a pack.
        random: source of the shuffle.
        weights: how often each label (classes,) is wanted, 1 being once for each of its rows.

    Returns:
        (packs, pack_size) indices into `labels`. Without weights a class gives as many whole packs
        as it can, and the rest of its rows are left out this time; one with fewer rows than a pack
        repeats them. With weights it gives so many times as many packs, rounded at random, and
        begins anew with its rows where they do not suffice.
    """
    order = np.lexsort((random.random(len(labels)), labels))
    present, starts, counts = np.unique(labels, return_index=True, return_counts=True)
    if weights is None:
        packs = _packs_of(counts, pack_size)
    else:
        wanted = counts * weights[present] / pack_size
        packs = np.floor(wanted + random.random(len(wanted))).astype(np.int64)
    rows = packs * pack_size
    rank = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
    chosen = order[np.repeat(starts, rows) + rank % np.repeat(counts, rows)]
    return random.permutation(chosen.reshape(-1, pack_size))


def _packs_of(counts: NDArray[np.int64], pack_size: int) -> NDArray[np.int64]:
    """How many packs classes of so many rows, of each at least one, give: (classes,)."""
    packs: NDArray[np.int64] = np.maximum(1, counts // pack_size)
    return packs


@dataclass(frozen=True)
class _Plan:
    """What one buffer holds and the order in which it is used.

    Attributes:
        ranges: rows of the store, ascending; the buffer holds them one after the other.
        labels: (rows in the buffer,).
        batches: (batches, B), indices into the buffer.
        first_batch: number of its first batch in the epoch.
    """

    ranges: list[range]
    labels: NDArray[np.int32]
    batches: NDArray[np.int64]
    first_batch: int

    @property
    def end_batch(self) -> int:
        """Number of the first batch behind this buffer."""
        return self.first_batch + len(self.batches)


class BatchStream:
    """Endless batches of a store's train split.

    Attributes:
        residence: where the samples lie: `memory`, `device` or `stream`.
        samples: how many the train split has, those left out not counted.
    """

    def __init__(
        self,
        store: Store,
        *,
        size: int,
        batch_size: int,
        pack_size: int,
        seed: int,
        residence: Residence = "auto",
        device: torch.device | None = None,
        part: slice = slice(None),
        class_balance: bool = False,
        with_kinds: bool = False,
        left_out: NDArray[np.bool_] | None = None,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        """Plan the batches, and load the samples unless they are streamed.

        Args:
            store: must stay open while batches are drawn.
            size: side of the images wanted; the store's, or a whole fraction of it.
            batch_size: images a batch, a multiple of `pack_size`.
            pack_size: neighbours that share a label.
            seed: of the order of samples.
            residence: `auto` takes a GPU's memory or else the host's, if the samples fill at most
                half of what is free there.
            device: where batches are wanted, the host by default.
            part: of each batch that this process wants; all of it by default.
            class_balance: whether an epoch has as many samples of each class, and of each kind.
            with_kinds: whether labels also say the kind of writing, of K kinds k: label · K + k.
            left_out: whether a row of the store (N,) is never to be drawn; by default none is.
            buffer_bytes: samples mixed at a time when they are streamed.

        Raises:
            UserError: the store's size does not suit, or it has too few training samples.
        """
        self._store = store
        self._size = size
        self._batch_size = batch_size
        self._pack_size = pack_size
        self._seed = seed
        self._part = part
        self._rows = store.rows_of(Split.TRAIN)
        self._labels = store.labels
        kinds = len(store.kinds) if with_kinds else 1
        if kinds > 1:
            self._labels = store.labels * kinds + store.row_kinds
        rows = slice(self._rows.start, self._rows.stop)
        classes = len(store.charset) * kinds
        self._drawn = np.ones(len(store), bool) if left_out is None else ~left_out
        counts = np.bincount(self._labels[rows][self._drawn[rows]], minlength=classes)
        self._weights = _balancing_weights(counts.reshape(-1, kinds)) if class_balance else None
        _reduction_factor(store, size)  # an error now, not when the first row is read
        self.samples = int(counts.sum())
        packs = int(_packs_of(counts[counts > 0], pack_size).sum())
        in_packs = self.samples if class_balance else packs * pack_size
        if min(self.samples, in_packs) < batch_size:
            raise self._too_few()
        if residence == "auto":
            residence = _residence_of(len(self._rows) * size**2, device)
        self.residence: Residence = residence
        self._blocks_per_buffer = max(1, buffer_bytes // BLOCK_BYTES)
        self._resident: Tensor | None = None
        if residence != "stream":
            resident = torch.from_numpy(self._load([self._rows]))
            self._resident = resident.to(device) if residence == "device" else resident

    def batches(self, start: Position = _BEGINNING) -> Iterator[Batch]:
        """Yield batches for ever, from a position on.

        Raises:
            UserError: the samples do not fill a single batch of whole packs.
        """
        epoch, first = start.epoch, start.batch
        while True:
            end = 0
            for plan, images in self._loaded(epoch, first):
                end = plan.end_batch
                # Once for all batches of the buffer: where images lie on a GPU, nothing else is
                # copied there.
                batches = torch.from_numpy(plan.batches).to(images.device)
                labels = torch.from_numpy(plan.labels.astype(np.int64)).to(images.device)
                for number in range(max(first, plan.first_batch), end):
                    rows = batches[number - plan.first_batch, self._part]
                    yield Batch(
                        images=images[rows].unsqueeze(1),
                        labels=labels[rows],
                        following=Position(epoch, number + 1),
                    )
            if end == 0 and first == 0:
                raise self._too_few()
            epoch, first = epoch + 1, 0

    def _loaded(self, epoch: int, first: int) -> Iterator[tuple[_Plan, Tensor]]:
        """Each buffer of an epoch that reaches behind batch `first`, with its images."""
        plans = (plan for plan in self._plans(epoch) if plan.end_batch > first)
        if self._resident is not None:
            for plan in plans:
                yield plan, self._resident
            return
        with ThreadPoolExecutor(max_workers=1) as reader:
            # While one buffer is used, the next is read.
            ahead = [(plan, reader.submit(self._load, plan.ranges)) for plan in islice(plans, 1)]
            while ahead:
                plan, images = ahead.pop()
                loaded = torch.from_numpy(images.result())
                ahead += [
                    (next_, reader.submit(self._load, next_.ranges)) for next_ in islice(plans, 1)
                ]
                yield plan, loaded

    def _plans(self, epoch: int) -> Iterator[_Plan]:
        """The buffers of an epoch, planned from labels alone."""
        first_batch = 0
        for number, ranges in enumerate(self._buffers(epoch)):
            labels = np.concatenate([self._labels[r.start : r.stop] for r in ranges])
            drawn = np.flatnonzero(np.concatenate([self._drawn[r.start : r.stop] for r in ranges]))
            random = np.random.default_rng((self._seed, epoch, number))
            packs = drawn[pack_rows(labels[drawn], self._pack_size, random, self._weights)]
            batches = packs.size // self._batch_size
            rows = packs.reshape(-1)[: batches * self._batch_size]
            rows = rows.reshape(batches, self._batch_size)  # of none at all, too
            yield _Plan(ranges, labels, rows, first_batch)
            first_batch += batches

    def _buffers(self, epoch: int) -> list[list[range]]:
        """Which rows are mixed with each other: all, or blocks from all over the file."""
        if self._resident is not None:
            return [[self._rows]]
        block_rows = max(self._pack_size, BLOCK_BYTES // self._store.size**2)
        starts = range(self._rows.start, self._rows.stop, block_rows)
        blocks = [range(start, min(start + block_rows, self._rows.stop)) for start in starts]
        shuffled = np.random.default_rng((self._seed, epoch)).permutation(len(blocks)).tolist()
        count = self._blocks_per_buffer
        return [
            [blocks[index] for index in sorted(shuffled[start : start + count])]
            for start in range(0, len(blocks), count)
        ]

    def _load(self, ranges: list[range]) -> NDArray[np.uint8]:
        """Read rows and reduce them to the size wanted: (rows, size, size)."""
        images = np.empty((sum(map(len, ranges)), self._size, self._size), np.uint8)
        done = 0
        for rows in ranges:
            load_rows(self._store, rows, self._size, images[done : done + len(rows)])
            done += len(rows)
        return images

    def _too_few(self) -> UserError:
        problem = (
            f"has {self.samples:,} training samples, too few for a batch of {self._batch_size}"
        )
        if self._pack_size > 1:
            problem += f" in packs of {self._pack_size} of one character"
        remedy = "prepare more samples, or pass a smaller --set train.batch_size=N"
        return UserError(join_message(str(self._store.path), problem, remedy))


def _residence_of(samples_bytes: int, device: torch.device | None) -> Residence:
    """Where samples go that may lie anywhere."""
    if device is not None and device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        if samples_bytes <= _MEMORY_SHARE * free:
            return "device"
    fits = samples_bytes <= _MEMORY_SHARE * psutil.virtual_memory().available
    return "memory" if fits else "stream"


def _balancing_weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often each sample of a class is wanted: (characters · kinds,), by counts of both.

    All classes of a kind give the same number of samples, and all kinds the same in all.
    """
    present = counts > 0
    of_each = counts.sum() / present.any(axis=0).sum() / np.maximum(present.sum(axis=0), 1)
    weights: NDArray[np.float64] = of_each / np.maximum(counts, 1)
    return weights.reshape(-1)


def load_rows(
    store: Store, rows: range, size: int, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Read neighbouring rows of a store, reduced to `size` pixels: (rows, size, size).

    Raises:
        UserError: the store's size is no multiple of `size`, or it cannot be read.
    """
    factor = _reduction_factor(store, size)
    images = np.empty((len(rows), size, size), np.uint8) if out is None else out
    block_rows = max(1, BLOCK_BYTES // store.size**2)
    for start in range(0, len(rows), block_rows):
        block = rows[start : start + block_rows]
        images[start : start + len(block)] = reduce_images(store.images(block), factor)
    return images


def reduce_images(images: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Shrink images (N, S, S) by a whole factor, averaging squares: (N, S/factor, S/factor)."""
    if factor == 1:
        return images
    count, size = len(images), images.shape[1] // factor
    squares = images.reshape(count, size, factor, size, factor)
    averages: NDArray[np.float32] = squares.mean(axis=(2, 4), dtype=np.float32)
    return np.rint(averages).astype(np.uint8)


def _reduction_factor(store: Store, size: int) -> int:
    if store.size % size:
        problem = f"holds glyphs of {store.size} pixels and the recipe wants {size}"
        fit = " --fit stretch" if size == 28 else ""
        remedy = f"prepare another store with --size {size}{fit}, or choose another recipe"
        raise UserError(join_message(str(store.path), problem, remedy))
    return store.size // size
