"""When training ticks, saves and ends, and what it does not do."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from hanzi_lsgan.batches import Batch
from hanzi_lsgan.judging import judge
from hanzi_lsgan.models import Generator
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training import loop
from hanzi_lsgan.training.loop import Limits, Listener, Pulse
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.step import Trainer
from tests.listeners import Notes
from tests.tiny import OVERRIDES, make_store, write_writers


@pytest.fixture
def let_steps_take(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how many seconds a step takes by the loop's clock; all else takes none."""
    clock = SimpleNamespace(now=0.0, step_seconds=0.0)
    train_step = Trainer.train_step

    def step(trainer: Trainer, batch: Batch) -> dict[str, Tensor]:
        clock.now += clock.step_seconds
        return train_step(trainer, batch)

    monkeypatch.setattr(Trainer, "train_step", step)
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return lambda seconds: setattr(clock, "step_seconds", seconds)


@pytest.mark.parametrize(
    ("step_seconds", "tick_seconds", "expected"),
    [
        (1, 0, [40, 80, 120, 160, 200]),
        (1, 12, [120, 200]),  # those at 5 and 10 seconds come too soon, the last comes always
        (10, 0, [40, 80, 120, 160, 200]),
        (20, 0, [24, 40, 64, 80, 104, 120, 144, 160, 184, 200]),  # after a minute in any case
    ],
)
def test_ticks_come_at_multiples_of_images_within_bounds_of_seconds(
    step_seconds: float,
    tick_seconds: float,
    expected: list[int],
    tmp_path: Path,
    let_steps_take: Callable[[float], None],
) -> None:
    let_steps_take(step_seconds)
    overrides = [*OVERRIDES, f"train.tick_seconds={tick_seconds}", "train.checkpoint_minutes=99"]
    notes = Notes()
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", overrides) as session:
        session.train(kimg=0.2, listener=notes)
    assert [tick.images for tick in notes.ticks] == expected
    assert [tick.seconds for tick in notes.ticks] == [n / 8 * step_seconds for n in expected]
    assert {tick.images_per_second for tick in notes.ticks} == {8 / step_seconds}


@pytest.mark.parametrize("stop", [8, 40, 56])
def test_a_resumed_run_ticks_and_saves_where_one_without_a_break_does(
    tmp_path: Path, stop: int, let_steps_take: Callable[[float], None]
) -> None:
    let_steps_take(1)
    store = make_store(tmp_path)
    whole, parts = Notes(), Notes()
    with Session.begin("quick32", store, tmp_path / "whole", OVERRIDES) as session:
        session.train(kimg=0.168, listener=whole)
    with Session.begin("quick32", store, tmp_path / "parts", OVERRIDES) as session:
        session.train(kimg=stop / 1000, listener=parts)
    with Session.resume(tmp_path / "parts") as session:
        session.train(kimg=0.168, listener=parts)
    assert [tick.images for tick in whole.ticks] == [40, 80, 120, 160, 168]
    assert sorted({stop, 40, 80, 120, 160, 168}) == [tick.images for tick in parts.ticks]
    lines = (tmp_path / "parts" / "metrics.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["images"] for line in lines] == [tick.images for tick in parts.ticks]


def test_a_checkpoint_comes_with_the_first_tick_after_it_is_due_and_at_the_end(
    tmp_path: Path, let_steps_take: Callable[[float], None]
) -> None:
    let_steps_take(7)  # 35 seconds a tick
    overrides = [*OVERRIDES, "train.checkpoint_minutes=1"]
    notes = Notes()
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", overrides) as session:
        session.train(kimg=0.208, listener=notes)
    assert [saved.images for saved in notes.saved] == [80, 160, 208]


def test_minutes_count_from_the_beginning_of_a_session(
    tmp_path: Path, let_steps_take: Callable[[float], None]
) -> None:
    let_steps_take(10)
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=10, minutes=0.5)
        assert (session.trainer.images, session.trainer.seconds) == (24, 30)
        session.train(kimg=10, minutes=0.5)
        assert (session.trainer.images, session.trainer.seconds) == (48, 60)


@pytest.mark.parametrize("kimg", [0, -3, math.nan, math.inf, 1.1e9])
def test_kimg_out_of_range_are_refused(kimg: float) -> None:
    with pytest.raises(UserError, match=r"^--kimg .*: is no limit; name a number above 0 and at"):
        Limits(kimg)


@pytest.mark.parametrize("minutes", [0, -1, math.nan, -math.inf, 1.1e6])
def test_minutes_out_of_range_are_refused(minutes: float) -> None:
    with pytest.raises(UserError, match=r"^--minutes .*: is no limit; name a number above 0"):
        Limits(1, minutes)


class Together:
    """Two processes as far as a pulse can tell, which counts how often they agree."""

    processes = 2

    def __init__(self, steps_per_second: float) -> None:
        self.step = 0
        self.seconds = 0.0
        self.agreed: list[int] = []
        self._step_seconds = 1 / steps_per_second

    def mean_of_processes(self, values: dict[str, float]) -> dict[str, float]:
        self.agreed.append(self.step)
        return {name: value * 1.25 for name, value in values.items()}  # the other one is slower

    def advance(self) -> None:
        self.step += 1
        self.seconds += self._step_seconds


def test_processes_agree_about_once_a_second_and_not_at_each_step() -> None:
    trainer = Together(steps_per_second=100)
    pulse = Pulse(trainer)  # type: ignore[arg-type]
    beats = []
    for _ in range(1000):
        trainer.advance()
        if pulse.beats():
            beats.append(trainer.step)
    assert beats == trainer.agreed
    # Twice as long each time, until a pause is as many steps as the mean process does in a second.
    assert beats[:9] == [1, 3, 7, 15, 31, 63, 127, 207, 287]
    assert len(beats) == 17


def test_a_process_alone_may_stop_after_any_step() -> None:
    trainer = Together(steps_per_second=100)
    trainer.processes = 1
    pulse = Pulse(trainer)  # type: ignore[arg-type]
    assert [pulse.beats() for _ in range(3)] == [True, True, True]
    assert trainer.agreed == []


def test_a_listener_ends_training_and_draws_what_it_likes(tmp_path: Path) -> None:
    class Artist(Listener):
        steps = 0

        def on_step(self, images: int, seconds: float) -> None:
            self.steps += 1

        def should_stop(self) -> bool:
            return self.steps == 3

        def draw(self, generator: Generator) -> Image.Image:
            return Image.new("L", (3, 5), 77)

    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES) as session:
        assert session.train(listener=Artist()) is None
    assert RunFolder(tmp_path / "run").load_state()["images"] == 24
    with Image.open(tmp_path / "run" / "samples" / "0000000024.png") as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((3, 5), 77)


def test_the_best_checkpoint_is_chosen_on_the_train_split_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)

    def choose(name: str, train_seed: int, test_seed: int) -> tuple[list[float], dict[str, Any]]:
        """The scores of five checkpoints, and the generator chosen."""
        folder = tmp_path / name
        train = write_writers(folder / "train", 40, seed=train_seed)
        test = write_writers(folder / "test", 4, seed=test_seed)
        glyph = GlyphOptions(32, "aspect", 1)
        prepare([train], folder / "s.h5", test_sources=[test], glyph=glyph, jobs=1)
        overrides = [*OVERRIDES, "train.score_samples=8", "train.tick_kimg=0.016"]
        overrides += ["train.checkpoint_minutes=1e-9"]
        with Session.begin("quick32", folder / "s.h5", folder / "run", overrides) as session:
            session.train()
        run = RunFolder(folder / "run")
        lines = run.metrics.read_text("utf-8").splitlines()
        # Not the bytes of the file: safetensors writes metadata in any order.
        chosen = {name: values.tolist() for name, values in load_file(run.best).items()}
        return [json.loads(line)["frechet"] for line in lines], chosen | run.metadata(run.best)

    scores, best = choose("one", train_seed=0, test_seed=1)
    assert len(scores) == 5
    assert choose("other_test_split", train_seed=0, test_seed=2) == (scores, best)
    assert choose("other_train_split", train_seed=3, test_seed=1)[0] != scores
