import errno
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.fonts import corpus as corpus_module
from data_tools.fonts.corpus import write_corpus
from data_tools.fonts.simulated_hand import Hand, draw_sample
from data_tools.fonts.typefaces import (
    ALL_FONTS,
    HANDS,
    KAITI,
    has_glyph,
)
from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
from data_tools.hwdb.gnt import read_records, write_record
from data_tools.store.prepare import prepare

CHARACTERS = "藕暗一雍"
# Only a forked worker sees what a test has patched.
patches_workers = pytest.mark.skipif(sys.platform != "linux", reason="workers are not forked")
NOT_IN_THE_FONTS = "诇谞赪跐"  # in the General Standard all the same


def read_corpus(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def read_file(path: Path) -> list[tuple[str, NDArray[np.uint8]]]:
    with path.open("rb") as stream:
        return [(record.character, record.bitmap) for record in read_records(stream, path.name)]


def assert_cropped_ink_on_white(bitmap: NDArray[np.uint8]) -> None:
    ink = bitmap < 255
    for border in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert border.any()
    assert bitmap.min() < 128
    assert 0.02 < (bitmap == 255).mean() < 0.98


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "corpus"
    write_corpus(out, characters=CHARACTERS, writers=5, test_writers=2, jobs=2)
    return out


def test_layout_has_one_file_a_writer_and_test_writers_of_their_own(corpus: Path) -> None:
    assert sorted(read_corpus(corpus)) == [
        *(f"font-drawn-trn_gnt/font-drawn-000{number}.gnt" for number in range(1, 6)),
        *(f"font-drawn-tst_gnt/font-drawn-000{number}.gnt" for number in (6, 7)),
    ]
    assert len(set(read_corpus(corpus).values())) == 7


def test_every_file_holds_each_character_once_cropped_on_white_paper(corpus: Path) -> None:
    for path in corpus.rglob("*.gnt"):
        records = read_file(path)
        assert "".join(character for character, _ in records) == "一暗藕雍"
        for _, bitmap in records[1:]:
            assert_cropped_ink_on_white(bitmap)


def test_bytes_do_not_depend_on_jobs_or_order_or_repetition(corpus: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shuffled = [*CHARACTERS[::-1], "一"]
    write_corpus(again, characters=shuffled, writers=5, test_writers=2, jobs=1)
    assert read_corpus(again) == read_corpus(corpus)


def test_a_writer_does_not_depend_on_the_others_nor_a_sample_on_other_characters(
    corpus: Path, tmp_path: Path
) -> None:
    write_corpus(tmp_path, characters="雍", writers=1, test_writers=1, jobs=1)
    ((_, alone),) = read_file(tmp_path / "font-drawn-tst_gnt/font-drawn-0002.gnt")
    among_others = dict(read_file(corpus / "font-drawn-trn_gnt/font-drawn-0002.gnt"))["雍"]
    np.testing.assert_array_equal(alone, among_others)


def test_another_seed_means_other_writers(corpus: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path, characters=CHARACTERS, writers=1, test_writers=1, seed=1, jobs=1)
    assert not set(read_corpus(tmp_path).values()) & set(read_corpus(corpus).values())


def test_summary_and_progress_count_what_is_written(tmp_path: Path) -> None:
    written: list[int] = []
    summary = write_corpus(
        tmp_path, characters="暗一", writers=2, jobs=2, on_samples=written.append
    )
    assert (summary.writers, summary.test_writers, summary.characters) == (2, 1, 2)
    assert summary.samples == sum(len(read_file(path)) for path in tmp_path.rglob("*.gnt")) == 6
    assert written == [2, 4, 6]


def test_a_tenth_as_many_test_writers_are_the_default(tmp_path: Path) -> None:
    summary = write_corpus(tmp_path, characters="一", writers=20)
    assert summary.test_writers == 2
    assert len(list((tmp_path / "font-drawn-tst_gnt").iterdir())) == 2


def test_hands_are_repeatable_and_use_every_font_evenly() -> None:
    hands = [Hand.of_writer(0, writer) for writer in range(1, 33)]
    assert hands == [Hand.of_writer(0, writer) for writer in range(1, 33)]
    # One in four has no font, but writes along known strokes.
    assert Counter(hand.font for hand in hands) == {**dict.fromkeys(range(12), 2), KAITI: 8}
    assert len({hand.slant for hand in hands}) == len({hand.warp for hand in hands}) == 32
    assert 20 < sum(hand.pen is not None for hand in hands) < 32
    assert Hand.of_writer(1, 1).warp != hands[0].warp


def test_samples_differ_a_bit_by_chance_and_more_by_hand() -> None:
    def darkness(writer: int, chance: int) -> NDArray[np.float64]:
        """The share of ink in the cells of a 4 by 4 grid."""
        bitmap = draw_sample("暗", Hand.of_writer(0, writer), np.random.default_rng(chance))
        rows = np.array_split(255.0 - bitmap, 4)
        return np.array([[c.mean() for c in np.array_split(row, 4, axis=1)] for row in rows])

    def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        return float(np.abs(first - second).mean())

    by_chance = [distance(darkness(w, 0), darkness(w, 1)) for w in range(1, 13)]
    by_hand = [distance(darkness(w, 0), darkness(w + 16, 0)) for w in range(1, 13)]  # same font
    assert min(by_chance) > 1
    assert np.mean(by_hand) > 1.3 * np.mean(by_chance)
    np.testing.assert_array_equal(darkness(1, 0), darkness(1, 0))


def test_sizes_are_like_those_of_hwdb() -> None:
    rng = np.random.default_rng(0)
    shapes = [
        draw_sample(character, Hand.of_writer(0, writer), rng).shape
        for writer, character in enumerate("暗朽栗穆隆叶幅溢藕雍" * 8)
    ]
    height, width = np.mean(shapes, axis=0)
    assert 65 < height < 80
    assert 53 < width < 70
    assert np.min(shapes) > 25
    assert np.max(shapes) < 180


def test_marks_have_as_many_pixels_as_characters() -> None:
    """Else a full stop of 14 pixels is blown up to 64, and a model learns to draw it blurred."""
    for writer in range(1, 17):
        hand = Hand.of_writer(0, writer)
        for character in filter(partial(has_glyph, hand.font), "。，．"):
            bitmap = draw_sample(character, hand, np.random.default_rng(0))
            assert max(bitmap.shape) > 30, (writer, character)


def test_every_character_of_the_papers_figure_is_drawn_by_every_font_that_has_it() -> None:
    assert all(map(ALL_FONTS.in_a_hand, PAPER_FIGURE_CHARACTERS))
    for font in HANDS:
        hand = Hand.of_writer(0, 1, [font])
        known = [c for c in PAPER_FIGURE_CHARACTERS if has_glyph(font, c)]
        # The first has a hand of traditional forms, eight are Japanese.
        assert len(known) == 63 if font in (1, 2, 3, KAITI) else len(known) > 30
        for character in known:
            assert_cropped_ink_on_white(draw_sample(character, hand, np.random.default_rng(0)))


def test_dense_characters_keep_their_counters_and_hairlines_survive() -> None:
    for writer in range(40):
        hand = Hand.of_writer(0, writer)
        for character in "藕雍餐":
            bitmap = draw_sample(character, hand, np.random.default_rng(0))
            assert 0.10 < (bitmap < 192).mean() < 0.60, (writer, character)


def test_the_smallest_writing_leaves_the_paper_clean() -> None:
    for writer in range(8):
        hand = replace(Hand.of_writer(0, writer), size_pixels=40.0)
        for character in "暗叩":
            bitmap = draw_sample(character, hand, np.random.default_rng(0))
            assert (bitmap == 255).mean() > 0.2, (writer, character)


def test_characters_that_a_font_lacks_are_found() -> None:
    blank_in_every_font = "\u3000"
    offered = "暗" + NOT_IN_THE_FONTS + "一" + blank_in_every_font
    lacking = [character for character in offered if not ALL_FONTS.in_a_hand(character)]
    assert lacking == [*NOT_IN_THE_FONTS, blank_in_every_font]


def test_unsupported_characters_are_listed_up_to_ten_and_counted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot draw 4 of the characters: 诇谞赪跐;"):
        write_corpus(tmp_path / "out", characters="暗" + NOT_IN_THE_FONTS)
    many = [chr(code) for code in range(0x20000, 0x20000 + 1200)]
    with pytest.raises(UserError, match=f"cannot draw 1,200 .*: {''.join(many[:10])} …;"):
        write_corpus(tmp_path / "out", characters=many)
    assert not (tmp_path / "out").exists()


def test_a_writer_writes_what_his_font_has(tmp_path: Path) -> None:
    """飞 is simplified: the fonts of writers 5 to 8 and 10 to 12 have none, by their makers."""
    summary = write_corpus(tmp_path, characters="一飞", writers=11, test_writers=1, jobs=1)
    written = {
        int(path.stem[-4:]): "".join(character for character, _ in read_file(path))
        for path in tmp_path.rglob("*.gnt")
    }
    assert {number for number, characters in written.items() if "飞" in characters} == {
        *(1, 2, 3),
        *(4, 9),  # who write along known strokes
    }
    assert all("一" in characters for characters in written.values())
    assert summary.samples == sum(map(len, written.values())) < 24


def test_each_character_is_written_by_as_many_as_asked_if_so_many_can(tmp_path: Path) -> None:
    """飞 is simplified: of these fonts only the second to the fourth have it, by their makers."""
    summary = write_corpus(
        tmp_path, characters="一三飞", writers=32, test_writers=2, per_character=17, jobs=2
    )
    written = {
        path.stem: "".join(character for character, _ in read_file(path))
        for path in sorted(tmp_path.glob("font-drawn-trn_gnt/*.gnt"))
    }
    assert all(written.values())  # whom chance gave nothing to write has no file
    counts = {c: sum(c in characters for characters in written.values()) for c in "一三飞"}
    assert counts == {"一": 17, "三": 17, "飞": 14}  # eight along known strokes
    by = {c: {w for w, characters in written.items() if c in characters} for c in "一三"}
    assert by["一"] != by["三"]
    tested = [len(read_file(p)) for p in tmp_path.glob("font-drawn-tst_gnt/*.gnt")]
    assert tested == [3, 3]  # writers 33 and 34, of hands 1 and 2
    assert summary.samples == 17 + 17 + 14 + 6


def test_what_no_writer_of_few_could_write_is_named(tmp_path: Path) -> None:
    """Writer 1 has a font of simplified characters."""
    with pytest.raises(UserError, match="no font of so few writers has 學; give at least 16"):
        write_corpus(tmp_path / "out", characters="一學", writers=1)
    assert not (tmp_path / "out").exists()


def test_a_test_split_that_would_be_empty_is_refused(tmp_path: Path) -> None:
    """Writer 4 writes along known strokes, which are of hanzi alone."""
    with pytest.raises(UserError, match=r"--test-writers 1: no font .* any of .* at least 16"):
        write_corpus(tmp_path / "out", characters="0123", writers=3, test_writers=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"writers": 0}, "--writers: 0 is too few"),
        ({"test_writers": 0}, "--test-writers: 0 is too few"),
        ({"per_character": 0}, "--per-character: 0 is too few"),
        ({"jobs": 0}, "--jobs 0: at least one process"),
        ({"seed": -1}, "--seed: -1 is negative"),
        ({"characters": ""}, "--charset: no character"),
        ({"characters": "暗©"}, "no GBK tag"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    tmp_path: Path, arguments: dict[str, int | str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        write_corpus(tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="name a new or an empty folder"):
        write_corpus(tmp_path, characters="一", writers=1)
    assert read_corpus(tmp_path) == {"notes.txt": b"mine"}
    with pytest.raises(UserError, match="not a folder"):
        write_corpus(tmp_path / "notes.txt", characters="一", writers=1)


@patches_workers
def test_a_full_disk_is_one_line_and_leaves_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_record_on_a_full_disk(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(corpus_module, "write_record", write_record_on_a_full_disk)
    with pytest.raises(UserError, match="No space left on device"):
        write_corpus(tmp_path, characters="一", writers=1, jobs=1)
    assert list(tmp_path.iterdir()) == []


def draw_one_and_wait(character: str, hand: Hand, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Of 一 and 七 the first is drawn at once, the second by nobody before he is ended."""
    if character == "七":
        time.sleep(60)
    return np.zeros((9, 9), np.uint8)


@patches_workers
def test_a_corpus_that_is_broken_off_leaves_nothing_that_looks_like_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt_in_the_third_file(samples: int) -> None:
        while not list((tmp_path / "out").rglob("font-drawn-0003.gnt")):
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(corpus_module, "draw_sample", draw_one_and_wait)
    shares = {1: "一", 2: "一七", 3: "一七"}
    monkeypatch.setattr(corpus_module, "_share_out", lambda *_: shares)
    with pytest.raises(KeyboardInterrupt):
        write_corpus(
            tmp_path / "out",
            characters="一七",
            writers=3,
            test_writers=1,
            jobs=2,
            on_samples=interrupt_in_the_third_file,
        )
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_corpus_leaves_is_no_corpus_and_in_nobodys_way(tmp_path: Path) -> None:
    out = tmp_path / "out"
    left = out / "font-drawn-trn_gnt.partial" / "font-drawn-0009.gnt"
    left.parent.mkdir(parents=True)
    (out / "font-drawn-trn_gnt.lock").touch()
    with left.open("wb") as stream:
        write_record(stream, "一", np.zeros((9, 9), np.uint8))
    with pytest.raises(UserError, match="1 file of a folder that is not finished"):
        prepare([out], tmp_path / "a.h5", jobs=1)
    write_corpus(out, characters="一", writers=1, test_writers=1, jobs=1)
    assert sorted(read_corpus(out)) == [
        "font-drawn-trn_gnt/font-drawn-0001.gnt",
        "font-drawn-tst_gnt/font-drawn-0002.gnt",
    ]


@patches_workers
def test_both_parts_of_a_corpus_take_their_names_once_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def draw_and_note_folders(
        character: str, hand: Hand, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        seen.append(sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()))
        return draw_sample(character, hand, rng)

    monkeypatch.setattr(corpus_module, "draw_sample", draw_and_note_folders)
    write_corpus(tmp_path / "out", characters="一", writers=1, jobs=1)
    assert seen == [["font-drawn-trn_gnt.partial", "font-drawn-tst_gnt.partial"]] * 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "font-drawn-trn_gnt",
        "font-drawn-tst_gnt",
    ]
