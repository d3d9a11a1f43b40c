"""A damaged store is told apart from one that another program has opened, packed or added to."""

import hashlib
import json
import multiprocessing
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from data_tools.store import writer
from data_tools.store.reader import Store, StoreError
from data_tools.store.verification import Verification
from data_tools.store.writer import compress_store, create_store, seal_store
from hanzi_lsgan.cli.app import app
from tests.store.five_rows import IMAGES, LABELS, UNTOUCHED, facts_of, make_store


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
                assert store.verify().damaged == [found]
        except StoreError as error:  # the reader itself has found that parts disagree
            assert part in ("labels", "writers", "splits")
            assert f"/{part}" in str(error) or "not in order" in str(error)


def test_verify_finds_changed_attributes(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["font_drawn"] = False
    with Store(path) as store:
        assert store.verify() == Verification(["attribute font_drawn"], sealed=False, added=[])


INTERNAL = re.compile(r"0x|errno|H5|buf =|eof =|synchronously|addr")


def flip_bytes_all_over(path: Path, step: int) -> None:
    whole = path.read_bytes()
    outcomes = {"refused": 0, "reported": 0}
    for place in range(0, len(whole), step):
        data = bytearray(whole)
        data[place] ^= 0x41
        path.write_bytes(data)
        try:
            with Store(path) as store:
                assert not store.verify().sealed, place
                outcomes["reported"] += 1
        except StoreError as error:
            assert not INTERNAL.search(str(error).replace(str(path), "")), error
            outcomes["refused"] += 1
    assert all(count > 50 for count in outcomes.values()), outcomes


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked")
@pytest.mark.parametrize(("compressed", "step"), [(False, 37), (True, 37)])
def test_one_wrong_byte_anywhere_is_found(tmp_path: Path, compressed: bool, step: int) -> None:
    if sys.platform == "win32":
        return
    # In a process of its own, since HDF5 could hang or crash on damage that it does not notice.
    path = make_store(tmp_path / "x.h5", compressed)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=flip_bytes_all_over, args=(path, step))
    process.start()
    process.join(300)  # a few seconds, unless HDF5 hangs
    process.kill()
    process.join()
    assert process.exitcode == 0


def info(path: Path) -> str:
    result = CliRunner().invoke(app, ["info", str(path), "--verify"])
    if result.exception and result.exit_code:
        raise result.exception
    return " ".join(result.output.split())


@pytest.mark.parametrize("compressed", [False, True])
def test_a_store_that_was_only_opened_is_no_damaged_one(tmp_path: Path, compressed: bool) -> None:
    path = make_store(tmp_path / "x.h5", compressed)
    assert "every checksum is right" in info(path)
    h5py.File(path, "r+").close()
    with Store(path) as store:
        assert store.verify() == Verification([], sealed=False, added=[])
    assert (
        "the mark at its end is gone: another program has opened it for writing; every data set "
        "and attribute is right"
    ) in info(path)


def test_what_was_added_is_named_and_is_no_damage(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "a") as file:
        file["predictions"] = LABELS
        file.attrs["TITLE"] = "mine"
        file["labels"].attrs["CLASS"] = "ARRAY"
    with Store(path) as store:
        added = ["/predictions", "attribute TITLE"]
        assert store.verify() == Verification([], sealed=False, added=added)
    assert "every data set and attribute is right added by it: /predictions, attr" in info(path)


def test_names_that_a_terminal_would_obey_are_shown_harmless(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "a") as file:
        file["\x1b[31mred\nline"] = LABELS
        for number in range(20):
            file[f"z{number:02}"] = LABELS
    said = info(path)
    assert "added by it: /\ufffd[31mred\ufffdline, /z00" in said
    assert said.endswith("/z06 …")


@pytest.mark.parametrize(
    ("name", "value"),
    [("charset", "一丁三"), ("tool_version", "0"), ("glyph", '{"size": 28, "margin": 2}')],
)
def test_a_changed_attribute_is_named(tmp_path: Path, name: str, value: str) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs[name] = np.bytes_(value.encode())
    with pytest.raises(StoreError, match=rf"is damaged in attribute {name}; "):
        info(path)


def test_a_changed_value_is_found_behind_a_missing_mark(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["images"][3, 4, 5] ^= 1
        file["writers"][0] = 1
    with pytest.raises(StoreError, match="is damaged in /images, /writers; "):
        info(path)


def test_checksums_that_were_written_anew_do_not_hide_a_change(tmp_path: Path) -> None:
    path = make_store(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["images"][0] = 0
        data = file["images"][:].tobytes()
        file["images"].attrs.modify("sha256", np.bytes_(hashlib.sha256(data).hexdigest()))
    with Store(path) as store:
        assert store.verify().damaged == ["the attributes"]


@pytest.mark.skipif(shutil.which("h5repack") is None, reason="needs h5repack of hdf5-tools")
@pytest.mark.parametrize(
    "options", [["-f", "GZIP=4"], ["-f", "SHUF", "-f", "GZIP=1"], ["-l", "CONTI"]]
)
def test_a_store_that_h5repack_wrote_anew_is_as_good(tmp_path: Path, options: list[str]) -> None:
    path = make_store(tmp_path / "x.h5", compressed="CONTI" in options)
    packed = tmp_path / "packed.h5"
    subprocess.run(["h5repack", *options, str(path), str(packed)], check=True)
    with Store(packed) as store, Store(path) as original:
        assert store.verify() == Verification([], sealed=False, added=[])
        assert store.fingerprint == original.fingerprint
        assert (store.stored_bytes is None) == ("CONTI" in options)
        np.testing.assert_array_equal(store.images(range(5)), IMAGES)


def test_compression_depends_neither_on_threads_nor_changes_what_a_store_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CHUNK_BYTES", 2 * 28 * 28)  # two rows, and the last alone
    plain = tmp_path / "plain.h5"
    first_image = create_store(plain, facts_of())
    with plain.open("r+b") as file:
        file.seek(first_image)
        file.write(IMAGES.tobytes())
    written = set()
    reports: list[int] = []
    for threads in (1, 2, 3):
        path = tmp_path / f"{threads}.h5"
        compress_store(plain, first_image, path, facts_of(), threads, reports.append)
        seal_store(path)
        written.add(path.read_bytes())
    assert len(written) == 1
    assert reports == [2, 4, 5] * 3
    seal_store(plain)
    with Store(path) as store, Store(plain) as original:
        assert store.fingerprint == original.fingerprint
        assert store.verify() == UNTOUCHED
        np.testing.assert_array_equal(store.images(range(1, 5)), IMAGES[1:])
    with h5py.File(path) as opened:
        assert opened["images"].chunks == (2, 28, 28)
        assert opened["images"].compression == "gzip"


def write_as_before(path: Path) -> None:
    """A store as the program wrote it before attributes had checksums of their own."""
    make_store(path)
    with h5py.File(path) as file:
        contents = {name: file[name][:] for name in ("labels", "writers", "splits", "images")}
        sources = {name: file["sources"][name][:] for name in file["sources"]}
        attributes = {k: v for k, v in file.attrs.items() if "sha256" not in k}
    path.unlink()
    with h5py.File(path, "w", libver="latest") as file:
        texts = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in attributes.items()}
        for key, value in attributes.items():
            file.attrs[key] = np.bytes_(value) if isinstance(value, bytes) else value
        for name, values in (*contents.items(), *(("sources/" + n, v) for n, v in sources.items())):
            digest = hashlib.sha256(values.tobytes()).hexdigest()
            file[name] = values
            file[name].attrs["sha256"] = np.bytes_(digest.encode())
            texts[f"/{name}"] = f"{values.dtype.str} {values.shape} {digest}"
        whole = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()
        file.attrs["sha256"] = np.bytes_(whole.encode())
        start = file["images"].id.get_offset()
    data = path.read_bytes()
    frame = hashlib.sha256(data[:start] + data[start + IMAGES.nbytes :]).digest()
    path.write_bytes(data + b"hanzi-lsgan store" + frame)


def test_a_store_of_an_older_program_is_read_and_verified(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    write_as_before(path)
    with Store(path) as store:
        assert store.verify() == UNTOUCHED
        np.testing.assert_array_equal(store.images(range(5)), IMAGES)
        assert (store.charset, store.labels.tolist()) == ("一丁七", LABELS)
    with h5py.File(path, "r+") as file:
        file.attrs["font_drawn"] = False
    with Store(path) as store:
        assert store.verify().damaged == ["the attributes"]
