"""`train --from`: a run that begins with the networks of another."""

from pathlib import Path

import pytest
import torch

from data_tools.errors import UserError
from hanzi_lsgan.export.weights import export_weights
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.start import as_drawn_by, recipe_of
from tests.tiny import CHARACTERS, OVERRIDES, make_store

MORE = "一丁二三十"  # one more, which moves the labels of the others


def begin(store: Path, out: Path, trained: Path | str | None, *overrides: str) -> Session:
    return Session.begin("quick32", store, out, [*OVERRIDES, *overrides], trained)


@pytest.fixture
def trained(tmp_path: Path) -> RunFolder:
    with begin(make_store(tmp_path / "first"), tmp_path / "trained", None) as session:
        session.train()
    return RunFolder(tmp_path / "trained")


def test_both_networks_begin_as_the_run_ended_character_by_character(
    tmp_path: Path, trained: RunFolder
) -> None:
    store = make_store(tmp_path / "second", characters=MORE)
    before = trained.load_state()
    with begin(store, tmp_path / "run", trained.path) as session:
        trainer = session.trainer
        for name, network in (
            ("generator", trainer.generator),
            ("discriminator", trainer.discriminator),
            ("ema", trainer.ema),
        ):
            for key, value in network.state_dict().items():
                if not key.endswith("label_embedding.table.weight"):
                    assert torch.equal(value, before[name][key]), key
                    continue
                for label, character in enumerate(MORE):
                    if character != "丁":
                        expected = before[name][key][CHARACTERS.index(character)]
                        assert torch.equal(value[label], expected)
        assert trainer.images == 0


def test_a_run_broken_off_before_its_first_checkpoint_still_goes_on_from_the_trained(
    tmp_path: Path, trained: RunFolder
) -> None:
    with begin(tmp_path / "first" / "tiny.h5", tmp_path / "run", trained.path) as session:
        session.claim()
    with Session.resume(tmp_path / "run") as session:
        expected = trained.load_state()["generator"]
        for key, value in session.trainer.generator.state_dict().items():
            assert torch.equal(value, expected[key])


def test_weights_alone_give_the_generator(tmp_path: Path, trained: RunFolder) -> None:
    export_weights(trained.load_generator(), tmp_path / "weights")
    store = tmp_path / "first" / "tiny.h5"
    with (
        begin(store, tmp_path / "fresh", None) as fresh,
        begin(store, tmp_path / "run", tmp_path / "weights") as session,
    ):
        exported = RunFolder(tmp_path / "weights").load_generator().network.state_dict()
        for key, value in session.trainer.generator.state_dict().items():
            assert torch.equal(value, exported[key])
        for key, value in session.trainer.discriminator.state_dict().items():
            assert torch.equal(value, fresh.trainer.discriminator.state_dict()[key])


def test_weights_alone_have_a_recipe_whatever_judged_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of before, of fewer hands and without noise, drawn against another discriminator."""
    run = RunFolder(SHIPPED)
    info = run.info()
    before = {"hands": 4, "noise_points": 0, "pack_size": 8, "discriminator_channels": [8] * 5}
    model = type(info.model).model_validate(info.model.model_dump() | before)
    older = info.model_copy(update={"model": model})
    monkeypatch.setattr(RunFolder, "info", lambda folder: older)
    assert recipe_of(run) == "glyph64"
    recipe = as_drawn_by(load_recipe("glyph64"), run)
    assert (recipe.model.hands, recipe.model.noise_points) == (4, 0)  # type: ignore[union-attr]


def test_other_networks_are_refused_and_nothing_is_left(tmp_path: Path, trained: RunFolder) -> None:
    wider = "model.generator_channels=[32, 8, 8, 8]"
    with pytest.raises(UserError, match="trained: its generator is another network than the rec"):
        begin(tmp_path / "first" / "tiny.h5", tmp_path / "run", trained.path, wider)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="nowhere"):
        begin(tmp_path / "first" / "tiny.h5", tmp_path / "run", tmp_path / "nowhere")
