import json
import math
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.noise import write_noise_store
from data_tools.errors import UserError
from data_tools.store.reader import Store
from hanzi_lsgan.batches import Batch, BatchStream
from hanzi_lsgan.judging import judge
from hanzi_lsgan.recipe import load_recipe, recipe_names
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.loop import DivergenceError
from hanzi_lsgan.training.session import Session, default_recipe
from hanzi_lsgan.training.step import Trainer
from tests.listeners import Notes
from tests.tiny import CHARACTERS, OVERRIDES, make_store

PRECISIONS = ["no", "bf16"]


def weights(run: Path) -> dict[str, Any]:
    """Everything a checkpoint holds but the clock."""
    state = RunFolder(run).load_state()
    del state["seconds"]
    return state


def assert_equal(one: Any, other: Any) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=0, check_dtype=True)


def flat(state: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries and lists as one level."""
    if isinstance(state, dict):
        items = state.items()
    elif isinstance(state, list | tuple):
        items = dict(enumerate(state)).items()
    else:
        return {prefix: state}
    return {
        key: value for name, part in items for key, value in flat(part, f"{prefix}/{name}").items()
    }


@pytest.mark.parametrize("residence", ["memory", "stream"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(
    tmp_path: Path, precision: str, residence: str
) -> None:
    store = make_store(tmp_path)
    overrides = [*OVERRIDES, f"train.precision={precision}", f"data.residence={residence}"]
    with Session.begin("quick32", store, tmp_path / "whole", overrides) as session:
        session.train(kimg=0.136)  # 17 steps over 3 epochs
    with Session.begin("quick32", store, tmp_path / "parts", overrides) as session:
        session.train(kimg=0.024)
    for before, kimg in ((24, 0.072), (72, 0.08), (80, 0.136)):
        with Session.resume(tmp_path / "parts") as session:
            # One that began anew would end with the same weights.
            assert session.trainer.images == before
            session.train(kimg=kimg)
    whole, parts = flat(weights(tmp_path / "whole")), flat(weights(tmp_path / "parts"))
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        assert_equal(parts[name], value)
    drawn = [RunFolder(tmp_path / name).generator.read_bytes() for name in ("whole", "parts")]
    assert drawn[0] == drawn[1]


@pytest.mark.slow
@pytest.mark.parametrize("residence", ["memory", "stream"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_resumes_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, residence: str
) -> None:
    """Its own networks, objective and precision, on batches of eight."""
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    overrides = ["train.batch_size=8", "train.tick_kimg=1", "train.score_samples=0"]
    overrides += ["train.decay_kimg=0.016", "train.kimg=0.032", f"data.residence={residence}"]
    store = make_store(tmp_path, size=load_recipe(name).model.size)
    with Session.begin(name, store, tmp_path / "whole", overrides) as session:
        session.train()
    with Session.begin(name, store, tmp_path / "parts", overrides) as session:
        session.train(kimg=0.024)
    with Session.resume(tmp_path / "parts") as session:
        session.train()
    whole, parts = flat(weights(tmp_path / "whole")), flat(weights(tmp_path / "parts"))
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        assert_equal(parts[key], value)


def test_the_seed_decides_a_run(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    states = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        overrides = [*OVERRIDES, f"train.seed={seed}"]
        with Session.begin("quick32", store, tmp_path / name, overrides) as session:
            session.train(kimg=0.016)
        states.append(weights(tmp_path / name)["ema"]["project.weight"])
    assert_equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_a_run_leaves_everything_that_the_documentation_names(tmp_path: Path) -> None:
    notes = Notes()
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES) as session:
        assert session.train(listener=notes) is None
    run = tmp_path / "run"
    names = {path.name for path in run.iterdir()} - {"tensorboard"}
    assert names == {
        "config.toml",
        "model.json",
        "checksums.json",
        "generator.safetensors",
        "state",
        "metrics.jsonl",
        "samples",
    }
    assert [tick.images for tick in notes.ticks] == [40, 80]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [40, 80]
    assert all(math.isfinite(value) for line in lines for value in line.values())
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "0000000040.png",
        "0000000080.png",
    ]
    assert RunFolder(run).recipe() == session.recipe


def test_resuming_drops_lines_that_it_writes_again(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with Session.begin("quick32", store, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.04)
    metrics = tmp_path / "run" / "metrics.jsonl"
    with metrics.open("a") as file:
        file.write('{"images": 72}\n{"images": 8')  # the last line was cut off by a kill
    with Session.resume(tmp_path / "run") as session:
        session.train(kimg=0.08)
    images = [json.loads(line)["images"] for line in metrics.read_text().splitlines()]
    assert images == [40, 80]


def test_minutes_end_a_session(tmp_path: Path) -> None:
    with Session.begin("quick32", make_store(tmp_path), tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=1e6, minutes=1e-9)
    assert RunFolder(tmp_path / "run").load_state()["images"] == 8


def test_a_diverged_loss_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    store, out = make_store(tmp_path), tmp_path / "run"
    with Session.begin("quick32", store, out, OVERRIDES) as session:
        session.train(kimg=0.04)
    good = RunFolder(out).generator.read_bytes(), RunFolder(out).state.read_bytes()
    with Session.resume(out) as session:
        with torch.no_grad():
            session.trainer.discriminator.to_score.bias.fill_(float("nan"))
        with pytest.raises(DivergenceError, match=r"checkpoint at 40 images is kept") as caught:
            session.train(kimg=0.08)
    assert "\n" not in str(caught.value)
    assert (RunFolder(out).generator.read_bytes(), RunFolder(out).state.read_bytes()) == good


def one_step(
    overrides: list[str], tmp_path: Path
) -> tuple[Trainer, Batch, dict[str, torch.Tensor]]:
    trainer = Trainer(
        load_recipe("quick32", [*OVERRIDES, "train.precision=no", *overrides]), CHARACTERS
    )
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0)
        batch = next(islice(stream.batches(), 1))
    return trainer, batch, trainer.train_step(batch)


def test_the_average_moves_by_its_half_life(tmp_path: Path) -> None:
    trainer, batch, _ = one_step(["train.ema_half_life_kimg=1"], tmp_path)
    trainer.images = 10**6  # far behind the ramp, so that the half-life is 1,000 images
    before = trainer.ema.project.weight.clone()
    trainer.train_step(batch)
    trained = trainer.generator.project.weight.detach()
    weight = 1 - 0.5 ** (8 / 1000)
    torch.testing.assert_close(trainer.ema.project.weight, before.lerp(trained, weight))


def test_no_half_life_means_no_average(tmp_path: Path) -> None:
    trainer, batch, _ = one_step(["train.ema_half_life_kimg=0"], tmp_path)
    trainer.train_step(batch)
    for name, value in trainer.generator.state_dict().items():
        assert_equal(trainer.ema.state_dict()[name], value)


def test_the_penalty_comes_every_few_steps(tmp_path: Path) -> None:
    trainer, batch, first = one_step(["objective.r1_every=3"], tmp_path)
    steps = [first] + [trainer.train_step(batch) for _ in range(5)]
    assert ["r1" in values for values in steps] == [True, False, False, True, False, False]


def test_a_generator_step_leaves_the_discriminator_alone(tmp_path: Path) -> None:
    overrides = ["train.discriminator_learning_rate=1e-30"]
    trainer, batch, _ = one_step(overrides, tmp_path)
    before = {name: value.clone() for name, value in trainer.discriminator.state_dict().items()}
    trainer.train_step(batch)
    for name, value in trainer.discriminator.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=1e-20)
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())


def test_resuming_with_another_store_is_refused(tmp_path: Path) -> None:
    with Session.begin(
        "quick32", make_store(tmp_path / "a"), tmp_path / "run", OVERRIDES
    ) as session:
        session.train(kimg=0.008)
    other = make_store(tmp_path / "b", writers=13)
    with pytest.raises(UserError, match="is not the store that"):
        Session.resume(tmp_path / "run", other)


@pytest.mark.parametrize(
    ("size", "classes", "gpu", "expected"),
    [
        (64, 1001, False, "glyph64"),
        (128, 1001, True, "glyph64"),
        (32, 1001, True, "quick32"),  # too small for the others
        (64, 1000, False, "quick32"),
        (64, 1000, True, "hwdb64"),
    ],
)
def test_the_recipe_follows_from_store_and_machine(
    size: int,
    classes: int,
    gpu: bool,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: gpu)
    write_noise_store(tmp_path / "noise.h5", size, classes, classes)
    with Store(tmp_path / "noise.h5") as store:
        assert default_recipe(store) == expected


def test_a_new_run_never_overwrites_an_old_one(tmp_path: Path) -> None:
    store, out = make_store(tmp_path), tmp_path / "run"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="there is something already"):
        Session.begin("quick32", store, out, OVERRIDES)
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux keeps its processes there")
def test_a_run_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with (
        Session.begin("quick32", store, Path("/proc/run"), OVERRIDES) as session,
        pytest.raises(UserError, match=r"/proc/run: cannot be written \("),
    ):
        session.train()


def test_half_precision_on_a_cpu_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UserError, match="fp16 needs a GPU"):
        Trainer(load_recipe("quick32", [*OVERRIDES, "train.precision=fp16"]), CHARACTERS)


def test_the_original_networks_train_on_the_originals_squash(tmp_path: Path) -> None:
    store = make_store(tmp_path, size=28)
    overrides = ["train.batch_size=8", "train.tick_kimg=0.008", "train.tick_seconds=0"]
    overrides += ["train.score_samples=0"]
    notes = Notes()
    with Session.begin("paper28", store, tmp_path / "run", overrides) as session:
        session.train(kimg=0.016, listener=notes)
    first, second = notes.ticks
    assert first.generator_loss != second.generator_loss
