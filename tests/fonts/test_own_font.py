"""A user's font as a hand of a corpus, and as what shows a model characters that no hand has."""

from pathlib import Path

import numpy as np
import pytest

import hanzi_lsgan
from data_tools.errors import UserError
from data_tools.fonts import installed
from data_tools.fonts.corpus import corpus_characters, write_corpus
from data_tools.fonts.placement import placement
from data_tools.fonts.reference_glyphs import reference_glyph
from data_tools.fonts.typefaces import REFERENCE, KnownFonts, has_glyph, take_font
from data_tools.hwdb.gnt import read_records
from hanzi_lsgan.cli.write import _with_installed_font
from hanzi_lsgan.drawing.coverage import cover
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from tests.cli.in_process import run
from tests.fonts.own_font import RARE, make_font


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_font(tmp_path_factory.mktemp("font") / "boxes.ttf", RARE + "一國")


def test_writers_of_a_corpus_write_with_it_alone(boxes: Path, tmp_path: Path) -> None:
    assert corpus_characters("big5-1", [boxes]) == "一國"
    summary = write_corpus(tmp_path, characters="一國", writers=6, fonts=[boxes], jobs=2)
    assert summary.samples == 14
    for path in tmp_path.rglob("*.gnt"):
        with path.open("rb") as stream:
            shapes = {r.character: r.bitmap.shape for r in read_records(stream, path.name)}
        height, width = shapes["一"]
        # A box twice as wide as high, slanted and bent, or the line in its middle: no hand's 一.
        assert width > 1.2 * height
    with pytest.raises(UserError, match="cannot draw 1 of the characters: 永"):
        write_corpus(tmp_path / "other", characters="永", fonts=[boxes])


def test_it_shows_what_no_hand_has_and_nothing_else(boxes: Path) -> None:
    fonts = KnownFonts(reference=boxes)
    assert KnownFonts().font_of(RARE) is None
    assert fonts.font_of(RARE) == boxes
    assert fonts.font_of("一", 3) == 3
    assert fonts.font_of("國") != boxes  # hands of the bundled fonts have it
    assert KnownFonts(4, boxes).font_of("國") == boxes  # the first four have not
    assert KnownFonts(4, boxes).font_of("學") == REFERENCE
    glyph = reference_glyph(RARE, 0, fonts)
    assert glyph is not None
    assert (glyph[14:18, 4:28] > 250).all()  # the box, in the middle of its square
    place = placement(RARE, 0, fonts)
    assert place.width / place.height == pytest.approx(4, rel=0.1)
    assert place.advance == 1


def test_weights_draw_what_it_shows(boxes: Path) -> None:
    trained = hanzi_lsgan.load().trained
    assert cover(trained, RARE).missing == RARE
    extended = trained.with_reference(boxes)
    assert not trained.can_draw(RARE)
    assert cover(extended, RARE + "永").reference == RARE
    known = extended.with_unseen(RARE)
    assert known.remarks == {RARE: "printed"}


def test_a_fallback_shows_only_what_nothing_that_comes_along_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    font = make_font(tmp_path / "a.ttf", RARE + "一○")  # no hand has ○
    monkeypatch.setattr(installed, "installed_font_with", lambda _: font)
    network = _with_installed_font(hanzi_lsgan.load().trained, RARE).with_unseen(RARE).network
    assert isinstance(network.label_embedding, GlyphEmbedding)
    fonts = network.label_embedding.fonts
    assert [fonts.font_of(character) for character in ("○", RARE)] == [REFERENCE, font]


def test_commands_take_it(
    boxes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "render", "--chars", RARE) == 2
    assert run(monkeypatch, "render", "--chars", RARE, "--font", str(boxes)) == 0
    assert (tmp_path / "grid.png").exists()
    capsys.readouterr()
    assert run(monkeypatch, "coverage", RARE, "--font", str(boxes)) == 0
    assert "missing" not in capsys.readouterr().out.split("reference")[0]
    arguments = ["corpus", "--out", "c", "--charset", "一", "--writers", "2", "--font", str(boxes)]
    assert run(monkeypatch, *arguments) == 0
    assert len(list((tmp_path / "c").rglob("*.gnt"))) == 3


def test_an_installed_font_writes_what_no_other_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fonts = tmp_path / "share" / "fonts" / "some"
    fonts.mkdir(parents=True)
    monkeypatch.setattr(installed, "_folders", lambda: [tmp_path / "none", fonts.parent])
    monkeypatch.chdir(tmp_path)
    text = f"永{RARE}"
    assert run(monkeypatch, "write", text, "--fallback", "--out", "a.svg") == 2
    assert f"cannot be drawn: {RARE}; no font here has all of them" in capsys.readouterr().err

    (fonts / "a.ttf").write_text("no font")
    make_font(fonts / "b.ttf", "一國")
    rare = make_font(fonts / "c.OTF", "\U00020000" + RARE)  # of rare hanzi alone
    make_font(fonts / "c-Bold.OTF", "\U00020000" + RARE)  # comes later, though - is before .
    assert installed.installed_font_with(RARE) == rare
    assert installed.installed_font_with(RARE + "\ue000") is None
    assert run(monkeypatch, "write", text, "--out", "a.svg") == 2
    said = capsys.readouterr().err.replace("\n", "")
    assert f"take them from {rare} with --fallback, or name another font with --font" in said
    assert run(monkeypatch, "write", text, "--fallback", "--font", str(rare), "--out", "a.svg") == 2
    assert not (tmp_path / "a.svg").exists()
    assert run(monkeypatch, "write", text, "--fallback", "--out", "a.svg") == 0
    assert f"{rare}: {RARE}" in capsys.readouterr().out.replace("\n", "")
    assert (tmp_path / "a.svg").exists()


def test_what_is_no_font_is_one_line(boxes: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.ttf: there is no such file; name a \.ttf"):
        take_font(tmp_path / "none.ttf")
    text = tmp_path / "text.ttf"
    text.write_text("no font")
    with pytest.raises(UserError, match=r"text\.ttf: is no font that can be read"):
        take_font(text)
    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(boxes.read_bytes()[:200])
    with pytest.raises(UserError, match=r"damaged\.ttf: (is no font|this font has neither)"):
        take_font(damaged)
    with pytest.raises(UserError, match="this font has neither hanzi nor letters"):
        take_font(make_font(tmp_path / "signs.ttf", "\u2603"))
    assert has_glyph(take_font(boxes), "一")


def test_a_font_of_letters_stands_on_the_line(tmp_path: Path) -> None:
    fonts = KnownFonts(4, make_font(tmp_path / "letters.ttf", "ʒAa"))
    assert fonts.font_of("ʒ") == fonts.reference
    assert 0.5 < placement("ʒ", 0, fonts).bottom < 1
    assert np.isfinite(placement("ʒ", 0, fonts).top)
