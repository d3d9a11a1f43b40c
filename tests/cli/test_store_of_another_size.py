"""A store whose glyphs cannot be reduced to what a model draws."""

from pathlib import Path

import pytest

from tests.cli.in_process import run
from tests.tiny import make_store


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate"],
        ["generate", "--out", "samples", "--all", "--best-of", "2"],
        ["export-weights", "--out", "weights"],
    ],
)
def test_it_is_refused_before_a_recogniser_is_announced(
    command: list[str],
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The model draws 32 pixels, of which 48 are no multiple.
    store = make_store(tmp_path, size=48)
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *command, "--run", str(trained), "--data", str(store)) == 2
    said = capsys.readouterr()
    expected = f"error: {store}: holds glyphs of 48 pixels, and the model draws 32; "
    expected += "name a store prepared with --size 32 as --data\n"
    assert said.err == expected
    assert said.out == ""
    assert not (tmp_path / "samples").exists() and not (tmp_path / "weights").exists()
