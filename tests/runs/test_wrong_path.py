"""What a path leads to that is no run, no store or no recipe, and the remedy that suits it."""

import os
import shutil
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.export.weights import export_weights as pack
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.wrong_path import (
    refuse_other_recipe,
    refuse_other_things,
    refuse_run_as_store,
)
from hanzi_lsgan.training.session import Session
from tests.tiny import OVERRIDES


@pytest.fixture
def home(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with runs, a store, raw data and other things."""
    for age, name in enumerate("dbca"):
        run = shutil.copytree(trained, tmp_path / "runs" / name)
        os.utime(run / "model.json", (age * 100, age * 100))
    shutil.copy(trained.parent / "tiny.h5", tmp_path / "s.h5")
    shutil.copy(tmp_path / "s.h5", tmp_path / "nameless")
    (tmp_path / "raw").mkdir()
    (tmp_path / "notes.txt").write_text("no HDF5")
    (tmp_path / "late.h5").write_text("cut off")
    pack(RunFolder(trained).load_generator(), tmp_path / "packed")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("nowhere", "nowhere: there is no such run; name a run folder, or train one with"),
        ("raw", "raw: is no run folder; name one that `hanzi-lsgan train` has made"),
        ("notes.txt", "notes.txt: is a file, and a run is a folder; name the folder"),
        ("s.h5", "s.h5: is a store, and no run folder; name a store with --data"),
        ("nameless", "nameless: is a store, and no run folder; name a store with --data"),
        (
            "runs",
            "runs: is a folder of runs; name one of the runs in it: runs/a, runs/c, runs/b, ",
        ),
        ("runs/a/state", "is a part of a run; name the run, "),
        ("runs/a/model.json", "is a part of a run; name the run, "),
        ("runs/a/state/training.pt", "is a file, and a run is a folder"),
    ],
)
def test_what_is_no_run_is_named(home: Path, path: str, expected: str) -> None:
    run = RunFolder(path)
    for use in (run.info, run.recipe, run.load_generator, lambda: Session.resume(path)):
        with pytest.raises(UserError) as caught:
            use()
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_is_a_run_is_not_refused(home: Path) -> None:
    for path in ("runs/a", "packed"):
        refuse_other_things(Path(path))
        assert RunFolder(path).load_generator().images == 16


def test_three_runs_or_fewer_are_all_listed(home: Path) -> None:
    shutil.rmtree(home / "runs" / "d")
    with pytest.raises(UserError, match=r"in it: runs/a, runs/c, runs/b$"):
        refuse_other_things(Path("runs"))


def test_a_packed_generator_cannot_be_resumed(home: Path) -> None:
    with pytest.raises(UserError, match=r"^packed: holds a generator alone, without the training"):
        Session.resume("packed")


def test_a_folder_where_no_run_has_begun_yet_cannot_be_resumed(home: Path) -> None:
    shutil.copy("runs/a/model.json", "raw/model.json")
    with pytest.raises(UserError, match=r"^raw: no run has begun here yet; begin it without"):
        Session.resume("raw")


def test_a_run_that_has_lost_a_file_is_restored_and_not_renamed(home: Path) -> None:
    (home / "runs" / "a" / "model.json").unlink()
    with pytest.raises(UserError, match=r"model\.json: cannot be read .* copy the run again"):
        RunFolder("runs/a").info()


def test_packing_onto_something_has_a_remedy_that_pack_knows(home: Path) -> None:
    trained = RunFolder("runs/a").load_generator()
    for path in ("packed", "runs/b", "raw/../runs"):
        with pytest.raises(UserError, match=r"name a new or an empty folder$"):
            pack(trained, Path(path))


@pytest.mark.parametrize("path", ["s.h5", "raw", "nowhere", "notes.txt"])
def test_only_runs_are_refused_as_stores(home: Path, path: str) -> None:
    refuse_run_as_store(Path(path))  # what they are is for the store to say
    for run in ("runs/a", "packed"):
        with pytest.raises(UserError, match="is a run folder, and no store; name the store"):
            refuse_run_as_store(Path(run))


def test_a_run_named_as_the_store_is_refused(home: Path) -> None:
    for recipe in ("quick32", None):
        with pytest.raises(UserError, match=r"^runs/a: is a run folder, and no store"):
            Session.begin(recipe, "runs/a")
    with pytest.raises(UserError, match=r"^runs/b: is a run folder, and no store"):
        Session.resume("runs/a", "runs/b")


def test_a_store_that_has_moved_is_to_be_named(home: Path, trained: Path) -> None:
    info = (home / "runs" / "a" / "model.json").read_text("utf-8")
    gone = str(trained.parent / "tiny.h5")
    assert gone in info
    (home / "runs" / "a" / "model.json").write_text(info.replace(gone, "/gone/tiny.h5"), "utf-8")
    with pytest.raises(UserError) as caught:
        Session.resume("runs/a")
    assert str(caught.value) == (
        "/gone/tiny.h5: the store that runs/a was trained on is gone; "
        "name it with --data where it is now"
    )
    with Session.resume("runs/a", "s.h5") as session:
        assert session.trainer.images == 16


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s.h5", "s.h5: is a store, and no recipe; did you mean --data s.h5?"),
        ("nameless", "did you mean --data nameless?"),
        ("late.h5", "did you mean --data late.h5?"),
        ("late.H5", "did you mean --data late.H5?"),
        ("gone/s.hdf5", "did you mean --data gone/s.hdf5?"),
        ("runs/a", "runs/a: is a run, and no recipe; did you mean --resume --out runs/a?"),
        ("raw", "raw: is no recipe; did you mean `hanzi-lsgan prepare raw`?"),
        ("notes.txt", "notes.txt: is no recipe; did you mean `hanzi-lsgan prepare notes.txt`?"),
        ("quick64", "quick64: there is no such recipe; name one of "),
        ("", ": there is no such recipe; name one of "),
        ("nowhere.toml", "nowhere.toml: there is no such recipe; name one of "),
    ],
)
def test_what_is_no_recipe_is_named(home: Path, name: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        Session.begin(name, "s.h5")
    assert expected in str(caught.value)


def test_a_recipe_in_capitals_is_one_and_names_its_run(home: Path) -> None:
    shutil.copy("runs/a/config.toml", "MINE.TOML")
    with Session.begin("MINE.TOML", "s.h5") as session:
        assert session.run.path == Path("runs/MINE-01")


def test_a_recipe_is_a_recipe_whatever_lies_beside_it(home: Path) -> None:
    shutil.copytree("runs/a", "quick32")
    refuse_other_recipe("runs/a/config.toml")
    with Session.begin("runs/a/config.toml", "s.h5", "new") as one:
        assert one.recipe == RunFolder("runs/a").recipe()
    with Session.begin("quick32", "s.h5", "new", [*OVERRIDES, "train.kimg=3"]) as other:
        assert other.recipe.train.kimg == 3
