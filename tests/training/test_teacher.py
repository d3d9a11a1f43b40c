"""A recogniser that teaches the generator to be read."""

import json
import math
from pathlib import Path

import pytest
import torch

from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.judge import JUDGE, TEACHER, obtain_recogniser
from hanzi_lsgan.judging.recogniser import Recogniser
from hanzi_lsgan.losses import reading_losses
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, OVERRIDES, assert_same_networks, make_store

TAUGHT = [*OVERRIDES, "objective.reading_weight=0.5"]
AT_64 = [
    "model.generator_channels=[16, 8, 8, 8, 8]",
    "model.discriminator_channels=[8, 8, 8, 8, 16]",
]


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)


def test_the_reading_losses_by_hand() -> None:
    # Label 0 at odds of 9 : 1 is read and costs nothing, at 1 : 3 it costs log 4 - log 2.
    logits = torch.tensor([[9.0, 1.0], [1.0, 3.0]]).log()
    labels = torch.tensor([0, 0])
    assert reading_losses(logits, labels).tolist() == pytest.approx([0, math.log(2)])


def test_what_is_read_at_even_odds_is_not_pushed_further() -> None:
    logits = torch.tensor([[0.1, 0.0], [0.0, 0.1]], requires_grad=True)
    reading_losses(logits, torch.tensor([0, 0])).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[0].abs().max() == 0
    assert logits.grad[1, 0] < 0 < logits.grad[1, 1]


def test_a_taught_run_resumes_bit_for_bit(tmp_path: Path) -> None:
    store = make_store(tmp_path, writers=40)
    with Session.begin("quick32", store, tmp_path / "whole", TAUGHT) as session:
        assert session.lacking_recognisers == [TEACHER]
        session.train()
    with Session.begin("quick32", store, tmp_path / "parts", TAUGHT) as session:
        assert session.lacking_recognisers == []  # it lies beside the store
        session.train(kimg=0.048)
    with Session.resume(tmp_path / "parts") as session:
        session.train()
    assert_same_networks(tmp_path / "whole", tmp_path / "parts")
    lines = (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()
    assert all(json.loads(line)["reading_loss"] > 0 for line in lines)


def test_teacher_and_judge_are_two_networks(tmp_path: Path) -> None:
    with Store(make_store(tmp_path, writers=40)) as store:
        networks = [
            obtain_recogniser(store, 32, lambda *progress: None, role) for role in (JUDGE, TEACHER)
        ]
        judge, teacher = (network.classify.weight for network in networks)
        assert not torch.allclose(judge, teacher, atol=1e-3)
        again = obtain_recogniser(store, 32, lambda *progress: None, TEACHER)
    assert torch.equal(again.classify.weight, teacher)
    assert len(list(tmp_path.glob("tiny.teacher-*-32-*"))) == 1


@pytest.mark.parametrize(("size", "overrides"), [(32, []), (64, AT_64)])
def test_the_teacher_moves_the_generator_alone(
    tmp_path: Path, size: int, overrides: list[str]
) -> None:
    states = []
    torch.manual_seed(0)
    teacher = Recogniser(len(CHARACTERS), 32).eval().requires_grad_(False)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    with Store(make_store(tmp_path, size=size)) as store:
        stream = BatchStream(store, size=size, batch_size=8, pack_size=2, seed=0)
        batch = next(iter(stream.batches()))
        for weight in (0, 1000):
            settings = [*OVERRIDES, *overrides, f"objective.reading_weight={weight}"]
            recipe = load_recipe("quick32", [*settings, "train.precision=no"])
            assert recipe.teacher_size == 32
            trainer = Trainer(recipe, CHARACTERS)
            trainer.teach_with(teacher)
            values = trainer.train_step(batch)
            assert ("reading_loss" in values) == (weight > 0)
            states.append(trainer.state())
    plain, taught = states
    for name, value in plain["discriminator"].items():
        assert torch.equal(taught["discriminator"][name], value)
    moved = [
        name
        for name, value in plain["generator"].items()
        if not torch.equal(taught["generator"][name], value)
    ]
    assert "project.weight" in moved
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_generator_learns_what_its_teacher_reads(tmp_path: Path) -> None:
    """The loss falls where nothing else pulls: the discriminator stands still."""
    torch.manual_seed(0)
    teacher = Recogniser(len(CHARACTERS), 32).eval().requires_grad_(False)
    teacher.classify.weight.mul_(300)  # untrained, it would give all characters even odds
    overrides = [*TAUGHT, "train.precision=no", "train.generator_learning_rate=0.005"]
    overrides += ["objective.reading_weight=1000", "train.discriminator_learning_rate=1e-9"]
    trainer = Trainer(load_recipe("quick32", overrides), CHARACTERS)
    trainer.teach_with(teacher)
    with Store(make_store(tmp_path)) as store:
        batches = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0).batches()
        losses = [trainer.train_step(next(batches))["reading_loss"].item() for _ in range(60)]
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


def test_without_a_teacher_there_is_no_silent_training(tmp_path: Path) -> None:
    trainer = Trainer(load_recipe("quick32", TAUGHT), CHARACTERS)
    with Store(make_store(tmp_path)) as store:
        batch = next(BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0).batches())
    with pytest.raises(RuntimeError, match="needs a teacher"):
        trainer.train_step(batch)
