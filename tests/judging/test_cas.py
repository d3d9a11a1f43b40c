from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from data_tools.store.reader import Store
from hanzi_lsgan.judging import cas
from hanzi_lsgan.judging import judge as judge_module
from hanzi_lsgan.judging.cas import (
    accuracy_of_both,
    classification_accuracy_score,
    shuffled_batches,
)
from hanzi_lsgan.judging.judge import Judge, obtain_judge
from hanzi_lsgan.judging.recogniser import FEATURES, Reading, Recogniser
from hanzi_lsgan.models import Generator
from tests.tiny import make_store, tiny_generator


def test_an_epoch_takes_every_sample_once_and_the_next_another_order() -> None:
    images = np.arange(256, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    labels = np.arange(256)
    batches = list(islice(shuffled_batches(images, labels), 4))
    for glyphs, named in batches:
        assert glyphs.shape == (128, 1, 2, 2)
        assert torch.equal(glyphs[:, 0, 0, 0].long(), named)
    first = torch.cat([named for _, named in batches[:2]])
    second = torch.cat([named for _, named in batches[2:]])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(256))
    assert first.tolist() != second.tolist()


def test_fewer_samples_than_a_batch_repeat() -> None:
    (_, labels), *_ = islice(shuffled_batches(np.zeros((5, 2, 2), np.uint8), np.arange(5)), 1)
    assert sorted(np.bincount(labels)) == [25, 25, 26, 26, 26]


def test_both_scores_draw_like_the_train_split_and_test_on_real_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (judge_module, cas):
        monkeypatch.setattr(module, "training_steps", lambda samples: 2)
    torch.manual_seed(0)
    generator = tiny_generator(4)
    phases = set()
    with Store(make_store(tmp_path, writers=40, test_writers=6)) as store:
        judge = obtain_judge(store, 32, lambda *progress: None)

        def note(phase: str, done: int, total: int) -> None:
            phases.add((phase, total))

        score = classification_accuracy_score(generator, store, judge, note)
        both = accuracy_of_both(generator, store, judge, note)
    real = float((judge.test.guesses[:, 0] == judge.test.labels).mean())
    accuracy, ratio = score
    assert (accuracy.name, ratio.name) == ("CAS", "CAS over real")
    said = "160 generated; real: as many train; both tested on 24 test"
    assert accuracy.compared == ratio.compared == said
    assert accuracy.value * 24 == pytest.approx(round(accuracy.value * 24))
    assert accuracy.real == both.real == pytest.approx(real)
    assert ratio.value == pytest.approx(accuracy.value / real)
    assert (ratio.real, ratio.real_error) == (1, 0)
    assert both.compared.startswith("160 train and 160 generated; real: these train;")
    assert 0 <= both.value <= 1
    assert phases == {("draw", 160), ("CAS", 256), ("both", 256)}


def test_as_many_are_drawn_of_each_character_as_the_judge_has_learned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the recogniser is trained as long, its error known by the writers of the test split."""
    random = np.random.default_rng(0)

    def read(labels: list[int]) -> Reading:
        features = random.normal(size=(len(labels), FEATURES)).astype(np.float32)
        guesses = np.zeros((len(labels), 4), np.int32)
        writers = np.arange(len(labels), dtype=np.int32) % 10
        return Reading(np.array(labels), features, guesses, writers)

    train, test = read([0] * 9 + [1] * 4 + [3] * 2), read([0] * 30 + [1] * 10)
    unlearned = np.arange(15) % 3 == 0  # of 9, 4 and 2 samples 3, 2 and none
    judge = Judge(Recogniser(4, 32).eval(), "一二三十", train, test, unlearned)
    drawn = {}

    def train_on(batches: Iterator[Any], steps: int, **others: Any) -> Recogniser:
        drawn["labels"] = torch.unique(next(batches)[1]).tolist()
        drawn["steps"] = steps
        return judge.recogniser

    first = np.array([0, 1] * 20)
    half_right = np.stack([first, 1 - first, first + 2, 3 - first], axis=1)
    monkeypatch.setattr(cas, "training_steps", lambda samples: samples)
    monkeypatch.setattr(cas, "train_recogniser", train_on)
    monkeypatch.setattr(cas, "load_rows", lambda *args: np.zeros((40, 32, 32), np.uint8))
    monkeypatch.setattr(cas, "read_glyphs", lambda *args: (None, half_right))
    labels = np.repeat([0, 1], [30, 10])
    store: Any = SimpleNamespace(
        charset=judge.charset, rows_of=lambda split: range(40), labels=labels
    )
    counts: list[tuple[int, int]] = []

    def draw(generator: Generator, label: int, count: int, seed: int) -> np.ndarray:
        counts.append((label, count))
        return np.zeros((count, 32, 32), np.uint8)

    monkeypatch.setattr(cas, "draw_class", draw)
    accuracy, ratio = classification_accuracy_score(
        tiny_generator(4), store, judge, lambda *progress: None
    )
    assert counts == [(0, 6), (1, 2), (3, 2)]
    assert drawn == {"labels": [0, 1, 3], "steps": 10}
    # Right are the even rows of the first 30 and the odd ones of the last 10.
    assert (accuracy.value, accuracy.real) == (20 / 40, 30 / 40)
    assert ratio.value == pytest.approx(2 / 3)
    assert accuracy.error is not None
    assert accuracy.error > 0


@pytest.mark.filterwarnings("error")
def test_a_judge_that_reads_nothing_rightly_leaves_no_ratio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (judge_module, cas):
        monkeypatch.setattr(module, "training_steps", lambda samples: 1)
    with Store(make_store(tmp_path, test_writers=6)) as store:
        judge = obtain_judge(store, 32, lambda *progress: None)
        judge.test.guesses[:] = (judge.test.labels[:, None] + 1) % 4
        figures = classification_accuracy_score(
            tiny_generator(4), store, judge, lambda *progress: None
        )
    assert [(figure.name, figure.real) for figure in figures] == [("CAS", 0)]
