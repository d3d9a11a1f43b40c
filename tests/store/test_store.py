import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.glyphs.fit import GlyphOptions
from data_tools.splits import Split
from data_tools.store.reader import Store
from data_tools.store.schema import StoreHeader
from data_tools.store.summary import SplitSummary, summarise
from data_tools.store.writer import StoreFacts, create_store, seal_store
from tests.store.five_rows import (
    HEADER,
    IMAGES,
    LABELS,
    SOURCES,
    SPLITS,
    UNTOUCHED,
    WRITERS,
    Edit,
    error_of,
    make_store,
)


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


@pytest.mark.parametrize("compressed", [False, True])
def test_equal_stores_are_equal_files(tmp_path: Path, compressed: bool) -> None:
    first, second = tmp_path / "x.h5", tmp_path / "another name.h5"
    for path in (first, second):
        make_store(path, compressed)
    assert first.read_bytes() == second.read_bytes()


def test_a_charset_longer_than_an_hdf5_attribute_may_be(tmp_path: Path) -> None:
    charset = "".join(map(chr, range(0x4E00, 0x4E00 + 30_000)))  # 90,000 bytes; the limit is 65,535
    header = StoreHeader(charset, GlyphOptions(28, "aspect", 0), False, {}, "1")
    columns = {name: np.zeros(1, np.int64) for name in ("labels", "writers", "splits")}
    create_store(tmp_path / "x.h5", StoreFacts(header, columns, SOURCES))
    seal_store(tmp_path / "x.h5")
    with Store(tmp_path / "x.h5") as store:
        assert store.charset == charset
        assert store.verify() == UNTOUCHED


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
        assert store.verify() == UNTOUCHED


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


def claim_many_rows(file: h5py.File) -> None:
    for name, shape in (("labels", (1 << 50,)), ("images", (1 << 50, 28, 28))):
        del file[name]
        file.create_dataset(name, shape, IMAGES.dtype)  # takes no room until it is written


def make_labels_a_group(file: h5py.File) -> None:
    del file["labels"]
    file.create_group("labels")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (set_attribute("format_version", 1), "has format version 1 and this program reads 2"),
        (set_attribute("format_version", np.inf), "attribute format_version is not a whole number"),
        (remove_attribute("charset"), "attribute charset is missing"),
        (remove_attribute("sha256"), "attribute sha256 is missing"),
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
        (remove("images"), "/images is missing"),
        (remove("labels"), "/labels is missing"),
        (remove("sources"), "/sources is missing"),
        (replace("images", IMAGES[:4]), "/labels is int32 (5,), not int32 (4)"),
        (replace("images", IMAGES, "float32"), "/images is float32"),
        (replace("labels", LABELS, "int64"), "/labels is int64 (5,), not int32 (5)"),
        (replace("labels", [LABELS], "int32"), "/labels is int32 (1, 5), not int32 (5)"),
        (replace("labels", [-1, 0, 2, 0, 1], "int32"), "/labels does not hold 5 values"),
        (replace("labels", [0, 0, 3, 0, 1], "int32"), "/labels does not hold 5 values from 0 to 3"),
        (replace("labels", [0, 2, 0, 0, 1], "int32"), "not in order of split, label"),
        (replace("labels", [], "int32"), "/labels is int32 (0,), not int32 (5)"),
        (replace("writers", [0, 1, 0, 2, 3], "int32"), "/writers does not hold 5 values from 0"),
        (replace("writers", [0, 1, 0], "int32"), "/writers is int32 (3,), not int32 (5)"),
        (replace("splits", [0, 0, 0, 1, 2], "uint8"), "/splits does not hold 5 values from 0 to 2"),
        (replace("splits", [0, 1, 0, 1, 1], "uint8"), "not in order of split, label"),
        (replace("sources/bytes", [1, 2]), "/sources is damaged"),
        (make_labels_a_group, "/labels is no data set"),
        (claim_many_rows, "/images claims 882,705,526,964,617,216 bytes, more than the file"),
    ],
)
def test_a_store_whose_parts_are_wrong_is_refused(tmp_path: Path, edit: Edit, message: str) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+", libver="latest") as file:
        edit(file)
    assert message in error_of(path)
    assert error_of(path).endswith(" make it again with `hanzi-lsgan prepare`")
