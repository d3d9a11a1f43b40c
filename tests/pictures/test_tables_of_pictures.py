"""Parquet files and LMDB environments go in as pictures of single characters do."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.sources import find
from data_tools.sources.lmdb_file import unpack_lmdb
from data_tools.sources.parquet_file import unpack_parquet
from data_tools.sources.unpacked_pictures import Unpacking
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from tests.picture_samples import draw_character
from tests.pictures.table_samples import error_of, gather, png, write_hub_parquet, write_ocr_lmdb


def test_a_folder_of_the_hub_is_one_set_of_two_splits(tmp_path: Path) -> None:
    data = tmp_path / "hub" / "data"
    names = ["一", "U+4E01", "永"]
    write_hub_parquet(data / "train-00000-of-00002.parquet", [0, 1, 2], names=names)
    write_hub_parquet(data / "train-00001-of-00002.parquet", [2, -1], names=names, first=3)
    shard = data / "test-00000-of-00001-0123456789abcdef.parquet"
    write_hub_parquet(shard, [1], names=names, first=5)
    told, gathered = gather(tmp_path / "hub")
    assert told == [
        ("丁", "hub/data/test.parquet", Split.TEST, 5),
        ("一", "hub/data/train.parquet", Split.TRAIN, 0),
        ("丁", "hub/data/train.parquet", Split.TRAIN, 1),
        ("永", "hub/data/train.parquet", Split.TRAIN, 2),
        ("永", "hub/data/train.parquet", Split.TRAIN, 3),
    ]
    left_out = "train-00001-of-00002.parquet/row 000000001): the table gives no text"
    assert any(left_out in line for line in gathered.notes)


def test_columns_tell_writers_and_splits(tmp_path: Path) -> None:
    writers, splits = ["a", "b", "a", ""], ["train", "validation", "test", ""]
    source = write_hub_parquet(
        tmp_path / "x.parquet", "一丁永一", column="text", writer=writers, split=splits
    )
    assert gather(source)[0] == [
        ("一", "x.parquet", Split.TRAIN, 3),
        ("一", "x.parquet/a", Split.TRAIN, 0),
        ("永", "x.parquet/a", Split.TEST, 2),
        ("丁", "x.parquet/b", Split.TEST, 1),
    ]


def test_a_writer_in_several_shards_is_one_source(tmp_path: Path) -> None:
    for shard in range(2):
        path = tmp_path / "own" / f"train-0000{shard}-of-00002.parquet"
        write_hub_parquet(path, "一丁", column="text", first=2 * shard, writer=["a", "b"])
    results = [
        prepare([tmp_path / "own"], tmp_path / f"{jobs}.h5", jobs=jobs).out for jobs in (1, 3)
    ]
    assert results[0].read_bytes() == results[1].read_bytes()
    with Store(results[0]) as store:
        assert [one.name for one in store.sources] == [
            "own/train.parquet/a",
            "own/train.parquet/b",
        ]
        assert [one.samples for one in store.sources] == [2, 2]


def test_pixels_are_those_of_the_pictures(tmp_path: Path) -> None:
    glyph = GlyphOptions(28, "aspect", 1)
    sources = [
        write_hub_parquet(tmp_path / "x.parquet", "一丁", column="text"),
        write_ocr_lmdb(tmp_path / "y.lmdb", ["一", "丁"]),
    ]
    pages = [draw_character(seed) for seed in range(2)]
    expected = [fit_glyph(page.reshape(-1).data, 24, 24, glyph) for page in pages]
    for source in sources:
        prepare([source], tmp_path / "x.h5", glyph=glyph, jobs=1, force=True)
        with Store(tmp_path / "x.h5") as store:
            np.testing.assert_array_equal(store.images(range(2)), expected)


@pytest.mark.parametrize(
    "columns",
    [
        {"img": [png(0), png(1)], "Character": ["一", "丁"], "other": [[1], [2]]},
        {"image": [png(0), png(1)], "char": pa.array(["一", "丁"]).dictionary_encode()},
        {"image": [png(0), png(1)], "label": [0, 1], "hanzi": ["一", "丁"]},
        {"mask": [b"", b""], "image": [png(0), png(1)], "text": ["一".encode(), "丁".encode()]},
        {"image": [png(0), png(1)], "text": ["a 一 on paper", "b"], "unicode": ["U+4E00", "丁"]},
    ],
)
def test_files_of_others_are_read(tmp_path: Path, columns: dict[str, object]) -> None:
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert gather(tmp_path / "x.parquet")[0] == [
        ("一", "x.parquet", Split.TRAIN, 0),
        ("丁", "x.parquet", Split.TRAIN, 1),
    ]


def test_a_column_of_classes_may_be_called_anything(tmp_path: Path) -> None:
    names = ["永", "丁"]
    source = write_hub_parquet(tmp_path / "x.parquet", [1, 0], names=names, column="kanji_class")
    assert [one[0] for one in gather(source)[0]] == ["丁", "永"]


def test_numbers_are_of_a_list_and_no_digits(tmp_path: Path) -> None:
    source = write_hub_parquet(tmp_path / "own" / "x.parquet", [0, 1, 2, 7])
    problem = "labels are numbers (0, 1, 2 …) and no list says which characters they are"
    for one in (source, source.parent):
        said = error_of(one)
        assert said == f"{one}: {problem}; put classes.txt, char_dict.json or labels.json beside it"
    (source.parent / "classes.txt").write_text("一\n丁\n永\n", encoding="utf-8")
    for one in (source, source.parent):
        told, gathered = gather(one)
        assert [of_row[0] for of_row in told] == ["一", "丁", "永"]
        assert any("a number that no list of classes has" in line for line in gathered.notes)
    numbered = write_hub_parquet(tmp_path / "y.parquet", [0, 1], names=["0007", "0012"])
    assert f"{numbered}: labels are numbers (0007, 0012)" in error_of(numbered)


def test_environments_of_ocr_are_read(tmp_path: Path) -> None:
    folder = write_ocr_lmdb(tmp_path / "test.lmdb", ["一", "丁", "永和"])
    file = write_ocr_lmdb(tmp_path / "b.mdb", ["永"], is_folder=False)
    rows = [("一", "test.lmdb", 1, 0), ("丁", "test.lmdb", 1, 1)]
    for source in (folder, folder / "data.mdb"):
        told, gathered = gather(source)
        assert told == rows
        left_out = "left out: 1 picture (test.lmdb/image-000000003): the table gives a text"
        assert any(line.startswith(left_out) for line in gathered.notes)
    assert gather(file)[0] == [("永", "b.mdb", 0, 0)]
    assert gather(tmp_path)[0][0][1] == f"{tmp_path.name}/b.mdb"


def test_the_kind_of_generated_pictures_is_told_by_names(tmp_path: Path) -> None:
    write_ocr_lmdb(tmp_path / "generated-a.lmdb", ["一"])
    writers = ["generated-hand-00001", "0001"]
    write_hub_parquet(tmp_path / "x.parquet", "一丁", column="text", writer=writers)
    prepare([tmp_path], tmp_path / "x.h5", jobs=1)
    with Store(tmp_path / "x.h5") as store:
        assert list(store.header.kinds) == ["generated", "generated", "pen"]


def test_a_file_for_the_test_split_is_taken_out_of_its_folder(tmp_path: Path) -> None:
    write_hub_parquet(tmp_path / "own" / "a.parquet", "一", column="text")
    b = write_hub_parquet(tmp_path / "own" / "b.parquet", "丁", column="text", first=1)
    told, _ = gather(tmp_path / "own", test=b)
    assert sorted((one[0], one[2]) for one in told) == [("一", 0), ("丁", 1)]
    with pytest.raises(UserError, match=r"b.parquet/row 000000000: the same picture is given tw"):
        gather(tmp_path / "own", b)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    def write(name: str, **columns: object) -> Path:
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    outside = pa.array([{"bytes": None, "path": "a/1.png"}], struct)
    whole = write_hub_parquet(tmp_path / "whole.parquet", "一丁", column="text").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-9])
    lines = write_hub_parquet(tmp_path / "lines.parquet", ["永和九年"], column="text")
    wrong = write_hub_parquet(tmp_path / "wrong.parquet", [0, 3], names=["一", "丁"])
    short = write_ocr_lmdb(tmp_path / "short", ["一"]) / "data.mdb"
    short.write_bytes(short.read_bytes()[:-1])
    empty = write_ocr_lmdb(tmp_path / "empty.lmdb", [])
    fewer = write_ocr_lmdb(tmp_path / "fewer.lmdb", ["一", "丁"], count=3)
    gbk = write_ocr_lmdb(tmp_path / "gbk.lmdb", ["一", "永".encode("gbk")])
    for source, said in {
        write("a.parquet", text=["一"]): "has no column of pictures as files (text: string); save",
        write("b.parquet", image=[b""], x=[1]): "has no column that tells what its pictures show (",
        write("c.parquet", a=[b""], b=[b""], text=["一"]): "has several columns of pictures (a, b)",
        write("d.parquet", image=outside, text=["一"]): "row 0: holds the path of a picture (a/1.p",
        tmp_path / "cut.parquet": "is damaged (Parquet magic bytes not found in footer",
        wrong: "row 1: label is 3, and the file names 2 classes; get the file again",
        lines: "no label in it is one character (lines.parquet/row 000000000: 永和九年); name",
        short.parent: "is cut off after ",
        empty: "has no keys image-000000001 and label-000000001",
        fewer: "holds 2 pictures, and its num-samples says 3; get the file again",
        gbk: "label-000000002: is no UTF-8; write it anew as UTF-8",
    }.items():
        assert error_of(source).startswith(f"{source}: {said}")


def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = write_hub_parquet(tmp_path / "x.parquet", "一", column="text")
    environment = write_ocr_lmdb(tmp_path / "y.lmdb", ["一"])
    monkeypatch.setattr(find, "find_spec", lambda name: None)
    needs = "is a Parquet file, which needs pyarrow; pip install 'hanzi-lsgan[parquet]'"
    assert error_of(parquet) == f"{parquet}: {needs}"
    needs = "is an LMDB database, which needs lmdb; pip install 'hanzi-lsgan[lmdb]'"
    assert error_of(environment) == f"{environment}: {needs}"


def test_one_damaged_picture_is_named_by_its_row(tmp_path: Path) -> None:
    rows = {"image": [png(0), b"no picture", png(2)], "text": ["一", "丁", "永"]}
    pq.write_table(pa.table(rows), tmp_path / "x.parquet")
    with pytest.raises(UserError, match=r"x\.parquet/row 000000001: is no PNG, .*; get the file"):
        prepare([tmp_path / "x.parquet"], tmp_path / "x.h5", jobs=1)
    result = prepare([tmp_path / "x.parquet"], tmp_path / "x.h5", jobs=1, skip_bad=True)
    assert len(result.damaged) == 1
    with Store(result.out) as store:
        assert store.charset == "一永"


def test_no_damage_of_an_environment_ends_the_program(tmp_path: Path) -> None:
    """LMDB itself aborts, or reads where nothing is, where its pages lead astray."""
    data = write_ocr_lmdb(tmp_path / "x", ["永"] * 40) / "data.mdb"
    whole = data.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(25):
        damaged = bytearray(whole)
        page = chance.randrange(2, len(whole) // 4096) * 4096
        for _ in range(20):
            damaged[page + chance.randrange(24)] = chance.randrange(256)
        data.write_bytes(damaged)
        try:
            unpack_lmdb(data, str(data), tmp_path / "copy")
        except UserError as error:
            assert str(error).startswith(f"{data}: ")
            refused += 1
    assert refused > 5


def test_a_large_group_of_rows_is_not_held_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(0).randbytes(20_000)
    rows = {"image": [data] * 1000, "text": ["永"] * 1000}
    options = {"compression": "NONE", "use_dictionary": False, "write_batch_size": 20}
    pq.write_table(pa.table(rows), tmp_path / "x.parquet", row_group_size=1000, **options)
    del rows
    before = pa.total_allocated_bytes()
    held = []
    add = Unpacking.add

    def add_and_note(self: Unpacking, *arguments: Any) -> None:
        held.append(pa.total_allocated_bytes() - before)
        add(self, *arguments)

    monkeypatch.setattr(Unpacking, "add", add_and_note)
    unpack_parquet(tmp_path / "x.parquet", "x", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == 20_000_000
    assert max(held) < 10_000_000
