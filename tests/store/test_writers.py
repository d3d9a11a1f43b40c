"""Who wrote a store."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.errors import UserError
from data_tools.hwdb.gnt import write_record
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.writers import find_writer, rows_by, writers_of

WROTE = {"pens/anna.gnt": "一一三", "pens/bert.gnt": "一二三", "test/anna.gnt": "二"}


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    for number, (name, characters) in enumerate(WROTE.items()):
        path = tmp_path / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            for character in characters:
                write_record(stream, character, np.full((20 + number, 20), 50 * number, np.uint8))
    prepare([tmp_path / "all"], tmp_path / "all.h5", jobs=1)
    return tmp_path / "all.h5"


def test_writers_are_named_with_how_many_characters_each_wrote(store_path: Path) -> None:
    with Store(store_path) as store:
        assert [(w.name, w.kind, w.characters) for w in writers_of(store)] == [
            ("all/pens/bert.gnt", "", 3),
            ("all/pens/anna.gnt", "", 2),
            ("all/test/anna.gnt", "", 1),
        ]


def test_a_writer_is_found_by_a_name_that_is_nobody_elses(store_path: Path) -> None:
    with Store(store_path) as store:
        for name in ("all/pens/bert.gnt", "pens/bert", "bert.gnt", "bert"):
            rows = rows_by(store, find_writer(store, name))
            written = [store.charset[label] for label in store.labels[rows]]
            assert sorted(written) == sorted("一二三")
        # Of both splits, since one name stands for one file.
        (row,) = rows_by(store, find_writer(store, "test/anna.gnt"))
        assert store.images(range(row, row + 1)).min() == 100
        with pytest.raises(
            UserError, match=r"has 2 of this name; say which: all/pens/anna.gnt, all/test"
        ):
            find_writer(store, "anna")
        with pytest.raises(
            UserError, match=r"--writer ert.gnt: .*nobody.*such as all/pens/bert.gnt"
        ):
            find_writer(store, "ert.gnt")
        assert len(rows_by(store, None)) == 6  # all of the train split


def test_who_wrote_for_both_splits_is_one_writer(tmp_path: Path) -> None:
    for split, name in (("train", "anna_1"), ("train", "bert_1"), ("test", "anna_2")):
        folder = tmp_path / "all" / split / ("一" if split == "train" else "二")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 20), 0 if name.startswith("anna") else 120).save(folder / f"{name}.png")
    out = tmp_path / "all.h5"
    result = prepare([tmp_path / "all"], out, jobs=1, writer_pattern="(anna|bert)")
    assert "writers in both splits: 1 (all/anna)" in result.notes
    with Store(tmp_path / "all.h5") as store:
        assert [writer.characters for writer in writers_of(store)] == [2, 1]
        rows = rows_by(store, find_writer(store, "anna"))
        assert [store.charset[label] for label in store.labels[rows]] == ["一", "二"]


def write_ink(path: Path, characters: str, grey: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for character in characters:
            write_record(stream, character, np.full((20, 20), grey, np.uint8))
    return path


def test_two_people_of_one_name_stay_two(tmp_path: Path) -> None:
    """Nothing tells which of them wrote the third file, which is of the test split."""
    train = [
        write_ink(tmp_path / "a" / "001.gnt", "一二三", 10),
        write_ink(tmp_path / "b" / "001.gnt", "一二", 50),
    ]
    test = write_ink(tmp_path / "c" / "001.gnt", "十", 90)
    prepare(train, tmp_path / "all.h5", test_sources=[test], jobs=1)
    with Store(tmp_path / "all.h5") as store:
        writers = writers_of(store)
        assert [writer.characters for writer in writers] == [3, 2, 1]
        assert sorted(writer.name for writer in writers) == [f"001.gnt ({n})" for n in (1, 2, 3)]
        for writer, grey in zip(writers, (10, 50, 90), strict=True):
            rows = rows_by(store, find_writer(store, writer.name))
            assert {store.images(range(row, row + 1)).min() for row in rows} == {grey}
        for name in ("001.gnt", "001"):
            with pytest.raises(UserError, match=r"has 3 of this name; say which: 001.gnt \("):
                find_writer(store, name)


def test_one_name_in_two_kinds_of_writing_can_be_told(tmp_path: Path) -> None:
    pen = write_ink(tmp_path / "a" / "001.gnt", "一二三", 10)
    brush = write_ink(tmp_path / "b" / "001.gnt", "一二", 50)
    kinds = WritingKinds.parse([f"brush={brush}"])
    prepare([pen, brush], tmp_path / "all.h5", kinds=kinds, jobs=1)
    with Store(tmp_path / "all.h5") as store:
        assert [(writer.name, writer.kind) for writer in writers_of(store)] == [
            ("001.gnt (2)", "pen"),
            ("001.gnt (1)", "brush"),
        ]
        assert find_writer(store, "001.gnt (1)").kind == "brush"


def test_a_store_is_named_as_a_shell_takes_it(tmp_path: Path) -> None:
    ink = write_ink(tmp_path / "001.gnt", "一二三", 10)
    prepare([ink], tmp_path / "my store.h5", jobs=1)
    listed = rf"take one that `hanzi-lsgan hands --data '{tmp_path}/my store.h5'` lists, such as "
    with Store(tmp_path / "my store.h5") as store, pytest.raises(UserError, match=listed):
        find_writer(store, "anna")
