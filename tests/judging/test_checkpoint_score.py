"""Training that scores its checkpoints, keeps the best, and lets its learning rate fall."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.drawing.images import draw_latents, draw_pairs
from hanzi_lsgan.judging import checkpoint_score, judge
from hanzi_lsgan.judging.checkpoint_score import QuickScore, QuickScorer
from hanzi_lsgan.judging.recogniser import read_glyphs
from hanzi_lsgan.models import Generator
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.step import Trainer
from tests.listeners import Notes
from tests.tiny import OVERRIDES, make_store, tiny_generator, write_writers

OFTEN = [*OVERRIDES, "train.checkpoint_minutes=1e-9", "train.tick_kimg=0.016"]
"""A checkpoint at 16, 32, 48, 64 and 80 images."""


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)


def session_with_scores(store: Path, out: Path, distances: list[float]) -> Session:
    """A session whose checkpoints score what the list says, one after the other."""
    session = Session.begin("quick32", store, out, OFTEN)
    scores = iter(distances)

    class Scripted(QuickScorer):
        def __init__(self) -> None:
            pass

        def score(self, generator: Generator) -> QuickScore:
            time.sleep(0.5)
            return QuickScore(readability=0.5, frechet=next(scores), score_seconds=0.5)

    session.scorer = Scripted()
    return session


def test_what_no_train_sample_shows_is_not_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recogniser has not learned to read 二 and 十 either."""
    train = write_writers(tmp_path / "train", 12, "一三")
    test = [write_writers(tmp_path / "test", 2, "一三十二", seed=1)]
    options = GlyphOptions(32, "aspect", 1)
    prepare([train], tmp_path / "s.h5", test_sources=test, glyph=options, jobs=1)
    drawn: list[int] = []

    def noted(generator: Generator, latents: Any, rows: Any, labels: torch.Tensor) -> Any:
        drawn.extend(labels.tolist())
        return draw_pairs(generator, latents, rows, labels)

    monkeypatch.setattr(checkpoint_score, "draw_pairs", noted)
    with Store(tmp_path / "s.h5") as store:
        QuickScorer(store, 32, 10, lambda phase, done, total: None).score(tiny_generator(4))
    assert drawn == [0] * 5 + [1] * 5


def test_the_best_checkpoint_is_kept_beside_the_last(tmp_path: Path) -> None:
    notes = Notes()
    with session_with_scores(make_store(tmp_path), tmp_path / "run", [9, 4, 5, 3, 7]) as session:
        session.train(listener=notes)
    assert [(one.images, one.best) for one in notes.saved] == [
        (16, True),
        (32, True),
        (48, False),
        (64, True),
        (80, False),
    ]
    run = RunFolder(tmp_path / "run")
    best, last = run.load_generator("best"), run.load_generator("last")
    assert (best.images, best.checkpoint) == (64, "best")
    assert (last.images, last.checkpoint) == (80, "last")
    assert run.load_generator().images == 64
    first, second = (one.network.state_dict()["to_pixels.weight"] for one in (best, last))
    assert not torch.equal(first, second)
    with pytest.raises(UserError, match="--checkpoint newest: is none; say best or last"):
        run.load_generator("newest")


def test_a_resumed_run_remembers_the_best(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with session_with_scores(store, tmp_path / "run", [2, 9, 9]) as session:
        session.train(kimg=0.048)
    with Session.resume(tmp_path / "run") as session:
        session.scorer = session_with_scores(store, tmp_path / "other", [3, 1]).scorer
        session.train(kimg=0.064)
        assert RunFolder(tmp_path / "run").load_generator().images == 16
        session.train(kimg=0.08)
    assert RunFolder(tmp_path / "run").load_generator().images == 80


def test_scores_are_logged_and_their_seconds_are_no_training(tmp_path: Path) -> None:
    with session_with_scores(make_store(tmp_path), tmp_path / "run", [5.0] * 5) as session:
        started = time.perf_counter()
        session.train()
        taken = time.perf_counter() - started
        assert taken - session.trainer.seconds > 2.4  # five scores took 2.5
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    logged = [json.loads(line) for line in lines]
    assert [line["frechet"] for line in logged] == [5.0] * 5
    assert [line["score_seconds"] for line in logged] == [0.5] * 5
    assert taken - logged[-1]["seconds"] > 2.4


def test_a_run_without_scores_has_one_generator(tmp_path: Path) -> None:
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES) as session:
        session.train()
    run = RunFolder(tmp_path / "run")
    assert run.load_generator().checkpoint == "last"
    with pytest.raises(UserError, match=r"has no best.safetensors; take the last one, or"):
        run.load_generator("best")


def test_the_real_scorer_scores_and_does_not_disturb_training(tmp_path: Path) -> None:
    store = make_store(tmp_path, writers=40)
    states: list[torch.Tensor] = []
    lacking = []
    for samples in (0, 10, 10):
        out = tmp_path / f"run{len(states)}"
        overrides = [*OFTEN, f"train.score_samples={samples}"]
        with Session.begin("quick32", store, out, overrides) as session:
            lacking.append(bool(session.lacking_recognisers))
            session.train(kimg=0.048)
        states.append(RunFolder(out).load_state()["generator"]["to_pixels.weight"])
    assert lacking == [False, True, False]
    assert torch.equal(states[0], states[1])
    lines = (tmp_path / "run1" / "metrics.jsonl").read_text().splitlines()
    assert all(json.loads(line)["frechet"] > 0 for line in lines)
    assert RunFolder(tmp_path / "run1").load_generator().checkpoint == "best"


def test_a_score_is_the_distance_to_the_unlearned_train_samples(tmp_path: Path) -> None:
    """By the mean and covariance that are kept beside the store, as by the features themselves."""
    with Store(make_store(tmp_path, writers=64)) as store:
        scorer = QuickScorer(store, 32, 40, lambda *progress: None)
        made = judge.obtain_judge(store, 32, lambda *progress: None)
        torch.manual_seed(0)
        generator = tiny_generator(4)
        score = scorer.score(generator)
        latents, labels = draw_latents(generator, 40, 1000), np.arange(40) // 10
        drawn = draw_pairs(generator, latents, torch.arange(40), torch.from_numpy(labels))
        features, guesses = read_glyphs(made.recogniser, np.concatenate(list(drawn)))
    real = made.train.features[made.unlearned].astype(np.float64)
    assert len(real) == 32
    covariances = [np.cov(one.astype(np.float64), rowvar=False) for one in (real, features)]
    shift = real.mean(axis=0) - features.mean(axis=0, dtype=np.float64)
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex)).real
    expected = shift @ shift + sum(map(np.trace, covariances)) - 2 * roots.sum()
    assert score.frechet == pytest.approx(expected, rel=1e-3)
    assert score.readability == pytest.approx((guesses[:, 0] == labels).mean())
    assert scorer.score(generator).frechet == score.frechet


def learning_rates(trainer: Trainer) -> list[float]:
    state: dict[str, Any] = trainer.state()
    return [
        state[f"{network}_optimizer"]["param_groups"][0]["lr"]
        for network in ("generator", "discriminator")
    ]


def test_both_learning_rates_fall_to_zero_at_the_end(tmp_path: Path) -> None:
    rates = ["train.generator_learning_rate=3e-4", "train.discriminator_learning_rate=1e-3"]
    recipe = load_recipe("quick32", [*OVERRIDES, "train.decay_kimg=0.04", *rates])
    seen = []
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0)
        trainer = Trainer(recipe, store.charset)
        batches = stream.batches()
        for _ in range(10):  # 80 images; the last 40 with falling rates
            trainer.train_step(next(batches))
            seen.append(learning_rates(trainer))
    assert [first for first, _ in seen] == pytest.approx(
        [3e-4] * 6 + [2.4e-4, 1.8e-4, 1.2e-4, 0.6e-4]
    )
    assert [second / first for first, second in seen] == pytest.approx([1e-3 / 3e-4] * 10)


def test_a_falling_rate_limits_the_run(tmp_path: Path) -> None:
    overrides = [*OVERRIDES, "train.decay_kimg=0.04"]
    with (
        Session.begin("quick32", make_store(tmp_path), tmp_path / "run", overrides) as session,
        pytest.raises(UserError, match=r"--kimg 1: the learning rate has fallen to zero at .*0.08"),
    ):
        session.train(kimg=1)
    assert not (tmp_path / "run").exists()
