import hashlib
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from data_tools.glyphs.fit import GlyphOptions
from data_tools.splits import Split
from data_tools.store.reader import Store, StoreError
from data_tools.store.schema import ENDING_BYTES, SourceInfo, StoreHeader
from data_tools.store.summary import SplitSummary, summarise
from data_tools.store.writer import create_store, seal_store

HEADER = StoreHeader(
    charset="一丁七",
    glyph=GlyphOptions(28, "stretch", 1),
    font_drawn=True,
    left_out={"damaged": 1, "symbols": 2},
    tool_version="9.8.7",
)
SOURCES = [
    SourceInfo("a/1.gnt", "a" * 64, 100, 2),
    SourceInfo("a/2.gnt", "b" * 64, 200, 1),
    SourceInfo("乙.gnt", "c" * 64, 300, 2),
]
LABELS = [0, 0, 2, 0, 1]
WRITERS = [0, 1, 0, 2, 2]
SPLITS = [0, 0, 0, 1, 1]
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)

Edit = Callable[[h5py.File], None]


def make_store(path: Path) -> Path:
    """A store of five rows, written as `prepare` writes it."""
    columns = {"labels": LABELS, "writers": WRITERS, "splits": SPLITS}
    arrays = {name: np.array(values) for name, values in columns.items()}
    first_image = create_store(path, HEADER, arrays, SOURCES)
    with path.open("r+b") as file:
        file.seek(first_image)
        file.write(IMAGES.tobytes())
    seal_store(path)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert str(path) not in [file.path for file in psutil.Process().open_files()]
    return message


def everything(store: Store) -> list[object]:
    """All that a reader learns from a store."""
    columns = [store.labels.tolist(), store.writers.tolist(), store.splits.tolist()]
    images = store.images(range(len(store))).tobytes()
    return [store.header, store.sources, images, *columns]


def test_the_schema_is_the_documented_one(tmp_path: Path) -> None:
    with h5py.File(make_store(tmp_path / "x.h5"), "r") as file:
        assert sorted(file) == ["images", "labels", "sources", "splits", "writers"]
        assert sorted(file["sources"]) == ["bytes", "name", "samples", "sha256"]
        expected: dict[str, tuple[str, NDArray[Any]]] = {
            "images": ("uint8", IMAGES),
            "labels": ("int32", np.array(LABELS)),
            "writers": ("int32", np.array(WRITERS)),
            "splits": ("uint8", np.array(SPLITS)),
        }
        for name, (dtype, values) in expected.items():
            dataset = file[name]
            assert dataset.dtype == dtype
            assert dataset.chunks is None  # contiguous
            assert not dataset.id.get_create_plist().get_obj_track_times()  # stores stay equal
            np.testing.assert_array_equal(dataset[:], values)
            data = np.ascontiguousarray(dataset[:]).tobytes()
            assert dataset.attrs["sha256"].decode() == hashlib.sha256(data).hexdigest()
        assert [name.decode() for name in file["sources/name"][:]] == [s.name for s in SOURCES]
        assert file["sources/bytes"][:].tolist() == [100, 200, 300]
        assert file.attrs["format_version"] == 2
        assert file.attrs["charset"].decode() == "一丁七"
        assert json.loads(file.attrs["glyph"]) == {"size": 28, "fit": "stretch", "margin": 1}
        assert json.loads(file.attrs["left_out"]) == {"damaged": 1, "symbols": 2}
        assert file.attrs["font_drawn"]
        assert file.attrs["tool_version"].decode() == "9.8.7"


def test_the_images_lie_in_one_piece_where_the_offset_says(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r") as file:
        offset = file["images"].id.get_offset()
    assert path.read_bytes()[offset:][: IMAGES.nbytes] == IMAGES.tobytes()


def test_equal_stores_are_equal_files(tmp_path: Path) -> None:
    first, second = make_store(tmp_path / "x.h5"), make_store(tmp_path / "another name.h5")
    assert first.read_bytes() == second.read_bytes()


def test_a_charset_longer_than_an_hdf5_attribute_may_be(tmp_path: Path) -> None:
    charset = "".join(map(chr, range(0x4E00, 0x4E00 + 30_000)))  # 90,000 bytes; the limit is 65,535
    header = StoreHeader(charset, GlyphOptions(28, "aspect", 0), False, {}, "1")
    columns = {name: np.zeros(1, np.int64) for name in ("labels", "writers", "splits")}
    create_store(tmp_path / "x.h5", header, columns, SOURCES)
    seal_store(tmp_path / "x.h5")
    with Store(tmp_path / "x.h5") as store:
        assert store.charset == charset
        assert store.verify() == []


def test_the_reader_gives_back_what_was_written(tmp_path: Path) -> None:
    with Store(make_store(tmp_path / "x.h5")) as store:
        assert store.header == HEADER
        assert store.sources == SOURCES
        assert (store.size, store.charset, len(store)) == (28, "一丁七", 5)
        assert len(store.fingerprint) == 64
        assert everything(store)[3:] == [LABELS, WRITERS, SPLITS]
        np.testing.assert_array_equal(store.images(range(5)), IMAGES)
        np.testing.assert_array_equal(store.images(range(2, 4)), IMAGES[2:4])
        assert store.images(range(3, 3)).shape == (0, 28, 28)
        assert store.verify() == []


def test_rows_and_counts_of_splits_and_classes(tmp_path: Path) -> None:
    with Store(make_store(tmp_path / "x.h5")) as store:
        assert store.rows_of(Split.TRAIN) == range(3)
        assert store.rows_of(Split.TEST) == range(3, 5)
        rows = {s: [store.rows_of_class(s, label) for label in range(3)] for s in Split}
        assert rows[Split.TRAIN] == [range(2), range(2, 2), range(2, 3)]
        assert rows[Split.TEST] == [range(3, 4), range(4, 5), range(5, 5)]
        assert store.counts(Split.TRAIN).tolist() == [2, 0, 1]
        assert store.counts(Split.TEST).tolist() == [1, 1, 0]


def test_the_summary_counts_what_is_there(tmp_path: Path) -> None:
    with Store(make_store(tmp_path / "x.h5")) as store:
        summary = summarise(store)
    assert (summary.files, summary.source_bytes, summary.image_bytes) == (3, 600, 5 * 28 * 28)
    assert summary.splits == {
        "train": SplitSummary(samples=3, classes=2, writers=2, per_class=(1, 1.5, 2)),
        "test": SplitSummary(samples=2, classes=2, writers=1, per_class=(1, 1, 1)),
    }


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("images", "/images"),
        ("labels", "/labels"),
        ("writers", "/writers"),
        ("splits", "/splits"),
        ("sources/name", "/sources/name"),
        ("sources/bytes", "/sources/bytes"),
    ],
)
def test_verify_names_the_part_that_differs(tmp_path: Path, part: str, found: str) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r") as file:
        dataset = file[part]
        first = dataset.id.get_offset()
        last = first + dataset.nbytes - 1
    whole = path.read_bytes()
    for place in (first, last):
        data = bytearray(whole)
        data[place] ^= 1
        path.write_bytes(data)
        try:
            with Store(path) as store:
                assert store.verify() == [found]
        except StoreError as error:  # the reader itself has found that parts disagree
            assert part in ("labels", "writers", "splits")
            assert f"/{part}" in str(error) or "not in order" in str(error)


def test_verify_finds_changed_attributes(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["font_drawn"] = False
    with Store(path) as store:
        assert store.verify() == ["the attributes"]


def flip_bytes_all_over(path: Path) -> None:
    whole = path.read_bytes()
    outcomes = {"refused": 0, "reported": 0}
    for place in range(0, len(whole), 19):
        data = bytearray(whole)
        data[place] ^= 0x41
        path.write_bytes(data)
        try:
            with Store(path) as store:
                assert store.verify(), place
                outcomes["reported"] += 1
        except StoreError:
            outcomes["refused"] += 1
    assert all(count > 100 for count in outcomes.values()), outcomes


def test_one_wrong_byte_anywhere_is_found(tmp_path: Path) -> None:
    # In a process of its own, since HDF5 could hang or crash on damage that it does not notice.
    path = make_store(tmp_path / "x.h5")
    context = multiprocessing.get_context("fork")
    process = context.Process(target=flip_bytes_all_over, args=(path,))
    process.start()
    process.join(300)  # a few seconds, unless HDF5 hangs
    process.kill()
    process.join()
    assert process.exitcode == 0


def replace(name: str, values: object, dtype: str | None = None) -> Edit:
    def edit(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, data=np.array(values, dtype))

    return edit


def set_attribute(name: str, value: object) -> Edit:
    def edit(file: h5py.File) -> None:
        file.attrs[name] = value

    return edit


def set_text(name: str, text: str) -> Edit:
    return set_attribute(name, np.bytes_(text.encode()))


def remove(name: str) -> Edit:
    def edit(file: h5py.File) -> None:
        del file[name]

    return edit


def remove_attribute(name: str) -> Edit:
    def edit(file: h5py.File) -> None:
        del file.attrs[name]

    return edit


def claim_many_labels(file: h5py.File) -> None:
    del file["labels"]
    file.create_dataset("labels", (1 << 50,), "int32")  # takes no room until it is written


def make_labels_a_group(file: h5py.File) -> None:
    del file["labels"]
    file.create_group("labels")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (set_attribute("format_version", 1), "has format version 1 and this program reads 2"),
        (set_attribute("format_version", np.inf), "is damaged"),
        (remove_attribute("format_version"), "is an HDF5 file but no store of glyphs"),
        (remove_attribute("charset"), "is damaged"),
        (remove_attribute("sha256"), "is damaged"),
        (set_attribute("charset", "一丁七"), "attribute charset is not a text of fixed length"),
        (set_text("charset", "一丁"), "/labels does not hold 5 values from 0 to 2"),
        (set_text("charset", "一丁一"), "names a character twice"),
        (set_attribute("charset", np.bytes_(b"\xff\xfe")), "is damaged ('utf-8' codec"),
        (set_text("glyph", "{"), "is damaged"),
        (set_text("glyph", '{"size": 30}'), "is damaged (--size 30: no such glyph size"),
        (set_text("glyph", '{"size": 28, "edge": 1}'), "is damaged"),
        (set_text("glyph", '{"size": 32, "margin": 1}'), "/images is uint8 (5, 28, 28), not uint8"),
        (set_text("left_out", "[]"), "is damaged"),
        (set_text("left_out", "[" * 100_000), "is damaged"),
        (remove("images"), "is damaged"),
        (remove("labels"), "is damaged"),
        (remove("sources"), "is damaged"),
        (replace("images", IMAGES[:4]), "/images is uint8 (4, 28, 28), not uint8 (5, 28, 28)"),
        (replace("images", IMAGES, "float32"), "/images is float32"),
        (replace("labels", LABELS, "int64"), "/labels is not a column of int32"),
        (replace("labels", [LABELS], "int32"), "/labels is not a column of int32"),
        (replace("labels", [-1, 0, 2, 0, 1], "int32"), "/labels does not hold 5 values"),
        (replace("labels", [0, 0, 3, 0, 1], "int32"), "/labels does not hold 5 values from 0 to 3"),
        (replace("labels", [0, 2, 0, 0, 1], "int32"), "not in order of split and label"),
        (replace("labels", [], "int32"), "/images is uint8 (5, 28, 28), not uint8 (0, 28, 28)"),
        (replace("writers", [0, 1, 0, 2, 3], "int32"), "/writers does not hold 5 values from 0"),
        (replace("writers", [0, 1, 0], "int32"), "/writers does not hold 5 values"),
        (replace("splits", [0, 0, 0, 1, 2], "uint8"), "/splits does not hold 5 values from 0 to 2"),
        (replace("splits", [0, 1, 0, 1, 1], "uint8"), "not in order of split and label"),
        (replace("sources/bytes", [1, 2]), "is damaged"),
        (make_labels_a_group, "is damaged"),
        (claim_many_labels, "is damaged"),
    ],
)
def test_a_store_whose_parts_are_wrong_is_refused(tmp_path: Path, edit: Edit, message: str) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+", libver="latest") as file:
        edit(file)
    assert message in error_of(path)
    assert error_of(path).endswith("; make it again with `hanzi-lsgan prepare`")


def test_a_foreign_hdf5_file_is_no_store(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["labels"] = LABELS
    assert "is an HDF5 file but no store of glyphs" in error_of(tmp_path / "x.h5")


@pytest.mark.parametrize("data", [b"", b"no HDF5", bytes(10_000)])
def test_what_is_no_hdf5_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(data)
    assert "cannot be opened as a store" in error_of(path)


def test_a_truncated_store_is_refused(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    whole = path.read_bytes()
    for length in (40, 1000, len(whole) // 2, len(whole) - ENDING_BYTES - 1):
        path.write_bytes(whole[:length])
        assert "cannot be opened as a store" in error_of(path)
    for length in (len(whole) - ENDING_BYTES, len(whole) - 1):  # all of it is there but the ending
        path.write_bytes(whole[:length])
        with Store(path) as store:
            assert store.verify() == ["the frame around the data sets"]


def test_a_missing_store_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "x.h5"
    assert error_of(path).endswith(
        f"there is no such store; make one with `hanzi-lsgan prepare --out {path}`"
    )
    assert "cannot be opened as a store" in error_of(tmp_path)
    assert "File name too long" in error_of(tmp_path / ("a" * 300))
