import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.hwdb.charset import parse_charset
from data_tools.hwdb.gnt import GntRecord, read_records, write_record
from data_tools.sources import members
from data_tools.splits import Split
from data_tools.store import passes
from data_tools.store import prepare as prepare_module
from data_tools.store.plan import plan_store
from data_tools.store.prepare import PrepareResult, prepare
from data_tools.store.reader import Store
from data_tools.store.verification import Verification
from tests.gnt_samples import RECORD_BYTES, gnt_bytes, raw_record, write_gnt, write_zip

UNTOUCHED = Verification([], sealed=True, added=[])
GLYPH = GlyphOptions(28, "aspect", 1)
HWDB = Path(__file__).parents[3] / "shared" / "hwdb105"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="workers are not forked")

FILES = {
    "a/1.gnt": gnt_bytes("七A一丁一", seed=1),
    "a/2.gnt": gnt_bytes("丁七", seed=2),
    "a/3.gnt": gnt_bytes("+一叩", seed=3),
    "b/1.gnt": gnt_bytes("叩丁", seed=4),
    "Test.zip/1.gnt": gnt_bytes("一七!", seed=5),
    "Test.zip/2.gnt": gnt_bytes("一叩", seed=6),
}
"""What `make_sources` writes: 10 hanzi for training, 4 for testing, and three symbols."""


def make_sources(folder: Path) -> list[Path]:
    """Two folders and an archive with an official name of a test split."""
    for name, data in FILES.items():
        if name.startswith(("a/", "b/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    members = {n.split("/")[1]: data for n, data in FILES.items() if n.startswith("Test.zip/")}
    return [folder / "a", folder / "b", write_zip(folder / "Test.zip", members)]


def convert(sources: list[Path], out: Path, **options: Any) -> PrepareResult:
    return prepare(sources, out, **{"glyph": GLYPH, "jobs": 1, **options})


def records_of(data: bytes) -> list[GntRecord]:
    return list(read_records(io.BytesIO(data), "w.gnt", lambda error: None))


def error_of(sources: list[Path], out: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        convert(sources, out, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def command_line(
    *arguments: str | Path, cwd: Path, file_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program, perhaps with a limit to the size of the files that it writes."""

    def limit() -> None:
        if file_bytes is not None and sys.platform != "win32":
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    command = [sys.executable, "-m", "hanzi_lsgan.cli", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limit if file_bytes else None,
    )


def assert_one_line_error(result: subprocess.CompletedProcess[str], message: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_every_row_has_the_split_label_writer_and_glyph_of_its_record(tmp_path: Path) -> None:
    result = convert(make_sources(tmp_path), tmp_path / "x.h5")
    records = {name: records_of(data) for name, data in FILES.items()}
    expected = [  # in order of split, label, source and record
        *(("a/1.gnt", 2), ("a/1.gnt", 4), ("a/3.gnt", 1)),  # 一 train
        *(("a/1.gnt", 3), ("a/2.gnt", 0), ("b/1.gnt", 1)),  # 丁
        *(("a/1.gnt", 0), ("a/2.gnt", 1)),  # 七
        *(("a/3.gnt", 2), ("b/1.gnt", 0)),  # 叩
        *(("Test.zip/1.gnt", 0), ("Test.zip/2.gnt", 0)),  # 一 test
        ("Test.zip/1.gnt", 1),  # 七
        ("Test.zip/2.gnt", 1),  # 叩
    ]
    with Store(result.out) as store:
        assert store.charset == "一丁七叩"
        assert [source.name for source in store.sources] == sorted(FILES)
        assert [source.bytes for source in store.sources] == [
            len(FILES[name]) for name in sorted(FILES)
        ]
        assert [source.samples for source in store.sources] == [2, 2, 4, 2, 2, 2]
        assert store.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 0, 0, 2, 3]
        assert store.splits.tolist() == [0] * 10 + [1] * 4
        assert [store.sources[writer].name for writer in store.writers] == [n for n, _ in expected]
        for row, (name, number) in enumerate(expected):
            record = records[name][number]
            glyph = fit_glyph(record.pixels, record.width, record.height, GLYPH)
            np.testing.assert_array_equal(store.images(range(row, row + 1))[0], glyph)
        assert store.header.glyph == GLYPH
        assert not store.header.font_drawn
        assert store.verify() == UNTOUCHED


def test_the_bytes_depend_on_nothing_but_the_samples(tmp_path: Path) -> None:
    here = make_sources(tmp_path / "here")
    there = make_sources(tmp_path / "somewhere" / "else")
    first = convert(here, tmp_path / "first.h5")
    stores, sheets = {first.out.read_bytes()}, {first.contact_sheet.read_bytes()}
    for number, (sources, jobs) in enumerate(
        [(here[::-1], 1), (here, 2), (there, 3), ([there[1], there[2], there[0]], 2)]
    ):
        again = convert(sources, tmp_path / f"again-{number}.h5", jobs=jobs)
        stores.add(again.out.read_bytes())
        sheets.add(again.contact_sheet.read_bytes())
    assert len(stores) == len(sheets) == 1


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("bundles", [1, 16])
@pytest.mark.parametrize("kept_glyphs", [0, 3, 1000])
def test_the_bytes_do_not_depend_on_how_much_is_kept_between_the_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_glyphs: int, bundles: int, jobs: int
) -> None:
    sources = make_sources(tmp_path / "data")
    usual = convert(sources, tmp_path / "usual.h5").out.read_bytes()
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept_glyphs * GLYPH.size**2 * jobs)
    monkeypatch.setattr(prepare_module, "_BUNDLES_A_PROCESS", bundles)
    other = convert(sources, tmp_path / "other.h5", jobs=jobs, force=True).out.read_bytes()
    assert other == usual


def test_files_of_one_name_have_an_order_of_their_own(tmp_path: Path) -> None:
    one, other = gnt_bytes("一丁", seed=1), gnt_bytes("一丁", seed=2)
    stores = set()
    for number, places in enumerate([(one, other), (other, one)]):
        sources = [tmp_path / str(number) / folder / "w.gnt" for folder in "ab"]
        for source, data in zip(sources, places, strict=True):
            source.parent.mkdir(parents=True)
            source.write_bytes(data)
        stores.add(convert(sources, tmp_path / f"{number}.h5").out.read_bytes())
    assert len(stores) == 1


def test_what_is_said_of_pictures_is_refused_where_there_are_none(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    for options, name in (
        ({"ink": "light"}, "--ink light"),
        ({"writer_pattern": "(a)"}, "--writer-pattern"),
    ):
        message = error_of(sources, tmp_path / "x.h5", **options)
        assert message.startswith(f"{name}: no picture is among the sources")
    convert(sources, tmp_path / "x.h5", ink="dark")  # as the ink of .gnt files is


@pytest.mark.parametrize("kept_glyphs", [0, 1000])
def test_files_that_are_light_on_dark_are_turned_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_glyphs: int
) -> None:
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept_glyphs * GLYPH.size**2)
    stores = []
    for folder, ground, ink in (("dark", 255, 60), ("light", 0, 195)):
        path = tmp_path / folder / "a.gnt"
        path.parent.mkdir()
        with path.open("wb") as stream:
            for row, character in enumerate("一丁七" * 2, 1):
                bitmap = np.full((9, 9), ground, np.uint8)
                bitmap[row, 2:7] = bitmap[2:7, row] = ink
                write_record(stream, character, bitmap)
        result = convert([path], tmp_path / f"{folder}.h5")
        with Store(result.out) as store:
            stores.append(store.images(range(6)))
    np.testing.assert_array_equal(stores[0], stores[1])
    assert (
        "ink: 1 .gnt file light on dark, not as the format has it, and turned (a.gnt); --ink dark "
        "leaves them"
    ) in result.notes
    left = convert([path], tmp_path / "left.h5", ink="dark")
    assert not any("light on dark" in line for line in left.notes)
    with Store(left.out) as store:
        assert store.images(range(6)).mean() < stores[0].mean()


def write_crosses(path: Path, ground: int, ink: int, noise: int, characters: str) -> Path:
    """Strokes on a ground that is no more even than so many grey levels; the last is blank."""
    random = np.random.default_rng(0)
    with path.open("wb") as stream:
        for row, character in enumerate(characters, 10):
            bitmap = random.integers(ground, ground + noise + 1, (40, 40), np.uint8)
            if row < 9 + len(characters):
                bitmap[row : row + 3, 8:32] = bitmap[8:32, row : row + 3] = ink
            write_record(stream, character, bitmap)
    return path


@pytest.mark.parametrize(("ground", "noise"), [(0, 0), (0, 15), (20, 8)])
@pytest.mark.parametrize("characters", ["永和九年永和", "永永永永永"])
def test_dark_grounds_of_files_become_exact_white(
    tmp_path: Path, ground: int, noise: int, characters: str
) -> None:
    source = write_crosses(tmp_path / "own.gnt", ground, 230, noise, characters)
    result = convert([source], tmp_path / "x.h5")
    assert any(line.startswith("ink: 1 .gnt file light on dark") for line in result.notes)
    with Store(result.out) as store:
        images = store.images(range(len(store)))
    assert len(images) == len(characters)
    inked = [image for image in images if image.min() < 80]
    assert len(inked) == len(characters) - 1
    for image in inked:
        assert 0.6 < np.mean(image == 255) < 0.95  # 20 % of the strokes' box is ink


@pytest.mark.parametrize(("ground", "noise"), [(245, 7), (250, 0), (200, 5)])
def test_grey_grounds_of_files_become_exact_white(tmp_path: Path, ground: int, noise: int) -> None:
    source = write_crosses(tmp_path / "own.gnt", ground, 25, noise, "永和九年")
    result = convert([source], tmp_path / "x.h5")
    said = "ink: 1 .gnt file on a grey ground, not as the format has it, and levelled (own.gnt)"
    assert said in result.notes
    with Store(result.out) as store:
        images = store.images(range(len(store)))
    assert sum(bool((image == 255).all()) for image in images) == 1
    for image in images[[image.min() < 80 for image in images]]:
        assert 0.6 < np.mean(image == 255) < 0.95


def test_much_ink_is_no_dark_ground(tmp_path: Path) -> None:
    flat, grid = np.full((6, 30), 20, np.uint8), np.full((30, 30), 20, np.uint8)
    grid[4:13, 4:13] = grid[4:13, 17:26] = grid[17:26, 4:13] = grid[17:26, 17:26] = 255
    flat[0, :9] = 255
    for character, bitmap in (("一", flat), ("田", grid)):
        with (tmp_path / "own.gnt").open("wb") as stream:
            for _ in range(6):
                write_record(stream, character, bitmap)
        result = convert([tmp_path / "own.gnt"], tmp_path / "x.h5", force=True)
        assert not any("light on dark" in line for line in result.notes)


@pytest.mark.parametrize("kept_glyphs", [0, 1000])
def test_samples_without_ink_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_glyphs: int
) -> None:
    """They stay. What the character set leaves out, and copies that are dropped, do not count."""
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept_glyphs * GLYPH.size**2)
    for name, characters in (("a", "一丁+"), ("b", "丁"), ("c", "")):
        with write_gnt(tmp_path / "in" / f"{name}.gnt", "七叩").open("ab") as stream:
            for character in characters:
                write_record(stream, character, np.full((9, 9), 255, np.uint8))
    result = convert([tmp_path / "in"], tmp_path / "x.h5")
    assert "blank: 3 samples without any ink (in/a.gnt, in/b.gnt)" in result.notes
    result = convert([tmp_path / "in"], tmp_path / "y.h5", drop_copies=True)
    assert "blank: 2 samples without any ink (in/a.gnt)" in result.notes
    with Store(result.out) as store:
        images = store.images(range(len(store)))
        assert int((images == 255).all(axis=(1, 2)).sum()) == 2


def test_symbols_are_left_out_and_counted_by_default(tmp_path: Path) -> None:
    with Store(convert(make_sources(tmp_path), tmp_path / "x.h5").out) as store:
        assert store.header.left_out == {"symbols": 3}


@pytest.mark.parametrize(
    ("charset", "kept", "left_out", "missing"),
    [
        ("hanzi", "一丁七叩", {"symbols": 3}, ""),
        ("all", "!+A一丁七叩", {}, ""),
        ("叩丁龙+", "+丁叩", {"outside the character set": 10}, "龙"),
        ("七", "七", {"outside the character set": 14}, ""),
    ],
)
def test_a_character_set_chooses_what_is_kept(
    tmp_path: Path, charset: str, kept: str, left_out: dict[str, int], missing: str
) -> None:
    sources = make_sources(tmp_path)
    result = convert(sources, tmp_path / "x.h5", charset=parse_charset(charset))
    assert result.missing == missing
    with Store(result.out) as store:
        assert store.charset == kept
        assert store.header.left_out == left_out
        assert len(store) + sum(left_out.values()) == 17
        sizes = [store.counts(Split.TRAIN), store.counts(Split.TEST)]
        assert (np.sum(sizes, axis=0) > 0).all()


def test_standard_sets_leave_out_what_they_do_not_have(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    for name, kept in (("gb2312-1", "一丁七"), ("gb2312", "一丁七叩")):
        result = convert(sources, tmp_path / f"{name}.h5", charset=parse_charset(name))
        with Store(result.out) as store:
            assert store.charset == kept


def test_a_character_set_that_matches_nothing_says_what_there_is(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    message = error_of(sources, tmp_path / "x.h5", charset=parse_charset("龙凤"))
    assert message == (
        "--charset: no character of the input (!+A一丁七叩 …) is among the characters given; "
        "choose another character set"
    )
    symbols = write_gnt(tmp_path / "symbols.gnt", "ABC")
    assert "(ABC …) is among the hanzi" in error_of([symbols], tmp_path / "x.h5")
    digits = write_gnt(tmp_path / "digits.gnt", "301")
    assert error_of([digits], tmp_path / "x.h5") == (
        "--charset: no character of the input (013 …) is among the hanzi; if these are numbers of "
        "classes, put classes.txt with `number character` on each line beside the pictures; if "
        "they are digits, choose another character set"
    )
    assert files_in(tmp_path) == {"Test.zip", "a", "b", "symbols.gnt", "digits.gnt"}


def test_test_sources_make_the_test_split(tmp_path: Path) -> None:
    train = write_gnt(tmp_path / "1.gnt", "一丁", seed=1)
    tests = [write_gnt(tmp_path / "2.gnt", "一", seed=2), write_gnt(tmp_path / "3.gnt", "丁")]
    with Store(convert([train], tmp_path / "x.h5", test_sources=tests).out) as store:
        assert store.splits.tolist() == [0, 0, 1, 1]
        assert store.labels.tolist() == [0, 1, 0, 1]
        assert store.writers.tolist() == [0, 0, 1, 2]


def test_an_existing_output_is_replaced_only_by_force(tmp_path: Path) -> None:
    sources, out = make_sources(tmp_path / "data"), tmp_path / "out" / "x.h5"
    convert(sources, out)
    before = out.read_bytes()
    message = error_of(sources[:1], out)
    assert message.startswith(f"{out}: exists already; pass --force")
    assert out.read_bytes() == before
    convert(sources[:1], out, force=True)
    assert out.read_bytes() != before
    assert files_in(out.parent) == {"x.h5", "x.contact.png"}
    for force in (False, True):
        assert "is a folder" in error_of(sources, tmp_path, force=force)


def test_without_skip_bad_the_first_damage_ends_all(tmp_path: Path) -> None:
    sources, out = make_sources(tmp_path / "data"), tmp_path / "out" / "x.h5"
    damaged = tmp_path / "data" / "b" / "2.gnt"
    damaged.write_bytes(gnt_bytes("一丁") + raw_record(size=99) + gnt_bytes("七"))
    for jobs in (1, 2):
        message = error_of(sources, out, jobs=jobs)
        assert message.startswith("b/2.gnt: byte 148: the size field says 99")
        assert files_in(out.parent) == set()


def test_skip_bad_keeps_what_is_whole_and_lists_the_rest(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    damaged = gnt_bytes("一丁") + raw_record(size=99) + gnt_bytes("七") + raw_record(pixels=3)
    (tmp_path / "b" / "2.gnt").write_bytes(damaged)
    (tmp_path / "b" / "3.gnt").write_bytes(b"")
    (tmp_path / "b" / "4.gnt").write_bytes(b"")
    stores = set()
    for jobs in (1, 2):
        result = convert(sources, tmp_path / f"{jobs}.h5", skip_bad=True, jobs=jobs)
        assert result.damaged == [
            "b/2.gnt: byte 148: the size field says 99 but 8 × 8 pixels make 74",
            "b/2.gnt: byte 296: the bitmap needs 64 bytes and the file ends after 3, and no record "
            "can be found after it: the last 13 bytes are left out",
        ]
        assert [line.split(" (")[0] for line in result.notes] == [
            "test by name: Test.zip",
            "writers in both splits: 2",
            "passed over: 2 empty files",
        ]
        stores.add(result.out.read_bytes())
    assert len(stores) == 1
    whole = records_of(damaged)
    with Store(result.out) as store:
        assert store.header.left_out == {"damaged": 2, "symbols": 3}
        writer = [source.name for source in store.sources].index("b/2.gnt")
        rows = np.flatnonzero(store.writers == writer).tolist()
        assert "".join(store.charset[store.labels[row]] for row in rows) == "一丁七"
        for row, record in zip(rows, whole, strict=True):
            glyph = fit_glyph(record.pixels, record.width, record.height, GLYPH)
            np.testing.assert_array_equal(store.images(range(row, row + 1))[0], glyph)


def test_skip_bad_goes_on_behind_damaged_members_of_an_archive(tmp_path: Path) -> None:
    members = {"1.gnt": gnt_bytes("一"), "2.gnt": gnt_bytes("丁", seed=2), "3.gnt": gnt_bytes("七")}
    archive = write_zip(tmp_path / "a.zip", members)
    data = bytearray(archive.read_bytes())
    data[0:4] = b"XXXX"  # the local header of the first
    data[data.index(members["2.gnt"]) + 20] ^= 1  # a pixel of the second, which its CRC covers
    archive.write_bytes(data)
    assert error_of([archive], tmp_path / "x.h5").startswith("a.zip/1.gnt: is damaged (Bad magic")
    result = convert([archive], tmp_path / "x.h5", skip_bad=True)
    assert [line.split(" (")[0] for line in result.damaged] == [
        "a.zip/1.gnt: is damaged",
        "a.zip/2.gnt: is damaged",
    ]
    with Store(result.out) as store:
        assert store.charset == "七"


def test_skip_bad_with_nothing_left_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "1.gnt"
    broken.write_bytes(bytes(range(200)))
    message = error_of([broken], tmp_path / "x.h5", skip_bad=True)
    assert message.startswith("the sources: no sample in them can be read")
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    message = error_of([broken], tmp_path / "x.h5", skip_bad=True)
    assert "picture" in message
    assert files_in(tmp_path) == {"1.gnt"}


def test_files_of_the_same_bytes_are_taken_once(tmp_path: Path) -> None:
    first = write_gnt(tmp_path / "raw" / "a" / "1.gnt", "一丁")
    second = write_gnt(tmp_path / "raw" / "b" / "1.gnt", "一丁")
    result = convert([tmp_path / "raw"], tmp_path / "x.h5")
    assert f"passed over: 1 copy of a file, taken once ({second} of {first})" in result.notes
    with Store(result.out) as store:
        assert [(source.name, source.samples) for source in store.sources] == [("raw/a/1.gnt", 2)]
        assert len(store) == 2
        assert store.verify().damaged == []


@pytest.mark.parametrize("kept_glyphs", [0, 1000])
@pytest.mark.parametrize("jobs", [1, 2])
def test_of_copies_in_train_and_test_the_test_split_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, kept_glyphs: int
) -> None:
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept_glyphs * GLYPH.size**2 * jobs)
    train = [write_gnt(tmp_path / "raw" / f"{n}.gnt", "一丁七", seed=n) for n in (1, 2, 3)]
    test = write_gnt(tmp_path / "z" / "1.gnt", "一丁七", seed=1)
    result = convert([tmp_path / "raw"], tmp_path / "x.h5", test_sources=[test], jobs=jobs)
    said = f"passed over: 1 copy of a file, in train and test, taken for test only ({train[0]} of"
    assert any(note.startswith(said) for note in result.notes)
    with Store(result.out) as store:
        assert [source.name for source in store.sources] == ["1.gnt", "raw/2.gnt", "raw/3.gnt"]
        assert store.splits.tolist() == [0] * 6 + [1] * 3
        assert store.writers.tolist() == [1, 2, 1, 2, 1, 2, 0, 0, 0]
        for row, record in zip(range(6, 9), sorted(records_of(test.read_bytes())), strict=True):
            glyph = fit_glyph(record.pixels, record.width, record.height, GLYPH)
            np.testing.assert_array_equal(store.images(range(row, row + 1))[0], glyph)


@pytest.mark.parametrize("kept_glyphs", [0, 1000])
def test_samples_that_are_there_twice_are_counted_and_dropped_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_glyphs: int
) -> None:
    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", kept_glyphs * GLYPH.size**2)
    one, other, third = (gnt_bytes("一丁", seed=seed) for seed in (1, 2, 3))
    first, second = one[:RECORD_BYTES], one[RECORD_BYTES:]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "1001-c.gnt").write_bytes(one + other)
    # The second release: 一 of the first again and 丁's pixels under another label.
    relabelled = second[:4] + gnt_bytes("七")[4:6] + second[6:]
    (tmp_path / "raw" / "1001-f.gnt").write_bytes(first + relabelled + third)
    (tmp_path / "raw" / "test.gnt").write_bytes(other[:RECORD_BYTES])
    said = "copies: 2 samples have the pixels and label of another, 1 of them in train of one in"
    result = convert([tmp_path / "raw"], tmp_path / "x.h5")
    assert result.notes[-1] == f"{said} test; --drop-copies leaves them out"
    with Store(result.out) as store:
        assert len(store) == 9
    result = convert([tmp_path / "raw"], tmp_path / "x.h5", drop_copies=True, force=True)
    assert result.notes[-1] == f"{said} test; left out"
    with Store(result.out) as store:
        assert store.header.left_out == {"copies": 2}
        # 一 of 1001-c stays, that of its seed 2 is in test, and 一 of 1001-f is the third's alone.
        rows = [
            (store.sources[w].name[-10:], store.charset[c])
            for w, c in zip(store.writers, store.labels, strict=True)
        ]
        assert rows == [
            ("1001-c.gnt", "一"),
            ("1001-f.gnt", "一"),
            ("1001-c.gnt", "丁"),
            ("1001-c.gnt", "丁"),
            ("1001-f.gnt", "丁"),
            ("1001-f.gnt", "七"),
            ("w/test.gnt", "一"),
        ]
        records = [*records_of(one), *records_of(third)[:1]]
        for row, record in ((0, records[0]), (1, records[2])):
            glyph = fit_glyph(record.pixels, record.width, record.height, GLYPH)
            np.testing.assert_array_equal(store.images(range(row, row + 1))[0], glyph)
        assert store.verify().damaged == []


def test_samples_that_only_resemble_each_other_are_no_copies(tmp_path: Path) -> None:
    pixels = bytes(range(100, 164))
    # These leave both sums of Adler-32 as they are; so does another shape of the same pixels.
    nearly = pixels[:9] + bytes((pixels[9] + 1, pixels[10] - 2, pixels[11] + 1)) + pixels[12:]
    shapes = ((8, 8, pixels), (8, 8, nearly), (4, 16, pixels), (16, 4, pixels))
    (tmp_path / "1.gnt").write_bytes(
        b"".join(raw_record(width=w, height=h, pixels=0) + data for w, h, data in shapes)
    )
    result = convert([tmp_path / "1.gnt"], tmp_path / "x.h5", drop_copies=True)
    assert not any("copies" in note for note in result.notes)
    with Store(result.out) as store:
        assert len(store) == 4


def test_a_share_of_the_writers_is_the_test_split(tmp_path: Path) -> None:
    for number in range(20):
        write_gnt(tmp_path / "raw" / f"{number:03}-f.gnt", "一丁", seed=number)
    result = convert([tmp_path / "raw"], tmp_path / "x.h5", test_writers=0.25)
    with Store(result.out) as store:
        test = {store.sources[w].name for w in store.writers[store.splits == 1]}
        train = {store.sources[w].name for w in store.writers[store.splits == 0]}
    assert test
    assert len(train) > len(test)
    assert not train & test
    assert len(train | test) == 20
    assert result.notes == [f"test by --test-writers 0.25: {len(test)} files"]


def test_stray_bytes_cost_no_more_than_their_record(tmp_path: Path) -> None:
    data = gnt_bytes("一丁七" * 10)
    cut = 10 * RECORD_BYTES
    (tmp_path / "1.gnt").write_bytes(data[:cut] + bytes(7) + data[cut:])
    result = convert([tmp_path / "1.gnt"], tmp_path / "x.h5", skip_bad=True)
    (line,) = result.damaged
    assert line.endswith(": 7 stray bytes are passed over")
    with Store(result.out) as store:
        assert len(store) == 30
        assert store.header.left_out == {}


def replace_keeping_size_and_date(path: Path) -> None:
    status = path.stat()
    path.write_bytes(gnt_bytes("丁七", seed=9))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + gnt_bytes("一"))


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:RECORD_BYTES])


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace_keeping_size_and_date, "a/2.gnt: changed while it was being read; run it again"),
        (lengthen, "a/2.gnt: changed while it was being read"),
        (shorten, "a/2.gnt: changed while it was being read"),
        (Path.unlink, "a/2.gnt: cannot be read (No such file or directory)"),
    ],
)
def test_a_source_that_changes_between_the_passes_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    message: str,
    jobs: int,
) -> None:
    sources, out = make_sources(tmp_path / "data"), tmp_path / "out" / "x.h5"

    def plan_and_change(*arguments: Any) -> Any:
        change(tmp_path / "data" / "a" / "2.gnt")
        return plan_store(*arguments)

    monkeypatch.setattr(prepare_module, "_MEMORY_BYTES", 0)  # so that sources are read twice
    monkeypatch.setattr(prepare_module, "plan_store", plan_and_change)
    assert message in error_of(sources, out, jobs=jobs)
    assert files_in(out.parent) == set()


@on_linux
@pytest.mark.parametrize(
    ("module", "function"), [(passes, "fit_glyphs"), (members, "read_records")]
)
def test_a_worker_that_dies_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str
) -> None:
    sources, out = make_sources(tmp_path / "data"), tmp_path / "out" / "x.h5"
    monkeypatch.setattr(module, function, lambda *arguments: os._exit(9))
    assert error_of(sources, out, jobs=2).startswith("a worker process died")
    assert files_in(out.parent) == set()


@pytest.mark.parametrize("jobs", [0, -2])
def test_too_few_jobs_are_refused(tmp_path: Path, jobs: int) -> None:
    sources = make_sources(tmp_path)
    assert error_of(sources, tmp_path / "x.h5", jobs=jobs).startswith(f"--jobs {jobs}: at least")


def test_two_runs_for_one_output_do_not_mix(tmp_path: Path) -> None:
    sources, out = make_sources(tmp_path / "data"), tmp_path / "out" / "x.h5"
    refusals = []

    def start_another(phase: str, done: int, total: int) -> None:
        refusals.append(error_of(sources[:1], out, force=True))

    convert(sources, out, on_progress=start_another)
    assert set(refusals) == {
        f"{out}: another process is writing this file; wait for it, or choose another name"
    }
    convert(sources, tmp_path / "alone.h5")
    assert out.read_bytes() == (tmp_path / "alone.h5").read_bytes()


@pytest.mark.parametrize("jobs", [1, 3])
def test_progress_counts_every_sample_of_both_passes(tmp_path: Path, jobs: int) -> None:
    reports: list[tuple[str, int, int]] = []
    convert(
        make_sources(tmp_path),
        tmp_path / "x.h5",
        jobs=jobs,
        on_progress=lambda *report: reports.append(report),
    )
    assert reports == [
        *(("scan", done, 0) for done in (3, 5, 10, 12, 15, 17)),
        *(("convert", done, 14) for done in (2, 4, 8, 10, 12, 14)),
    ]


def test_the_contact_sheet_shows_a_column_for_each_character(tmp_path: Path) -> None:
    result = convert(make_sources(tmp_path), tmp_path / "hanzi.h5")
    assert result.contact_sheet == tmp_path / "hanzi.contact.png"
    sheet = np.asarray(Image.open(result.contact_sheet))
    assert sheet.shape == (2 + 10 * 30, 2 + 4 * 30)
    with Store(result.out) as store:
        for column, samples in enumerate([3, 3, 2, 2]):  # of the train split
            rows = store.rows_of_class(Split.TRAIN, column)
            left = 2 + 30 * column
            for line in range(samples):
                cell = sheet[2 + 30 * line : 30 + 30 * line, left : left + 28]
                glyph = store.images(rows[line : line + 1])[0]
                np.testing.assert_array_equal(cell, glyph)
            assert (sheet[2 + 30 * samples :, left : left + 28] == 255).all()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    (tmp_path / "file.txt").write_text("mine")
    for out in (tmp_path / "file.txt" / "x.h5", tmp_path / ("a" * 300)):
        assert error_of(sources, out).startswith(f"{out}: cannot be written (")
    assert (tmp_path / "file.txt").read_text() == "mine"


@on_linux
def test_a_file_system_that_takes_no_files_is_named(tmp_path: Path) -> None:
    """Not even from one who may write everywhere."""
    message = error_of(make_sources(tmp_path), Path("/proc/x.h5"))
    assert message.startswith("/proc/x.h5: cannot be written (")


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write everywhere")
    message = error_of(sources, locked / "x.h5")
    assert "cannot be written (Permission denied); check the path" in message


def test_a_file_name_that_is_no_utf8_is_no_obstacle(tmp_path: Path) -> None:
    source = write_gnt(tmp_path / os.fsdecode(b"\xff.gnt"), "一")
    with Store(convert([source], tmp_path / "x.h5").out) as store:
        assert store.sources[0].name == "?.gnt"
    source.write_bytes(b"")
    result = command_line("prepare", source, "--out", "y.h5", cwd=tmp_path)
    assert_one_line_error(result, "\\udcff.gnt: is an empty file")


def test_a_full_disk_is_one_line_and_leaves_no_litter(tmp_path: Path) -> None:
    make_sources(tmp_path / "data")
    for file_bytes in (3_000, 300_000):
        result = command_line(
            *("prepare", "data", "--out", "out/x.h5", "--size", "28", "--jobs", "2"),
            cwd=tmp_path,
            file_bytes=file_bytes,
        )
        assert_one_line_error(result, "out/x.h5: cannot be written (File too large); free space")
        assert files_in(tmp_path / "out") == set()


def convert_in_a_process(sources: list[Path], out: Path) -> BaseProcess:
    if sys.platform == "win32":
        raise NotImplementedError
    process = multiprocessing.get_context("fork").Process(
        target=convert, args=(sources, out), kwargs={"jobs": 2, "force": True}
    )
    process.start()
    return process


def is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@on_linux
def test_a_killed_run_leaves_the_old_output_or_the_new_and_no_process(
    tmp_path: Path, kills: int
) -> None:
    names = [f"{number}.gnt" for number in range(4)]
    sources = [write_gnt(tmp_path / n, "一丁七" * 400, seed=i) for i, n in enumerate(names)]
    out = tmp_path / "out" / "x.h5"
    convert(sources[:1], out)
    old = out.read_bytes()
    started = time.monotonic()
    convert_in_a_process(sources, out).join()
    seconds = time.monotonic() - started
    new = out.read_bytes()
    assert new != old

    if sys.platform == "win32":
        return
    killed_at_work = 0
    for kill in range(kills):
        out.write_bytes(old)
        process = convert_in_a_process(sources, out)
        assert process.pid is not None
        time.sleep(seconds * (kill + 0.5) / kills)
        if process.is_alive():
            os.kill(process.pid, signal.SIGSTOP)  # so that no worker starts unseen
            workers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            killed_at_work += len(workers) == 2
            deadline = time.monotonic() + 5
            while any(map(is_running, workers)) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not any(map(is_running, workers))
        process.join()
        assert out.read_bytes() in (old, new)
    assert killed_at_work
    convert(sources, out, jobs=2, force=True)
    assert out.read_bytes() == new
    assert files_in(out.parent) == {"x.h5", "x.contact.png"}


def test_the_command_line_takes_several_test_sources(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        write_gnt(tmp_path / f"{name}.gnt", "一丁", seed=number)
    arguments = ("a.gnt", "--test", "b.gnt", "c.gnt", "--size", "28", "--out", "x.h5")
    result = command_line("prepare", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "train       │ 2 samples, 2 classes, 1 writer;" in result.stdout
    assert "test        │ 4 samples, 2 classes, 2 writers" in result.stdout
    with Store(tmp_path / "x.h5") as store:
        assert store.splits.tolist() == [0, 0, 1, 1, 1, 1]


def test_the_command_line_lists_what_is_damaged_and_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "1.gnt").write_bytes(gnt_bytes("一丁A") + raw_record(size=99) + gnt_bytes("一"))
    arguments = ("prepare", "1.gnt", "--out", "x.h5", "--charset", "一龙")
    result = command_line(*arguments, cwd=tmp_path)
    assert_one_line_error(result, "error: 1.gnt: byte 222: the size field says 99")
    assert files_in(tmp_path) == {"1.gnt"}
    result = command_line(*arguments, "--skip-bad", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "left out: 1.gnt: byte 222: the size field says 99 but 8 × 8 pixels" in result.stdout
    assert "asked for, but in no source (1): 龙" in result.stdout
    assert "1 damaged, 2 outside the character set" in " ".join(result.stdout.split())
    assert_one_line_error(command_line(*arguments, cwd=tmp_path), "x.h5: exists already")


@pytest.mark.skipif(not HWDB.is_dir(), reason="there is no HWDB-105 beside the repository")
def test_real_handwriting_is_read_whole(tmp_path: Path) -> None:
    result = convert([HWDB / "test.zip"], tmp_path / "x.h5", jobs=2)
    with Store(result.out) as store:
        assert len(store) == 5016
        assert len(store.charset) == 105
        assert len(store.sources) == 48
        assert len(store.rows_of(Split.TEST)) == 5016
        assert store.header.left_out == {}
        assert store.verify() == UNTOUCHED
    shutil.rmtree(tmp_path)  # the licence forbids to spread it, so nothing is left lying about


def test_what_skip_bad_left_nothing_of_is_said_with_its_reason(tmp_path: Path) -> None:
    """A .gnt file in Big5, all of which is left out: to get it again would not help."""
    path = tmp_path / "1.gnt"
    text = "學書畫永歲蘭亭會稽山陰事群賢畢至少長咸集"
    path.write_bytes(b"".join(raw_record(tag=one.encode("big5")) for one in text))
    message = error_of([path], tmp_path / "x.h5", skip_bad=True)
    assert message.startswith("the sources: no sample in them can be read: 1.gnt: the tags are B")
