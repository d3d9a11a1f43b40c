import os
import random
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.hwdb.charset import parse_charset
from data_tools.pictures import gather
from data_tools.splits import Split
from data_tools.store import prepare as prepare_module
from data_tools.store.prepare import PrepareResult, prepare
from data_tools.store.reader import Store
from tests.gnt_samples import write_gnt, write_zip
from tests.picture_samples import draw_character, picture_bytes, write_picture

GLYPH = GlyphOptions(28, "aspect", 1)
ALL = parse_charset("all")


def convert(sources: list[Path], out: Path, **options: Any) -> PrepareResult:
    return prepare(sources, out, **{"glyph": GLYPH, "jobs": 1, **options})


def error_of(sources: list[Path], out: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        convert(sources, out, **options)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    return str(caught.value)


def fitted(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return fit_glyph(page.tobytes(), page.shape[1], page.shape[0], GLYPH)  # type: ignore[arg-type]


def contents(path: Path) -> list[tuple[str, str, int]]:
    """Character, source and split of each row."""
    with Store(path) as store:
        assert store.verify().damaged == []
        names = [store.sources[writer].name for writer in store.writers]
        characters = [store.charset[label] for label in store.labels]
        return list(zip(characters, names, store.splits.tolist(), strict=True))


def glyphs(path: Path) -> NDArray[np.uint8]:
    with Store(path) as store:
        return store.images(range(len(store)))


def note(result: PrepareResult, beginning: str) -> str:
    return next(line for line in result.notes if line.startswith(beginning))


def write_set(folder: Path, names: list[str]) -> Path:
    """A picture for each name, each with strokes of its own."""
    for seed, name in enumerate(names):
        write_picture(folder / name, draw_character(seed))
    return folder


NAMES = ["train/永/1.png", "train/永/2.png", "train/U+4E00_一/1.png", "test/永/a.png"]


def test_every_row_is_the_picture_of_its_folder(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", NAMES)
    result = convert([source], tmp_path / "x.h5")
    assert contents(result.out) == [
        ("一", "own/train/U+4E00_一", Split.TRAIN),
        ("永", "own/train/永", Split.TRAIN),
        ("永", "own/train/永", Split.TRAIN),
        ("永", "own/test/永", Split.TEST),
    ]
    for row, seed in enumerate((2, 0, 1, 3)):
        np.testing.assert_array_equal(glyphs(result.out)[row], fitted(draw_character(seed)))
    assert note(result, "pictures:") == "pictures: 4, labels by names of folders (4)"
    assert "each folder counts as one (3)" in note(result, "writers:")
    assert note(result, "ink:").startswith("ink: 4 pictures dark on light, 0 light on dark")
    assert not (tmp_path / "x.levelled.png").exists()
    with Store(result.out) as store:
        files = [(source / name).stat().st_size for name in NAMES]
        assert sorted(one.bytes for one in store.sources) == sorted(
            [files[0] + files[1], files[2], files[3]]
        )


def as_tar(path: Path, folder: Path, mode: Literal["w", "w:gz"]) -> Path:
    with tarfile.open(path, mode) as archive:
        archive.add(folder, folder.name)
    return path


@pytest.mark.parametrize("kind", ["zip", "stored.zip", "tar", "tar.gz"])
def test_archives_give_what_their_folder_gives(tmp_path: Path, kind: str) -> None:
    source = write_set(tmp_path / "own", NAMES)
    folder = convert([source], tmp_path / "folder.h5")
    archive = tmp_path / f"own.{kind}"
    if kind.endswith("zip"):
        members = {f"own/{name}": (source / name).read_bytes() for name in NAMES}
        write_zip(archive, members, compression=0 if kind == "stored.zip" else 8)
    else:
        as_tar(archive, source, "w:gz" if kind == "tar.gz" else "w")
    result = convert([archive], tmp_path / "archive.h5")
    np.testing.assert_array_equal(glyphs(result.out), glyphs(folder.out))
    assert contents(result.out) == [
        (character, f"own.{kind}/{name}", split) for character, name, split in contents(folder.out)
    ]


def test_the_bytes_depend_on_nothing_but_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "_PART_PICTURES", 2)
    names = [f"{writer}/{char}_{n}.png" for writer in "ab" for char in "永一丁" for n in range(3)]
    here = write_set(tmp_path / "here" / "own", names)
    write_gnt(here / "more.gnt", "永一")
    there = tmp_path / "there" / "own"
    for name in random.Random(0).sample([*names, "more.gnt"], len(names) + 1):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(here / name, there / name)
    stores = set()
    for number, (source, jobs, kept, skip_bad) in enumerate(
        [(here, 1, 99, False), (there, 2, 99, False), (here, 3, 0, False), (there, 2, 3, True)]
    ):
        monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept * GLYPH.size**2 * jobs)
        result = convert([source], tmp_path / f"{number}.h5", jobs=jobs, skip_bad=skip_bad)
        stores.add(result.out.read_bytes())
        assert "ink: 18 pictures" in note(result, "ink:")
    assert len(stores) == 1


def test_pictures_of_one_writer_are_one_source_however_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "_PART_PICTURES", 2)
    source = write_set(tmp_path / "own", [f"永_{number}.png" for number in range(7)])
    with Store(convert([source], tmp_path / "x.h5").out) as store:
        assert [(one.name, one.samples) for one in store.sources] == [("own", 7)]


@pytest.mark.parametrize(
    ("names", "beside", "characters"),
    [
        (["54208/1.png", "53947/1.png"], {}, "永一"),
        (["D3C0/1.png"], {}, "永"),
        (["00000/1.png", "00012/1.png"], {"char_dict.json": '{"永": 0, "一": 12}'}, "永一"),
        (["0/1.png", "1/1.png"], {"classes.txt": "永\n一\n"}, "永一"),
        (["set/a/1.png", "set/b/1.png"], {"labels.json": '{"a": "永", "b": "一"}'}, "永一"),
        (["永.png", "永_12.jpg.png", "12_一.png", "U+4E00_3.png"], {}, "永永一一"),
        (["永/writer_3.png", "一/writer_3.png"], {}, "永一"),
        (
            ["i/a.png", "i/b.png"],
            {"i/metadata.csv": "file_name,text\na.png,永\nb.png,一\n"},
            "永一",
        ),
        (["i/a.png"], {"metadata.jsonl": '{"file": "i/a.png", "label": "永"}\n'}, "永"),
        (["a.png"], {"metadata.csv": "\ufefffile_name;text\na.png;永\n"}, "永"),
        (["a.png"], {"metadata.csv": "text\tfile_name\n永\ta.png\n"}, "永"),
        (["a.png"], {"labels.tsv": "file_name,text\na.png,永\n"}, "永"),
        (["a.png", "b.png"], {"metadata.csv": "text, file_name\n永, a.png\n一, b.png\n"}, "永一"),
        (
            ["a.png", "b.png"],
            {"metadata.csv": "file_name,label,character\na.png,0,永\nb.png,1,一\n"},
            "永一",
        ),
        (
            ["a.png"],
            {"metadata.jsonl": '{"file": "a.png", "text": 7, "unicode": "U+6C38"}\n'},
            "永",
        ),
        (["字/永.png", "字/一.png"], {}, "永一"),
    ],
)
def test_layouts(tmp_path: Path, names: list[str], beside: dict[str, str], characters: str) -> None:
    source = write_set(tmp_path / "own", names)
    for name, text in beside.items():
        (source / name).write_text(text, "utf-8")
    result = convert([source], tmp_path / "x.h5")
    found = glyphs(result.out)
    expected = {fitted(draw_character(seed)).tobytes(): one for seed, one in enumerate(characters)}
    labelled = [character for character, _, _ in contents(result.out)]
    assert [expected[glyph.tobytes()] for glyph in found] == labelled
    assert not any("passed over" in line for line in result.notes)
    archive = write_zip(
        tmp_path / "own.zip",
        {name: (source / name).read_bytes() for name in [*names, *beside]},
    )
    packed = convert([archive], tmp_path / "zip.h5")
    np.testing.assert_array_equal(glyphs(packed.out), found)


@pytest.mark.parametrize(
    "tables",
    [
        {"train.csv": "file,text\ni/a.png,永\n", "test.csv": "file,text\ni/b.png,一\n"},
        {"labels.csv": "file,text,split\ni/a.png,永,train\ni/b.png,一,test\n"},
        {
            "metadata.jsonl": '{"file": "i/a.png", "text": "永", "subset": "Training"}\n'
            '{"file": "i/b.png", "text": "一", "subset": "val"}\n'
        },
    ],
)
def test_a_table_tells_the_split(tmp_path: Path, tables: dict[str, str]) -> None:
    source = write_set(tmp_path / "own", ["i/a.png", "i/b.png", "i/丁.png"])
    for name, text in tables.items():
        (source / name).write_text(text, "utf-8")
    result = convert([source], tmp_path / "x.h5")
    assert {(one, split) for one, _, split in contents(result.out)} == {
        ("永", 0),
        ("丁", 0),
        ("一", 1),
    }
    assert result.notes[0] == f"test by name: {list(tables)[-1]} (1 file)"
    named = convert([], tmp_path / "y.h5", test_sources=[source])
    assert {split for _, _, split in contents(named.out)} == {1}
    # folds, in which a picture is now of one split and now of the other, tell none
    (source / "train_2.csv").write_text("file,text\ni/b.png,一\n", "utf-8")
    folds = convert([source], tmp_path / "z.h5")
    assert {split for _, _, split in contents(folds.out)} == {0}


def test_rows_of_a_table_without_their_pictures_are_counted(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["i/a.png", "i/b.png"])
    (source / "metadata.csv").write_text(
        "file_name,text\ni/a.png,永\nelsewhere/b.png,一\ni/c.png,丁\ni/d.png,七\n", "utf-8"
    )
    result = convert([source], tmp_path / "x.h5")
    assert [one for one, _, _ in contents(result.out)] == ["一", "永"]
    assert note(result, "passed over:") == (
        "passed over: own/metadata.csv: 2 rows name files that are not there (i/c.png, …)"
    )


def test_a_table_of_metadata_without_its_columns_is_said(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["a.png"])
    (source / "metadata.csv").write_text("picture|shows\nb|永\n", "utf-8")
    message = error_of([source], tmp_path / "x.h5")
    assert message == (
        "own/metadata.csv: has no columns of files and of texts; call them file_name and text"
    )
    write_set(source, ["54208/1.png", "53947/1.png"])
    (source / "a.png").unlink()
    result = convert([source], tmp_path / "x.h5")
    assert [one for one, _, _ in contents(result.out)] == ["一", "永"]
    assert "own/metadata.csv: has no columns" in note(result, "passed over:")


def test_a_list_of_classes_may_lie_above_the_folder(tmp_path: Path) -> None:
    source = write_set(tmp_path / "data" / "train", ["00001/1.png"])
    (tmp_path / "data" / "char_dict").write_bytes(
        b"\x80\x02}q\x00X\x03\x00\x00\x00\xe6\xb0\xb8K\x01s."
    )
    assert contents(convert([source], tmp_path / "x.h5").out)[0][0] == "永"


def test_one_source_says_where_the_list_above_both_begins(tmp_path: Path) -> None:
    train = write_set(tmp_path / "data" / "train", ["1/1.png", "2/1.png", "3/1.png"])
    test = write_set(tmp_path / "data" / "test", ["2/1.png"])
    (tmp_path / "data" / "classes.txt").write_text("永\n一\n丁\n", "utf-8")
    result = convert([test, train], tmp_path / "x.h5")
    found = [(one, split) for one, _, split in contents(result.out)]
    assert found == [("一", 0), ("丁", 0), ("永", 0), ("一", 1)]
    assert note(result, "pictures:").endswith("a list of classes, counted from 1 (4)")
    assert "classes.txt: does not say whether" in error_of([test], tmp_path / "y.h5")


def test_a_list_in_one_source_is_of_the_others_too(tmp_path: Path) -> None:
    train = write_set(tmp_path / "a" / "train", ["1/1.png", "2/1.png", "3/1.png"])
    (train / "classes.txt").write_text("永\n一\n丁\n", "utf-8")
    write_picture(tmp_path / "b" / "test" / "2" / "1.png", draw_character(3))
    test = Path(shutil.make_archive(str(tmp_path / "test"), "zip", tmp_path / "b" / "test"))
    result = convert([train], tmp_path / "x.h5", test_sources=[test])
    found = [(one, split) for one, _, split in contents(result.out)]
    assert found == [("一", 0), ("丁", 0), ("永", 0), ("一", 1)]


def test_a_list_above_a_folder_of_numbers_counts_whatever_that_is_called(tmp_path: Path) -> None:
    source = write_set(tmp_path / "data" / "楷", [f"{number}/1.png" for number in range(3)])
    (tmp_path / "data" / "classes.txt").write_text("永\n一\n丁\n", "utf-8")
    assert sorted(one for one, _, _ in contents(convert([source], tmp_path / "x.h5").out)) == [
        "一",
        "丁",
        "永",
    ]
    writers = write_set(tmp_path / "data" / "永", ["0/1.png"])
    assert contents(convert([writers], tmp_path / "y.h5").out)[0][0] == "永"


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["00001/1.png"], "no list says which characters"),
        (["8D77/1.png"], "may be GBK tags in hexadecimal (8D77 is 峸) or code points"),
        (["a.png", "bb/c.png"], "nothing tells which character a picture shows"),
    ],
)
def test_names_that_tell_nothing_are_said_in_one_line(
    tmp_path: Path, names: list[str], problem: str
) -> None:
    assert problem in error_of([write_set(tmp_path / "own", names)], tmp_path / "x.h5")


def test_a_picture_without_a_character_is_left_out_and_said(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["永/1.png", "cover.png", "U+6C38_丁/1.png"])
    result = convert([source], tmp_path / "x.h5")
    assert [one[0] for one in contents(result.out)] == ["永"]
    left_out = [line for line in result.notes if line.startswith("left out: 1 picture")]
    assert len(left_out) == 2
    assert "own/cover.png" in "".join(left_out)


def test_pictures_that_lie_beside_other_samples_stop_nothing(tmp_path: Path) -> None:
    write_gnt(tmp_path / "own" / "1.gnt", "永")
    write_picture(tmp_path / "own" / "cover.png", draw_character(0))
    result = convert([tmp_path / "own"], tmp_path / "x.h5")
    assert [one[0] for one in contents(result.out)] == ["永"]
    assert "cover.png" in note(result, "passed over: 1 pictures")


def test_what_generate_writes_goes_back_in(tmp_path: Path) -> None:
    import torch

    from hanzi_lsgan.export.samples import export_samples
    from tests.tiny import tiny_generator

    out = tmp_path / "drawn"
    # Fresh weights draw a grey that is nearly even; by some it is wholly so, which counts as blank.
    with torch.random.fork_rng():
        torch.manual_seed(5)
        generator = tiny_generator(4)
    export_samples(generator, "一丁口永", "一丁口永", out, per_class=5, seed=0)
    result = convert([out], tmp_path / "x.h5")
    expected = [
        (character, fitted(np.asarray(Image.open(path))))
        for character in "一丁口永"
        for path in sorted((out / f"U+{ord(character):04X}_{character}").iterdir())
    ]
    assert [one[0] for one in contents(result.out)] == [character for character, _ in expected]
    np.testing.assert_array_equal(glyphs(result.out), [glyph for _, glyph in expected])
    assert "20 pictures dark on light" in note(result, "ink:")


def test_writers_are_found_by_a_pattern_across_folders(tmp_path: Path) -> None:
    names = [f"{character}/w{writer}_1.png" for character in "永一" for writer in range(6)]
    source = write_set(tmp_path / "own", names)
    pattern = r"/w(?P<writer>\d+)_"
    result = convert([source], tmp_path / "x.h5", writer_pattern=pattern, test_writers=0.3)
    writers: dict[str, list[tuple[str, int]]] = {}
    for character, name, split in contents(result.out):
        writers.setdefault(name, []).append((character, split))
    assert sorted(writers) == [f"own/{writer}" for writer in range(6)]
    for of_writer in writers.values():
        assert sorted(character for character, _ in of_writer) == ["一", "永"]
        assert len({split for _, split in of_writer}) == 1
    assert {split for one in writers.values() for _, split in one} == {0, 1}
    assert note(result, "writers:") == "writers: 6, by --writer-pattern"


def test_writers_are_those_whom_a_table_names(tmp_path: Path) -> None:
    names = ["永/1.png", "永/2.png", "一/1.png", "丁/1.png"]
    source = write_set(tmp_path / "own", names)
    rows = [f"{name},{name[0]},{writer}" for name, writer in zip(names, "abab", strict=True)]
    (source / "metadata.csv").write_text("\n".join(["file_name,text,writer", *rows]), "utf-8")
    result = convert([source], tmp_path / "x.h5", test_writers=0.5)
    assert [(one, name) for one, name, _ in contents(result.out)] == [
        ("一", "own/a"),
        ("永", "own/a"),
        ("丁", "own/b"),
        ("永", "own/b"),
    ]
    assert note(result, "writers:") == "writers: 2, by a table"
    (source / "metadata.csv").write_text("\n".join(["file_name,text,writer", *rows[:3]]), "utf-8")
    result = convert([source], tmp_path / "y.h5")
    assert note(result, "writers:").startswith(
        "writers: 2 by a table; of others each folder counts as one (1); --writer-pattern"
    )


def test_classes_are_no_writers_to_test_on(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["永/1.png", "一/1.png"])
    message = error_of([source], tmp_path / "x.h5", test_writers=0.5)
    assert "--writer-pattern" in message
    writers = write_set(tmp_path / "writers", ["a/永.png", "a/一.png", "b/永.png"])
    result = convert([writers], tmp_path / "y.h5", test_writers=0.5)
    assert {split for _, _, split in contents(result.out)} == {0, 1}


@pytest.mark.parametrize("pattern", ["(", "writer", "(nobody)"])
def test_a_pattern_that_finds_no_writer_is_said(tmp_path: Path, pattern: str) -> None:
    source = write_set(tmp_path / "own", ["永/1.png"])
    message = error_of([source], tmp_path / "x.h5", writer_pattern=pattern)
    assert message.startswith("--writer-pattern: ")


def test_a_folder_named_for_test_is_taken_out_of_the_one_around(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["a/永.png", "b/永.png", "b/一.png"])
    result = convert([source], tmp_path / "x.h5", test_sources=[source / "b"])
    assert [(one, split) for one, _, split in contents(result.out)] == [
        ("永", 0),
        ("一", 1),
        ("永", 1),
    ]
    message = error_of([source, source / "a"], tmp_path / "y.h5")
    assert "given twice" in message


def test_light_ink_is_turned_and_scans_are_levelled_and_shown(tmp_path: Path) -> None:
    for seed in range(6):
        page = np.kron(draw_character(seed), np.ones((4, 4), np.uint8))
        write_picture(tmp_path / f"own/永/light_{seed}.png", 255 - page)
        shadow = 200 + np.linspace(0, 40, page.shape[1])
        scan = np.rint(page / 255 * shadow).astype(np.uint8)
        write_picture(tmp_path / f"own/永/scan_{seed}.png", scan)
    result = convert([tmp_path / "own"], tmp_path / "x.h5")
    assert "6 pictures dark on light, 6 light on dark" in note(result, "ink:")
    assert "6 pictures not on exact white" in note(result, "background:")
    found = glyphs(result.out).astype(int)
    for seed in range(6):
        page = np.kron(draw_character(seed), np.ones((4, 4), np.uint8))
        np.testing.assert_array_equal(found[seed], fitted(page))
        assert np.abs(found[6 + seed] - found[seed]).mean() < 12
    sheet = tmp_path / "x.levelled.png"
    assert note(result, "before and after:").endswith(str(sheet))
    with Image.open(sheet) as image:
        assert image.width > image.height > 90
    convert([write_set(tmp_path / "clean", ["永/1.png"])], tmp_path / "x.h5", force=True)
    assert not sheet.exists()


def test_a_user_insists_on_the_ink(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["永/1.png"])
    result = convert([source], tmp_path / "x.h5", ink="light")
    page = 255 - draw_character(0)
    assert "1 light on dark" in note(result, "ink:")
    assert not np.array_equal(glyphs(result.out)[0], fitted(255 - page))
    assert "--ink grey" in error_of([source], tmp_path / "y.h5", ink="grey")


@pytest.mark.parametrize("kept", [0, 1, 99])
def test_a_broken_picture_stops_or_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept * GLYPH.size**2)
    source = write_set(tmp_path / "own", [f"永/{number}.png" for number in range(4)])
    broken = source / "永" / "1.png"
    broken.write_bytes(broken.read_bytes()[:-20])
    message = error_of([source], tmp_path / "x.h5")
    assert message.startswith(f"{broken}: ")
    assert "--skip-bad" in message
    result = convert([source], tmp_path / "x.h5", skip_bad=True)
    assert len(contents(result.out)) == 3
    assert len(result.damaged) == 1
    assert result.damaged[0].startswith(f"{broken}: ")
    with Store(result.out) as store:
        assert store.header.left_out == {"damaged": 1}
    for row, seed in enumerate((0, 2, 3)):
        np.testing.assert_array_equal(glyphs(result.out)[row], fitted(draw_character(seed)))


@pytest.mark.parametrize("compression", [0, 8])
def test_damage_in_an_archive_is_found(tmp_path: Path, compression: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    data = picture_bytes(noise, "BMP")
    archive = write_zip(tmp_path / "own.zip", {"永/1.bmp": data}, compression)
    packed = bytearray(archive.read_bytes())
    packed[len(packed) // 2] ^= 1
    archive.write_bytes(packed)
    message = error_of([archive], tmp_path / "x.h5")
    assert message.startswith(f"{archive}/永/1.bmp: is damaged in its archive")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_of_other_packings_are_read(tmp_path: Path, compression: int) -> None:
    page = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    members = {"0/1.png": picture_bytes(page), "classes.txt": "永\n".encode()}
    archive = write_zip(tmp_path / "own.zip", members, compression)
    result = convert([archive], tmp_path / "x.h5", ink="dark")
    assert [one for one, _, _ in contents(result.out)] == ["永"]
    whole = archive.read_bytes()
    for place in range(60, len(whole) // 2, 97):
        broken = bytearray(whole)
        broken[place] ^= 1
        archive.write_bytes(broken)
        assert f"{archive}/0/1.png: is" in error_of([archive], tmp_path / "y.h5", ink="dark")


@pytest.mark.parametrize("name", ["metadata.csv", "classes.txt"])
def test_a_damaged_table_or_list_in_an_archive_is_said_in_one_line(
    tmp_path: Path, name: str
) -> None:
    members = {"永/1.png": picture_bytes(draw_character(0)), name: b"file_name,text\n1.png,a\n"}
    archive = write_zip(tmp_path / "own.zip", members)
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"1.png,a", b"1.png,b"))
    message = error_of([archive], tmp_path / "x.h5")
    assert message.startswith(f"{archive}/{name}: is damaged in its archive")
    directory = data.rindex(b"PK\x01\x02")  # the last entry; bit 0 of its flags: encrypted
    archive.write_bytes(data[: directory + 8] + b"\x01" + data[directory + 9 :])
    result = convert([archive], tmp_path / "x.h5")
    assert f"({archive}/{name})" in note(result, "passed over: 1 encrypted file")


def test_a_list_that_may_not_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["0/1.png"])
    inside, above = source / "classes.txt", tmp_path / "classes.txt"
    above.write_text("永\n", "utf-8")
    above.chmod(0)
    if os.access(above, os.R_OK):
        pytest.skip("this user may read everything")
    assert f"{above}: cannot be read" in error_of([source], tmp_path / "x.h5")
    inside.write_text("永\n", "utf-8")
    inside.chmod(0)
    assert f"{inside}: cannot be read" in error_of([source], tmp_path / "x.h5")


def test_a_folder_above_that_may_not_be_looked_into_has_no_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    source = write_set(tmp_path / "own", ["0/1.png"])
    assert "no list says which characters" in error_of([source], tmp_path / "x.h5")


def test_an_archive_beside_its_own_folder_is_taken_once(tmp_path: Path) -> None:
    source = write_set(tmp_path / "data" / "own", NAMES)
    members = {f"own/{name}": (source / name).read_bytes() for name in NAMES}
    write_zip(tmp_path / "data" / "own.zip", members, compression=8)
    result = convert([tmp_path / "data"], tmp_path / "x.h5")
    assert len(contents(result.out)) == len(NAMES)
    assert "unpacked in" in note(result, "passed over:")
    other = dict(members)
    other["own/train/永/1.png"] = picture_bytes(draw_character(99))
    write_zip(tmp_path / "data" / "own.zip", other, compression=8)
    result = convert([tmp_path / "data"], tmp_path / "x.h5", force=True)
    assert len(contents(result.out)) == 2 * len(NAMES)


def test_names_in_gbk_in_an_archive_are_read(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "own.zip", {"aa/1.png": picture_bytes(draw_character(0))})
    data = archive.read_bytes().replace(b"aa/1.png", "永".encode("gbk") + b"/1.png")
    archive.write_bytes(data)
    assert contents(convert([archive], tmp_path / "x.h5").out) == [("永", "own.zip/永", 0)]


def test_single_pictures_are_taken_by_a_shell_pattern(tmp_path: Path) -> None:
    source = write_set(tmp_path / "own", ["永/1.png", "永/2.png", "一_3.png"])
    files = [source / "永" / "1.png", source / "永" / "2.png", source / "一_3.png"]
    result = convert(files, tmp_path / "x.h5")
    assert [one for one, _, _ in contents(result.out)] == ["一", "永", "永"]


def test_a_shell_pattern_of_class_folders_is_read_as_their_folder_is(tmp_path: Path) -> None:
    """`1永` alone may be part of a text as `3楼` is; beside `2和` it is a class."""
    source = write_set(tmp_path / "own", ["1永/a.png", "2和/b.png"])
    folders = [source / "1永", source / "2和"]
    assert contents(convert(folders, tmp_path / "x.h5").out) == [("和", "2和", 0), ("永", "1永", 0)]
    assert "nothing tells which character" in error_of(folders[:1], tmp_path / "y.h5")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_levels_0_and_1_alone_are_black_and_white(tmp_path: Path, kind: type) -> None:
    """A mask that was saved as it is: in 8 bits both look black, and became a square of ink."""
    pages = [np.where(draw_character(seed) < 128, 0, 255).astype(np.uint8) for seed in range(3)]
    for page, (character, ink) in zip(pages, (("丁", 0), ("七", 0), ("三", 1)), strict=True):
        bits = (page > 0).astype(kind) ^ kind(ink)
        write_picture(tmp_path / "own" / character / "1.png", bits)
    result = convert([tmp_path / "own"], tmp_path / "x.h5")
    assert [one for one, _, _ in contents(result.out)] == ["丁", "七", "三"]
    np.testing.assert_array_equal(glyphs(result.out), [fitted(pages[one]) for one in (0, 1, 2)])
    levels = "levels: 3 pictures of 0 and 1 alone, taken for black and white"
    assert note(result, "levels") == levels
    assert "1 light on dark and turned" in note(result, "ink")


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    # A page of 4096 × 4096 pixels packs to 16 KB: eight in memory at a time would be 128 MiB.
    import tracemalloc

    page = np.full((2048, 2048), 255, np.uint8)
    page[100:200, 100:200] = 0
    data = picture_bytes(page)
    for number in range(8):
        (tmp_path / "own/永").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"own/永/{number}.png").write_bytes(data)
    tracemalloc.start()
    convert([tmp_path / "own"], tmp_path / "x.h5")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20
