"""What `render`, and other commands that take a path, say of a name that is too long."""

from pathlib import Path

import pytest

from tests.cli.in_process import run


@pytest.mark.parametrize(
    "arguments", [["train", "x" * 300], ["render", "--run", "x" * 300, "--chars", "一"]]
)
def test_names_that_are_too_long_are_answered_with_what_helps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {'x' * 300}: ")
    assert line.endswith(("; give a shorter name", "; name a run folder, or train one"))
