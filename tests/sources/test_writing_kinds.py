"""Which kind of writing a source is, by what a person says and by what it tells itself."""

from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.fonts.corpus import write_corpus
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.summary import summarise
from tests.tiny import write_writers


def test_the_nearest_named_folder_tells_and_stand_ins_tell_themselves(tmp_path: Path) -> None:
    kinds = WritingKinds.parse([f"brush={tmp_path}/a", f"felt-pen={tmp_path}/a/b"])
    assert kinds.kind_of(f"{tmp_path}/a/1.gnt", font_drawn=False) == "brush"
    assert kinds.kind_of(f"{tmp_path}/a/b/x.zip/1.gnt", font_drawn=False) == "felt-pen"
    assert kinds.kind_of(f"{tmp_path}/c/1.gnt", font_drawn=False) == "pen"
    assert kinds.kind_of(f"{tmp_path}/c/1.gnt", font_drawn=True) == "font"
    assert WritingKinds.parse(["brush"]).kind_of("x.gnt", font_drawn=True) == "brush"


@pytest.mark.parametrize(
    "arguments", [[""], ["=a"], ["pen="], ["1"], ["a b=c"], ["pen", "brush"], ["pen=a", "font=a"]]
)
def test_what_names_no_kind_or_says_it_twice_is_refused(arguments: list[str]) -> None:
    with pytest.raises(UserError, match="--kind"):
        WritingKinds.parse(arguments)


def test_each_kind_of_a_class_is_one_block_of_rows(tmp_path: Path) -> None:
    """Sources that come in any order of their names are ordered by kind."""
    brush = write_writers(tmp_path / "z-brush", 3, "一二三")
    pens = write_writers(tmp_path / "a-pens", 2, "一二", seed=1)
    write_corpus(tmp_path / "font", characters="一三", writers=4, test_writers=1, jobs=1)
    kinds = WritingKinds.parse([f"brush={brush}"])
    prepare([brush, pens, tmp_path / "font"], tmp_path / "s.h5", kinds=kinds, jobs=1)
    with Store(tmp_path / "s.h5") as store:
        assert store.kinds == ("brush", "font", "pen")
        assert store.verify().damaged == []
        rows = [
            [len(store.rows_of_class(Split.TRAIN, label, kind)) for kind in range(3)]
            for label in range(3)
        ]
        assert rows == [[3, 4, 2], [3, 4, 0], [3, 0, 2]]  # 一, 三, 二, in order of code points
        for row in range(len(store)):
            name = store.sources[store.writers[row]].name
            kind = store.kinds[store.row_kinds[row]]
            assert name.startswith({"brush": "z-", "pen": "a-", "font": "font"}[kind])
        assert summarise(store).kinds == {"brush": 9, "font": 10, "pen": 4}


def test_a_store_of_one_kind_says_nothing_of_it_unless_it_was_named(tmp_path: Path) -> None:
    source = write_writers(tmp_path / "writers", 2)
    prepare([source], tmp_path / "plain.h5", jobs=1)
    with Store(tmp_path / "plain.h5") as store:
        assert store.header.kinds == ()
        assert store.kinds == ("",)
        assert not store.row_kinds.any()
    prepare([source], tmp_path / "named.h5", kinds=WritingKinds.parse(["brush"]), jobs=1)
    with Store(tmp_path / "named.h5") as store:
        assert store.kinds == ("brush",)
