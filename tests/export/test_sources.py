"""Stores and pages on their way out, and back in."""

import subprocess
import sys
import zipfile
from pathlib import Path

import lmdb
import numpy as np
import pytest

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import read_records
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.summary import summarise
from hanzi_lsgan.export import tar_shards
from hanzi_lsgan.export.formats import Format, choose_format, write_samples
from hanzi_lsgan.export.from_pages import find_pages, page_samples
from hanzi_lsgan.export.from_store import count_samples, kinds_not_told, store_samples
from tests.cli.in_process import run
from tests.hwdb.dgrl_samples import dgrl_bytes
from tests.tiny import CHARACTERS, make_store, write_writers


def export(*arguments: str | Path, cwd: Path) -> str:
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "export", *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert result.returncode in (0, 2), result.stderr
    if result.returncode:
        assert result.stderr.count("\n") == 1
        return result.stderr
    return result.stdout


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_store_goes_out_and_in_again_unchanged(tmp_path: Path) -> None:
    """Both splits, every writer and every pixel, through a folder of a file a writer."""
    path = make_store(tmp_path, writers=5, test_writers=2)
    with Store(path) as store:
        samples = store_samples(store, list(Split))
        assert write_samples(samples, tmp_path / "out", Format.GNT) == len(store) == 28
        assert count_samples(store, list(Split)) == 28
        assert files_in(tmp_path / "out") == {
            *(f"train/{number + 2:04}-{number:03}.gnt" for number in range(5)),
            *(f"test/{number:04}-{number:03}.gnt" for number in range(2)),
            "export.json",
        }
        back = tmp_path / "back.h5"
        prepare([tmp_path / "out"], back, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
        with Store(back) as again:
            assert again.charset == store.charset
            for split in Split:
                for label in range(len(store.charset)):
                    rows, other = (s.rows_of_class(split, label) for s in (store, again))
                    np.testing.assert_array_equal(store.images(rows), again.images(other))
            assert np.bincount(again.writers).tolist() == np.bincount(store.writers).tolist()


def test_stand_ins_of_fonts_are_known_again(tmp_path: Path) -> None:
    pens = write_writers(tmp_path / "pens", 2)
    drawn = write_writers(tmp_path / "drawn", 1, seed=1)
    (drawn / "000.gnt").rename(drawn / "font-drawn-0001.gnt")
    prepare([pens, drawn], tmp_path / "both.h5", jobs=1)
    with Store(tmp_path / "both.h5") as store:
        for form in (Format.GNT, Format.IMAGES):
            write_samples(store_samples(store, [Split.TRAIN]), tmp_path / form, form)
    assert files_in(tmp_path / "gnt") == {
        *("0001-000.gnt", "0002-001.gnt", "font-drawn-0000-0001.gnt", "export.json"),
    }
    folder = "U+4E00_一"
    assert {name for name in files_in(tmp_path / "images") if name.startswith(folder)} == {
        *(f"{folder}/font-drawn-00000.png", f"{folder}/00001.png", f"{folder}/00002.png"),
    }
    for name in ("gnt", "images"):
        prepare([tmp_path / name], tmp_path / "back.h5", jobs=1, force=True)
        with Store(tmp_path / "back.h5") as store:
            assert store.charset == "一三二十"
            assert [store.is_font_drawn(kind) for kind in ("font", "pen")] == [True, False]
            assert summarise(store).kinds == {"font": 4, "pen": 8}


def test_kinds_that_no_name_tells_are_named(tmp_path: Path) -> None:
    brush = write_writers(tmp_path / "z", 1)
    drawn = write_writers(tmp_path / "drawn", 1, seed=1)
    (drawn / "000.gnt").rename(drawn / "font-drawn-0001.gnt")
    pens = write_writers(tmp_path / "test", 1, seed=2)
    kinds = WritingKinds.parse([f"brush={brush}"])
    prepare([brush, drawn, pens], tmp_path / "all.h5", kinds=kinds, jobs=1)
    with Store(tmp_path / "all.h5") as store:
        both = list(Split)
        assert kinds_not_told(store, both) == ["brush"]
        assert kinds_not_told(store, [Split.TEST]) == []
        assert kinds_not_told(store, both, "x.gnt") == ["brush", "font"]
        assert kinds_not_told(store, both, "font-drawn.gnt") == ["brush", "pen"]
    said = export("all.h5", "--out", "x.gnt", cwd=tmp_path)
    assert "no file's name says what is by font: `prepare --kind font=PATH` does" in said


def test_pictures_of_a_store_go_back_in_with_the_same_labels(tmp_path: Path) -> None:
    """By the tables of names and texts that lie beside them, each split from its own folder."""
    with Store(make_store(tmp_path, writers=5, test_writers=2)) as store:
        write_samples(store_samples(store, list(Split)), tmp_path / "out", Format.IMAGES)
        back = tmp_path / "back.h5"
        prepare([tmp_path / "out"], back, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
        with Store(back) as again:
            assert again.charset == store.charset
            assert again.labels.tolist() == store.labels.tolist()
            assert again.splits.tolist() == store.splits.tolist()
            np.testing.assert_array_equal(
                again.images(range(len(again))), store.images(range(len(store)))
            )


@pytest.mark.parametrize("name", ["x.parquet", "x.lmdb", "x.tar", "tar"])
def test_tables_of_a_store_go_back_in_with_writers_and_splits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also where the samples of a writer lie in several shards."""
    monkeypatch.setattr(tar_shards, "_SAMPLES_A_SHARD", 10)
    with Store(make_store(tmp_path, writers=5, test_writers=2)) as store:
        expected = list(store_samples(store, list(Split)))
        write_samples(expected, tmp_path / name, choose_format(Path(name), name.rpartition(".")[2]))
        back = tmp_path / "back.h5"
        prepare([tmp_path / name], back, glyph=GlyphOptions(32, "aspect", 1), jobs=1)
        with Store(back) as again:
            rows = zip(again.splits, again.labels, again.writers, strict=True)
            found = [
                (Split(split).name.lower(), again.charset[label], again.sources[writer].name)
                for split, label, writer in rows
            ]
            pictures = again.images(range(len(again)))
            assert len(again.sources) == len(store.sources) == 7
            assert summarise(again).kinds == summarise(store).kinds == {}
    assert sorted((*row, image.tobytes()) for row, image in zip(found, pictures, strict=True)) == (
        sorted((s.split, s.text, f"{name}/{s.writer}", s.image.tobytes()) for s in expected)
    )


def test_a_split_and_characters_are_chosen(tmp_path: Path) -> None:
    with Store(make_store(tmp_path, writers=3, test_writers=2)) as store:
        for splits, expected in (([Split.TRAIN], 3), ([Split.TEST], 2), (list(Split), 5)):
            chosen = list(store_samples(store, splits, "三一"))
            drawn = "".join(sample.text for sample in chosen)
            assert drawn in ("一" * expected + "三" * expected, "一一一三三三一一三三")
            assert len(chosen) == count_samples(store, splits, "三一") == 2 * expected
            assert {sample.split for sample in chosen} == (
                {""} if len(splits) == 1 else {"train", "test"}
            )
        row = store.rows_of_class(Split.TEST, store.charset.index("三"))
        first = next(store_samples(store, [Split.TEST], "三"))
        np.testing.assert_array_equal(first.image, store.images(row)[0])
        with pytest.raises(UserError, match=r"--chars: 龘 not in .*; leave them out"):
            count_samples(store, [Split.TRAIN], "一龘")


def test_a_split_without_samples_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        Store(make_store(tmp_path, writers=3, test_writers=0)) as store,
        pytest.raises(UserError, match="has no sample of these characters in test; choose another"),
    ):
        count_samples(store, [Split.TEST], "三一")
    out = str(tmp_path / "out")
    assert run(monkeypatch, "export", str(store.path), "--out", out, "--split", "test") == 2
    assert capsys.readouterr().err.endswith(": has no sample in test; choose another --split\n")


def test_the_command_line_exports_a_store(tmp_path: Path) -> None:
    store = make_store(tmp_path, writers=3, test_writers=2)
    said = export(store, "--split", "test", "--chars", "三三一", "--out", "x.lmdb", cwd=tmp_path)
    assert "each character once, though the text repeats 三" in said
    assert "wrote 4 samples to x.lmdb" in said
    with lmdb.open(str(tmp_path / "x.lmdb"), readonly=True, lock=False).begin() as transaction:
        assert transaction.get(b"num-samples") == b"4"
        labels = [transaction.get(b"label-%09d" % number, b"").decode() for number in range(1, 5)]
    assert sorted(labels) == sorted("一一三三")
    assert "x.zip: samples are not written as .zip" in export(store, "--out", "x.zip", cwd=tmp_path)
    refused = export(store, "--out", "x.tar", "--per-class", "3", cwd=tmp_path)
    assert refused == "error: --per-class: says nothing about a store; leave it out\n"
    for option in ("--best-of", "--seed"):
        refused = export(store, "--out", "x.tar", option, "3", cwd=tmp_path)
        assert refused == f"error: {option}: says nothing about a store; leave it out\n"
    assert "--split valid: there is no such split; choose train, test, all" in export(
        store, "--out", "x.tar", "--split", "valid", cwd=tmp_path
    )
    assert "there is no such file or folder" in export("no", "--out", "x.tar", cwd=tmp_path)


def test_the_command_line_exports_a_run(trained: Path, tmp_path: Path) -> None:
    said = export(trained, "--per-class", "2", "--out", "x", "--format", "gnt", cwd=tmp_path)
    assert "wrote 8 samples to x" in said
    assert files_in(tmp_path / "x") == {
        *("generated-hand-00000.gnt", "generated-hand-00001.gnt", "export.json"),
    }
    with (tmp_path / "x" / "generated-hand-00001.gnt").open("rb") as stream:
        drawn = [record.character for record in read_records(stream, "x")]
    assert sorted(drawn) == sorted(CHARACTERS)
    refused = export(trained, "--split", "test", "--out", "y", cwd=tmp_path)
    assert refused == "error: --split: says nothing about a run; leave it out\n"


def picture(seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (20, 50), np.uint8)


def write_pages(folder: Path) -> Path:
    (folder / "a").mkdir(parents=True)
    first = [("永和九年", picture(0)), ("歲在\ufffd丑", picture(1)), ("暮春", picture(2))]
    (folder / "a" / "001-P16.dgrl").write_bytes(dgrl_bytes(first))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("../b/002-P17.DGRL", dgrl_bytes([("會于", picture(3))]))
        archive.writestr("b/readme.txt", b"text")
    (folder / "readme.txt").write_bytes(b"text")
    return folder


def test_lines_of_pages_go_out_with_their_texts(tmp_path: Path) -> None:
    left_out: list[str] = []
    pages = find_pages(write_pages(tmp_path / "pages"))
    samples = list(page_samples(pages, left_out.append))
    assert [(s.text, s.folder, s.writer) for s in samples] == [
        ("永和九年", "a/001-P16", "001"),
        ("暮春", "a/001-P16", "001"),
        ("會于", "b/002-P17", "002"),
    ]
    assert all(sample.is_line for sample in samples)
    assert left_out == ["a/001-P16 line 2"]
    for sample, seed in zip(samples, (0, 2, 3), strict=True):
        np.testing.assert_array_equal(sample.image, picture(seed))


def test_the_command_line_exports_pages(tmp_path: Path) -> None:
    pages = write_pages(tmp_path / "pages")
    said = export(pages, "--out", "lines", cwd=tmp_path)
    assert "wrote 3 samples to lines" in said
    assert "no code: 1 line (a/001-P16 line 2)" in said
    assert files_in(tmp_path / "lines") == {
        *("a/001-P16/00000.png", "a/001-P16/00001.png", "b/002-P17/00000.png"),
        *("metadata.jsonl", "label.txt", "export.json"),
    }
    listed = (tmp_path / "lines" / "label.txt").read_text(encoding="utf-8").splitlines()
    assert listed[1] == "a/001-P16/00001.png\t暮春"
    refused = export(pages, "--out", "lines.gnt", cwd=tmp_path)
    assert "a .gnt record holds one character, and these are lines" in refused
    damaged = pages / "a" / "003.dgrl"
    damaged.write_bytes(dgrl_bytes([("一", picture(4))])[:-1])
    assert f"{damaged}: byte ".removeprefix(str(tmp_path)) in export(
        pages, "--out", "l.tar", cwd=tmp_path
    )
    (pages / "more.zip").write_bytes(b"PK\x03\x04 and no more")
    assert "more.zip: is damaged (File is not a zip file)" in export(
        pages, "--out", "l.tar", cwd=tmp_path
    )
    assert not (tmp_path / "l.tar").exists()
    assert not (tmp_path / "l.tar.partial").exists()


def test_pages_without_a_line_to_write_say_which_were_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "004-P1.dgrl"
    page.write_bytes(dgrl_bytes([("", picture(1))]))
    assert run(monkeypatch, "export", str(page), "--out", str(tmp_path / "out")) == 2
    expected = f"error: {page}: has no line to write (left out, since they have no text or a "
    expected += (
        "character of theirs has no code: 1 line (004-P1 line 1)); name other pages of HWDB2.x\n"
    )
    assert capsys.readouterr().err == expected
    assert not (tmp_path / "out").exists()
