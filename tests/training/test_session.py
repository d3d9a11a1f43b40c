"""A session as Python code meets it: in a notebook, in a thread, twice in a process."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

import hanzi_lsgan
from data_tools.errors import UserError
from hanzi_lsgan.drawing.images import draw_images, draw_latents
from hanzi_lsgan.judging import judge
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.training_lock import TrainingLock
from hanzi_lsgan.training.loop import Listener
from hanzi_lsgan.training.session import Session
from tests.listeners import Notes
from tests.tiny import OVERRIDES, assert_same_networks, make_store

HANG_UP: int = getattr(signal, "SIGHUP", 0)  # Windows has none
SIGNALS = [int(number) for number in (signal.SIGINT, signal.SIGTERM, HANG_UP) if number]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path)


def is_open(path: Path) -> bool:
    return str(path.resolve()) in {file.path for file in psutil.Process().open_files()}


def test_paths_may_be_strings(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with hanzi_lsgan.Session.begin("quick32", "tiny.h5", "runs/x", OVERRIDES) as session:
        session.train(kimg=0.016)
    with hanzi_lsgan.Session.resume("runs/x", "tiny.h5") as session:
        session.train(kimg=0.032)
    assert RunFolder("runs/x").load_generator().images == 32
    assert hanzi_lsgan.load("runs/x").draw("三").shape == (1, 32, 32)


def test_training_again_goes_on_with_the_same_run(store: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store, tmp_path / "whole", OVERRIDES) as session:
        session.train(kimg=0.048)
    with Session.begin("quick32", store, tmp_path / "parts", OVERRIDES) as session:
        for kimg in (0.016, 0.016, 0.048):  # the second has nothing to do
            session.train(kimg=kimg)
            assert session.trainer.images == kimg * 1000
    assert_same_networks(tmp_path / "whole", tmp_path / "parts")


def test_a_run_that_has_lost_its_state_is_not_begun_anew(store: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store, tmp_path / "x", OVERRIDES) as session:
        session.train(kimg=0.016)
    run = RunFolder(tmp_path / "x")
    generator = run.generator.read_bytes()
    run.state.unlink()
    with pytest.raises(UserError, match=r"state/training\.pt is gone.*--from"):
        Session.resume(run.path)
    # A process that was killed while it wrote its first state had none to lose.
    run.state.with_name("training.pt.partial").touch()
    with Session.resume(run.path) as session:
        assert session.trainer.images == 0
    assert run.generator.read_bytes() == generator


def test_a_run_begun_from_another_is_named_after_it(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.begin("quick32", store, tmp_path / "runs" / "exp.v2", OVERRIDES) as session:
        session.train(kimg=0.008)
    monkeypatch.chdir(tmp_path / "runs" / "exp.v2")
    with Session.begin(None, store, trained=".") as session:
        assert session.run.path == Path("runs") / "exp.v2-01"


def test_a_run_whose_folder_is_moved_while_it_trains_is_whole_all_the_same(
    store: Path, tmp_path: Path
) -> None:
    class Mover(Listener):
        def on_step(self, images: int, seconds: float) -> None:
            if images == 16:
                (tmp_path / "run").rename(tmp_path / "elsewhere")

    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.032, listener=Mover())
    assert RunFolder(tmp_path / "run").load_generator().images == 32
    with Session.resume(tmp_path / "run") as session:
        session.train(kimg=0.048)
    assert RunFolder(tmp_path / "run").load_generator().images == 48


def test_where_the_store_has_moved_to_is_remembered(store: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.016)
    moved = store.rename(tmp_path / "moved.h5")
    with Session.resume(tmp_path / "run", moved) as session:
        session.train(kimg=0.032)
    assert find_damage(tmp_path / "run") == []
    with Session.resume(tmp_path / "run") as session:
        assert session.store.path == moved.resolve()


def test_a_closed_session_says_how_to_go_on(store: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.016)
    with pytest.raises(UserError, match=r"closed.*Session\.resume\("):
        session.train(kimg=0.032)


def test_training_again_after_another_session_trained_on_is_refused(
    store: Path, tmp_path: Path
) -> None:
    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as first:
        first.train(kimg=0.016)
        with Session.resume(tmp_path / "run") as second:
            second.train(kimg=0.024)
        with pytest.raises(UserError, match="has been trained since this session read it"):
            first.train(kimg=0.032)
    assert RunFolder(tmp_path / "run").load_generator().images == 24


def test_nobody_trains_in_a_run_that_is_being_trained(store: Path, tmp_path: Path) -> None:
    refused: list[str] = []

    def try_to_join() -> None:
        with Session.resume(tmp_path / "run") as other, pytest.raises(UserError) as caught:
            other.train()
        refused.append(str(caught.value))
        refused.append(str(RunFolder(tmp_path / "run").info().charset))  # reading is free

    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.016, listener=Notes(at={16: try_to_join}))
    assert "another session of this process is training here; wait" in refused[0]
    assert refused[1] == session.store.charset
    TrainingLock(tmp_path / "run").release()  # it is free now


def test_a_thread_trains_and_leaves_signals_alone(store: Path, tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    during: list[object] = []
    returned: list[int | None] = []
    look = Notes(at={8: lambda: during.extend(map(signal.getsignal, SIGNALS))})

    def work() -> None:
        with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
            returned.append(session.train(kimg=0.016, listener=look))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert returned == [None]
    assert during == before
    assert RunFolder(tmp_path / "run").load_generator().images == 16


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal ends the process")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_finishes_the_step_and_saves_and_training_can_go_on(
    store: Path, tmp_path: Path, number: int
) -> None:
    before = signal.signal(number, signal.SIG_DFL) if number != signal.SIGINT else None
    handler = signal.getsignal(number)
    notes = Notes(at={24: lambda: os.kill(os.getpid(), number)})
    try:
        with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
            assert session.train(listener=notes) == number
            assert signal.getsignal(number) is handler
            assert RunFolder(tmp_path / "run").load_state()["images"] == 24
            assert session.train() is None
        assert RunFolder(tmp_path / "run").load_state()["images"] == 80
    finally:
        if before is not None:
            signal.signal(number, before)


@pytest.mark.skipif(not HANG_UP, reason="Windows has none")
def test_a_signal_that_is_ignored_stays_ignored(store: Path, tmp_path: Path) -> None:
    before = signal.signal(HANG_UP, signal.SIG_IGN)  # what nohup does
    notes = Notes(at={8: lambda: os.kill(os.getpid(), HANG_UP)})
    try:
        with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
            assert session.train(kimg=0.024, listener=notes) is None
        assert signal.getsignal(HANG_UP) is signal.SIG_IGN
    finally:
        signal.signal(HANG_UP, before)
    assert RunFolder(tmp_path / "run").load_state()["images"] == 24


@pytest.mark.parametrize(
    ("refuse", "message"),
    [
        (lambda store: Session.begin("quick32", store, "used"), "there is something already"),
        (lambda store: Session.begin("quick32", store, "new", ["train.x=1"]), "is no setting"),
        (lambda store: Session.begin("quick32", store, "new", ["train.batch_size=512"]), "too few"),
        (lambda store: Session.begin("nosuch", store, "new"), "there is no such recipe"),
        (lambda store: Session.resume("trained", "other.h5"), "is not the store that"),
    ],
)
def test_a_refused_session_leaves_no_file_open_and_no_folder(
    refuse: Callable[[Path], Session],
    message: str,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = make_store(tmp_path / "made", writers=13).rename(tmp_path / "other.h5")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    (tmp_path / "trained").symlink_to(trained)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=message) as caught:
        refuse(store)
    assert not is_open(store)  # although whoever keeps the error keeps all that was at hand
    assert caught.tb is not None
    assert set(tmp_path.rglob("*")) == before


def test_limits_and_folder_are_checked_before_recognisers_are_trained(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_recognisers: list[list[str]] = []

    def fail_late(*arguments: object, **others: object) -> None:
        trained_recognisers.append(sorted(path.name for path in (tmp_path / "run").iterdir()))
        raise UserError("the store is too small")

    monkeypatch.setattr(judge, "_train", fail_late)
    overrides = [*OVERRIDES, "train.score_samples=8", "train.decay_kimg=0.04"]
    with Session.begin("quick32", store, tmp_path / "run", overrides) as session:
        for kimg, minutes, message in (
            (0.0, None, "--kimg 0: is no limit"),
            (float("nan"), None, "--kimg nan: is no limit"),
            (1.0, None, "--kimg 1: the learning rate has fallen to zero"),
            (None, -1.0, "--minutes -1: is no limit"),
            (None, float("inf"), "--minutes inf: is no limit; leave it out"),
        ):
            with pytest.raises(UserError, match=message):
                session.train(kimg, minutes)
        assert trained_recognisers == []
        assert not (tmp_path / "run").exists()
        for _ in range(2):  # what the first one leaves is not in the way of the second
            with pytest.raises(UserError, match="the store is too small"):
                session.train()
            assert not (tmp_path / "run").exists()
    beginning = ["checksums.json", "config.toml", "model.json", "training.lock"]
    assert trained_recognisers == [beginning] * 2


def test_a_loaded_model_draws_a_text_by_one_hand(trained: Path) -> None:
    model = hanzi_lsgan.load(trained)
    assert model.charset == "一三二十"
    assert model.size == 32
    drawn = model.draw("三一三", seed=5)
    assert drawn.shape == (3, 32, 32)
    assert drawn.dtype == np.uint8
    network = RunFolder(trained).load_generator().network
    latents = draw_latents(network, 1, 5)
    expected = np.concatenate(list(draw_images(network, latents, [1, 0, 1])))
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(drawn, model.draw("三一三", seed=5))
    assert np.any(drawn != model.draw("三一三", seed=6))
    with pytest.raises(UserError, match="2 of these are unknown to the model: 四五"):
        model.draw("一四五")
    with pytest.raises(UserError, match="no character is in it"):
        model.draw("")
    with pytest.raises(UserError, match=r"has no best\.safetensors"):
        hanzi_lsgan.load(trained, checkpoint="best")


def test_what_cannot_be_seen_is_not_drawn_and_seeds_have_a_range(trained: Path) -> None:
    model = hanzi_lsgan.load(trained)
    assert np.array_equal(model.draw("三\u200b \n"), model.draw("三"))
    assert np.array_equal(model.draw("三", seed=np.int64(3)), model.draw("三", seed=3))
    for seed in (-1, 2**64, 1.5, True):
        with pytest.raises(UserError, match=r"seed: is .*; give a whole number from 0"):
            model.draw("三", seed=seed)  # type: ignore[arg-type]


def test_without_a_run_the_weights_that_ship_draw_what_they_have_never_seen() -> None:
    model = hanzi_lsgan.load()
    unseen = "丐"  # the first of the 200 that were held out, see the card
    assert unseen not in model.charset
    assert "永" in model.charset
    drawn = model.draw("永" + unseen, seed=1)
    assert drawn.shape == (2, 64, 64)
    assert drawn.dtype == np.uint8
    assert all(image.min() < 100 for image in drawn)  # there is ink


def test_a_session_changes_nothing_of_the_one_before(store: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store, tmp_path / "alone", OVERRIDES) as alone:
        alone.train(kimg=0.024)
    with (
        Session.begin("quick32", store, tmp_path / "one", OVERRIDES) as one,
        Session.begin("quick32", store, tmp_path / "other", OVERRIDES) as other,
    ):
        for kimg in (0.008, 0.016, 0.024):
            one.train(kimg=kimg)
            other.train(kimg=kimg)
    for name in ("one", "other"):
        assert_same_networks(tmp_path / "alone", tmp_path / name)
    assert torch.is_grad_enabled()
