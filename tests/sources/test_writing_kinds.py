"""Which kind of writing a source is, by what a person says and by what it tells itself."""

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest

from data_tools.errors import UserError
from data_tools.fonts.corpus import write_corpus
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.summary import summarise
from tests.cli.in_process import run
from tests.gnt_samples import write_zip
from tests.tiny import write_writers


def test_the_nearest_named_folder_tells_and_stand_ins_tell_themselves(tmp_path: Path) -> None:
    kinds = WritingKinds.parse([f"brush={tmp_path}/a", f"felt-pen={tmp_path}/a/b"])
    assert kinds.kind_of(f"{tmp_path}/a/1.gnt") == "brush"
    assert kinds.kind_of(f"{tmp_path}/a/b/x.zip/1.gnt") == "felt-pen"
    assert kinds.kind_of(f"{tmp_path}/c/1.gnt") == "pen"
    assert kinds.kind_of(f"{tmp_path}/c/1.gnt", told="font") == "font"
    assert WritingKinds.parse(["brush"]).kind_of("x.gnt", told="font") == "brush"
    assert WritingKinds.parse(["brush"]).kind_of("x.h5", own="chalk") == "chalk"
    assert kinds.kind_of(f"{tmp_path}/a/x.h5", own="chalk") == "brush"


def test_a_named_folder_tells_also_of_what_it_links_to(tmp_path: Path) -> None:
    elsewhere = write_writers(tmp_path / "elsewhere", 2)
    pens = write_writers(tmp_path / "pens", 1, seed=1)
    (tmp_path / "brush").mkdir()
    for file in elsewhere.iterdir():
        (tmp_path / "brush" / file.name).symlink_to(file)
    for named in ("brush", "elsewhere"):
        kinds = WritingKinds.parse([f"brush={tmp_path / named}"])
        prepare([pens, tmp_path / "brush"], tmp_path / "s.h5", kinds=kinds, jobs=1, force=True)
        with Store(tmp_path / "s.h5") as store:
            assert summarise(store).kinds == {"brush": 8, "pen": 4}
    kinds = WritingKinds.parse([f"brush={tmp_path}/brush", f"chalk={tmp_path}/elsewhere"])
    assert kinds.kind_of(f"{tmp_path}/brush/000.gnt") == "brush"
    assert kinds.kind_of(f"{tmp_path}/elsewhere/000.gnt") == "chalk"


@pytest.mark.parametrize("packed", ["fd.tar", "fd.tgz", "fd.zip", "font-drawn-0001.gnt.gz"])
def test_stand_ins_tell_themselves_in_archives_too(tmp_path: Path, packed: str) -> None:
    pens = write_writers(tmp_path / "pens", 1)
    drawn = write_writers(tmp_path / "fd", 1, seed=1) / "font-drawn-0001.gnt"
    (tmp_path / "fd" / "000.gnt").rename(drawn)
    archive = tmp_path / packed
    if packed.endswith(".zip"):
        write_zip(archive, {"fd/font-drawn-0001.gnt": drawn.read_bytes()})
    elif packed.endswith(".gnt.gz"):
        archive.write_bytes(gzip.compress(drawn.read_bytes()))
    else:
        with tarfile.open(archive, "w:gz" if packed.endswith("gz") else "w") as tar:
            tar.add(tmp_path / "fd", "fd")
    prepare([pens, archive], tmp_path / "s.h5", jobs=1)
    with Store(tmp_path / "s.h5") as store:
        assert store.header.font_drawn
        assert summarise(store).kinds == {"font": 4, "pen": 4}


def test_what_is_said_to_be_of_a_font_is_font_drawn(tmp_path: Path) -> None:
    pens = write_writers(tmp_path / "pens", 1)
    drawn = write_writers(tmp_path / "drawn", 1, seed=1)
    kinds = WritingKinds.parse([f"font={drawn}"])
    prepare([pens, drawn], tmp_path / "s.h5", kinds=kinds, jobs=1)
    with Store(tmp_path / "s.h5") as store:
        assert [store.is_font_drawn(kind) for kind in ("", "font", "pen")] == [True, True, False]


def test_what_nothing_is_read_from_has_no_kind(tmp_path: Path) -> None:
    pens = write_writers(tmp_path / "pens", 1)
    (pens / "notes.txt").write_text("by hand")
    kinds = WritingKinds.parse([f"brush={pens}/notes.txt"])
    with pytest.raises(UserError, match=r"^--kind .*notes\.txt: nothing is read from there; name"):
        prepare([pens], tmp_path / "s.h5", kinds=kinds, jobs=1)
    assert not (tmp_path / "s.h5").exists()


@pytest.mark.parametrize("source", ["pens/a", "pens/a/000.gnt"])
def test_a_named_folder_around_a_source_is_no_second_source(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
) -> None:
    write_writers(tmp_path / "pens" / "a", 1)
    write_writers(tmp_path / "pens" / "b", 1, seed=1)
    monkeypatch.chdir(tmp_path)
    options = ("--kind", "chalk=pens", "--jobs", "1", "--out")
    assert run(monkeypatch, "prepare", source, *options, "s.h5") == 0
    said = "--kind pens: of what lies there only the sources named are read"
    assert said in capsys.readouterr().out
    with Store(tmp_path / "s.h5") as store:
        assert summarise(store).kinds == {"chalk": 4}
    # But beside a source of the test split alone it is one, as before.
    assert run(monkeypatch, "prepare", "--test", "pens/a", *options, "t.h5") == 0
    with Store(tmp_path / "t.h5") as store:
        assert np.bincount(store.splits).tolist() == [4, 4]


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
