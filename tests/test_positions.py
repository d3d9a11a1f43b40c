import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_tools.positions import read_at, write_at


@pytest.fixture(params=["with", "without"])
def descriptor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """A file of ten bytes, on a system that has calls for positions and on one that lacks them."""
    if request.param == "without":
        monkeypatch.delattr(os, "pread", raising=False)
        monkeypatch.delattr(os, "pwrite", raising=False)
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    with path.open("r+b", buffering=0) as file:
        yield file.fileno()


def test_bytes_are_read_and_written_where_they_belong(descriptor: int) -> None:
    assert read_at(descriptor, 3, 4) == b"456"
    assert read_at(descriptor, 5, 8) == b"89"
    write_at(descriptor, b"ab", 8)
    write_at(descriptor, b"c", 0)
    assert read_at(descriptor, 10, 0) == b"c1234567ab"


def test_what_is_taken_in_parts_is_written_whole(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pwrite" if hasattr(os, "pwrite") else "write"
    whole = getattr(os, name)
    monkeypatch.setattr(os, name, lambda file, data, *offset: whole(file, data[:2], *offset))
    write_at(descriptor, b"abcde", 3)
    assert read_at(descriptor, 10, 0) == b"012abcde89"
