"""What is written is read again by those it is meant for."""

import io
import json
import multiprocessing
import os
import signal
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import lmdb
import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import webdataset  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image
from torchvision.datasets import ImageFolder  # type: ignore[import-untyped]

from data_tools import replaced_folder
from data_tools.errors import UserError
from data_tools.hwdb.gnt import read_records
from hanzi_lsgan.export import (
    formats,
    gnt_files,
    lmdb_folder,
    parquet_file,
    tar_shards,
)
from hanzi_lsgan.export.formats import Format, choose_format, write_samples
from hanzi_lsgan.export.sample import Sample, character_folder

CHARACTERS = "一丁丁/一丁"
WRITERS = ["0000-a", "0000-a", "0001-b", "0001-b", "0001-b", ""]
SPLITS = ["train"] * 3 + ["test"] * 3


def pictures() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    shapes = random.integers(3, 30, (len(CHARACTERS), 2))
    return [random.integers(0, 256, shape, np.uint8) for shape in shapes]


def samples(split: bool = False) -> Iterator[Sample]:
    for number, image in enumerate(pictures()):
        character = CHARACTERS[number]
        yield Sample(
            image,
            character,
            character_folder(character),
            WRITERS[number],
            SPLITS[number] if split else "",
        )


def lines() -> list[Sample]:
    texts = ["永和九年", "歲", "a\tb"]
    return [
        Sample(image, text, "001-P16", "001", is_line=True)
        for image, text in zip(pictures(), texts, strict=False)
    ]


def pixels(png: bytes | Path) -> list[list[int]]:
    opened = Image.open(io.BytesIO(png) if isinstance(png, bytes) else png)
    assert opened.mode == "L"
    values: list[list[int]] = np.asarray(opened).tolist()
    return values


def test_a_gnt_file_holds_each_sample_once(tmp_path: Path) -> None:
    out = tmp_path / "x.gnt"
    assert write_samples(samples(), out, Format.GNT) == 6
    with out.open("rb") as stream:
        records = list(read_records(stream, "x"))
    assert "".join(record.character for record in records) == CHARACTERS
    for record, picture in zip(records, pictures(), strict=True):
        np.testing.assert_array_equal(record.bitmap, picture)


@pytest.mark.parametrize("buffered", [1, 1 << 20])
def test_a_folder_of_gnt_files_has_one_for_each_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buffered: int
) -> None:
    monkeypatch.setattr(gnt_files, "_BUFFERED_BYTES", buffered)
    write_samples(samples(split=True), tmp_path / "x", Format.GNT)
    found = {}
    for path in (tmp_path / "x").rglob("*.gnt"):
        with path.open("rb") as stream:
            records = "".join(record.character for record in read_records(stream, "x"))
        found[path.relative_to(tmp_path / "x").as_posix()] = records
    assert found == {
        "train/0000-a.gnt": "一丁",
        "train/0001-b.gnt": "丁",
        "test/0001-b.gnt": "/一",
        "test/unknown.gnt": "丁",
    }


def test_torchvision_reads_the_folder_of_pictures(tmp_path: Path) -> None:
    write_samples(samples(), tmp_path / "x", Format.IMAGES)
    folder = ImageFolder(str(tmp_path / "x"))
    assert folder.classes == ["U+002F_", "U+4E00_一", "U+4E01_丁"]
    assert [label for _, label in folder.samples] == [0, 1, 1, 2, 2, 2]
    first = folder.samples[1][0]
    assert first.endswith("U+4E00_一/00000.png")
    assert pixels(Path(first)) == pictures()[0].tolist()


def test_the_metadata_names_every_picture_and_its_text(tmp_path: Path) -> None:
    """`file_name` and `text`, in the folder of each split, are what `datasets` asks for."""
    write_samples(samples(split=True), tmp_path / "x", Format.IMAGES)
    found = []
    for split in ("train", "test"):
        text = (tmp_path / "x" / split / "metadata.jsonl").read_text(encoding="utf-8")
        for line in text.splitlines():
            facts = json.loads(line)
            picture = pixels(tmp_path / "x" / split / facts["file_name"])
            found.append((split, facts["text"], facts.get("writer", ""), picture))
    whole = zip(SPLITS, CHARACTERS, WRITERS, [p.tolist() for p in pictures()], strict=True)
    assert found == list(whole)
    assert not list((tmp_path / "x").rglob("label.txt"))


def test_lines_have_the_list_that_paddleocr_reads(tmp_path: Path) -> None:
    write_samples(lines(), tmp_path / "x", Format.IMAGES)
    listed = (tmp_path / "x" / "label.txt").read_text(encoding="utf-8").split("\n")
    assert listed[:2] == ["001-P16/00000.png\t永和九年", "001-P16/00001.png\t歲"]
    assert pixels(tmp_path / "x" / "001-P16" / "00001.png") == pictures()[1].tolist()


def test_lmdb_has_the_keys_of_text_recognition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmdb_folder, "_FIRST_MAP_BYTES", 1 << 14)  # grows several times
    monkeypatch.setattr(lmdb_folder, "_SAMPLES_A_TRANSACTION", 2)
    write_samples(list(samples()) * 20, tmp_path / "x.lmdb", Format.LMDB)
    assert {path.name for path in (tmp_path / "x.lmdb").iterdir()} == {"data.mdb", "export.json"}
    environment = lmdb.open(str(tmp_path / "x.lmdb"), readonly=True, lock=False)
    with environment.begin() as transaction:
        assert transaction.get(b"num-samples") == b"120"
        assert transaction.stat()["entries"] == 341  # with the writers of five samples in six
        for number, picture in enumerate(pictures() * 20, start=1):
            assert pixels(transaction.get(b"image-%09d" % number, b"")) == picture.tolist()
            label = transaction.get(b"label-%09d" % number, b"")
            assert label.decode() == CHARACTERS[(number - 1) % 6]
            writer = transaction.get(b"writer-%09d" % number, b"")
            assert writer.decode() == WRITERS[(number - 1) % 6]
    environment.close()


@pytest.mark.parametrize("shards", [False, True])
def test_webdataset_reads_the_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shards: bool
) -> None:
    monkeypatch.setattr(tar_shards, "_SAMPLES_A_SHARD", 4)
    out = tmp_path / ("x" if shards else "x.tar")
    write_samples(samples(), out, Format.TAR)
    paths = sorted(out.glob("*.tar")) if shards else [out]
    assert [path.name for path in paths] == (["000000.tar", "000001.tar"] if shards else ["x.tar"])
    read = list(webdataset.WebDataset([str(path) for path in paths], shardshuffle=False))
    assert [sample["__key__"] for sample in read] == [f"{number:09}" for number in range(6)]
    assert [sample["txt"].decode() for sample in read] == list(CHARACTERS)
    assert [pixels(sample["png"]) for sample in read] == [p.tolist() for p in pictures()]
    facts = [json.loads(sample["json"]) if "json" in sample else {} for sample in read]
    assert facts == [{"writer": writer} if writer else {} for writer in WRITERS]
    with tarfile.open(paths[0]) as archive:
        assert {(e.mtime, e.uid, e.gid, e.uname) for e in archive} == {(0, 0, 0, "")}


def test_parquet_has_the_columns_of_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "_ROWS_A_GROUP", 4)
    write_samples(samples(), tmp_path / "x.parquet", Format.PARQUET)
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert file.num_row_groups == 2
    rows = file.read().to_pylist()
    assert [row["text"] for row in rows] == list(CHARACTERS)
    assert [row["writer"] for row in rows] == WRITERS
    assert [pixels(row["image"]["bytes"]) for row in rows] == [p.tolist() for p in pictures()]
    features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert list(features) == ["image", "text", "writer"]


def test_parquet_tells_the_splits_of_several(tmp_path: Path) -> None:
    write_samples(samples(split=True), tmp_path / "x.parquet", Format.PARQUET)
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert file.read().column("split").to_pylist() == SPLITS
    features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert features["split"] == {"dtype": "string", "_type": "Value"}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


OUTS = {
    "x.gnt": Format.GNT,
    "gnt": Format.GNT,
    "images": Format.IMAGES,
    "x.lmdb": Format.LMDB,
    "x.tar": Format.TAR,
    "tar": Format.TAR,
    "x.parquet": Format.PARQUET,
}


def everything(out: Path) -> dict[str, bytes]:
    if out.is_file():
        return {"": out.read_bytes()}
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", OUTS)
def test_equal_samples_are_equal_bytes_and_replace_only_by_force(tmp_path: Path, name: str) -> None:
    chosen = OUTS[name]
    first, second = tmp_path / "a" / name, tmp_path / "b" / name
    reports: list[int] = []
    assert write_samples(samples(), first, chosen, on_samples=reports.append) == 6
    assert reports == [1, 2, 3, 4, 5, 6]
    write_samples(list(samples())[:2], second, chosen)
    with pytest.raises(UserError, match="exists already; pass --force to replace it"):
        write_samples(samples(), second, chosen)
    before = everything(second)
    assert everything(first) != before

    def broken() -> Iterator[Sample]:
        yield from samples()
        raise UserError("enough")

    with pytest.raises(UserError, match="enough"):
        write_samples(broken(), second, chosen, force=True)
    assert everything(second) == before
    write_samples(samples(), second, chosen, force=True)
    assert everything(first) == everything(second)
    with pytest.raises(UserError, match="there is no sample to write"):
        write_samples([], tmp_path / "c" / name, chosen)
    assert names(tmp_path / "a") == names(tmp_path / "b") == [name]
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("out", "named", "chosen"),
    [
        ("fake.GNT", None, Format.GNT),
        ("fake", None, Format.IMAGES),
        ("fake.v2", None, Format.IMAGES),
        ("fake.0.5", None, Format.IMAGES),
        ("fake", "tar", Format.TAR),
        ("fake", "lmdb", Format.LMDB),
        ("fake.parquet", "parquet", Format.PARQUET),
    ],
)
def test_the_format_follows_from_the_name(out: str, named: str | None, chosen: Format) -> None:
    assert choose_format(Path(out), named) is chosen


@pytest.mark.parametrize(
    ("out", "named", "message"),
    [
        ("fake.zip", None, r"samples are not written as .zip; name FILE.gnt, FILE.lmdb, .*folder"),
        ("fake.gnt.gz", None, "samples are not written as .gz; name FILE.gnt"),
        ("fake.h5", None, "samples are not written as .h5"),
        ("fake.zip", "images", "samples are not written as .zip"),
        ("fake.tar", "gnt", "--format gnt: does not suit --out fake.tar"),
        ("fake", "jpeg", "--format jpeg: there is no such; choose gnt, images, lmdb, tar, parquet"),
        ("fake", "parquet", "Parquet is written as one file; name --out FILE.parquet"),
    ],
)
def test_a_name_that_misleads_is_refused(out: str, named: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_format(Path(out), named)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs lmdb; pip install 'hanzi-lsgan\[lmdb\]'"):
        choose_format(Path("x.lmdb"), None)
    with pytest.raises(UserError, match=r"needs pyarrow; pip install 'hanzi-lsgan\[parquet\]'"):
        choose_format(Path("x.parquet"), None)


def test_force_replaces_no_folder_that_was_not_written_here(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.png").write_bytes(b"mine")
    with pytest.raises(UserError, match="holds other things than samples written here"):
        write_samples(samples(), tmp_path / "mine", Format.IMAGES, force=True)
    assert names(tmp_path) == ["mine"]
    assert (tmp_path / "mine" / "letter.png").read_bytes() == b"mine"


def test_force_removes_no_file_that_somebody_put_beside_the_samples(tmp_path: Path) -> None:
    for format in (Format.IMAGES, Format.GNT, Format.LMDB, Format.TAR):
        folder = tmp_path / format
        write_samples(samples(split=True), folder, format)
        (folder / ".DS_Store").write_bytes(b"")
        write_samples(samples(), folder, format, force=True)
        (folder / "hanzi.h5").write_bytes(b"mine")
        with pytest.raises(UserError, match=r"holds hanzi\.h5 beside its samples.*move it away"):
            write_samples(samples(), folder, format, force=True)
        assert (folder / "hanzi.h5").read_bytes() == b"mine"
        (folder / "hanzi.h5").unlink()
        (folder / "train").mkdir(exist_ok=True)
        for name in ("hanzi.h5", "IMG_0001.png"):
            (folder / "train" / name).write_bytes(b"mine")
            with pytest.raises(UserError, match=rf"holds train/{name} beside its samples"):
                write_samples(samples(), folder, format, force=True)
            (folder / "train" / name).unlink()


def test_a_folder_that_cannot_be_put_in_place_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x"
    write_samples(samples(), out, Format.IMAGES)
    before = everything(out)
    rename = Path.rename

    def fail_once(self: Path, target: Path) -> Path:
        if self.name == "x.partial":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(UserError, match=r"x: cannot be written \(Permission denied\)"):
        write_samples(lines(), out, Format.IMAGES, force=True)
    assert names(tmp_path) == ["x"]
    assert everything(out) == before


def test_windows_removes_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    files: list[IO[Any]] = []

    def open_and_note(self: Path, *arguments: Any, **named: Any) -> IO[Any]:
        files.append(opened(self, *arguments, **named))
        return files[-1]

    unlink = Path.unlink

    def refuse_open(self: Path, missing_ok: bool = False) -> None:
        if any(file.name == str(self) and not file.closed for file in files):
            raise PermissionError(13, "it is being used by another process")
        unlink(self, missing_ok)

    monkeypatch.setattr(replaced_folder, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(Path, "open", open_and_note)
    monkeypatch.setattr(Path, "unlink", refuse_open)
    write_samples(samples(), tmp_path / "x", Format.LMDB)
    assert names(tmp_path) == ["x"]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limits there")
@pytest.mark.parametrize("room_bytes", [3_000, 100_000])  # an empty environment has 8,192
def test_a_full_disk_is_one_line_in_lmdb_too(tmp_path: Path, room_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    noise = np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, limits[1]))
    try:
        with pytest.raises(UserError, match=r"\(the disk is full, or fails: .*\); free space"):
            write_samples([Sample(noise, "永", "")], tmp_path / "x.lmdb", Format.LMDB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == []


def test_the_current_folder_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="is the folder that you are in; name another one"):
        write_samples(samples(), Path(), Format.IMAGES)
    (tmp_path / "within").mkdir()
    monkeypatch.chdir(tmp_path / "within")
    with pytest.raises(UserError, match=r"--out \.\.: holds the folder that you are in; name"):
        write_samples(samples(), Path(".."), Format.IMAGES)


def be_killed() -> Iterator[Sample]:
    if sys.platform == "win32":
        return
    yield from samples()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked")
@pytest.mark.parametrize("name", OUTS)
def test_a_killed_export_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32":
        return
    out = tmp_path / name
    write_samples(list(samples())[:2], out, OUTS[name])
    before = everything(out)
    process = multiprocessing.get_context("fork").Process(
        target=write_samples, args=(be_killed(), out, OUTS[name]), kwargs={"force": True}
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert everything(out) == before
    write_samples(samples(), out, OUTS[name], force=True)
    assert names(tmp_path) == [name]


def test_two_exports_for_one_folder_do_not_mix(tmp_path: Path) -> None:
    def start_another() -> Iterator[Sample]:
        yield from samples()
        with pytest.raises(UserError, match="another process is writing it; wait for it"):
            write_samples(lines(), tmp_path / "x", Format.IMAGES)

    write_samples(start_another(), tmp_path / "x", Format.IMAGES)
    assert not (tmp_path / "x" / "label.txt").exists()
    assert names(tmp_path) == ["x"]


def test_lines_are_no_gnt_records(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds one character, and these are lines; choose"):
        write_samples(lines(), tmp_path / "x.gnt", Format.GNT)
    assert names(tmp_path) == []
