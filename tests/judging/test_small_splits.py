"""Stores with hardly any test samples, from `prepare` to `scores.json`."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.scores import Scores
from hanzi_lsgan.training.session import Session
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
