from itertools import islice
from pathlib import Path

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
from hanzi_lsgan.judging.judge import obtain_judge
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
    assert score.compared == "160 generated, 24 test"
    assert (score.value * real * 24) == pytest.approx(round(score.value * real * 24))
    assert score.real == 1
    assert both.compared == "160 train and 160 generated, 24 test"
    assert both.real == pytest.approx(real)
    assert 0 <= both.value <= 1
    assert phases == {("draw", 160), ("CAS", 256), ("both", 256)}
