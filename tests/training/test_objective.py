"""The step of training against the algorithm, written out once more here from torch alone.

Nothing of `losses.py` or of the step gives an expected value: the networks' forward passes do, and
the equations of Mao et al. (2017), Mescheder et al. (2018, R1) and Karras et al. (2020, lazily).
"""

import copy
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan import batches as batches_module
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.recipe import Recipe, load_recipe
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, OVERRIDES, make_store, write_writers

BATCH, PACK, CLASSES, LATENT = 8, 2, 4, 8
GAMMA, EVERY, WRONG_WEIGHT, RATE, KIMG, DECAY = 0.3, 3, 0.7, 1e-3, 0.08, 0.06
HALF_LIFE_IMAGES, RAMP = 10_000, 0.05


def recipe_of_the_test() -> Recipe:
    return load_recipe(
        "quick32",
        [
            *OVERRIDES,
            "train.precision=no",
            f"objective.r1_gamma={GAMMA}",
            f"objective.r1_every={EVERY}",
            f"objective.wrong_label_weight={WRONG_WEIGHT}",
            f"train.generator_learning_rate={RATE}",
            f"train.discriminator_learning_rate={2 * RATE}",
            f"train.decay_kimg={DECAY}",
            "train.adam_beta1=0",
            "train.seed=3",
        ],
    )


def gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(network.parameters()), allow_unused=False))


def last_gradients(optimizer: torch.optim.Optimizer, network: nn.Module) -> list[Tensor]:
    """With a beta1 of 0 Adam's first moment is the gradient itself."""
    return [optimizer.state[weight]["exp_avg"] for weight in network.parameters()]


def assert_equal(found: list[Tensor], expected: list[Tensor]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        scale = float(other.abs().max())
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4 * scale + 1e-7)


def mixed(seed: int, step: int) -> int:
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0])


def test_a_step_is_the_algorithm_of_the_papers(tmp_path: Path) -> None:
    trainer = Trainer(recipe_of_the_test(), CHARACTERS)
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(store, size=32, batch_size=BATCH, pack_size=PACK, seed=3)
        batches = list(islice(stream.batches(), 5))
    for step, batch in enumerate(batches):
        generator = copy.deepcopy(trainer.generator)
        discriminator = copy.deepcopy(trainer.discriminator)
        average = {name: value.clone() for name, value in trainer.ema.state_dict().items()}
        values = trainer.train_step(batch)

        # What was drawn: latents first, then three numbers a pack for its wrong label
        random = torch.Generator().manual_seed(mixed(3, step))
        latents = torch.randn((BATCH, LATENT), generator=random)
        draws = torch.rand((3, BATCH // PACK), generator=random)
        right = batch.labels[::PACK]
        wrong = (right + 1 + (draws[0] * (CLASSES - 1)).long()) % CLASSES
        assert (wrong != right).all()
        real = batch.images.float() / 255 * 2 - 1
        fake = generator(latents, batch.labels)

        # min_D ½ E[(D(x) - 1)²] + ½ E[D(G(z))²] + weight · ½ E[D(x, wrong)²] + γ/2 E‖∇D(x)‖²
        of_real = discriminator(real, batch.labels)
        of_fake = discriminator(fake.detach(), batch.labels)
        of_wrong = discriminator(real, wrong.repeat_interleave(PACK))
        loss = 0.5 * ((of_real - 1) ** 2).mean() + 0.5 * (of_fake**2).mean()
        refusal = 0.5 * (of_wrong**2).mean()
        expected = loss + WRONG_WEIGHT * refusal
        if step % EVERY == 0:
            images = real.clone().requires_grad_()
            scores = discriminator(images, batch.labels)
            (slopes,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
            penalty = (slopes**2).flatten().sum() / (BATCH // PACK)
            expected = expected + GAMMA / 2 * EVERY * penalty
            assert float(values["r1"]) == pytest.approx(float(penalty), rel=1e-4)
        assert ("r1" in values) == (step % EVERY == 0)
        assert float(values["discriminator_loss"]) == pytest.approx(float(loss), rel=1e-4)
        assert float(values["wrong_label_loss"]) == pytest.approx(float(refusal), rel=1e-4)
        assert float(values["real_score"]) == pytest.approx(float(of_real.mean()), rel=1e-3)
        assert_equal(
            last_gradients(trainer._discriminator_optimizer, trainer.discriminator),
            gradients(expected, discriminator),
        )

        # min_G ½ E[(D(G(z)) - 1)²], by the discriminator that has just learned
        of_generator = 0.5 * ((trainer.discriminator(fake, batch.labels) - 1) ** 2).mean()
        assert float(values["generator_loss"]) == pytest.approx(float(of_generator), rel=1e-4)
        assert_equal(
            last_gradients(trainer._generator_optimizer, trainer.generator),
            gradients(of_generator, generator),
        )

        # Learning rates fall linearly to zero over the last DECAY thousand images
        share = min(1.0, (KIMG - step * BATCH / 1000) / DECAY)
        for optimizer, rate in (
            (trainer._generator_optimizer, RATE),
            (trainer._discriminator_optimizer, 2 * RATE),
        ):
            assert optimizer.param_groups[0]["lr"] == pytest.approx(rate * share)

        # The average moves by a half-life that is at most RAMP of the images seen before
        half_life = min(HALF_LIFE_IMAGES, step * BATCH * RAMP)
        weight = 1 - 0.5 ** (BATCH / half_life) if half_life else 1.0
        trained = trainer.generator.state_dict()
        for name, value in trainer.ema.state_dict().items():
            if value.is_floating_point():
                moved = average[name] + weight * (trained[name] - average[name])
                torch.testing.assert_close(value, moved, rtol=1e-5, atol=1e-6)


def test_the_average_follows_the_half_life_once_enough_was_seen() -> None:
    trainer = Trainer(recipe_of_the_test(), CHARACTERS)
    trainer.images = 1_000_000
    before = trainer.ema.project.weight.clone()
    with torch.no_grad():
        trainer.generator.project.weight.add_(1.0)
    trainer._update_ema()
    moved = trainer.ema.project.weight - before
    expected = torch.full_like(moved, 1 - 0.5 ** (BATCH / HALF_LIFE_IMAGES))
    torch.testing.assert_close(moved, expected, rtol=1e-2, atol=1e-6)


def test_the_score_is_divided_by_the_root_of_its_features() -> None:
    """D(x, y) = w · h + b + Φ(y) · h / √n: of two labels, scores differ by the second term."""
    discriminator = Trainer(recipe_of_the_test(), CHARACTERS).discriminator
    features: list[Tensor] = []
    discriminator.to_score.register_forward_hook(
        lambda module, inputs, output: features.append(inputs[0])
    )
    images = torch.randn(PACK, 1, 32, 32)
    scores = [discriminator(images, torch.full((PACK,), label)) for label in (0, 2)]
    vectors = discriminator.label_embedding(torch.tensor([0, 2]))
    expected = ((vectors[1] - vectors[0]) * features[0][0]).sum() / features[0].shape[1] ** 0.5
    assert float(scores[1] - scores[0]) == pytest.approx(float(expected), rel=1e-4)


def epochs(stream: BatchStream, count: int) -> list[list[bytes]]:
    """The images of each of the first epochs, in order, as bytes."""
    found: list[list[bytes]] = [[] for _ in range(count)]
    for batch in stream.batches():
        if batch.following.epoch >= count:
            return found
        found[batch.following.epoch] += [image.numpy().tobytes() for image in batch.images]
    raise AssertionError("a stream has no end")


def test_every_epoch_has_an_order_of_its_own(tmp_path: Path) -> None:
    with Store(make_store(tmp_path)) as store:
        first, second = epochs(
            BatchStream(store, size=32, batch_size=BATCH, pack_size=PACK, seed=0), 2
        )
    assert sorted(first) == sorted(second)
    assert first != second
    assert sum(a == b for a, b in zip(first, second, strict=True)) < len(first) / 2


def test_streamed_epochs_read_their_blocks_in_orders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches_module, "BLOCK_BYTES", 4 * 32 * 32)
    with Store(make_store(tmp_path)) as store:  # 12 blocks of four rows, two a buffer
        stream = BatchStream(
            store,
            size=32,
            batch_size=BATCH,
            pack_size=PACK,
            seed=0,
            residence="stream",
            buffer_bytes=2 * 4 * 32 * 32,
        )
        rows = store.rows_of(Split.TRAIN)
        block_of = {image.tobytes(): row // 4 for row, image in enumerate(store.images(rows))}
        orders = [[block_of[key] for key in keys[::BATCH]] for keys in epochs(stream, 2)]
        mates = [
            {
                frozenset(block_of[key] for key in keys[at : at + BATCH])
                for at in range(0, 48, BATCH)
            }
            for keys in epochs(stream, 2)
        ]
    assert orders[0] != orders[1]
    assert mates[0] != mates[1]  # other blocks share a buffer


def unbalanced_store(folder: Path) -> Path:
    """Twelve samples of one character, and four of another."""
    from data_tools.glyphs.fit import GlyphOptions
    from data_tools.store.prepare import prepare

    many = write_writers(folder / "many", 12, "一")
    few = write_writers(folder / "few", 4, "二", seed=5)
    store = folder / "unbalanced.h5"
    prepare([many, few], store, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
    return store


@pytest.mark.parametrize(("class_balance", "expected"), [(False, [12, 4]), (True, [8, 8])])
def test_class_balance_is_what_an_epoch_gives(
    tmp_path: Path, class_balance: bool, expected: list[int]
) -> None:
    with Store(unbalanced_store(tmp_path)) as store:
        stream = BatchStream(
            store, size=32, batch_size=4, pack_size=2, seed=0, class_balance=class_balance
        )
        labels: list[NDArray[np.int64]] = []
        for batch in stream.batches():
            if batch.following.epoch > 0:
                break
            labels.append(batch.labels.numpy())
    taken = np.concatenate(labels)
    assert np.bincount(taken).tolist() == expected
    assert (taken[::2] == taken[1::2]).all()
