"""`info` of a folder of runs, some of them damaged."""

import shutil
from pathlib import Path

import pytest

from tests.cli.in_process import run


def test_every_damaged_run_of_a_folder_is_found_and_the_others_are_shown(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second, whole = (tmp_path / name for name in ("a", "b", "c"))
    for folder in (first, second, whole):
        shutil.copytree(trained, folder)
    (first / "model.json").write_text("{")
    assert run(monkeypatch, "info", str(tmp_path), "--verify") == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {first}: model.json is damaged; ")
    assert said.out.count("last checkpoint") == 2

    (second / "config.toml").unlink()
    assert run(monkeypatch, "info", str(tmp_path), "--verify") == 2
    said = capsys.readouterr()
    assert f"{first}: model.json is damaged; " in said.out
    assert f"{second}: config.toml is missing; " in said.out
    assert said.err == f"error: {tmp_path}: 2 of 3 runs are damaged; see the lines above\n"
    assert said.out.count("last checkpoint") == 1
    assert "every checksum" not in said.out

    assert run(monkeypatch, "info", str(tmp_path)) == 2  # without checksums the first alone
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {first}/model.json: is damaged ")
    assert said.out.count("last checkpoint") == 2


def test_what_is_not_there_is_not_taken_for_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "info", str(tmp_path / "quick32-01")) == 2
    assert "quick32-01: there is no such store or run; " in capsys.readouterr().err
    assert run(monkeypatch, "info", str(tmp_path / "hanzi.H5")) == 2
    assert "make one with `hanzi-lsgan prepare" in capsys.readouterr().err


def test_a_generator_that_was_left_behind_is_missed(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_folder, weights, begun = (tmp_path / name for name in ("run", "weights", "begun"))
    shutil.copytree(trained, run_folder)
    assert run(monkeypatch, "export-weights", "--run", str(trained), "--out", str(weights)) == 0
    for folder in (run_folder, weights):
        for generator in folder.glob("*.safetensors"):
            generator.unlink()
    (weights / "checksums.json").unlink()  # of weights that were copied in part
    capsys.readouterr()
    for folder in (run_folder, weights):
        for arguments in (["info", str(folder)], ["render", "--run", str(folder)]):
            assert run(monkeypatch, *arguments) == 2
            said = capsys.readouterr()
            expected = f"error: {folder}/generator.safetensors: is missing; copy the run again"
            assert said.err.startswith(expected)
            assert said.out == ""

    # One that has only begun lacks nothing.
    begun.mkdir()
    for name in ("model.json", "config.toml"):
        shutil.copy(trained / name, begun)
    assert run(monkeypatch, "info", str(begun)) == 0
    assert run(monkeypatch, "render", "--run", str(begun)) == 2
    assert "train it first" in capsys.readouterr().err
