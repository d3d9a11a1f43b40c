"""A run folder is one session's: reserved before long work, and trained in by one at a time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.store.reader import Store
from hanzi_lsgan.recipe import Recipe, load_recipe
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.claim import Claim
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.training_lock import TrainingLock
from tests.tiny import OVERRIDES, make_store

HOLDER = """
import sys, time
from pathlib import Path
from hanzi_lsgan.runs.training_lock import TrainingLock
lock = TrainingLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("quick32", OVERRIDES)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(make_store(tmp_path_factory.mktemp("store"))) as store:
        yield store


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_another_process_is_refused_by_its_number_until_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError) as caught:
            TrainingLock(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: another process ({holder.pid}) is training here; "
            "wait until it has ended, or train into another folder"
        )
        holder.kill()
    assert files(tmp_path) == {"training.lock"}  # which a killed process cannot take away
    with TrainingLock(tmp_path):
        assert (tmp_path / "training.lock").read_text() == str(os.getpid())
    assert files(tmp_path) == set()


def test_another_session_of_a_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    first = TrainingLock(tmp_path)
    with pytest.raises(UserError, match="another session of this process is training here"):
        TrainingLock(tmp_path)
    first.release()
    second = TrainingLock(tmp_path)
    first.release()  # does nothing any more
    with pytest.raises(UserError, match="another session of this process"):
        TrainingLock(tmp_path)
    second.release()


def test_commands_that_read_are_not_kept_out(trained: Path) -> None:
    with TrainingLock(trained):
        assert RunFolder(trained).load_generator().images == 16
        assert find_damage(trained) == []


def test_a_run_that_takes_the_next_name_takes_one_that_is_still_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store, recipe: Recipe
) -> None:
    monkeypatch.chdir(tmp_path)
    one, other = Claim.on_new(None, "quick32"), Claim.on_new(None, "quick32")
    assert one.run.path == other.run.path == Path("runs/quick32-01")
    one.take(recipe, store)
    other.take(recipe, store)
    assert (one.run.path.name, other.run.path.name) == ("quick32-01", "quick32-02")
    assert RunFolder("runs/quick32-02").recipe() == recipe
    one.release()
    other.release()


def test_what_comes_to_nothing_leaves_nothing(tmp_path: Path, store: Store, recipe: Recipe) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        claim = Claim.on_new(tmp_path / name, "quick32")
        claim.take(recipe, store)
        assert files(claim.run.path) == {
            "checksums.json", "config.toml", "model.json", "training.lock",
        }  # fmt: skip
        assert find_damage(claim.run.path) == []
        claim.release()
    assert files(tmp_path) == {"empty"}  # which was there before
    assert files(tmp_path / "empty") == set()


def test_what_a_killed_process_began_is_in_nobodys_way(
    tmp_path: Path, store: Store, recipe: Recipe
) -> None:
    out = tmp_path / "run"
    claim = Claim.on_new(out, "quick32")
    claim.take(recipe, store)
    for name in ("config.toml.partial", "model.json.partial"):
        (out / name).write_text("ha")
    with pytest.raises(UserError, match="is training here"):  # while it lives
        Claim.on_new(out, "quick32").take(recipe, store)
    claim._lock.release()  # type: ignore[union-attr] # what the system does for a killed process
    (out / "training.lock").write_text("1")
    other = load_recipe("quick32", [*OVERRIDES, "train.seed=9"])
    again = Claim.on_new(out, "quick32")
    again.take(other, store)
    assert RunFolder(out).recipe().train.seed == 9
    assert find_damage(out) == []
    again.release()
    assert not out.exists() or files(out) == set()


@pytest.mark.parametrize("name", ["notes.txt", "state", "generator.safetensors", "metrics.jsonl"])
def test_anything_else_in_a_folder_is_in_the_way(
    name: str, tmp_path: Path, store: Store, recipe: Recipe
) -> None:
    out = tmp_path / "run"
    claim = Claim.on_new(out, "quick32")
    claim.take(recipe, store)
    (out / name).mkdir()
    claim.release()
    assert files(out) == {"checksums.json", "config.toml", "model.json", name}
    with pytest.raises(UserError, match="there is something already; add --resume to go on with"):
        Claim.on_new(out, "quick32")
    (out / "config.toml").unlink()
    with pytest.raises(UserError, match="there is something already; name another --out"):
        Claim.on_new(out, "quick32")


def test_a_folder_filled_since_it_was_looked_at_is_left_alone(
    tmp_path: Path, store: Store, recipe: Recipe
) -> None:
    claim = Claim.on_new(tmp_path / "run", "quick32")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="there is something already"):
        claim.take(recipe, store)
    assert files(tmp_path / "run") == {"notes.txt"}


@pytest.mark.parametrize("out", ["file/run", "file"])
def test_a_folder_that_cannot_be_is_one_line(
    out: str, tmp_path: Path, store: Store, recipe: Recipe
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"cannot be written|there is something already"):
        Claim.on_new(tmp_path / out, "quick32").take(recipe, store)
    assert files(tmp_path) == {"file"}


def test_the_current_folder_takes_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store, recipe: Recipe
) -> None:
    monkeypatch.chdir(tmp_path)
    for out in (".", "", tmp_path):
        claim = Claim.on_new(out, "quick32")
        claim.take(recipe, store)
        assert "config.toml" in files(tmp_path)
        claim.release()
        assert files(tmp_path) == set()
    with pytest.raises(UserError, match=r"^/: there is something already; name another --out"):
        Claim.on_new("/", "quick32")


def test_a_run_that_someone_else_has_trained_meanwhile_is_refused(
    trained: Path, store: Store, recipe: Recipe
) -> None:
    claim = Claim(RunFolder(trained), exists=True)
    claim.take(recipe, store)
    claim.release()
    claim.take(recipe, store)  # nothing has changed
    claim.release()
    status = RunFolder(trained).state.stat()
    os.utime(RunFolder(trained).state, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(UserError, match="has been trained since this session read it; resume it"):
        claim.take(recipe, store)
    TrainingLock(trained).release()  # the refused one holds nothing
