"""A run whose embedding knows characters by their glyphs, also those that it was not trained on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from data_tools.errors import UserError
from data_tools.fonts.typefaces import PLAINEST, has_glyph
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.export.weights import export_weights
from hanzi_lsgan.models import label_embedding
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.training.session import Session
from tests.tiny import CHARACTERS, OVERRIDES, assert_same_networks, make_store

GLYPH = [*OVERRIDES, "model.label_embedding=glyph"]
RARE = "㑳"  # in GB18030, and in none of the bundled fonts
PRINTED = "㑇"  # in the General Standard, and in the reference font alone


@pytest.fixture
def before_the_reference_font(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As it was when the hands' fonts were all; `undo` brings the reference font."""

    def in_the_plainest(character: str) -> bool:
        return has_glyph(PLAINEST, character)

    monkeypatch.setattr(label_embedding, "has_reference_glyph", in_the_plainest)
    return monkeypatch


def trained(store: Path, out: Path, overrides: list[str]) -> TrainedGenerator:
    with Session.begin("quick32", store, out, overrides) as session:
        session.train()
    return RunFolder(out).load_generator()


@pytest.fixture(scope="module")
def glyph_run(tmp_path_factory: pytest.TempPathFactory) -> TrainedGenerator:
    folder = tmp_path_factory.mktemp("glyph")
    return trained(make_store(folder), folder / "run", GLYPH)


def test_characters_never_trained_on_are_drawn_each_in_its_own_way(
    glyph_run: TrainedGenerator,
) -> None:
    extended = glyph_run.with_unseen("四一国四")
    assert extended.charset == glyph_run.charset + "四国"
    assert extended.unseen == {"四", "国"}
    assert glyph_run.unseen == frozenset()
    drawings = [draw_class(extended.network, label, 2, seed=0) for label in range(6)]
    assert len(np.unique(np.array(drawings).reshape(12, -1), axis=0)) == 12
    # The model before has kept its labels, and draws them just so.
    before = draw_class(glyph_run.network, 2, 2, seed=0)
    assert np.array_equal(before, drawings[2])


def test_labels_of_another_store_mean_its_characters(glyph_run: TrainedGenerator) -> None:
    relabelled = glyph_run.relabelled("三一", "other.h5")
    label = glyph_run.charset.index("三")
    latents = torch.zeros(1, 8)
    with torch.inference_mode():
        there = relabelled.network(latents, torch.tensor([0]))
        here = glyph_run.network(latents, torch.tensor([label]))
    torch.testing.assert_close(there, here)
    with pytest.raises(UserError, match=f"other.h5: the reference font lacks 1 .*: {RARE}; leave"):
        glyph_run.relabelled("一" + RARE, "other.h5")


def test_a_model_of_learned_rows_takes_no_other_characters(tmp_path: Path) -> None:
    learned = trained(make_store(tmp_path), tmp_path / "run", OVERRIDES)
    assert learned.with_unseen("四") is learned
    assert learned.relabelled(learned.charset, "same.h5") is learned
    with pytest.raises(UserError, match=r"other.h5: has other characters \(2\) than the model"):
        learned.relabelled("一二", "other.h5")


def test_a_character_without_a_glyph_is_trained_like_a_learned_one(tmp_path: Path) -> None:
    store = make_store(tmp_path, characters=CHARACTERS + RARE)
    model = trained(store, tmp_path / "run", GLYPH)
    assert model.charset == "".join(sorted(CHARACTERS + RARE))
    assert model.unseen == frozenset()
    # The row moved from where it began.
    with Session.begin("quick32", store, tmp_path / "fresh", GLYPH) as session:
        began = session.trainer.generator.state_dict()["label_embedding.free_codes"]
    state = RunFolder(tmp_path / "run").load_state()["generator"]
    assert not torch.equal(state["label_embedding.free_codes"], began)


def test_a_resumed_glyph_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    store = make_store(tmp_path, characters=CHARACTERS + RARE)
    trained(store, tmp_path / "whole", GLYPH)
    with Session.begin("quick32", store, tmp_path / "parts", GLYPH) as session:
        session.train(kimg=0.032)
    with Session.resume(tmp_path / "parts") as session:
        session.train()
    assert_same_networks(tmp_path / "whole", tmp_path / "parts")


def test_what_was_free_before_the_reference_font_stays_free(
    tmp_path: Path, before_the_reference_font: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path, characters=CHARACTERS + PRINTED)
    wrong = [*GLYPH, "objective.wrong_label_weight=0.2"]  # which also asks for codes
    before = trained(store, tmp_path / "whole", wrong)
    label = before.charset.index(PRINTED)
    drawn = [draw_class(before.network, one, 2, seed=0) for one in (0, label)]
    with Session.begin("quick32", store, tmp_path / "parts", wrong) as session:
        session.train(kimg=0.032)

    before_the_reference_font.undo()
    now = RunFolder(tmp_path / "whole").load_generator()
    for one, images in zip((0, label), drawn, strict=True):
        assert np.array_equal(draw_class(now.network, one, 2, seed=0), images)
    # Others that no hand has are drawn now; this one keeps its row under another label.
    relabelled = now.relabelled("學" + PRINTED, "other.h5")
    latents = torch.zeros(1, 8)
    with torch.inference_mode():
        there = relabelled.network(latents, torch.tensor([1]))
        here = now.network(latents, torch.tensor([label]))
    torch.testing.assert_close(there, here)
    with Session.resume(tmp_path / "parts") as session:
        session.train()
    assert_same_networks(tmp_path / "whole", tmp_path / "parts")


def test_a_run_goes_on_from_one_with_other_free_characters(
    tmp_path: Path, before_the_reference_font: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path, characters=CHARACTERS + PRINTED + RARE)
    trained(store, tmp_path / "run", GLYPH)
    old = RunFolder(tmp_path / "run").load_state()["generator"]["label_embedding.free_codes"]
    assert len(old) == 2
    before_the_reference_font.undo()
    with Session.begin("quick32", store, tmp_path / "next", GLYPH, tmp_path / "run") as session:
        free = session.trainer.generator.state_dict()["label_embedding.free_codes"]
    # One has a glyph now, so that the other's row is the only one.
    row = sorted(PRINTED + RARE).index(RARE)
    assert torch.equal(free, old[row : row + 1])


def test_weights_with_free_rows_of_no_charset_are_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path, characters=CHARACTERS + RARE)
    trained(store, tmp_path / "run", GLYPH)
    folder = RunFolder(tmp_path / "run")
    tensors = load_file(folder.generator)
    tensors["label_embedding.free_codes"] = torch.zeros(3, label_embedding.CODE_FEATURES)
    save_file(tensors, folder.generator, {"images": "80"})
    with pytest.raises(UserError, match=r"does not suit model.json .3 free rows, 1 characters"):
        folder.load_generator()


@pytest.mark.parametrize("overrides", [GLYPH, OVERRIDES])
def test_a_packed_generator_draws_the_same_and_says_nothing_of_where_it_was_made(
    overrides: list[str], tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    model = trained(store, tmp_path / "run", overrides)
    size = export_weights(model, tmp_path / "packed")
    weights = tmp_path / "packed" / "generator.safetensors"
    assert weights.stat().st_size == size
    assert size < 0.6 * (tmp_path / "run" / "generator.safetensors").stat().st_size
    packed = RunFolder(tmp_path / "packed").load_generator()
    assert (packed.charset, packed.images) == (model.charset, 80)
    assert packed.info.store.fingerprint == model.info.store.fingerprint
    assert str(tmp_path) not in (tmp_path / "packed" / "model.json").read_text("utf-8")
    assert find_damage(tmp_path / "packed") == []
    here, there = (draw_class(one.network, 1, 3, seed=0).astype(int) for one in (model, packed))
    assert np.abs(here - there).max() <= 2
    with pytest.raises(UserError, match="packed: there is something already"):
        export_weights(model, tmp_path / "packed")
