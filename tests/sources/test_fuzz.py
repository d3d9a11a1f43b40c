"""Mutated `.gnt` files by the thousand: records that are whole, or a `GntError` that says where."""

import io
import os
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

from data_tools.hwdb.gnt import HEADER, MAX_SIDE_PIXELS, GntError, GntRecord, read_records
from tests.gnt_samples import gnt_bytes

CHARACTERS = "一丁七万丈三上下不与"
FIELDS = [(0, 4), (4, 2), (6, 2), (8, 2)]
"""Offset and length of each field of a record's header."""


class Counted(io.BytesIO):
    """A stream that notes how much of it was asked for in all."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def mutate(chance: random.Random) -> bytes:
    """A file of one to four small samples with one to five things wrong with it."""
    data = bytearray(gnt_bytes("".join(chance.sample(CHARACTERS, chance.randint(1, 4)))))
    for _ in range(chance.randint(1, 5)):
        if not data:
            break
        place = chance.randrange(len(data))
        match chance.randrange(7):
            case 0:  # a flipped bit
                data[place] ^= 1 << chance.randrange(8)
            case 1:  # another byte
                data[place] = chance.randrange(256)
            case 2:  # a header's field at its limits
                start, length = chance.choice(FIELDS)
                start += place // 74 * 74
                value = chance.choice([0, 1, 10, 255, 4096, 4097, 65535, (1 << 32) - 1])
                data[start : start + length] = (value % (1 << 8 * length)).to_bytes(
                    length, "little"
                )
            case 3:  # a piece is missing
                del data[place : place + chance.randint(1, 80)]
            case 4:  # a piece too much
                data[place:place] = chance.randbytes(chance.randint(1, 80))
            case 5:  # a piece is there twice
                data[place:place] = data[place : place + chance.randint(1, 160)]
            case 6:  # the end is missing
                del data[place:]
    return bytes(data)


def check(data: bytes) -> None:
    """Read strictly and leniently; whatever comes must be a whole record or a clear error."""
    errors: list[GntError] = []
    stream = Counted(data)
    lenient = list(read_records(stream, "f.gnt", errors.append))
    assert stream.taken == len(data)
    for record in lenient:
        assert_whole(record, data)
    for error in errors:
        assert 0 <= error.offset <= len(data)
        assert str(error).startswith(f"f.gnt: byte {error.offset:,}: ")
    strict: list[GntRecord] = []
    try:
        strict.extend(read_records(io.BytesIO(data), "f.gnt"))
    except GntError as error:
        assert error.offset == errors[0].offset
    else:
        assert not errors
    assert [record.offset for record in strict] == [
        record.offset for record in lenient[: len(strict)]
    ]


def assert_whole(record: GntRecord, data: bytes) -> None:
    size, _, width, height = HEADER.unpack_from(data, record.offset)
    assert (record.width, record.height) == (width, height)
    assert 0 < width <= MAX_SIDE_PIXELS
    assert 0 < height <= MAX_SIDE_PIXELS
    assert size == HEADER.size + width * height
    start = record.offset + HEADER.size
    assert bytes(record.pixels) == data[start : start + width * height]


def check_many(seed: int, cases: int) -> int:
    """Check mutations of a seed; name the file of the first that fails by its bytes."""
    chance = random.Random(seed)
    for _ in range(cases):
        data = mutate(chance)
        try:
            check(data)
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error}, on the bytes {data.hex()}")
    return cases


def test_mutated_files_give_whole_records_or_errors(cases: int) -> None:
    processes = os.cpu_count() or 1
    share = -(-cases // (processes * 8))
    with ProcessPoolExecutor(processes) as pool:
        checked = sum(pool.map(check_many, range(processes * 8), [share] * processes * 8))
    assert checked >= cases
