import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.runs import runs_here
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.runs.runs_here import (
    adapted_runs,
    find_newest_run,
    newest_run,
    next_run,
    reserve_run,
)


def test_the_newest_run_is_the_one_written_last(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no trained run is here"):
        newest_run(tmp_path)
    for age, name in enumerate(("me", "exported", "b", "c", "a")):
        run = RunFolder(tmp_path / name)
        run.path.mkdir()
        run.generator.touch()
        model = json.loads((SHIPPED / "model.json").read_text("utf-8"))
        hand = [0.0] * 384 if name == "me" else None
        run.model.write_text(json.dumps(model | {"hand": hand}), "utf-8")
        if len(name) == 1:
            run.config.touch()  # it can be trained on
        moment = time.time() - age
        for path in (run.generator, run.model):
            os.utime(path, (moment, moment))
    assert newest_run(tmp_path).path.name == "b"
    RunFolder(tmp_path / "a").generator.unlink()  # begun last of all, and killed before it saved
    (tmp_path / "a" / "model.json").touch()
    assert newest_run(tmp_path).path.name == "a"
    drawing = find_newest_run(tmp_path)
    assert drawing is not None
    assert drawing.path.name == "exported"  # a person's hand is drawn by where it is asked for


def test_a_damaged_run_that_nobody_has_named_is_passed_over_and_told(tmp_path: Path) -> None:
    text = (SHIPPED / "model.json").read_text("utf-8")
    models = {"bad": "{", "gone": None, "me": json.dumps(json.loads(text) | {"hand": [0.0] * 384})}
    for age, (name, model) in enumerate((models | {"whole": text}).items()):
        run = RunFolder(tmp_path / name)
        run.path.mkdir()
        run.generator.touch()
        if model is not None:
            run.model.write_text(model, "utf-8")
        os.utime(run.generator, (1e9 - age, 1e9 - age))  # the damaged ones are the newest
    told: list[UserError] = []
    found = find_newest_run(tmp_path, told.append)
    assert found is not None
    assert found.path.name == "whole"
    assert [str(error).partition(": ")[0] for error in told] == [
        str(tmp_path / name / "model.json") for name in ("bad", "gone")
    ]
    told.clear()
    assert [path.name for path in adapted_runs(tmp_path, told.append)] == ["me"]
    assert [str(error).partition(": ")[0] for error in told] == [str(tmp_path / "bad/model.json")]


def test_new_runs_are_numbered(tmp_path: Path) -> None:
    assert next_run("quick32", tmp_path).name == "quick32-01"
    (tmp_path / "quick32-01").mkdir()
    assert next_run("quick32", tmp_path).name == "quick32-02"


@pytest.mark.skipif(sys.platform == "win32", reason="links as on Unix")
def test_runs_that_are_a_link_to_a_disk_that_is_gone_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, asked = tmp_path / "runs", []
    runs.symlink_to(tmp_path / "unmounted" / "runs")

    def few_times(recipe_name: str, runs: Path) -> Path:
        asked.append(recipe_name)
        assert len(asked) < 3, "asks for ever"
        return next_run(recipe_name, runs)

    monkeypatch.setattr(runs_here, "next_run", few_times)
    with pytest.raises(UserError, match="runs: cannot be written"):
        reserve_run("quick32", runs)


def test_names_reserved_at_once_differ(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        paths = list(threads.map(lambda _: reserve_run("quick32", tmp_path), range(24)))
    assert sorted(path.name for path in paths) == [f"quick32-{n:02}" for n in range(1, 25)]
    assert all(path.is_dir() for path in paths)


def test_a_name_that_is_taken_between_the_look_and_the_grasp_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter(["quick32-01", "quick32-02"])  # the first was free when it was looked at
    (tmp_path / "quick32-01").mkdir()
    monkeypatch.setattr(runs_here, "next_run", lambda name, runs: runs / next(seen))
    assert reserve_run("quick32", tmp_path) == tmp_path / "quick32-02"
