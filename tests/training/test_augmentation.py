"""What a discriminator sees is varied more, the surer it is of real packs."""

import copy
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from data_tools.errors import UserError
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.judging.recogniser import Recogniser, vary
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training import step
from hanzi_lsgan.training.augmentation import AdaptiveAugmentation, vary_images
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, OVERRIDES, make_store
from tests.training.test_objective import inputs_of

VARIED = [*OVERRIDES, "train.precision=no", "objective.augmentation_target=0.6"]


def test_how_sure_is_the_mean_sign_about_the_middle() -> None:
    augmentation = AdaptiveAugmentation(target=0.6, a=0, b=1)
    scores = torch.tensor([0.9, 0.6, 0.51, 0.2], requires_grad=True)
    assert augmentation.sureness(scores).item() == 0.5
    assert AdaptiveAugmentation(0.6, a=-1, b=1).sureness(-scores).item() == -1
    assert AdaptiveAugmentation(0.6, a=1, b=0).sureness(scores).item() == -0.5


def test_the_share_follows_up_and_down_and_stays_within_its_range() -> None:
    augmentation = AdaptiveAugmentation(target=0.6, a=0, b=1)
    augmentation.follow(0.6, images=1000)  # as sure as is aimed at, and none to take back
    assert augmentation.share == 0
    augmentation.follow(0.7, images=50_000)
    assert augmentation.share == pytest.approx(0.1)  # all of them would be varied after 500,000
    augmentation.follow(0.5, images=25_000)
    assert augmentation.share == pytest.approx(0.05)
    augmentation.follow(1.0, images=10_000_000)
    assert augmentation.share == 0.8


def test_that_share_of_images_is_varied_and_the_others_are_left_alone() -> None:
    augmentation = AdaptiveAugmentation(target=0.6, a=0, b=1)
    random = torch.Generator().manual_seed(0)
    assert not augmentation.draw(1000, random).any()
    augmentation.share = 0.3
    chosen = augmentation.draw(10_000, random).ne(0)
    assert torch.equal(chosen.any(dim=0), chosen.all(dim=0))  # all of an image, or nothing
    assert chosen[0].float().mean().item() == pytest.approx(0.3, abs=0.02)


def test_images_keep_their_background_and_move_as_ink_does() -> None:
    images = torch.ones(2, 1, 32, 32)
    images[:, :, 10:14, 16:20] = -1
    nothing, right = torch.zeros(7, 2), torch.zeros(7, 2)
    right[5, 1] = -1  # what is drawn comes from 5 % of a half side further left
    same = vary_images(images, nothing, (-1.0, 1.0))
    torch.testing.assert_close(same, images, atol=1e-5, rtol=0)
    moved = vary_images(images, right, (-1.0, 1.0))
    torch.testing.assert_close(moved[0], images[0], atol=1e-5, rtol=0)
    columns = torch.arange(32.0)
    before, after = ((1 - image[0, 11]) @ columns / 8 for image in (images[1], moved[1]))
    assert before.item() == pytest.approx(17.5, abs=1e-4)
    assert 0.3 < after.item() - before.item() < 2
    assert moved[1, 0, 0, 0] == 1


def test_discriminator_sees_varied_images_teacher_does_not_and_the_share_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[Tensor] = []

    def note(ink: Tensor, variations: Tensor) -> Tensor:
        taught.append(ink.detach().clone())
        return vary(ink, variations)

    monkeypatch.setattr(step, "vary", note)
    recipe = load_recipe("quick32", [*VARIED, "objective.reading_weight=0.5"])
    with Store(make_store(tmp_path)) as store:
        stream = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0)
        first, second = islice(stream.batches(), 2)
    trainer = Trainer(recipe, CHARACTERS)
    torch.manual_seed(0)
    trainer.teach_with(Recogniser(len(CHARACTERS), 32).eval().requires_grad_(False))
    state = trainer.state() | {"varied_share": 0.5}
    trainer.load_state(state)
    generator = copy.deepcopy(trainer.generator)
    with inputs_of(trainer.generator) as drawn, inputs_of(trainer.discriminator) as judged:
        values = trainer.train_step(first)
    fake = generator(*drawn[0]).detach()
    real = first.images.float() / 127.5 - 1
    real_seen, fake_seen = judged[0][0].chunk(2)
    for images, seen in ((real, real_seen), (fake, fake_seen)):
        moved = (images - seen).abs().flatten(1).amax(dim=1) > 1e-3
        assert 0 < moved.sum() < 8  # of eight, each with even odds
    torch.testing.assert_close(judged[1][0], real_seen)  # R1 is taken there
    torch.testing.assert_close(judged[2][0], fake_seen)  # and G learns from what D has seen
    torch.testing.assert_close(taught[0], (1 - fake) / 2, atol=1e-5, rtol=0)

    # After steps 4, 8, …: by 32 of 500,000 images, down, as fresh scores are not sure
    assert "varied_share" not in values
    for _ in range(3):
        values = trainer.train_step(second)
    assert values["varied_share"].item() == pytest.approx(0.5 - 32 / 500_000)
    assert trainer.state()["varied_share"] == pytest.approx(0.5 - 32 / 500_000)


def test_the_share_begins_where_the_recipe_says() -> None:
    for settings, share in (([], 0.0), (["objective.augmentation_start=0.4"], 0.4)):
        trainer = Trainer(load_recipe("quick32", [*VARIED, *settings]), CHARACTERS)
        assert trainer.state()["varied_share"] == share
    with pytest.raises(UserError, match="augmentation_start must be 0 where augmentation_target"):
        load_recipe("quick32", ["objective.augmentation_start=0.4"])


def test_other_objectives_have_no_middle_and_are_refused() -> None:
    with pytest.raises(UserError, match="augmentation_target must be 0 but for least squares"):
        load_recipe("quick32", ["objective.loss=minimax", "objective.augmentation_target=0.6"])
