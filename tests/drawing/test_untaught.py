"""Characters of the test split alone have a label in a store, and nothing that teaches a model."""

import json
import shutil
from pathlib import Path

import pytest

import hanzi_lsgan
from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.cli.chosen_run import suit_characters
from hanzi_lsgan.training.session import Session
from tests.cli.in_process import run
from tests.tiny import OVERRIDES, write_writers

GLYPHS = "model.label_embedding=glyph"


def train(folder: Path, overrides: list[str]) -> Path:
    """A run on 一 and 三, whose store also has 十 and 二 to test on."""
    sources = [write_writers(folder / "train", 12, "一三")]
    test = [write_writers(folder / "test", 2, "一三十二", seed=1)]
    options = GlyphOptions(32, "aspect", 1)
    prepare(sources, folder / "s.h5", test_sources=test, glyph=options, jobs=1)
    with Session.begin("quick32", folder / "s.h5", folder / "run", overrides) as session:
        session.train(kimg=0.016)
    return folder / "run"


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("learned"), OVERRIDES)


def test_what_was_not_taught_is_neither_known_nor_drawn(
    learned: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(learned.parent)
    of_run = ("--run", str(learned))
    assert run(monkeypatch, "coverage", "三十二永", "--json", *of_run) == 1
    found = json.loads(capsys.readouterr().out)
    assert {name: part["characters"] for name, part in found.items()} == {
        "trained": "三",
        "unseen": "",
        "reference": "",
        "missing": "十二永",
    }
    assert run(monkeypatch, "generate", "--all", "--per-class", "1", "--out", "x", *of_run) == 0
    assert "no train sample of them: 二十" in capsys.readouterr().out
    lines = Path("x/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["一", "三"]
    for more in ((), ("--best-of", "2")):
        for command in (("generate", "--out", "y"), ("render",)):
            assert run(monkeypatch, *command, "--chars", "三十", *of_run, *more) == 2
            said = capsys.readouterr().err
            assert said.startswith("error: --chars: the store had no train sample of 十 to learn")
    with pytest.raises(UserError, match="no train sample of 二十"):
        hanzi_lsgan.load(learned).draw("二十")


def test_runs_of_before_know_what_they_knew(learned: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(learned, old)
    facts = json.loads((old / "model.json").read_text(encoding="utf-8"))
    assert facts.pop("untaught") == "二十"
    (old / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    assert hanzi_lsgan.load(old).draw("三十").shape == (2, 32, 32)


def test_a_model_that_sees_glyphs_draws_them_as_unseen(tmp_path: Path) -> None:
    model = hanzi_lsgan.load(train(tmp_path, [*OVERRIDES, GLYPHS]))
    assert model.trained.unseen == {"二", "十"}
    assert model.trained.remarks == {"二": "unseen", "十": "unseen"}
    assert model.trained.drawable == model.charset == "一三二十"
    assert model.draw("三十").shape == (2, 32, 32)


def test_a_recogniser_does_not_choose_among_what_it_has_not_learned(tmp_path: Path) -> None:
    """The store has test samples of 三, and no other, so that its label says nothing."""
    sources = [write_writers(tmp_path / "train", 2, "一二")]
    test = [write_writers(tmp_path / "test", 1, "一二三", seed=1)]
    prepare(sources, tmp_path / "s.h5", test_sources=test, jobs=1)
    said = r"the recogniser of .*s\.h5 cannot read 三; leave"
    with Store(tmp_path / "s.h5") as store, pytest.raises(UserError, match=said):
        suit_characters(hanzi_lsgan.load().trained, store, "一三", 2)
