from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import read_records
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.export import samples as samples_module
from hanzi_lsgan.export.samples import crop_to_ink, export_samples
from hanzi_lsgan.models.projection import ProjectionGenerator
from tests.tiny import tiny_generator

CHARSET = "一七三上"


def small_generator() -> ProjectionGenerator:
    torch.manual_seed(0)
    return tiny_generator(len(CHARSET))


def export(out: Path, characters: str = CHARSET, per_class: int = 3, force: bool = False) -> int:
    generator = small_generator()
    return export_samples(
        generator, CHARSET, characters, out, per_class=per_class, seed=1, force=force
    )


def test_haze_is_cleared_and_paper_cut_away() -> None:
    image = np.full((5, 6), 251, np.uint8)
    image[1, 2], image[2, 4] = 10, 200
    assert crop_to_ink(image).tolist() == [[10, 255, 255], [255, 255, 200]]


def test_an_empty_image_stays_a_page() -> None:
    assert (crop_to_ink(np.full((4, 4), 250, np.uint8)) == np.full((4, 4), 255)).all()


def test_generated_records_prepare_into_the_same_labels(tmp_path: Path) -> None:
    assert export(tmp_path / "fake.gnt") == 12
    with (tmp_path / "fake.gnt").open("rb") as stream:
        assert [record.character for record in read_records(stream, "fake")] == list(CHARSET) * 3
    prepare([tmp_path / "fake.gnt"], tmp_path / "fake.h5", glyph=GlyphOptions(32, "aspect", 1))
    with Store(tmp_path / "fake.h5") as store:
        assert store.charset == CHARSET
        assert store.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_folder_takes_pngs_named_by_character(tmp_path: Path) -> None:
    assert export(tmp_path / "fake", characters="三", per_class=2) == 2
    paths = sorted((tmp_path / "fake").rglob("*.png"))
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "fake/U+4E09_三/00000.png",
        "fake/U+4E09_三/00001.png",
    ]
    export(tmp_path / "fake.gnt", characters="三", per_class=2)
    with (tmp_path / "fake.gnt").open("rb") as stream:
        bitmaps = [record.bitmap for record in read_records(stream, "fake")]
    for path, bitmap in zip(paths, bitmaps, strict=True):
        assert (np.asarray(Image.open(path)) == bitmap).all()


@pytest.mark.parametrize("name", ["fake.gnt", "fake"])
def test_a_character_named_twice_is_drawn_once(tmp_path: Path, name: str) -> None:
    """A training set holds no picture twice, and the count is that of pictures."""
    assert export(tmp_path / name, characters="三一三三", per_class=2) == 4
    if name == "fake":
        assert len(list((tmp_path / name).rglob("*.png"))) == 4
        return
    with (tmp_path / name).open("rb") as stream:
        records = [(record.character, bytes(record.pixels)) for record in read_records(stream, "")]
    assert [character for character, _ in records] == list("三一三一")
    assert len(set(records)) == 4


def test_what_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "fake.gnt"
    out.write_bytes(b"mine")
    with pytest.raises(UserError, match="exists already"):
        export(out)
    assert out.read_bytes() == b"mine"
    export(out, force=True)
    assert out.stat().st_size > 100


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least one sample"):
        export(tmp_path / "fake.gnt", per_class=0)
    with pytest.raises(UserError, match="unknown to the model: 龘"):
        export(tmp_path / "fake.gnt", characters="龘")
    assert list(tmp_path.iterdir()) == []


def test_no_haze_is_around_samples_in_their_squares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hazy = np.full((1, 32, 32), 250, np.uint8)
    hazy[0, 8:24, 8:24] = 0
    monkeypatch.setattr(samples_module, "draw_images", lambda *_: iter([hazy]))
    generator, out = small_generator(), tmp_path / "fake"
    export_samples(generator, CHARSET, "三", out, per_class=1, seed=1, in_square=True)
    with Image.open(next(out.rglob("*.png"))) as picture:
        levels = np.asarray(picture)
    assert levels.min() == 0
    assert (levels[0] == 255).all() and (levels[-1] == 255).all()


def test_samples_can_stay_in_their_squares(tmp_path: Path) -> None:
    generator = small_generator()
    export_samples(generator, CHARSET, "一", tmp_path / "fake", per_class=2, seed=1, in_square=True)
    for path in (tmp_path / "fake").rglob("*.png"):
        with Image.open(path) as picture:
            assert picture.size == (32, 32)
