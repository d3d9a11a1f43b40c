"""Training that is killed at any instant, or runs out of disk: nothing finished is ever lost."""

import multiprocessing
import random
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from data_tools.errors import UserError
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.session import Session
from tests.tiny import OVERRIDES, make_store

if sys.platform == "win32":
    from multiprocessing.context import SpawnContext as Processes
else:
    from multiprocessing.context import ForkServerContext as Processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits as on Linux")

OFTEN = [*OVERRIDES, "train.checkpoint_minutes=1e-9", "train.tick_kimg=0.008"]
"""A checkpoint after each of ten steps."""


def train_to_the_end(store: Path, out: Path) -> None:
    """What a user does: begin, or resume where there is something to resume."""
    torch.set_num_threads(1)
    with (
        Session.resume(out)
        if RunFolder(out).config.exists()
        else Session.begin("quick32", store, out, OFTEN) as run
    ):
        run.train()


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """Processes that start at once, from a server that has imported torch and computed nothing."""
    if sys.platform == "win32":
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_faults"])
    yield context


def start(processes: Processes, store: Path, out: Path) -> BaseProcess:
    process = processes.Process(target=train_to_the_end, args=(store, out))
    process.start()
    return process


def finish(process: BaseProcess) -> None:
    process.join(timeout=120)
    assert process.exitcode == 0


def wait_for_a_checkpoint(process: BaseProcess, out: Path) -> None:
    """So that some kills find one to lose, however fast or slow the machine is."""
    while process.is_alive() and not RunFolder(out).state.exists():
        time.sleep(0.001)


def weights(run: Path) -> dict[str, torch.Tensor]:
    state = RunFolder(run).load_state()
    return {
        f"{part}.{name}": value
        for part in ("generator", "ema")
        for name, value in state[part].items()
    }


class BrokenOffError(Exception):
    """Stands for a kill at one exact instant."""


@pytest.mark.parametrize("method", ["save_generator", "save_state"])
def test_a_run_broken_off_within_its_last_checkpoint_ends_with_the_same_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    store = make_store(tmp_path)
    train_to_the_end(store, tmp_path / "whole")
    save = getattr(RunFolder, method)
    saved = []

    def break_off_at_the_end(run: RunFolder, *arguments: object) -> None:
        saved.append(arguments)
        if len(saved) == 10:
            raise BrokenOffError
        save(run, *arguments)

    monkeypatch.setattr(RunFolder, method, break_off_at_the_end)
    with pytest.raises(BrokenOffError):
        train_to_the_end(store, tmp_path / "broken")
    monkeypatch.undo()
    train_to_the_end(store, tmp_path / "broken")
    whole, broken = (RunFolder(tmp_path / name).generator for name in ("whole", "broken"))
    assert broken.read_bytes() == whole.read_bytes()


def test_a_killed_run_keeps_its_last_checkpoint_and_ends_as_if_nothing_had_been(
    tmp_path: Path, kills: int, processes: Processes
) -> None:
    store = make_store(tmp_path)
    finish(start(processes, store, tmp_path / "first"))  # the server starts with it
    started = time.monotonic()
    finish(start(processes, store, tmp_path / "whole"))
    seconds = time.monotonic() - started
    expected = weights(tmp_path / "whole")
    instants = random.Random(0)
    survived = []
    for kill in range(kills):
        out = tmp_path / f"killed{kill}"
        process = start(processes, store, out)
        if kill % 3 == 0:
            wait_for_a_checkpoint(process, out)
        else:
            time.sleep(instants.uniform(0, seconds))
        process.kill()
        process.join()
        run = RunFolder(out)
        if run.config.exists():  # the recipe is written last of what a run begins with
            run.recipe()
            run.info()
            if run.state.exists():
                survived.append(run.load_state()["images"])
            if run.generator.exists():
                run.load_generator()
        finish(start(processes, store, out))
        ended = weights(out)
        assert ended.keys() == expected.keys()
        assert all(torch.equal(ended[name], value) for name, value in expected.items())
        assert [path.name for path in out.rglob("*.partial")] == []
    assert any(0 < images < 80 for images in survived)


def train_with_a_small_disk(out: Path, file_bytes: int, said: Path) -> None:
    """Resume where no file may grow beyond a size, and note the error."""
    if sys.platform == "win32":
        return
    import resource

    torch.set_num_threads(1)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    with Session.resume(out) as session:
        try:
            session.train()
        except UserError as error:
            said.write_text(str(error), "utf-8")


def test_a_full_disk_ends_training_with_the_last_checkpoint_intact(
    tmp_path: Path, processes: Processes
) -> None:
    store, out = make_store(tmp_path), tmp_path / "run"
    with Session.begin("quick32", store, out, OFTEN) as session:
        session.train(kimg=0.04)
    before = {path: path.read_bytes() for path in (out / "state").iterdir()}
    limit = RunFolder(out).state.stat().st_size - 1000
    note = tmp_path / "said"
    process = processes.Process(target=train_with_a_small_disk, args=(out, limit, note))
    process.start()
    finish(process)
    said = note.read_text("utf-8")
    assert "training.pt: cannot be written (" in said
    assert "free space there" in said
    assert {path: path.read_bytes() for path in (out / "state").iterdir()} == before
    with Session.resume(out) as session:
        session.train()
    assert RunFolder(out).load_state()["images"] == 80
