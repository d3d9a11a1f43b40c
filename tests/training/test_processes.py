"""Two processes that train together do what one does alone."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.judge import TEACHER, obtain_recogniser
from hanzi_lsgan.models.layers import BatchNorm2d
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, OVERRIDES, make_store, write_writers

EXACT = [*OVERRIDES, "train.precision=no", "train.tick_kimg=0.008"]
TAUGHT = [
    *EXACT,
    "objective.wrong_label_weight=0.5",
    "objective.reading_weight=0.5",
    "objective.augmentation_target=0.01",
]


def command(processes: int, *arguments: str | Path) -> list[str]:
    """The program as a user starts it on one machine."""
    launcher = ["torch.distributed.run", f"--nproc-per-node={processes}", "--standalone", "-m"]
    launched = [*launcher, "hanzi_lsgan.cli"] if processes > 1 else ["hanzi_lsgan.cli"]
    return [sys.executable, "-m", *launched, "train", *map(str, arguments)]


def settings(overrides: list[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]


def train(processes: int, *arguments: str | Path) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        command(processes, *arguments), capture_output=True, text=True, timeout=120, env=environment
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def losses(run: Path) -> list[list[float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    names = (
        "images",
        "discriminator_loss",
        "generator_loss",
        "real_score",
        "r1",
        "wrong_label_loss",
        "reading_loss",
        "varied_share",
    )
    return [[line[name] for name in names] for line in lines]


def test_two_processes_train_as_one_does_and_one_goes_on_where_they_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path, writers=40)
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    with Store(store) as opened:
        obtain_recogniser(opened, 32, lambda *progress: None, TEACHER)
    one, two = tmp_path / "one", tmp_path / "two"
    for processes, out in ((1, one), (2, two)):
        said = train(processes, "quick32", "--data", store, "--out", out, *settings(TAUGHT))
        assert said.count("saved") == 1  # one of them speaks
        assert ("2 processes" in said) == (processes == 2)
    assert len(losses(one)) == 10
    for alone, together in zip(losses(one), losses(two), strict=True):
        assert together == pytest.approx(alone, rel=1e-3, abs=1e-5)

    parts = tmp_path / "parts"
    train(2, "quick32", "--data", store, "--out", parts, "--kimg", "0.04", *settings(TAUGHT))
    train(1, "--resume", "--out", parts)
    for alone, changed in zip(losses(one), losses(parts), strict=True):
        assert changed == pytest.approx(alone, rel=1e-3, abs=1e-5)


def gradients(run: Path) -> list[torch.Tensor]:
    """What the last step's gradients were: Adam's first moment, as quick32 has a beta1 of 0."""
    state = RunFolder(run).load_state()
    return [
        moments["exp_avg"]
        for network in ("generator_optimizer", "discriminator_optimizer")
        for moments in state[network]["state"].values()
    ]


@pytest.mark.parametrize("normalisation", ["none", "batch"])
def test_two_processes_have_the_gradients_and_statistics_of_one(
    tmp_path: Path, normalisation: str
) -> None:
    """After one step: Adam divides gradients by their size, so weights say less than these.

    The step has R1, the gradient of a gradient: that too goes through the statistics of both.
    """
    store = make_store(tmp_path, writers=40)
    one, two = tmp_path / "one", tmp_path / "two"
    penalised = [f"model.discriminator_normalisation={normalisation}", "objective.r1_gamma=10"]
    chosen = settings([*EXACT, *penalised])
    for processes, out in ((1, one), (2, two)):
        train(processes, "quick32", "--data", store, "--out", out, "--kimg", "0.008", *chosen)
    for alone, together in zip(gradients(one), gradients(two), strict=True):
        scale = float(alone.abs().max())
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-4 * scale + 1e-7)
    states = [RunFolder(run).load_state()["generator"] for run in (one, two)]
    statistics = [name for name in states[0] if "running" in name]
    assert statistics
    for name in statistics:
        torch.testing.assert_close(states[1][name], states[0][name], rtol=1e-4, atol=1e-5)


def test_two_processes_teach_kinds_of_writing_the_same_choices(tmp_path: Path) -> None:
    pens = write_writers(tmp_path / "pens", 20)
    brushes = write_writers(tmp_path / "brushes", 20, seed=2)
    store, one, two = (tmp_path / name for name in ("kinds.h5", "one", "two"))
    kinds = WritingKinds.parse([f"brush={brushes}"])
    prepare([pens, brushes], store, kinds=kinds, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
    glyphs = ["model.label_embedding=glyph", "model.hands=4", "model.hands_by_kind=true"]
    chosen = settings([*EXACT, *glyphs, "train.batch_size=16"])
    for processes, out in ((1, one), (2, two)):
        train(processes, "quick32", "--data", store, "--out", out, "--kimg", "0.016", *chosen)
    assert RunFolder(one).load_state()["generator"]["hand_preferences.weight"].abs().min() > 0
    for alone, together in zip(gradients(one), gradients(two), strict=True):
        scale = float(alone.abs().max())
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-4 * scale + 1e-7)


def test_a_killed_process_ends_the_run_with_a_message_and_a_checkpoint(tmp_path: Path) -> None:
    store, out = make_store(tmp_path), tmp_path / "run"
    often = [*EXACT, "train.checkpoint_minutes=1e-9", "train.kimg=1000"]
    started = command(2, "quick32", "--data", store, "--out", out, *settings(often))
    with subprocess.Popen(
        started, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as launcher:
        deadline = time.monotonic() + 120
        while not RunFolder(out).state.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        ranks = {
            process.environ().get("RANK"): process
            for process in psutil.Process(launcher.pid).children(recursive=True)
            if "hanzi_lsgan.cli" in " ".join(process.cmdline())
        }
        ranks["1"].kill()
        _, said = launcher.communicate(timeout=120)
    assert launcher.returncode != 0
    assert "another process of this training is gone" in said or "Signal 9" in said
    images = RunFolder(out).load_state()["images"]
    assert images >= 8
    train(1, "--resume", "--out", out, "--kimg", str((images + 8) / 1000))


def test_a_batch_that_cannot_be_shared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("quick32", [*OVERRIDES, "train.batch_size=6"])
    two = SimpleNamespace(
        device=torch.device("cpu"), num_processes=2, process_index=0, is_main_process=True
    )
    monkeypatch.setattr("hanzi_lsgan.training.processes.process_state", lambda: two)
    with pytest.raises(UserError, match=r"train.batch_size = 6: cannot be shared by 2 processes"):
        Trainer(recipe, CHARACTERS)


def test_alone_it_is_plain_batch_normalisation() -> None:
    torch.manual_seed(0)
    ours, plain = BatchNorm2d(3), torch.nn.BatchNorm2d(3)
    maps = torch.randn(4, 3, 5, 5)
    assert torch.equal(ours(maps), plain(maps))
    assert torch.equal(ours.eval()(maps), plain.eval()(maps))
