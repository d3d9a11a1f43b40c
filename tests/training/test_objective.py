"""What a step does to both networks, recomputed from parts that are written out here.

The losses, penalties, weights, averages and rates below are the papers' and the documentation's;
nothing is asked of `losses.py` or `step.py` but the step itself. Gradients are compared as they
are, not by what Adam makes of them: it turns the last bit of a small one into a whole step.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan import batches as batches_module
from hanzi_lsgan.batches import Batch, BatchStream, Position
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, OVERRIDES, make_store, write_writers

A, B, C = -0.3, 0.9, 0.6  # all different, so that none can stand for another
WRONG_LABEL_WEIGHT = 0.7
R1_GAMMA, R1_EVERY = 3.0, 3
GENERATOR_RATE, DISCRIMINATOR_RATE = 3e-3, 2e-3
KIMG, DECAY_KIMG = 5.0, 4.8
HALF_LIFE_KIMG = 0.05
ADAM_BETA2, ADAM_EPSILON = 0.99, 1e-8
GRADIENT_PENALTY_WEIGHT = 4.0

OBJECTIVE = [
    *OVERRIDES,
    "train.precision=no",
    f"objective.labels=[{A}, {B}, {C}]",
    f"objective.wrong_label_weight={WRONG_LABEL_WEIGHT}",
    f"objective.r1_gamma={R1_GAMMA}",
    f"objective.r1_every={R1_EVERY}",
    f"train.generator_learning_rate={GENERATOR_RATE}",
    f"train.discriminator_learning_rate={DISCRIMINATOR_RATE}",
    f"train.kimg={KIMG}",
    f"train.decay_kimg={DECAY_KIMG}",
    f"train.ema_half_life_kimg={HALF_LIFE_KIMG}",
]

# Images seen before a step, the share of the learning rates left then, and the half-life of the
# average in images: a twentieth of those seen, and at most 50. Steps 0, 1, 51, 52 and 500.
MOMENTS = [
    (0, 1.0, 0.0),
    (8, 1.0, 0.4),
    (408, (5 - 0.408) / 4.8, 20.4),
    (416, (5 - 0.416) / 4.8, 20.8),
    (4000, (5 - 4) / 4.8, 50.0),
]
PENALISED = {0, 408}  # steps 0 and 51


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    """Five batches of eight, in packs of two."""
    with Store(make_store(tmp_path_factory.mktemp("objective"))) as store:
        stream = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0)
        return list(islice(stream.batches(), 5))


@contextmanager
def inputs_of(network: nn.Module) -> Iterator[list[tuple[Tensor, ...]]]:
    """What a network is given, call by call, while the block lasts."""
    calls: list[tuple[Tensor, ...]] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        calls.append(tuple(value.detach().clone() for value in inputs))

    handle = network.register_forward_pre_hook(note)
    yield calls
    handle.remove()


def parameters_of(network: nn.Module) -> list[Tensor]:
    return list(network.parameters())


def assert_same_gradients(optimizer: dict[str, Any], expected: Sequence[Tensor]) -> None:
    """With a beta1 of 0, Adam's mean of gradients is the last one."""
    whole = torch.cat([gradient.flatten() for gradient in expected]).norm()
    assert whole > 0
    assert len(optimizer["state"]) == len(expected)
    for index, gradient in enumerate(expected):
        # Some gradients are zero but for rounding: a bias in front of a normalisation has none.
        error = (optimizer["state"][index]["exp_avg"] - gradient).norm()
        assert error <= 1e-3 * gradient.norm() + 1e-5 * whole, index


def assert_moved_by_adam(
    before: Sequence[Tensor], after: Sequence[Tensor], optimizer: dict[str, Any], rate: float
) -> None:
    """Each weight has moved by rate · g / (√v + ε), v being Adam's mean of squared gradients."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        moments = optimizer["state"][index]
        squares = moments["exp_avg_sq"] / (1 - ADAM_BETA2 ** float(moments["step"]))
        moved = rate * moments["exp_avg"] / (squares.sqrt() + ADAM_EPSILON)
        torch.testing.assert_close(old - new, moved, rtol=1e-3, atol=1e-2 * rate)


def mean_square(scores: Tensor, wanted: float) -> Tensor:
    return ((scores - wanted) ** 2).sum() / len(scores)


def test_a_step_is_what_the_papers_say(batches: list[Batch]) -> None:
    trainer = Trainer(load_recipe("quick32", OBJECTIVE), CHARACTERS)
    for batch, (images, rate_share, half_life) in zip(batches, MOMENTS, strict=True):
        trainer.images = images
        generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
        average = copy.deepcopy(trainer.ema.state_dict())
        with inputs_of(trainer.generator) as drawn, inputs_of(trainer.discriminator) as judged:
            values = trainer.train_step(batch)
        (latents, labels), wrong = drawn[0], judged[0][2]
        state = trainer.state()

        # x, y and G(z, y); the packs of wrong labels have another label each
        real = (batch.images.float() / 127.5 - 1).requires_grad_()
        assert torch.equal(labels, batch.labels)
        assert len(wrong) == 4
        assert (wrong != labels[::2]).all()
        fake = generator(latents, labels)

        # The discriminator: ½ E[(D(x, y) - b)²] + ½ E[(D(G(z), y) - a)²] + w ½ E[(D(x, y') - a)²]
        real_scores = discriminator(real, labels)
        fake_scores = discriminator(fake.detach(), labels)
        loss = mean_square(real_scores, B) / 2 + mean_square(fake_scores, A) / 2
        wrong_loss = mean_square(discriminator(real, wrong.repeat_interleave(2)), A) / 2
        total = loss + WRONG_LABEL_WEIGHT * wrong_loss
        assert values["discriminator_loss"].item() == pytest.approx(loss.item(), rel=1e-4)
        assert values["wrong_label_loss"].item() == pytest.approx(wrong_loss.item(), rel=1e-4)
        assert values["real_score"].item() == pytest.approx(real_scores.mean().item(), abs=1e-4)
        assert values["fake_score"].item() == pytest.approx(fake_scores.mean().item(), abs=1e-4)

        # γ/2 E[‖∇ₓ D(x)‖²], in one step of three and three times as strong
        assert ("r1" in values) == (images in PENALISED)
        if images in PENALISED:
            (slopes,) = torch.autograd.grad(real_scores.sum(), real, create_graph=True)
            r1 = (slopes**2).sum() / 4
            total = total + R1_GAMMA / 2 * R1_EVERY * r1
            assert values["r1"].item() == pytest.approx(r1.item(), rel=1e-3)
        expected = torch.autograd.grad(total, parameters_of(discriminator))
        assert_same_gradients(state["discriminator_optimizer"], expected)

        # The generator, against the discriminator that has just learned: ½ E[(D(G(z), y) - c)²]
        loss = mean_square(trainer.discriminator(fake, labels), C) / 2
        assert values["generator_loss"].item() == pytest.approx(loss.item(), rel=1e-4)
        expected = torch.autograd.grad(loss, parameters_of(generator))
        assert_same_gradients(state["generator_optimizer"], expected)

        # Both have moved by their learning rates, which fall to zero
        for name, before, rate in (
            ("generator", generator, GENERATOR_RATE),
            ("discriminator", discriminator, DISCRIMINATOR_RATE),
        ):
            after = parameters_of(getattr(trainer, name))
            optimizer = state[f"{name}_optimizer"]
            assert_moved_by_adam(parameters_of(before), after, optimizer, rate * rate_share)

        # The average moves half of the way in a half-life, and all of it in the first step
        share = 1 - 0.5 ** (8 / half_life) if half_life else 1.0
        trained, moved = trainer.generator.state_dict(), trainer.ema.state_dict()
        for name, value in average.items():
            if value.is_floating_point():
                wanted = value + share * (trained[name] - value)
                torch.testing.assert_close(moved[name], wanted, rtol=1e-4, atol=1e-6)
            else:
                assert torch.equal(moved[name], trained[name])


def test_a_step_of_wasserstein_is_what_its_paper_says(batches: list[Batch]) -> None:
    """With the penalty at points between real and generated packs, and two steps of D for G's."""
    overrides = [
        *OVERRIDES,
        "train.precision=no",
        "objective.loss=wasserstein-gp",
        f"objective.gradient_penalty_weight={GRADIENT_PENALTY_WEIGHT}",
        "objective.r1_gamma=0",
        "train.discriminator_steps=2",
    ]
    trainer = Trainer(load_recipe("quick32", overrides), CHARACTERS)
    for step, batch in enumerate(batches[:4]):
        generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
        with inputs_of(trainer.generator) as drawn, inputs_of(trainer.discriminator) as judged:
            values = trainer.train_step(batch)
        latents, labels = drawn[0]
        state = trainer.state()
        real, fake = batch.images.float() / 127.5 - 1, generator(latents, labels)

        # One share for each pack of two, the same all over it
        between = judged[1][0].requires_grad_()
        apart = (real - fake.detach()).view(4, -1)
        shares = ((between.detach() - fake.detach()).view(4, -1) * apart).sum(1)
        shares = shares / (apart**2).sum(1)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert len(set(shares.tolist())) == 4
        on_line = fake.detach().view(4, -1) + shares.view(4, 1) * apart
        torch.testing.assert_close(between.detach().view(4, -1), on_line, rtol=1e-4, atol=1e-4)

        # -E[D(x)] + E[D(G(z))] + λ E[(‖∇ D‖ - 1)²]
        (slopes,) = torch.autograd.grad(
            discriminator(between, labels).sum(), between, create_graph=True
        )
        penalty = (((slopes.view(4, -1) ** 2).sum(1).sqrt() - 1) ** 2).sum() / 4
        difference = discriminator(fake.detach(), labels) - discriminator(real, labels)
        total = difference.sum() / 4 + GRADIENT_PENALTY_WEIGHT * penalty
        expected = torch.autograd.grad(total, parameters_of(discriminator))
        assert_same_gradients(state["discriminator_optimizer"], expected)

        # -E[D(G(z))], in every second step
        assert ("generator_loss" in values) == (step % 2 == 1)
        if step % 2 == 1:
            loss = -trainer.discriminator(fake, labels).sum() / 4
            expected = torch.autograd.grad(loss, parameters_of(generator))
            assert_same_gradients(state["generator_optimizer"], expected)
        else:
            kept = zip(parameters_of(generator), parameters_of(trainer.generator), strict=True)
            assert all(torch.equal(old, new) for old, new in kept)


def latents_of(trainer: Trainer, batch: Batch) -> Tensor:
    """What the generator draws from in a step."""
    with inputs_of(trainer.generator) as drawn:
        trainer.train_step(batch)
    return drawn[0][0]


def test_latents_follow_from_seed_and_step_also_after_a_resume(batches: list[Batch]) -> None:
    overrides = [*OVERRIDES, "train.precision=no"]
    recipe = load_recipe("quick32", [*overrides, "train.seed=3"])
    trainer = Trainer(recipe, CHARACTERS)
    first = latents_of(trainer, batches[0])
    saved = copy.deepcopy(trainer.state())
    second = latents_of(trainer, batches[1])
    for step, latents in enumerate((first, second)):
        (seed,) = np.random.SeedSequence((3, step)).generate_state(1, np.uint64)
        random = torch.Generator().manual_seed(int(seed))
        torch.testing.assert_close(latents, torch.randn(8, 8, generator=random))
    assert len({tuple(row) for row in torch.cat([first, second]).tolist()}) == 16
    resumed = Trainer(recipe, CHARACTERS)
    resumed.load_state(saved)
    assert torch.equal(latents_of(resumed, batches[1]), second)
    other = Trainer(load_recipe("quick32", [*overrides, "train.seed=4"]), CHARACTERS)
    assert not torch.equal(latents_of(other, batches[0]), first)


def uneven_store(folder: Path) -> Path:
    """28 samples of one character and four of each of three others, 40 in all."""
    few = write_writers(folder / "few", 4)
    many = write_writers(folder / "many", 24, CHARACTERS[0], seed=2)
    store = folder / "uneven.h5"
    prepare([few, many], store, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
    return store


def images_of(batches: Sequence[Batch]) -> list[bytes]:
    """Samples as bytes: random pixels make each unique."""
    return [image.numpy().tobytes() for batch in batches for image in batch.images]


def labels_of_packs(batches: Sequence[Batch]) -> list[int]:
    """The label of each pack of two, which both samples have."""
    labels = torch.cat([batch.labels for batch in batches])
    assert torch.equal(labels[::2], labels[1::2])
    return [int(label) for label in labels[::2]]


@pytest.mark.parametrize("balanced", [False, True])
def test_two_epochs_have_packs_of_one_class_in_two_orders(tmp_path: Path, balanced: bool) -> None:
    """40 samples are 20 packs; balanced, each of the four classes has ten samples, so five."""
    overrides = [*OVERRIDES, f"data.class_balance={str(balanced).lower()}"]
    with Session.begin("quick32", uneven_store(tmp_path), tmp_path / "run", overrides) as session:
        drawn = list(islice(session.stream.batches(), 10))
    epochs = drawn[:5], drawn[5:]
    assert [batch.following for batch in drawn] == [
        Position(epoch, number) for epoch in (0, 1) for number in (1, 2, 3, 4, 5)
    ]
    for epoch in epochs:
        labels = labels_of_packs(epoch)
        counts = sorted(labels.count(label) for label in range(4))
        assert counts == ([5, 5, 5, 5] if balanced else [2, 2, 2, 14])
    assert labels_of_packs(epochs[0]) != labels_of_packs(epochs[1])
    one, other = map(images_of, epochs)
    assert one != other
    if not balanced:
        assert sorted(one) == sorted(other)  # every sample, once


def test_two_epochs_of_a_stream_read_blocks_in_two_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """48 rows in blocks of four, of which three are mixed at a time: four buffers of twelve."""
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", 4 * 32 * 32)
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(
            store,
            size=32,
            batch_size=4,
            pack_size=2,
            seed=0,
            residence="stream",
            buffer_bytes=3 * batches_module.BLOCK_BYTES,
        )
        drawn = list(islice(stream.batches(), 24))
    buffers = [images_of(drawn[start : start + 3]) for start in range(0, 24, 3)]
    for epoch in (drawn[:12], drawn[12:]):
        labels_of_packs(epoch)
    for one, other in zip(buffers[:4], buffers[4:], strict=True):
        assert len(set(one)) == len(set(other)) == 12
        assert set(one) != set(other)  # not only in another order
    assert sorted(images_of(drawn[:12])) == sorted(images_of(drawn[12:]))
