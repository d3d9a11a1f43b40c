import errno
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.export.weights import claim_out, export_weights
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.trained_generator import ModelInfo, StoreProvenance, TrainedGenerator
from tests.tiny import CHARACTERS, OVERRIDES, tiny_generator


def trained_on(store: str) -> TrainedGenerator:
    info = ModelInfo(
        tool_version="0",
        model=load_recipe("quick32", OVERRIDES).model,
        charset=CHARACTERS,
        store=StoreProvenance(path=store, fingerprint="", train_samples=1, font_drawn=False),
    )
    return TrainedGenerator(tiny_generator(len(CHARACTERS)), info, CHARACTERS, 8, "last")


@pytest.mark.parametrize("store", ["/home/li/hanzi.h5", r"C:\Users\li\hanzi.h5", "hanzi.h5"])
def test_weights_tell_of_their_store_but_its_name(store: str, tmp_path: Path) -> None:
    export_weights(trained_on(store), tmp_path / "weights")
    assert RunFolder(tmp_path / "weights").info().store.path == "hanzi.h5"


@pytest.mark.parametrize("full_at", ["model.json", "generator.safetensors", "checksums.json"])
def test_a_full_disk_leaves_nothing_in_the_way_of_another_try(
    full_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def fill(path: Path, content: bytes) -> int:
        if path.name.startswith(full_at):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    trained, out = trained_on("hanzi.h5"), tmp_path / "weights"
    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(UserError, match="free space there"):
        export_weights(trained, out)
    assert not out.exists()
    monkeypatch.undo()
    export_weights(trained, out, b"recogniser")
    assert find_damage(out) == []
    assert sorted(path.name for path in out.iterdir()) == [
        *("checksums.json", "generator.safetensors", "model.json", "recogniser.safetensors")
    ]


def test_a_folder_is_kept_for_who_works_for_it_and_what_a_killed_one_left_is_in_nobodys_way(
    tmp_path: Path,
) -> None:
    out = tmp_path / "runs" / "me"
    with pytest.raises(KeyboardInterrupt), claim_out(out):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    out.mkdir(parents=True)
    (out / "training.lock").write_text("1")
    with claim_out(out):
        with pytest.raises(UserError, match=r"me: another .*; wait until it"), claim_out(out):
            pass
        export_weights(trained_on("hanzi.h5"), out)
    assert find_damage(out) == []
    with pytest.raises(UserError, match="there is something already"), claim_out(out):
        pass
    assert sorted(path.name for path in out.iterdir()) == [
        *("checksums.json", "generator.safetensors", "model.json")
    ]
