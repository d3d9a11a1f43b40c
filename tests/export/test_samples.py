import io
import json
import tarfile
from pathlib import Path

import lmdb
import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import torch
from PIL import Image

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import read_records
from data_tools.sources.writing_kinds import kind_told_by
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.summary import summarise
from hanzi_lsgan.export import samples as samples_module
from hanzi_lsgan.export.formats import Format, write_samples
from hanzi_lsgan.export.from_store import kinds_not_told, store_samples
from hanzi_lsgan.export.sample import Sample
from hanzi_lsgan.export.samples import crop_to_ink, export_samples
from hanzi_lsgan.models import take_hand
from hanzi_lsgan.models.projection import ProjectionGenerator
from tests.tiny import tiny_generator, write_writers

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
        "fake/U+4E09_三/generated-00000.png",
        "fake/U+4E09_三/generated-00001.png",
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


GENERATED = "generated by hanzi-lsgan"


def comments(out: Path) -> list[str]:
    """What PNGs in any of the formats say of themselves, read by others than those who wrote."""
    pngs: list[bytes] = []
    if out.suffix == ".parquet":
        table = pq.read_table(out)
        pngs = [row["bytes"] for row in table.column("image").to_pylist()]
    elif out.suffix == ".tar":
        with tarfile.open(out) as archive:
            members = [member for member in archive if member.name.endswith(".png")]
            pngs = [file.read() for one in members if (file := archive.extractfile(one))]
    elif out.suffix == ".lmdb":
        with lmdb.open(str(out), readonly=True, lock=False) as environment:
            pairs = list(environment.begin().cursor())
        pngs = [value for key, value in pairs if key.startswith(b"image-")]
    else:
        pngs = [path.read_bytes() for path in out.rglob("*.png")]
    found = []
    for png in pngs:
        with Image.open(io.BytesIO(png)) as picture:
            found.append(str(picture.info.get("Comment", "")))
    return found


@pytest.mark.parametrize("name", ["x", "x.lmdb", "x.tar", "x.parquet"])
def test_every_picture_says_that_it_is_generated(tmp_path: Path, name: str) -> None:
    export(tmp_path / name, per_class=2)
    assert comments(tmp_path / name) == [GENERATED] * 8
    if name == "x":
        lines = (tmp_path / "x" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["made_by"] for line in lines] == [GENERATED] * 8


@pytest.mark.parametrize("form", ["gnt", "images"])
def test_prepare_knows_what_is_generated_also_after_a_store(tmp_path: Path, form: str) -> None:
    pens = write_writers(tmp_path / "pens", 1, CHARSET)
    export_samples(
        *(small_generator(), CHARSET, CHARSET, tmp_path / "fake"),
        per_class=3,
        seed=1,
        format=form,
    )
    prepare([pens, tmp_path / "fake"], tmp_path / "both.h5", jobs=1)
    prepare([tmp_path / "fake"], tmp_path / "alone.h5", jobs=1)
    with Store(tmp_path / "both.h5") as store, Store(tmp_path / "alone.h5") as alone:
        assert summarise(store).kinds == {"generated": 12, "pen": 4}
        assert summarise(alone).kinds == {"generated": 12}
        assert not store.header.font_drawn
        assert kinds_not_told(store, [Split.TRAIN]) == []
        assert kinds_not_told(store, [Split.TRAIN], "x.gnt") == ["generated"]
        assert kinds_not_told(store, [Split.TRAIN], "generated.gnt") == ["pen"]
        write_samples(store_samples(store, [Split.TRAIN]), tmp_path / "out", Format(form))
    assert comments(tmp_path / "out").count(GENERATED) == (12 if form == "images" else 0)
    prepare([tmp_path / "out"], tmp_path / "again.h5", jobs=1)
    with Store(tmp_path / "again.h5") as store:
        assert summarise(store).kinds == {"generated": 12, "pen": 4}


@pytest.mark.parametrize("name", ["x.parquet", "x.lmdb", "x.tar"])
def test_prepare_knows_what_is_generated_in_tables_too(tmp_path: Path, name: str) -> None:
    export(tmp_path / name, per_class=2)
    prepare([tmp_path / name], tmp_path / "x.h5", jobs=1)
    with Store(tmp_path / "x.h5") as store:
        assert summarise(store).kinds == {"generated": 8}
        assert [one.name for one in store.sources] == [
            f"{name}/generated-hand-00000",
            f"{name}/generated-hand-00001",
        ]


def test_one_persons_samples_are_of_one_writer(tmp_path: Path) -> None:
    generator = small_generator()
    take_hand(generator, torch.zeros(generator.latent_features))
    export_samples(generator, CHARSET, CHARSET, tmp_path / "x.tar", per_class=2, seed=1)
    prepare([tmp_path / "x.tar"], tmp_path / "x.h5", jobs=1)
    with Store(tmp_path / "x.h5") as store:
        assert len(store) == 8
        assert [one.name for one in store.sources] == ["x.tar/generated-hand-00000"]


def test_samples_that_are_no_hands_are_marked_too(tmp_path: Path) -> None:
    image = np.zeros((4, 4), np.uint8)
    sample = Sample(image, "一", "U+4E00_一", kind="generated")
    write_samples([sample], tmp_path / "x", Format.GNT)
    assert (tmp_path / "x" / "generated-unknown.gnt").exists()
    write_samples([sample], tmp_path / "x", Format.GNT, force=True)
    write_samples([sample], tmp_path / "y", Format.IMAGES)
    write_samples([sample], tmp_path / "y", Format.IMAGES, force=True)


def test_only_whole_words_at_the_beginning_of_names_tell() -> None:
    told = ["generated.gnt", "a/b.zip/generated-1.gnt", "fake/generated", "font-drawn-1.gnt"]
    assert [kind_told_by(name) for name in told] == ["generated"] * 3 + ["font"]
    others = ["generated/001.gnt", "generatedness.gnt", "regenerated-1.gnt", "001-generated.gnt"]
    assert [kind_told_by(name) for name in others] == [""] * 4
