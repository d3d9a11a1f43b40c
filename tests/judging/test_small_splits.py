"""Stores with hardly any test samples, from `prepare` to `scores.json`."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.judging import cas, evaluate, judge
from hanzi_lsgan.judging.scores import Scores
from hanzi_lsgan.training.session import Session
from tests.cli.in_process import run
from tests.tiny import OVERRIDES, write_writers

MANIFOLD = {"precision", "recall", "density", "coverage"}


@pytest.mark.parametrize(
    ("writers", "test_writers", "per_class", "missing"),
    [
        (30, 1, [], MANIFOLD | {"diversity"}),
        (30, 5, ["--per-class", "6"], set()),
        (1, 1, ["--per-class", "6"], MANIFOLD | {"diversity"}),
    ],
)
def test_two_characters_are_evaluated_as_far_as_they_can_be(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writers: int,
    test_writers: int,
    per_class: list[str],
    missing: set[str],
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    train = write_writers(tmp_path / "train", writers, "一二")
    test = write_writers(tmp_path / "test", test_writers, "一二", seed=1)
    options = GlyphOptions(32, "aspect", 1)
    prepare([train], tmp_path / "two.h5", test_sources=[test], glyph=options, jobs=1)
    overrides = [*OVERRIDES, "train.batch_size=2", "train.kimg=0.004"]
    with Session.begin("quick32", tmp_path / "two.h5", tmp_path / "run", overrides) as session:
        session.train()
    result = CliRunner().invoke(app, ["evaluate", "--run", str(tmp_path / "run"), *per_class])
    assert result.exit_code == 0, result.output
    scores = Scores.model_validate_json((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert set(scores.left_out) == missing
    assert not missing & {figure.name for figure in scores.figures}
    before, *_ = result.output.split("readability top-1")
    said = f"two.h5: {', '.join(name for name in scores.left_out if name in MANIFOLD)} will be left"
    assert (said in before) == bool(missing)
    shutil.rmtree(tmp_path / "run")


def read_by_label(count: int) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A recogniser that reads every glyph as the first label that it knows."""

    def read(recogniser: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features = np.random.default_rng(0).normal(size=(len(images), 256)).astype(np.float32)
        return features, np.tile(np.arange(count, dtype=np.int32), (len(images), 1))

    return read


def train_on_two(folder: Path, tested: str) -> None:
    """A run of 一 and 三, and its store, whose test split has some characters."""
    train = write_writers(folder / "train", 12, "一三")
    test = write_writers(folder / "test", 4, tested, seed=1)
    options = GlyphOptions(32, "aspect", 1)
    prepare([train], folder / "s.h5", test_sources=[test], glyph=options, jobs=1)
    with Session.begin("quick32", folder / "s.h5", folder / "run", OVERRIDES) as session:
        session.train(kimg=0.016)


def test_characters_of_the_test_split_alone_are_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has taught the recogniser 二 and 十; it reads all as 一, half of what it knows."""
    for module in (judge, evaluate, cas):
        monkeypatch.setattr(module, "read_glyphs", read_by_label(2))
    for trained in (judge, cas):
        monkeypatch.setattr(trained, "training_steps", lambda samples: 2)
    train_on_two(tmp_path, tested="一三十二")
    of_run = ["evaluate", "--run", str(tmp_path / "run")]
    result = CliRunner().invoke(app, [*of_run, "--per-class", "6", "--cas"])
    assert result.exit_code == 0, result.output
    assert "s.h5: 2 characters without a train sample, so not judged: 二十" in result.output
    assert "not judged, for want of train samples: 二十" in result.output
    scores = Scores.model_validate_json((tmp_path / "run" / "scores.json").read_text("utf-8"))
    for name in ("readability top-1", "CAS"):
        assert (scores.figure(name).value, scores.figure(name).real) == (0.5, 0.5)
    compared = "12 generated of 2 characters; real: 8 test of 2 characters"
    assert scores.figure("readability top-1").compared == compared
    assert not any("unseen" in figure.name for figure in scores.figures)
    assert [score.character for score in scores.characters] == ["一", "三"]
    assert scores.not_judged == "二十"
    assert "no train sample of them: 二十" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_an_accuracy_is_refused_where_no_character_can_be_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train_on_two(tmp_path, tested="十二")
    assert run(monkeypatch, "evaluate", "--run", str(tmp_path / "run"), "--cas") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: --cas: no character of ")
    assert said.endswith("has train and test samples; leave it out, or prepare it with some")
