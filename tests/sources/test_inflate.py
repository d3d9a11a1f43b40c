"""Deflated members, read in portions of any size."""

import io
import random
import zipfile

import pytest

from data_tools.sources.inflate import open_member

_BYTES = 100_000
_RANDOM = random.Random(0)


@pytest.mark.parametrize("portion", [10, 100, 4096, 1 << 16, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [b"", bytes(_BYTES), _RANDOM.randbytes(_BYTES), bytes(_BYTES) + _RANDOM.randbytes(_BYTES)],
    ids=["empty", "background", "noise", "background and noise"],
)
def test_small_portions_make_the_whole(data: bytes, portion: int) -> None:
    # The inflater takes in all that is deflated while most of the bytes are still to be asked for.
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("w.gnt", data)
    stream = open_member(zipfile.ZipFile(archive), "w.gnt")
    portions = list(iter(lambda: stream.read(portion), b""))
    assert b"".join(portions) == data
    assert max(map(len, portions), default=0) <= portion


def test_a_member_that_ends_early_is_damaged() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("w.gnt", bytes(_BYTES))
        file.getinfo("w.gnt").compress_size -= 4
    stream = open_member(zipfile.ZipFile(archive), "w.gnt")
    with pytest.raises(zipfile.BadZipFile, match=r"w.gnt ends before its time"):
        while stream.read(_BYTES):
            pass
