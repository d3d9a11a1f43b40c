"""One person's hand: the command as a person runs it, on a simulated writer."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from data_tools.fonts.corpus import write_glyph
from data_tools.glyphs.fit import GlyphOptions
from data_tools.store.prepare import prepare
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.training import adaptation

WRITTEN = "永和九年岁在癸丑暮春之初会于山阴兰亭修稧事也群贤毕至少长咸集"
WRITER = 70_003  # of no corpus; writes with the shipped fonts' strokes in its own way


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of what the person has written, in black with a broad pen."""
    folder = tmp_path_factory.mktemp("person")
    for character in WRITTEN:
        glyph = write_glyph(character, WRITER, GlyphOptions(64, "aspect", 2))
        (folder / "png" / character).mkdir(parents=True)
        Image.fromarray(np.where(glyph < 200, 0, 255).astype(np.uint8)).save(
            folder / "png" / character / "1.png"
        )
    prepare([folder / "png"], folder / "me.h5", glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    return folder / "me.h5"


@pytest.mark.slow
def test_a_hand_is_learned_and_every_drawing_command_takes_it(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adaptation, "_STEPS", 30)
    monkeypatch.setattr(adaptation, "_TRIED_A_FONT", 4)
    result = call("adapt", "--data", str(written))
    assert result.exit_code == 0, result.output
    assert "taken for this person, of twenty hands" in result.output
    learned = RunFolder("runs/me").load_generator()
    shipped = RunFolder(SHIPPED).load_generator()

    def mean_ink(generator: object) -> float:
        network = generator.network  # type: ignore[attr-defined]
        label = shipped.charset.index("树")
        return float(255 - draw_class(network, label, 24, seed=1).astype(float).mean())

    own = [write_glyph(c, WRITER, GlyphOptions(64, "aspect", 2)) for c in WRITTEN]
    wanted = 255 * float(np.mean(np.array(own) < 200))
    assert abs(mean_ink(learned) - wanted) < 0.7 * abs(mean_ink(shipped) - wanted)

    for command in (
        ("render", "--chars", "树林", "--out", "grid.png"),
        ("generate", "--chars", "树林", "--per-class", "2", "--out", "samples"),
        ("write", "树林", "--out", "page.png"),
        ("lines", "树林", "--out", "lines"),
    ):
        result = call(*command, "--hand", "me")
        assert result.exit_code == 0, result.output
    assert "me" in call("hands", "--count", "1", "--text", "永", "--run", str(SHIPPED)).output


def test_a_hand_that_nobody_has_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("write", "永", "--out", "page.pdf", "--hand", "anna")
    assert result.exit_code != 0
    assert "--hand anna" in str(result.exception)
    assert "hanzi-lsgan adapt" in str(result.exception)
    shutil.copytree(SHIPPED, tmp_path / "runs" / "base")
    assert "adapted to nobody" in str(call("render", "--chars", "永", "--hand", "base").exception)
    both = call("render", "--chars", "永", "--hand", "base", "--run", "runs/base")
    assert "leave --run out" in str(both.exception)
    assert not (tmp_path / "page.pdf").exists()


def test_too_little_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for character in "永和九":
        (tmp_path / "png" / character).mkdir(parents=True)
        Image.new("L", (32, 32)).save(tmp_path / "png" / character / "1.png")
    prepare([tmp_path / "png"], tmp_path / "me.h5", glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    result = call("adapt", "--data", "me.h5")
    assert "has 3 samples" in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_a_hand_of_another_length_is_damage(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "run")
    model = tmp_path / "run" / "model.json"
    info = json.loads(model.read_text())
    model.write_text(json.dumps(info | {"hand": [0.5] * 7}))
    with pytest.raises(Exception, match=r"does not suit model\.json"):
        RunFolder(tmp_path / "run").load_generator()
    model.write_text(json.dumps(info | {"hand": [0.5] * 128}))
    trained = RunFolder(tmp_path / "run").load_generator()
    drawn = draw_class(trained.network, 0, 6, seed=0).astype(float)
    free = draw_class(RunFolder(SHIPPED).load_generator().network, 0, 6, seed=0).astype(float)
    assert np.std(drawn, axis=0).mean() < 0.6 * np.std(free, axis=0).mean()
