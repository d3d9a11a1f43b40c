"""The weights that come with the program, as a user meets them who has nothing else."""

from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.fonts.reference_glyphs import reference_glyph
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.export.weights import SHIPPED
from hanzi_lsgan.judging.kept_recogniser import load_recogniser
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from tests.cli.own_process import run

PAPER_FIGURE = "暗朽叩栗穆隆叶幅溢些炳律寨三餐瓮"
HELD_OUT = "丐仕仵余佤侵偌僳兑入兴凉勿卅卓单卞叔口司"  # the first of the 200, see the card


def test_an_empty_folder_is_enough_to_render(tmp_path: Path) -> None:
    result = run("render", "--chars", PAPER_FIGURE, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "taking the weights that come with hanzi-lsgan" in result.stdout
    assert "trained on a font-drawn stand-in, not on handwriting" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["grid.png"]
    with Image.open(tmp_path / "grid.png") as picture:
        assert min(picture.size) > 128


def test_an_empty_folder_is_enough_to_generate(tmp_path: Path) -> None:
    result = run("generate", "--chars", "暗朽", "--per-class", "3", "--out", "x", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "x").rglob("*.png"))) == 6


def test_they_are_whole_small_and_hold_no_path() -> None:
    assert find_damage(SHIPPED) == []
    folder = RunFolder(SHIPPED)
    assert folder.generator.stat().st_size <= 12_000_000
    info = folder.info()
    assert "/" not in info.store.path
    assert info.store.font_drawn


def test_they_draw_ink_in_the_middle_and_differently_for_each_hand() -> None:
    trained = RunFolder(SHIPPED).load_generator()
    label = trained.charset.index("暗")
    drawn = draw_class(trained.network, label, 4, seed=0).astype(float)
    assert drawn[:, 16:48, 16:48].mean() < 240 < drawn[:, :2].mean()
    assert np.abs(drawn[0] - drawn[1]).mean() > 4


def test_characters_they_never_saw_are_drawn_as_what_they_are() -> None:
    """Four drawings of each are most like the reference glyphs of their own, and are read so.

    The glyphs are those of the fonts; the recogniser that came along has learned the characters,
    from other samples than the generator, which was kept from them. Chance is 1 of 20.
    """
    trained = RunFolder(SHIPPED).load_generator()
    assert trained.recogniser is not None
    read = load_recogniser(trained.recogniser).reading(HELD_OUT)
    extended = trained.with_unseen(HELD_OUT)
    assert extended.unseen == set(HELD_OUT)
    hands, fonts = extended.fonts.hands, extended.fonts
    references = [[reference_glyph(c, hand, fonts) for hand in range(hands)] for c in HELD_OUT]
    glyphs = np.array(references, float).reshape(len(HELD_OUT) * hands, -1)
    alike, rightly = 0, 0
    for number, character in enumerate(HELD_OUT):
        drawn = draw_class(extended.network, extended.charset.index(character), 4, seed=0)
        ink = 255 - drawn.reshape(4, 32, 2, 32, 2).mean(axis=(2, 4)).reshape(4, -1)
        likeness = np.corrcoef(ink, glyphs)[:4, 4:].reshape(4, len(HELD_OUT), hands)
        alike += likeness.max(axis=2).sum(axis=0).argmax() == number
        rightly += (read(drawn).argmax(axis=1) == number).sum()
    assert alike >= 0.9 * len(HELD_OUT)
    assert rightly >= 0.9 * 4 * len(HELD_OUT)
