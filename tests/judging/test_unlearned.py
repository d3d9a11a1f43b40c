"""Who is kept from the judge, and that the judge does not learn from them."""

import hashlib
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream, load_rows
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.judge import JUDGE, TEACHER, obtain_judge, obtain_moments
from hanzi_lsgan.judging.matching import Counted
from hanzi_lsgan.judging.recogniser import Reading, Recogniser, read_glyphs, train_recogniser
from hanzi_lsgan.judging.unlearned import unlearned_rows
from tests.tiny import make_store

WRITERS = 72


@pytest.fixture(scope="module")
def many_writers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("many"), writers=WRITERS, test_writers=3)


def quiet(phase: str, done: int, total: int) -> None:
    """Nobody watches."""


def test_an_eighth_of_the_writers_by_the_hash_of_their_names(many_writers: Path) -> None:
    with Store(many_writers) as store:
        rows = unlearned_rows(store)
        names = {store.sources[writer].name for writer in store.writers[rows].tolist()}
        every = {store.sources[writer].name for writer in store.writers[:-12].tolist()}
        ranked = sorted(every, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        assert len(every) == WRITERS
        assert names == set(ranked[:9])
        assert rows.sum() == 9 * 4  # all that they wrote
        assert not rows[store.rows_of(Split.TEST).start :].any()


class Rows(types.SimpleNamespace):
    """As much of a store as is looked at: rows in order of labels, all of the train split."""

    def __len__(self) -> int:
        return len(self.labels)

    def rows_of(self, split: Split) -> range:
        return range(len(self))


def make_rows(writers: list[int], labels: list[int]) -> Any:
    return Rows(
        writers=np.array(writers, np.int32),
        labels=np.array(labels, np.int32),
        charset="x" * (max(labels) + 1),
        sources=[types.SimpleNamespace(name=f"{one}.gnt") for one in range(max(writers) + 1)],
    )


@pytest.mark.parametrize(("writers", "kept"), [(1, 0), (63, 0), (64, 8), (500, 62), (3000, 100)])
def test_few_writers_are_all_learned_and_of_many_a_hundred_are_enough(
    writers: int, kept: int
) -> None:
    rows = unlearned_rows(make_rows([*range(writers)] * 2, [0] * writers + [1] * writers))
    assert rows.sum() == 2 * kept
    assert np.array_equal(rows[:writers], rows[writers:])


@pytest.mark.parametrize(("among", "stand"), [(8, 8), (7, 27)])
def test_few_unlearned_writers_of_a_kind_do_not_stand_for_it(among: int, stand: int) -> None:
    """A kind of `among` unlearned writers and of twenty others, each with one sample."""
    store = make_rows([*range(512)], [0] * 512)
    unlearned = unlearned_rows(store)
    of_kind = np.zeros(512, np.int32)
    for chosen, count in ((unlearned, among), (~unlearned, 20)):
        of_kind[np.flatnonzero(chosen)[:count]] = 1
    store.kinds, store.row_kinds = ("brush", "pen"), of_kind
    store.splits = np.zeros(512, np.uint8)
    assert Counted.of_store(store, 100, "pen").others.tolist() == [stand]
    assert Counted.of_store(store, 100, "brush").others.tolist() == [64 - among]
    features = np.zeros((512, 1), np.float32)
    reading = Reading(np.zeros(512, np.int64), features, np.zeros((512, 1), np.int32))
    reading = replace(reading, writers=store.writers).rows(of_kind == 1)
    made = judge.Judge(
        Recogniser(1, 32), "x", reading, reading, unlearned[of_kind == 1], store.kinds.index("pen")
    )
    assert len(made.others.labels) == stand


def test_a_class_of_one_writer_is_learned() -> None:
    """As where each file holds one character."""
    assert not unlearned_rows(make_rows([*range(100)], [*range(100)])).any()


def test_the_judge_learns_from_the_others_only(
    many_writers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: samples // 64)
    learned: dict[int, set[bytes]] = {}

    def spy(batches: Any, seed: int, steps: int, **others: Any) -> Any:
        seen = learned.setdefault(seed, set())
        batches = list(zip(range(steps), batches, strict=False))
        for _, (images, _) in batches:
            seen.update(image.numpy().tobytes() for image in images)
        return train_recogniser((batch for _, batch in batches), seed=seed, steps=steps, **others)

    monkeypatch.setattr(judge, "train_recogniser", spy)
    with Store(many_writers) as store:
        judge.obtain_recogniser(store, 32, quiet, TEACHER)
        made = obtain_judge(store, 32, quiet)
        rows = store.rows_of(Split.TRAIN)
        images = load_rows(store, rows, 32)
        held = {image.tobytes() for image in images[made.unlearned]}
        recogniser = made.recogniser
        assert made.unlearned.sum() == len(held) == 36
        assert not held & learned[JUDGE.seed]
        assert len(learned[JUDGE.seed]) > 200
        assert held & learned[TEACHER.seed]
        assert made.others.labels.tolist() == made.train.labels[made.unlearned].tolist()
        assert np.array_equal(made.others.features, made.train.features[made.unlearned])

        moments = obtain_moments(store, recogniser, quiet)
        features, _ = read_glyphs(recogniser, images[made.unlearned])
        assert moments.count == 36
        assert moments.mean == pytest.approx(features.mean(axis=0), rel=1e-5, abs=1e-6)
        expected = np.cov(features.astype(np.float64), rowvar=False)
        assert moments.covariance == pytest.approx(expected, rel=1e-4, abs=1e-6)
        monkeypatch.setattr(judge, "read_glyphs", None)
        again = obtain_moments(store, recogniser, quiet)
        assert np.array_equal(again.scatter, moments.scatter)


def test_where_all_is_learned_moments_are_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    monkeypatch.setattr(judge, "_READ_ROWS", 7)
    with Store(make_store(tmp_path)) as store:
        made = obtain_judge(store, 32, quiet)
        moments = obtain_moments(store, made.recogniser, quiet)
        assert not made.unlearned.any()
        assert made.others is made.train
        assert moments.count == 48
        mean = made.train.features.mean(axis=0)
        assert moments.mean == pytest.approx(mean, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("residence", ["memory", "stream"])
def test_a_stream_leaves_out_what_it_is_told(many_writers: Path, residence: Any) -> None:
    with Store(many_writers) as store:
        left_out = np.arange(len(store)) % 3 == 0
        stream = BatchStream(
            store,
            size=32,
            batch_size=8,
            pack_size=2,
            seed=0,
            left_out=left_out,
            residence=residence,
        )
        assert stream.samples == 192
        batches = stream.batches()
        drawn = {image.tobytes() for _ in range(60) for image in next(batches).images.numpy()}
        images = [image.tobytes() for image in load_rows(store, store.rows_of(Split.TRAIN), 32)]
        assert drawn == {image for row, image in enumerate(images) if row % 3}
