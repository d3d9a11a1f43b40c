import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from data_tools.errors import UserError
from hanzi_lsgan.papers import ring
from hanzi_lsgan.papers.many_runs import ManyRuns, ToySettings
from hanzi_lsgan.papers.objectives import LEAST_SQUARES, NON_SATURATING, Objective
from hanzi_lsgan.papers.record import Record
from hanzi_lsgan.papers.sitting import Sitting

TOY = ToySettings(latent_features=6, width=16, batch_size=32)
TINY = ring.Settings(seeds=3, steps=6, at_once=2, snapshots=2, samples=50, shown=5, toy=TOY)


def make_runs(seeds: list[int], objective: Objective = LEAST_SQUARES) -> ManyRuns:
    centres = ring.centres_of(TINY)
    return ManyRuns(
        objective.loss, seeds, lambda n, random: ring.draw_ring(centres, 0.01, n, random), TOY
    )


@pytest.mark.parametrize("objective", [LEAST_SQUARES, NON_SATURATING], ids=lambda o: o.name)
def test_runs_trained_at_once_equal_a_run_alone(objective: Objective) -> None:
    together, alone = make_runs([4, 7, 9], objective), make_runs([7], objective)
    first = alone.draw_samples(20)
    for _ in range(10):
        together.train_step()
        alone.train_step()
    drawn = alone.draw_samples(20)
    assert (drawn - first).abs().max() > 0.01
    torch.testing.assert_close(together.draw_samples(20)[1], drawn[0], rtol=0, atol=1e-4)


def test_a_run_equals_a_plain_loop_over_modules() -> None:
    runs = make_runs([3])
    networks: list[nn.Module] = []
    for network, weights in zip(runs._networks, runs._weights, strict=True):
        network.load_state_dict({name: value[0].detach() for name, value in weights.items()})
        networks.append(network)
    generator, discriminator = networks
    # Adam's first step moves each weight by its rate against the sign of its gradient.
    real, latents = (drawn[0] for drawn in runs._draw())
    fake = generator(latents).detach()
    scores = (discriminator(real).squeeze(1), discriminator(fake).squeeze(1))
    weight = next(discriminator.parameters())
    (gradient,) = torch.autograd.grad(LEAST_SQUARES.loss.discriminator(*scores), weight)
    expected = weight.detach() - 1e-4 * gradient.sign()
    runs.train_step()
    found = next(iter(runs._weights[1].values()))[0].detach()
    sure = gradient.abs() > 1e-5  # beside Adam's ε, and apart from rounding
    assert sure.sum() > 20
    torch.testing.assert_close(found[sure], expected[sure], rtol=0, atol=1e-6)


def test_published_centres_are_nine_of_which_two_coincide() -> None:
    published = ring.centres_of(ring.FULL)
    even = ring.centres_of(replace(ring.FULL, layout="even"))
    assert (len(published), len(even)) == (9, 8)
    torch.testing.assert_close(published[0], published[8], rtol=0, atol=1e-6)
    assert torch.pdist(even).min().item() == pytest.approx(2 * math.sin(math.pi / 8), abs=1e-6)
    with pytest.raises(UserError, match="say published or even"):
        ring.centres_of(replace(ring.FULL, layout="odd"))


def test_a_mode_without_samples_is_lost() -> None:
    settings = replace(ring.FULL, layout="even")
    centres = ring.centres_of(settings)
    samples = centres.repeat_interleave(100, dim=0)
    whole = ring.look_at(samples, settings)
    assert (whole["modes"], whole["within_3_deviations"]) == (8, 1)
    assert whole["least_mode_share"] == pytest.approx(1 / 8)
    lost = ring.look_at(samples[100:], settings)
    assert lost["modes"] == 7
    far = ring.look_at(samples + 0.3, settings)
    assert (far["modes"], far["near"]) == (0, 0)


def test_an_interrupted_ring_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = ring.run(Sitting(tmp_path / "whole"), TINY)
    assert summary.rows[0][0] == LEAST_SQUARES.name
    assert "of 3" in summary.rows[1][1]
    stopped = Sitting(tmp_path / "parts")
    train_step = ManyRuns.train_step

    def stop_soon(runs: ManyRuns) -> None:
        train_step(runs)
        if runs.step == 4:
            stopped.signals.append(2)

    monkeypatch.setattr(ManyRuns, "train_step", stop_soon)
    ring.run(stopped, TINY)
    assert not stopped.finished
    assert [path.name for path in (tmp_path / "parts").glob("*.pt")] == ["training-0-0-2.pt"]
    monkeypatch.undo()
    resumed = Sitting(tmp_path / "parts")
    ring.run(resumed, TINY)
    assert resumed.finished
    whole, parts = (tmp_path / name / "numbers.csv" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()
    assert not list((tmp_path / "parts").glob("*.pt"))
    assert Record(tmp_path / "parts", "ring", TINY).has(f"{NON_SATURATING.name}, seed 2")


@pytest.mark.skipif(sys.platform == "win32", reason="limits as on Unix")
def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(ring, "_KEEP_SECONDS", -1)
    toy = replace(TOY, latent_features=2000)  # its state takes more than a record
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(UserError, match=r"training-0-0-2\.pt: cannot be written .* free space"):
            ring.run(Sitting(tmp_path / "ring"), replace(TINY, toy=toy))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
