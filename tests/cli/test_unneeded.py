"""What a command is given, or finds, that it has no need of."""

import json
import shutil
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.session import Session
from tests.cli.in_process import run
from tests.tiny import OVERRIDES, make_store


@pytest.mark.parametrize("option", [("--seed", "0"), ("--best-of", "1")])
def test_an_option_of_runs_is_refused_of_a_store_whatever_its_value(
    option: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = make_store(tmp_path, writers=1, test_writers=0)
    assert run(monkeypatch, "export", str(store), "--out", str(tmp_path / "a.tar"), *option) == 2
    said = f"error: {option[0]}: says nothing about a store; leave it out\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "a.tar").exists()


def test_a_damaged_store_keeps_no_run_from_drawing_what_needs_no_store(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = RunFolder(tmp_path / "run")
    shutil.copytree(trained, copy.path)
    info = json.loads(copy.model.read_text("utf-8"))
    info["store"]["path"] = str(tmp_path / "cut.h5")
    copy.model.write_text(json.dumps(info), "utf-8")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n cut")
    out = tmp_path / "generated.gnt"
    options = ("--run", str(copy.path), "--chars", "一", "--per-class", "1")
    assert run(monkeypatch, "generate", *options, "--out", str(out)) == 0
    assert out.is_file()


def test_a_long_path_is_not_cut_where_output_is_narrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ("long" * 12)
    shutil.copy(make_store(tmp_path, writers=1, test_writers=0), folder.with_suffix(".h5"))
    monkeypatch.setenv("COLUMNS", "30")
    assert run(monkeypatch, "info", str(folder.with_suffix(".h5"))) == 0
    said = capsys.readouterr().out
    assert "…" not in said
    assert "fingerprint" in said


def test_no_figure_is_cut_where_output_is_narrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "24")
    options = [f"--set={change}" for change in OVERRIDES]
    assert run(monkeypatch, "train", "quick32", "--data", str(store), "--dry-run", *options) == 0
    assert "…" not in capsys.readouterr().out


def test_home_is_found_behind_an_equals_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert run(monkeypatch, "write", "永", "--out=~/a.svg") == 0
    assert (tmp_path / "home" / "a.svg").is_file()
    assert not (tmp_path / "~").exists()


def test_a_closed_session_takes_no_folder(tmp_path: Path) -> None:
    session = Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES)
    session.close()
    for attempt in (session.claim, session.prepare_recognisers, session.train):
        with pytest.raises(UserError, match=r"this session is closed.*begin another"):
            attempt()
    assert not (tmp_path / "run").exists()


def test_weights_without_the_recogniser_that_they_brought_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "export-weights", "--out", "bare") == 0
    assert "recogniser.safetensors; --data STORE" in capsys.readouterr().out
    assert not (tmp_path / "bare" / "recogniser.safetensors").exists()
