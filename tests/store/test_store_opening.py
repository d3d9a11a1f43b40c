"""What is no store, or pretends to be one."""

import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_tools.store.reader import Store, StoreError
from data_tools.store.schema import ENDING_BYTES
from tests.store.five_rows import IMAGES, LABELS, UNTOUCHED, Edit, error_of, make_store


def test_a_foreign_hdf5_file_is_no_store(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["labels"] = LABELS
    assert "is an HDF5 file but no store of glyphs; name the .h5" in error_of(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.h5", b"", "is no store: it is empty; name the .h5 file"),
        ("x.h5", b"no HDF5", "is no store, nor any HDF5 file; name the .h5 file"),
        ("x.h5", bytes(10_000), "is no store, nor any HDF5 file; name the .h5 file"),
        ("a.gnt", b"PK", "make a store of it with `hanzi-lsgan prepare"),
        ("Gnt1.0Test.ZIP", b"PK", "make a store of it with `hanzi-lsgan prepare"),
    ],
)
def test_what_is_no_hdf5_file_is_refused(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert message in error_of(path)


def test_a_folder_is_told_apart_from_a_run(tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    run.mkdir()
    assert error_of(data).endswith(
        "is a folder and no store; name a store, or make one of a folder's data with "
        f"`hanzi-lsgan prepare {data}`"
    )
    make_store(data / "hanzi.h5")
    assert error_of(data).endswith(f"name a store, such as {data / 'hanzi.h5'}")
    (run / "model.json").touch()
    assert error_of(run).endswith(
        "is a run and no store; name the store that it was trained on: "
        f"`hanzi-lsgan info {run}` says which"
    )


def test_a_missing_store_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "x.h5"
    assert error_of(path).endswith(
        f"there is no such store; make one with `hanzi-lsgan prepare --out {path}`"
    )
    assert "File name too long" in error_of(tmp_path / ("a" * 300))


def test_a_path_may_be_a_text(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with Store(str(path)) as store:
        assert store.path == path
        assert store.verify() == UNTOUCHED


def test_a_truncated_store_is_refused(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    whole = path.read_bytes()
    for length in (8, 40, 1000, len(whole) // 2, len(whole) - ENDING_BYTES - 1):
        path.write_bytes(whole[:length])
        assert "is cut short or damaged; copy it once more, or make it again" in error_of(path)
    for length in (len(whole) - ENDING_BYTES, len(whole) - 1):  # all of it is there but the ending
        path.write_bytes(whole[:length])
        with Store(path) as store:
            found = store.verify()
        assert (found.damaged, found.sealed) == ([], False)


@pytest.mark.skipif(sys.platform == "win32", reason="locks files in another way")
def test_a_store_that_is_being_written_is_refused(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    path = make_store(tmp_path / "x.h5")
    with path.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)  # as HDF5 does
        with pytest.raises(StoreError, match="another program has it open for writing; close it"):
            Store(path)


def keep_outside(name: str, victim: Path) -> Edit:
    """Let a data set's bytes be those of another file."""

    def edit(file: h5py.File) -> None:
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        where = [(str(victim), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset(name, shape, dtype, external=where)

    return edit


def link(name: str, to: h5py.ExternalLink | h5py.SoftLink) -> Edit:
    def edit(file: h5py.File) -> None:
        file.move(name, "kept")
        file[name] = to

    return edit


def make_virtual(name: str, other: Path) -> Edit:
    def edit(file: h5py.File) -> None:
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(str(other), name, shape)
        file.create_virtual_dataset(name, layout)

    return edit


PARTS = ["images", "labels", "writers", "splits", "sources/name", "sources/bytes"]


@pytest.mark.parametrize("part", PARTS)
def test_what_a_store_keeps_outside_itself_is_not_read(tmp_path: Path, part: str) -> None:
    victim = tmp_path / "secret"
    victim.write_bytes(bytes(10_000))  # which would suit any data set
    other = make_store(tmp_path / "other.h5")
    elsewhere = f"/{part} is kept outside the file, where a store never keeps it"
    linked = f"/{part} is a link, perhaps to another file, which no store has"
    for number, (edit, message) in enumerate(
        [
            (keep_outside(part, victim), elsewhere),
            (make_virtual(part, other), elsewhere),
            (link(part, h5py.ExternalLink(str(other), part)), linked),
            (link(part, h5py.SoftLink("/kept")), linked),
        ]
    ):
        path = make_store(tmp_path / f"{number}.h5")
        with h5py.File(path, "r+", libver="latest") as file:
            edit(file)
        assert message in error_of(path)


def test_linked_sources_are_refused(tmp_path: Path) -> None:
    other = make_store(tmp_path / "other.h5")
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        link("sources", h5py.ExternalLink(str(other), "sources"))(file)
    assert "/sources is a link, perhaps to another file" in error_of(path)


def replace_lengths(file: h5py.File) -> None:
    del file["sources/name"]
    names = ["a/1.gnt", "a/2.gnt", "乙.gnt"]
    file["sources"].create_dataset("name", data=names, dtype=h5py.string_dtype())


def claim_much_when_compressed(file: h5py.File) -> None:
    for name, shape in (("labels", (1 << 40,)), ("images", (1 << 40, 28, 28))):
        dtype = file[name].dtype
        del file[name]
        chunks = (1000, *shape[1:])
        file.create_dataset(name, shape, dtype, chunks=chunks, compression="gzip")
    file["images"][:10] = 7


def pack_with_an_unknown_filter(file: h5py.File) -> None:
    del file["images"]
    file.create_dataset("images", IMAGES.shape, "uint8", chunks=(5, 28, 28))
    creation = file["images"].id.get_create_plist()
    del file["images"]
    creation.set_filter(32_001, h5py.h5z.FLAG_OPTIONAL, (0, 0))  # blosc
    space = h5py.h5s.create_simple(IMAGES.shape)
    h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, creation)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replace_lengths, "/sources/name is object (3,), not text of a fixed length (N)"),
        (claim_much_when_compressed, "/images claims 862,017,116,176,384 bytes, more than the"),
        (
            pack_with_an_unknown_filter,
            "/images is compressed by HDF5's filter number 32001, unknown",
        ),
    ],
)
def test_types_sizes_and_filters_are_checked_before_anything_is_read(
    tmp_path: Path, edit: Edit, message: str
) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        edit(file)
    assert message in error_of(path)


def test_no_message_speaks_of_the_insides_of_hdf5(tmp_path: Path) -> None:
    """Bytes of a compressed store's chunk index and chunk, which HDF5 cannot read any more."""
    path = make_store(tmp_path / "x.h5", compressed=True)
    whole = path.read_bytes()
    with h5py.File(path) as file:
        chunk = file["images"].id.get_chunk_info(0).byte_offset
    damaged = bytearray(whole)
    damaged[chunk + 20 : chunk + 40] = bytes(20)
    path.write_bytes(damaged)
    with Store(path) as store:
        assert store.verify().damaged == ["/images"]
        with pytest.raises(Exception, match="/images is damaged") as caught:
            store.images(range(5))
    assert str(caught.value) == (
        f"{path}: /images is damaged; copy it once more, or make it again with "
        "`hanzi-lsgan prepare`"
    )
    assert not re.search("inflate|synchronously|0x", str(caught.value))


def test_a_compressed_store_gives_the_same_rows(tmp_path: Path) -> None:
    with Store(make_store(tmp_path / "x.h5", compressed=True)) as store:
        for rows in (range(5), range(1, 3), range(4, 5), range(2, 2)):
            np.testing.assert_array_equal(store.images(rows), IMAGES[rows.start : rows.stop])
