from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from data_tools.errors import UserError
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan import batches as batches_module
from hanzi_lsgan.batches import Batch, BatchStream, Position, Residence, pack_rows, reduce_images
from tests.tiny import make_store


def open_stream(
    store: Store, residence: Residence = "memory", size: int = 32, batch_size: int = 8
) -> BatchStream:
    return BatchStream(
        store, size=size, batch_size=batch_size, pack_size=2, seed=5, residence=residence
    )


def keys(batches: list[Batch]) -> list[bytes]:
    """Images as bytes: random pixels make each sample unique."""
    return [image.numpy().tobytes() for batch in batches for image in batch.images]


def test_packs_hold_one_class_and_no_row_twice() -> None:
    labels = np.repeat(np.arange(3, dtype=np.int32), [5, 8, 4])
    packs = pack_rows(labels, 4, np.random.default_rng(0))
    assert packs.shape == (1 + 2 + 1, 4)
    assert (labels[packs] == labels[packs][:, :1]).all()
    assert len(np.unique(packs)) == packs.size


def test_a_class_smaller_than_a_pack_repeats_its_rows() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 1], np.int32)
    packs = pack_rows(labels, 4, np.random.default_rng(0))
    (small,) = (pack for pack in packs if labels[pack[0]] == 0)
    assert set(small) == {0, 1, 2}


def test_balanced_classes_give_as_many_packs_whatever_their_counts() -> None:
    """Counts 40, 8 and 2 with a mean of 16: four packs of four each, the rare ones again."""
    counts = np.array([40, 8, 2])
    labels = np.repeat(np.arange(3, dtype=np.int32), counts)
    packs = pack_rows(labels, 4, np.random.default_rng(0), weights=16 / counts)
    assert (labels[packs] == labels[packs][:, :1]).all()
    assert np.bincount(labels[packs[:, 0]]).tolist() == [4, 4, 4]
    taken = np.bincount(packs.ravel(), minlength=len(labels))
    assert taken[:40].max() == 1
    assert taken[40:48].tolist() == [2] * 8
    assert taken[48:].tolist() == [8, 8]


def test_balance_holds_on_average_where_a_buffer_has_a_part_of_a_class() -> None:
    """Three rows of a class that is wanted half as often make 0.75 packs of two on average."""
    labels = np.zeros(3, np.int32)
    random = np.random.default_rng(0)
    packs = [len(pack_rows(labels, 2, random, weights=np.array([0.5]))) for _ in range(4000)]
    assert set(packs) == {0, 1}
    assert np.mean(packs) == pytest.approx(0.75, abs=0.03)


def test_packs_differ_from_epoch_to_epoch_and_mix_classes() -> None:
    labels = np.repeat(np.arange(10, dtype=np.int32), 12)
    first, second = (pack_rows(labels, 4, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert len(np.unique(labels[first[:8, 0]])) > 3


@pytest.mark.parametrize("residence", ["memory", "stream"])
def test_an_epoch_takes_every_sample_once_with_its_label(
    tmp_path: Path, residence: Residence
) -> None:
    with Store(make_store(tmp_path)) as store:  # 48 training samples, 6 batches an epoch
        rows = store.rows_of(Split.TRAIN)
        label_of = dict(
            zip(
                (image.tobytes() for image in store.images(rows)),
                store.labels[rows.start : rows.stop].tolist(),
                strict=True,
            )
        )
        batches = list(islice(open_stream(store, residence).batches(), 6))
    assert {batch.following.epoch for batch in batches} == {0}
    assert sorted(keys(batches)) == sorted(label_of)
    labels = [int(label) for batch in batches for label in batch.labels]
    assert labels == [label_of[key] for key in keys(batches)]
    assert labels[::2] == labels[1::2]  # packs of two


@pytest.mark.parametrize("residence", ["memory", "stream"])
def test_batches_go_on_from_any_position(
    tmp_path: Path, residence: Residence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", 4 * 32 * 32)  # 12 blocks of four rows
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(
            store,
            size=32,
            batch_size=8,
            pack_size=2,
            seed=5,
            residence=residence,
            buffer_bytes=6 * batches_module.BLOCK_BYTES,  # two buffers an epoch
        )
        uninterrupted = list(islice(stream.batches(), 20))
        for done in (1, 3, 5, 6, 7, 13):
            resumed = list(islice(stream.batches(uninterrupted[done - 1].following), 4))
            assert keys(resumed) == keys(uninterrupted[done : done + 4])
            assert resumed[0].following == uninterrupted[done].following


def test_streamed_buffers_mix_blocks_from_all_over_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", 2 * 32 * 32)
    with Store(make_store(tmp_path, writers=24)) as store:
        stream = BatchStream(
            store,
            size=32,
            batch_size=16,
            pack_size=2,
            seed=0,
            residence="stream",
            buffer_bytes=16 * batches_module.BLOCK_BYTES,
        )
        first = next(stream.batches())
    assert len(set(first.labels.tolist())) >= 3


def test_the_order_follows_from_the_seed(tmp_path: Path) -> None:
    with Store(make_store(tmp_path)) as store:
        one, again = (list(islice(open_stream(store).batches(), 9)) for _ in range(2))
        other = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=6, residence="memory")
        assert keys(one) == keys(again)
        assert keys(one) != keys(list(islice(other.batches(), 9)))


def test_a_larger_store_is_averaged_down(tmp_path: Path) -> None:
    images = np.array([[[0, 2, 9, 9], [4, 6, 9, 9], [1, 1, 0, 0], [1, 1, 0, 255]]], np.uint8)
    assert reduce_images(images, 2).tolist() == [[[3, 9], [1, 64]]]
    with Store(make_store(tmp_path, size=64)) as store:
        batch = next(open_stream(store, size=32).batches())
        assert batch.images.shape == (8, 1, 32, 32)
        assert batch.images.dtype == torch.uint8


def test_a_store_of_the_wrong_size_names_the_remedy(tmp_path: Path) -> None:
    with (
        Store(make_store(tmp_path)) as store,
        pytest.raises(UserError, match=r"--size 28 --fit stretch"),
    ):
        open_stream(store, size=28)


def test_too_few_samples_for_a_batch_name_the_remedy(tmp_path: Path) -> None:
    with Store(make_store(tmp_path, writers=2)) as store:
        with pytest.raises(UserError, match=r"too few for a batch of 16.*train\.batch_size"):
            open_stream(store, batch_size=16)
        # Eight samples are just enough for a batch of eight.
        assert next(open_stream(store).batches(Position(3, 0))).following == Position(3, 1)


def test_classes_without_whole_packs_for_a_batch_name_the_remedy(tmp_path: Path) -> None:
    """Four classes of five samples make eight packs of two: sixteen of twenty samples."""
    with Store(make_store(tmp_path, writers=5)) as store:
        with pytest.raises(UserError, match=r"20 .* too few for a batch of 18 in packs of 2 of"):
            open_stream(store, batch_size=18)
        assert len(next(open_stream(store, batch_size=16).batches()).labels) == 16


def test_a_streamed_buffer_that_fills_no_batch_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 48 samples in buffers of twenty, the last has eight, and a batch is sixteen."""
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", 4 * 32 * 32)
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(
            store,
            size=32,
            batch_size=16,
            pack_size=1,
            seed=5,
            residence="stream",
            buffer_bytes=5 * batches_module.BLOCK_BYTES,
        )
        following = [batch.following for batch in islice(stream.batches(), 5)]
    assert following == [
        Position(0, 1),
        Position(0, 2),
        Position(1, 1),
        Position(1, 2),
        Position(2, 1),
    ]


def test_samples_that_do_not_fit_in_memory_are_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(make_store(tmp_path)) as store:
        assert open_stream(store, "auto").residence == "memory"
        monkeypatch.setattr(batches_module, "_MEMORY_SHARE", 0.0)
        assert open_stream(store, "auto").residence == "stream"
