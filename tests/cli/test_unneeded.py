"""What a command is given, or finds, that it has no need of."""

from pathlib import Path

import pytest

from tests.cli.in_process import run
from tests.tiny import make_store


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
