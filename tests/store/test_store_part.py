"""Stores as sources of another store."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from tests.picture_samples import draw_character, write_picture
from tests.tiny import make_store, write_writers


def rows_of(store: Store) -> set[tuple[int, str, bytes]]:
    return {
        (
            int(store.splits[row]),
            store.charset[store.labels[row]],
            store.images(range(row, row + 1)).tobytes(),
        )
        for row in range(len(store))
    }


def test_two_stores_become_one_with_every_sample_in_its_split(tmp_path: Path) -> None:
    first = make_store(tmp_path / "a", writers=3, characters="一二")
    second = make_store(tmp_path / "b", writers=2, characters="二三", test_writers=1)
    # Fitted once, the ink fills the glyph: a margin of 1 and the same size leave it as it is.
    glyph = GlyphOptions(32, "aspect", 1)
    result = prepare([first, second], tmp_path / "both.h5", glyph=glyph, jobs=2)
    with Store(first) as a, Store(second) as b, Store(tmp_path / "both.h5") as both:
        assert both.charset == "一三二"
        assert len(both) == len(a) + len(b) - len(rows_of(a) & rows_of(b))
        assert rows_of(both) == rows_of(a) | rows_of(b)
        assert len(both.rows_of(Split.TEST)) > 0
        assert both.verify().damaged == []
    again = tmp_path / "again.h5"
    prepare([second, first], again, glyph=glyph, jobs=1)
    assert again.read_bytes() == (tmp_path / "both.h5").read_bytes()
    assert any(line.startswith("test by name: tiny.h5") for line in result.notes)


def test_a_store_beside_other_sources_keeps_its_kinds(tmp_path: Path) -> None:
    brush = write_writers(tmp_path / "brush", 2)
    prepare([brush], tmp_path / "brush.h5", kinds=WritingKinds.parse(["brush"]), jobs=1)
    pens = write_writers(tmp_path / "pens", 2, seed=1)
    prepare([tmp_path / "brush.h5", pens], tmp_path / "both.h5", jobs=1)
    with Store(tmp_path / "both.h5") as store:
        assert store.kinds == ("brush", "pen")
        assert np.bincount(store.row_kinds).tolist() == [8, 8]
    named = WritingKinds.parse([f"chalk={tmp_path}/brush.h5"])
    prepare([tmp_path / "brush.h5", pens], tmp_path / "named.h5", kinds=named, jobs=1)
    with Store(tmp_path / "named.h5") as store:
        assert store.kinds == ("chalk", "pen")


def test_a_store_is_taken_once(tmp_path: Path) -> None:
    path = make_store(tmp_path, writers=2, test_writers=0)
    prepare([path], tmp_path / "test.h5", test_sources=[path], jobs=1)
    with Store(tmp_path / "test.h5") as store:
        assert store.splits.tolist() == [1] * 8
    with pytest.raises(UserError, match=r"tiny\.h5: the same source is given twice"):
        prepare([path, path], tmp_path / "twice.h5", jobs=1)


def test_a_store_in_a_folder_is_passed_over_and_what_is_none_is_refused(tmp_path: Path) -> None:
    """What was made of a folder lies in it, and must not be taken for more of it."""
    writers = write_writers(tmp_path / "writers", 2)
    prepare([writers], writers / "made.h5", jobs=1)
    result = prepare([writers], tmp_path / "again.h5", jobs=1)
    assert any("made.h5" in line for line in result.notes)
    with Store(tmp_path / "again.h5") as store:
        assert len(store) == 8
    other = tmp_path / "other.h5"
    other.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(UserError, match=r"other\.h5: is cut short or damaged"):
        prepare([other], tmp_path / "new.h5")
    assert not (tmp_path / "new.h5").exists()


def test_a_store_and_what_it_was_made_of_are_said_to_be_there_twice(tmp_path: Path) -> None:
    """Fitted to another size, no comparison of pixels finds them; one is in train and in test."""
    writers = write_writers(tmp_path / "writers", 3)
    store = tmp_path / "a.h5"
    prepare([writers], store, test_writers=0.1, glyph=GlyphOptions(28, "aspect", 1), jobs=1)
    result = prepare([store, writers], tmp_path / "b.h5", jobs=1)
    lines = [line for line in result.notes if line.startswith("copies: ")]
    assert len(lines) == 1
    assert lines[0].startswith("copies: 3 sources are there twice, in a store too, 1 of them in tr")
    assert lines[0].endswith("; name the store or what it was made of, not both")
    other = write_writers(tmp_path / "others", 1, seed=1)
    result = prepare([store, other], tmp_path / "c.h5", jobs=1)
    assert not any(line.startswith("copies: ") for line in result.notes)


def test_a_store_of_stores_still_tells_what_they_were_made_of(tmp_path: Path) -> None:
    """Of two stores that were merged one has another size; the writers' files are named beside."""
    writers = write_writers(tmp_path / "writers", 2)
    one, other, merged = (tmp_path / name for name in ("one.h5", "other.h5", "merged.h5"))
    prepare([writers], one, glyph=GlyphOptions(28, "aspect", 1), jobs=1)
    prepare([write_writers(tmp_path / "others", 1, seed=1)], other, jobs=1)
    prepare([one, other], merged, jobs=1)
    for again in (writers, one):
        result = prepare([merged, again], tmp_path / "more.h5", jobs=1, force=True)
        assert any(line.startswith("copies: 2 sources are there twice") for line in result.notes)
    with Store(one) as made, Store(merged) as of_stores:
        checksums = {source.sha256 for source in of_stores.sources}
        assert {source.sha256 for source in made.sources} < checksums


def test_a_store_of_another_size_or_fit_is_said(tmp_path: Path) -> None:
    writers = write_writers(tmp_path / "writers", 1)
    store = tmp_path / "a.h5"
    prepare([writers], store, glyph=GlyphOptions(28, "stretch", 0), jobs=1)
    line = f"{store}: glyphs of 28 pixels, stretch, are fitted anew to 64, aspect"
    assert line in prepare([store], tmp_path / "b.h5", jobs=1).notes
    same = prepare([store], tmp_path / "c.h5", glyph=GlyphOptions(28, "stretch", 0), jobs=1)
    assert not any("fitted anew" in line for line in same.notes)


def test_a_store_of_class_folders_has_no_writers(tmp_path: Path) -> None:
    """Neither to part, nor to be in both splits, though a class has one name in both."""
    for split, seed in (("one", 0), ("other", 10)):
        for label, character in enumerate("一二"):
            folder = tmp_path / split / "pictures" / character
            for number in range(2):
                ink = draw_character(seed + 2 * label + number)
                write_picture(folder / f"{number}.png", ink)
    train, test = (tmp_path / split / "pictures" for split in ("one", "other"))
    results = [prepare([train], tmp_path / "train.h5", test_sources=[test], jobs=1)]
    store = tmp_path / "train.h5"
    results.append(prepare([store], tmp_path / "again.h5", jobs=1))
    for result in results:
        assert not any(line.startswith("writers in both") for line in result.notes)
    problem = r"^--test-writers: the sources of a store, such as train.h5/pictures/一, are char"
    with pytest.raises(UserError, match=problem):
        prepare([store], tmp_path / "parted.h5", test_writers=0.5, jobs=1)
    with Store(make_store(tmp_path / "written", writers=2, characters="一")) as written:
        # Of one character nobody can have written two.
        result = prepare([written.path], tmp_path / "parted.h5", test_writers=0.5, jobs=1)
    assert any(line.startswith("test by --test-writers 0.5") for line in result.notes)
