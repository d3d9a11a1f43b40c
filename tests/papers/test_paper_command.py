import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_tools.errors import UserError
from hanzi_lsgan.cli import main
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.cli.paper import _EXPERIMENTS
from tests.tiny import make_store

ROOT = Path(__file__).parent.parent.parent


def test_quick_experiment_prints_its_table_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "curves"
    first = CliRunner().invoke(app, ["paper", "curves", "--quick", "--out", str(out)])
    assert first.exit_code == 0, first.output
    assert "4 of 4 parts done" in first.output
    assert "least squares (−1, 1, 0)" in first.output
    assert {path.name for path in out.iterdir()} == {
        *("figure.png", "figure.svg", "numbers.csv", "results.jsonl", "settings.json")
    }
    seconds = json.loads((out / "settings.json").read_text())["seconds"]
    again = CliRunner().invoke(app, ["paper", "curves", "--quick", "--out", str(out)])
    assert again.exit_code == 0
    assert json.loads((out / "settings.json").read_text())["seconds"] >= seconds


def test_list_names_every_command() -> None:
    listed = CliRunner().invoke(app, ["paper", "list"])
    assert listed.exit_code == 0
    names = {name.split()[0] for name, *_ in _EXPERIMENTS}
    assert names == {
        *("curves", "boundary", "theory", "vanishing", "ring", "stability", "table", "hanzi")
    }
    for name in names:
        assert name in listed.output
        assert CliRunner().invoke(app, ["paper", name, "--help"]).exit_code == 0


def test_stopping_at_the_limit_says_how_to_go_on(tmp_path: Path) -> None:
    arguments = ["paper", "boundary", "--quick", "--seeds", "400", "--minutes", "0.01"]
    stopped = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert stopped.exit_code == 0, stopped.output
    assert "the same command goes on" in stopped.output


@pytest.mark.parametrize("name", ["stability", "table", "hanzi"])
def test_a_store_that_cannot_be_used_is_refused_before_anything_is_kept(
    name: str, tmp_path: Path
) -> None:
    lone = make_store(tmp_path, writers=1, size=28 if name == "hanzi" else 32, test_writers=1)
    other = make_store(tmp_path / "other", writers=1, size=48, test_writers=1)
    out = tmp_path / "out"
    for store, said in (
        (tmp_path / "none.h5", "none.h5"),
        (other, "holds glyphs of 48 pixels"),
        (lone, "one test sample of each character"),
    ):
        arguments = ["paper", name, "--quick", "--data", str(store), "--out", str(out)]
        with pytest.raises(UserError, match=said):
            CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert not out.exists()


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    yield


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_one_line_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["hanzi-lsgan", "paper", "curves", "--out", str(tmp_path / "o")]
    )
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert "pip install 'hanzi-lsgan[papers]'" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_the_notebook_runs_and_shows_its_figures(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    notebook = nbformat.read(ROOT / "examples" / "papers.ipynb", 4)  # type: ignore[no-untyped-call]
    client = nbclient.NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(shown) == 3
