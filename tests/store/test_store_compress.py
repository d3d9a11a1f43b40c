"""`prepare --compress`: the same store, smaller."""

import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream, load_rows
from tests.store.five_rows import UNTOUCHED
from tests.store.test_prepare import (
    GLYPH,
    assert_one_line_error,
    command_line,
    files_in,
    make_sources,
)
from tests.tiny import write_writers


def test_the_compressed_store_is_the_plain_one_but_for_its_size(tmp_path: Path) -> None:
    sources = make_sources(tmp_path / "data")
    plain = prepare(sources, tmp_path / "plain.h5", glyph=GLYPH, jobs=1).out
    written = set()
    for jobs in (1, 2):
        out = tmp_path / str(jobs) / "x.h5"
        prepare(sources, out, glyph=GLYPH, jobs=jobs, compress=True)
        assert files_in(out.parent) == {"x.h5", "x.contact.png"}
        written.add(out.read_bytes())
    assert len(written) == 1
    with Store(out) as store, Store(plain) as original:
        assert store.verify() == UNTOUCHED
        assert store.fingerprint == original.fingerprint
        assert (store.header, store.sources) == (original.header, original.sources)
        everything = range(len(store))
        np.testing.assert_array_equal(store.images(everything), original.images(everything))
        assert store.stored_bytes is not None
        assert original.stored_bytes is None


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    prepare(
        make_sources(tmp_path),
        tmp_path / "x.h5",
        glyph=GLYPH,
        compress=True,
        jobs=1,
        on_progress=lambda *report: reports.append(report),
    )
    assert reports[-1] == ("compress", 14, 14)


@pytest.mark.parametrize("residence", ["memory", "stream"])
def test_training_draws_the_same_batches_from_both(tmp_path: Path, residence: str) -> None:
    folder = write_writers(tmp_path / "data", writers=12)
    drawn = []
    for compress in (False, True):
        out = tmp_path / f"{compress}.h5"
        prepare([folder], out, glyph=GLYPH, jobs=1, compress=compress)
        with Store(out) as store:
            stream = BatchStream(
                store,
                size=28,
                batch_size=8,
                pack_size=2,
                seed=1,
                residence="memory" if residence == "memory" else "stream",
            )
            batches = stream.batches()
            images = [next(batches).images.numpy() for _ in range(9)]
            drawn.append(
                np.concatenate(images).tobytes() + load_rows(store, range(48), 28).tobytes()
            )
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("chunks", [(16_384, 28, 28), (2_000, 4, 4)])
def test_images_that_another_program_has_packed_are_not_unpacked_for_each_row(
    tmp_path: Path, chunks: tuple[int, int, int]
) -> None:
    """Chunks of 12 MiB, of which a row is a part, and chunks that hold a part of each row."""
    folder = write_writers(tmp_path / "data", writers=4, characters="一丁七" * 1500)
    path = prepare([folder], tmp_path / "x.h5", glyph=GLYPH, jobs=1).out
    with h5py.File(path, "r+") as file:
        images = file["images"][:]
        checksum = file["images"].attrs["sha256"]
        del file["images"]
        packed = file.create_dataset("images", data=images, chunks=chunks, compression="gzip")
        packed.attrs["sha256"] = checksum
    with Store(path) as store:
        assert len(store) == 18_000
        assert store.verify().damaged == []
    with Store(path) as store:  # anew, so that nothing is unpacked yet
        started = time.process_time()
        everything = store.images(range(len(store)))
        at_once = time.process_time() - started
        started = time.process_time()
        for row in range(0, 4000, 20):  # 200 rows of few chunks
            np.testing.assert_array_equal(store.images(range(row, row + 1))[0], everything[row])
        assert time.process_time() - started < 20 * at_once  # 100 times as long without a cache


def test_the_command_line_compresses_and_says_so(tmp_path: Path) -> None:
    make_sources(tmp_path / "data")
    arguments = (
        "prepare",
        "data",
        "--size",
        "28",
        "--jobs",
        "1",
        "--compress",
        "--out",
        "out/x.h5",
    )
    result = command_line(*arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "out" / "x.h5") as file:
        stored = file["images"].id.get_storage_size()
    assert f"compressed to {stored / 1024:.1f} KiB" in " ".join(result.stdout.split())


def test_a_full_disk_leaves_no_litter(tmp_path: Path) -> None:
    make_sources(tmp_path / "data")
    for file_bytes in (3_000, 300_000):
        result = command_line(
            *("prepare", "data", "--out", "out/x.h5", "--size", "28", "--jobs", "2"),
            *("--compress",),
            cwd=tmp_path,
            file_bytes=file_bytes,
        )
        assert_one_line_error(result, "out/x.h5: cannot be written (File too large); free space")
        assert files_in(tmp_path / "out") == set()
