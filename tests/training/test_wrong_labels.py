"""Real samples under wrong labels in the discriminator's loss."""

from pathlib import Path

import pytest
import torch

from data_tools.errors import UserError
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.models.projection import ProjectionDiscriminator
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training.step import Trainer
from hanzi_lsgan.training.wrong_labels import WrongLabels
from tests.tiny import CHARACTERS, OVERRIDES, make_store


def test_every_other_label_is_drawn_and_never_the_right_one() -> None:
    labels = torch.arange(5).repeat_interleave(1000)
    draws = torch.rand((3, len(labels)), generator=torch.Generator().manual_seed(0))
    wrong = WrongLabels(5, None).draw(labels, draws)
    for label in range(5):
        counts = wrong[labels == label].bincount(minlength=5).tolist()
        assert counts[label] == 0
        assert sum(count > 150 for count in counts) == 4  # 250 each are expected


def test_half_of_the_wrong_labels_are_similar_characters() -> None:
    # On a line, the two nearest of 50 are the neighbours; sixteen are drawn from.
    codes = torch.arange(50.0).unsqueeze(1)
    labels = torch.full((4000,), 25)
    draws = torch.rand((3, 4000), generator=torch.Generator().manual_seed(0))
    wrong = WrongLabels(50, codes).draw(labels, draws)
    assert 25 not in wrong
    near = (wrong - 25).abs() <= 8
    # Half are near by choice; of the other half 16 of 49 are by chance.
    assert near.float().mean().item() == pytest.approx(0.5 + 0.5 * 16 / 49, abs=0.03)


def test_few_characters_are_all_neighbours() -> None:
    draws = torch.tensor([[0.0, 0.99], [0.0, 0.99], [0.0, 0.99]])
    codes = torch.tensor([[0.0], [1.0]])
    assert WrongLabels(2, codes).draw(torch.tensor([0, 1]), draws).tolist() == [1, 0]


def test_wrong_scores_are_what_the_wrong_labels_alone_would_give() -> None:
    torch.manual_seed(0)
    embedding = LabelEmbedding(4, features=8, std=1.0)
    discriminator = ProjectionDiscriminator(embedding, pack_size=2, channels=[8, 8, 16])
    real, fake = torch.randn(8, 1, 16, 16), torch.randn(8, 1, 16, 16)
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    wrong = torch.tensor([1, 2, 3, 0])
    with torch.inference_mode():
        scores = discriminator(torch.cat([real, fake]), labels, wrong)
        assert scores.shape == (12,)
        right = discriminator(torch.cat([real, fake]), labels)
        torch.testing.assert_close(scores[:8], right)
        torch.testing.assert_close(scores[8:], discriminator(real, wrong.repeat_interleave(2)))


@pytest.mark.parametrize("embedding", ["learned", "glyph"])
def test_a_step_reports_their_loss(tmp_path: Path, embedding: str) -> None:
    overrides = [*OVERRIDES, f"model.label_embedding={embedding}", "train.precision=no"]
    with Store(make_store(tmp_path)) as store:
        batch = next(BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0).batches())
    for weight in (0.0, 1.0):
        recipe = load_recipe("quick32", [*overrides, f"objective.wrong_label_weight={weight}"])
        values = Trainer(recipe, CHARACTERS).train_step(batch)
        assert ("wrong_label_loss" in values) == (weight > 0)


@pytest.mark.parametrize("embedding", ["learned", "glyph"])
def test_a_single_character_has_no_wrong_labels(tmp_path: Path, embedding: str) -> None:
    """Its real samples would be refused under their own."""
    overrides = [*OVERRIDES, f"model.label_embedding={embedding}", "train.precision=no"]
    with Store(make_store(tmp_path, characters="一")) as store:
        batch = next(BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0).batches())
    recipe = load_recipe("quick32", [*overrides, "objective.wrong_label_weight=1"])
    assert "wrong_label_loss" not in Trainer(recipe, "一").train_step(batch)


def test_the_original_networks_have_none() -> None:
    with pytest.raises(UserError, match=r"wrong_label_weight must be 0 for the original"):
        load_recipe("paper28", ["objective.wrong_label_weight=1"])
