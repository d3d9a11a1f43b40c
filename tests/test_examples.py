"""The scripts in `examples/` do what they say, on data small enough."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.drawing.loaded_model import load
from hanzi_lsgan.judging import judge
from hanzi_lsgan.training.session import Session
from tests.tiny import CHARACTERS, OVERRIDES, make_store, write_writers

EXAMPLES = Path(__file__).parents[1] / "examples"


def run_example(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "text.png"
    run_example(monkeypatch, "draw.py", "永和九年", file)
    drawn = np.asarray(Image.open(file))
    assert drawn.shape == (64, 256)
    for place in range(4):
        ink = (drawn[:, 64 * place : 64 * place + 64] < 128).mean()
        assert 0.02 < ink < 0.5


@pytest.mark.slow
def test_train_own_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = Session.begin

    def begin_tiny(recipe: str, store: Path) -> Session:
        return begin(recipe, store, overrides=OVERRIDES)

    monkeypatch.setattr(Session, "begin", begin_tiny)
    monkeypatch.chdir(tmp_path)
    folder = write_writers(tmp_path / "mine.2", 20)
    (tmp_path / "mine.h5").write_text("another's")
    run_example(monkeypatch, "train_own_data.py", folder, 0.1)
    assert (tmp_path / "mine.h5").read_text() == "another's"
    with Store(tmp_path / "mine.2.h5") as store:
        train, test = (set(store.counts(split)) for split in Split)
    assert (train, test) in [({20 - kept}, {kept}) for kept in (1, 2, 3)]  # whole writers
    said = capsys.readouterr().out
    assert said.endswith(f"draws {''.join(sorted(CHARACTERS))}\n")
    assert load(next((tmp_path / "runs").iterdir())).trained.images == 80


def test_score(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    store = make_store(tmp_path, writers=64, test_writers=12)
    run_example(monkeypatch, "score.py", trained, store)
    figures = dict(re.findall(r"^(\S.*?)  +(\S+)", capsys.readouterr().out, re.MULTILINE))
    assert 0 <= float(figures["readability top-1"]) <= 1
    assert float(figures["Fréchet distance"]) > 0
    other = make_store(tmp_path / "other", characters=CHARACTERS[:3])
    with pytest.raises(SystemExit, match="holds other characters than"):
        run_example(monkeypatch, "score.py", trained, other)


def test_lines_of_samples_are_read_by_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store(tmp_path, writers=3, test_writers=2)
    monkeypatch.chdir(tmp_path)
    run_example(monkeypatch, "lines_of_samples.py", store, 4, "real")
    run_example(monkeypatch, "lines_of_samples.py", store, 6, "fonts.lmdb", "--fonts")
    labels = (tmp_path / "real" / "label.txt").read_text("utf-8").splitlines()
    assert len(labels) == 4
    assert set("".join(label.split("\t")[1] for label in labels)) <= set(CHARACTERS)
    capsys.readouterr()
    run_example(monkeypatch, "line_reader.py", "fonts.lmdb", "real", 3)
    said = capsys.readouterr().out
    assert re.search(r"train: \S+% of characters, \S+% of 6 lines", said)
    assert re.search(r"test: \S+% of characters, \S+% of 4 lines", said)
