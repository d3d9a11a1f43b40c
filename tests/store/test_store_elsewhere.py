"""A store can be read by those who do not have the newest HDF5, down to the character of a label.

With `OLD_HDF5_PYTHON` naming a Python that has h5py 3.11 (HDF5 1.14) or older, and with Debian's
`h5dump` (HDF5 1.10) on the path, they read one; that the format is the old one is seen without.
"""

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import h5py
import pytest

from tests.store.five_rows import IMAGES, make_store

OLD_PYTHON = os.environ.get("OLD_HDF5_PYTHON", "")

READ_STORE = """
import hashlib, json, sys, h5py
with h5py.File(sys.argv[1], "r") as file:
    charset = file.attrs["charset"].decode()
    print(json.dumps({
        "hdf5": h5py.version.hdf5_version,
        "characters": [charset[label] for label in file["labels"][:]],
        "images": hashlib.sha256(file["images"][:].tobytes()).hexdigest() ,
        "expected": file["images"].attrs["sha256"].decode(),
        "sources": [name.decode() for name in file["sources/name"][:]],
        "font_drawn": bool(file.attrs["font_drawn"]),
        "left_out": json.loads(file.attrs["left_out"]),
        "attributes": sorted(file.attrs),
    }))
"""


def messages(header: bytes) -> list[tuple[int, bytes]]:
    """Type and content of each message in an object header of version 2, its first chunk."""
    flags = header[5]
    start = 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
    width = 1 << (flags & 0x3)
    end = start + width + int.from_bytes(header[start : start + width], "little")
    start += width
    extra = 2 * bool(flags & 0x04)
    found = []
    while start + 4 + extra <= end:
        kind, size = header[start], int.from_bytes(header[start + 1 : start + 3], "little")
        content = start + 4 + extra
        found.append((kind, header[content : content + size]))
        start = content + size
    return found


@pytest.mark.parametrize("compressed", [False, True])
def test_the_format_is_that_of_hdf5_1_8(tmp_path: Path, compressed: bool) -> None:
    """By the format's specification: newer libraries alone read superblock 3, datatype 4 and on."""
    path = make_store(tmp_path / "x.h5", compressed)
    data = path.read_bytes()
    assert data[8] == 2  # the superblock's version
    with h5py.File(path) as file:
        names: list[str] = ["/"]
        file.visit(names.append)
        addresses = {name: h5py.h5o.get_info(file[name].id).addr for name in names}
        attributes = {name: list(file[name].attrs) for name in names}
    types, layouts = [], []
    for address in addresses.values():
        assert data[address : address + 4] == b"OHDR"
        for kind, content in messages(data[address:]):
            types += [content[0] >> 4] if kind == 0x03 else []
            layouts += [content[0]] if kind == 0x08 else []
    for name in {name for names in attributes.values() for name in names}:
        # An attribute's name is behind three sizes and an encoding, and before its datatype.
        place = (
            data.index(b"\0\0" + name.encode() + b"\0") + 2
        )  # encoding 0, no high byte of a size
        version, name_bytes = struct.unpack_from("<BxH", data, place - 9)
        assert (version, name_bytes) == (3, len(name) + 1)
        types.append(data[place + name_bytes] >> 4)
    assert len(types) >= 8 + 6
    assert max(types) <= 3
    assert len(layouts) == 8
    assert max(layouts) <= 3


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="needs h5dump of hdf5-tools")
@pytest.mark.parametrize("compressed", [False, True])
def test_h5dump_reads_a_store(tmp_path: Path, compressed: bool) -> None:
    path = make_store(tmp_path / "x.h5", compressed)

    def dump(*options: str) -> str:
        result = subprocess.run(["h5dump", *options, str(path)], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    # It shows each byte beyond ASCII as a negative number in octal digits.
    digits = re.findall(r"\\37777777(\d{3})", dump("-a", "/charset"))
    assert bytes(int(octal, 8) & 0xFF for octal in digits).decode() == "一丁七"
    assert "(0): 0, 0, 2, 0, 1" in dump("-d", "/labels")
    pixels = dump("-d", "/images", "-s", "4,27,26", "-c", "1,1,2")
    assert f"(4,27,26): {IMAGES[4, 27, 26]}, {IMAGES[4, 27, 27]}" in pixels
    dump()  # all of it


@pytest.mark.skipif(not OLD_PYTHON, reason="OLD_HDF5_PYTHON names no Python with an older h5py")
@pytest.mark.parametrize("compressed", [False, True])
def test_an_older_h5py_reads_a_store_down_to_its_characters(
    tmp_path: Path, compressed: bool
) -> None:
    path = make_store(tmp_path / "x.h5", compressed)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [OLD_PYTHON, "-c", READ_STORE, str(path)], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert tuple(map(int, told["hdf5"].split(".")[:2])) < (2, 0)
    assert told["characters"] == list("一一七一丁")
    assert told["images"] == told["expected"]
    assert told["sources"] == ["a/1.gnt", "a/2.gnt", "乙.gnt"]
    assert told["font_drawn"] is True
    assert told["left_out"] == {"damaged": 1, "symbols": 2}
    assert "attributes_sha256" in told["attributes"]
