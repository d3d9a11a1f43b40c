import json
import os
import pickle
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data_tools.errors import UserError
from hanzi_lsgan.models.paper import PaperGenerator
from hanzi_lsgan.runs.folder import RunFolder
from tests.tiny import CHARACTERS


def copy_of(trained: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(trained, tmp_path / "run"))


def test_the_generator_comes_back_as_it_was_saved(trained: Path) -> None:
    loaded = RunFolder(trained).load_generator()
    averaged = RunFolder(trained).load_state()["ema"]
    for name, value in loaded.network.state_dict().items():
        torch.testing.assert_close(value, averaged[name], rtol=0, atol=0)
    assert loaded.images == 16
    assert loaded.info.charset == "".join(sorted(CHARACTERS))
    assert not loaded.network.training


def test_hands_are_spread_where_there_are_any(trained: Path) -> None:
    loaded = RunFolder(trained).load_generator()
    latents, labels = torch.randn(4, 8), torch.arange(4)
    with torch.no_grad():
        drawn = loaded.with_spread(2).network(latents, labels)
        expected = loaded.network(2 * latents, labels)
    torch.testing.assert_close(drawn, expected, rtol=1e-3, atol=1e-3)
    for factor in (0.0, -1.0, 4.0, float("nan")):
        with pytest.raises(UserError, match=r"is out of its range; give a number from 0\.1 to 3"):
            loaded.with_spread(factor)
    original = replace(loaded, network=PaperGenerator(4))
    with pytest.raises(UserError, match=r"--spread 2: networks of the architecture"):
        original.with_spread(2)


def test_a_missing_run_is_named() -> None:
    with pytest.raises(UserError, match=r"nowhere: there is no such run"):
        RunFolder(Path("nowhere")).load_generator()


def test_a_run_without_checkpoint_says_so(trained: Path, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    run.generator.unlink()
    run.state.unlink()
    run.checksums.unlink()
    with pytest.raises(UserError, match=r"has no generator.safetensors; train it first"):
        run.load_generator()
    with pytest.raises(UserError, match="has no checkpoint to resume"):
        run.load_state()


@pytest.mark.parametrize("name", ["config.toml", "model.json", "generator.safetensors"])
@pytest.mark.parametrize("damage", ["empty", "half", "binary"])
def test_a_damaged_file_is_one_line_that_names_it(
    trained: Path, tmp_path: Path, name: str, damage: str
) -> None:
    run = copy_of(trained, tmp_path)
    path = run.path / name
    data = path.read_bytes()
    half = data[: data.find(b"=", len(data) // 2) + 1] or data[: len(data) // 2]
    path.write_bytes({"empty": b"", "half": half, "binary": b"\xff\x00" * 50}[damage])
    if (name, damage) == ("config.toml", "empty"):
        expected = "model is missing"
    else:
        expected = "" if name == "config.toml" and damage == "half" else name
    with pytest.raises(UserError) as caught:
        run.recipe()
        run.load_generator()
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_state_is_one_line_that_names_it(trained: Path, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    data = run.state.read_bytes()
    for broken in (b"", data[:100], data[: len(data) // 2]):
        run.state.write_bytes(broken)
        with pytest.raises(UserError, match=r"training\.pt: is damaged"):
            run.load_state()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_in_place_of_the_state_runs_no_code(trained: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'exploded'}",)

    run = copy_of(trained, tmp_path)
    run.state.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="is damaged"):
        run.load_state()
    torch.save({"generator": Bomb()}, run.state)
    with pytest.raises(UserError, match="is damaged"):
        run.load_state()
    assert not (tmp_path / "exploded").exists()


def test_weights_of_other_networks_are_refused(trained: Path, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    info = json.loads(run.model.read_text())
    info["charset"] += "四"
    run.model.write_text(json.dumps(info))
    with pytest.raises(UserError, match=r"does not suit model\.json"):
        run.load_generator()


def test_a_safetensors_header_that_claims_gigabytes_is_refused(
    trained: Path, tmp_path: Path
) -> None:
    run = copy_of(trained, tmp_path)
    run.generator.write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(UserError, match=r"generator\.safetensors"):
        run.load_generator()
