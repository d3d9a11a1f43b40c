import io
import pickle
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.hwdb.gnt import MAX_SIDE_PIXELS, GntError, GntRecord, read_records, write_record
from data_tools.hwdb.standard_sets import gb2312
from tests.gnt_samples import RECORD_BYTES, draw_bitmap, gnt_bytes, raw_record

CHARACTERS = sorted(gb2312()) + [chr(code) for code in range(0x21, 0x7F)]
BITMAPS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12))
SAMPLES = st.lists(st.tuples(st.sampled_from(CHARACTERS), BITMAPS), min_size=1, max_size=6)

Content = list[tuple[str, bytes]]


class HugeFile:
    """A header and then zeros to the end of 256 MiB; counts what a reader takes."""

    def __init__(self, header: bytes) -> None:
        self._header = header
        self._left = 256 << 20
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        data = (self._header + bytes(min(size, self._left)))[: min(size, self._left)]
        self._header = b""
        self._left -= len(data)
        self.taken += len(data)
        return data


class SlowStream(io.BytesIO):
    """Gives a few bytes at a time, as a pipe may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(7, 7 if size is None else size))


def content(records: list[GntRecord]) -> Content:
    return [(record.character, bytes(record.pixels)) for record in records]


def read_strictly(data: bytes) -> list[GntRecord]:
    return list(read_records(io.BytesIO(data), "w.gnt"))


def read_leniently(data: bytes) -> tuple[list[GntRecord], list[GntError]]:
    errors: list[GntError] = []
    return list(read_records(io.BytesIO(data), "w.gnt", errors.append)), errors


def error_of(data: bytes) -> str:
    with pytest.raises(GntError) as caught:
        read_strictly(data)
    return str(caught.value)


def write_samples(samples: list[tuple[str, NDArray[np.uint8]]]) -> bytes:
    stream = io.BytesIO()
    for character, bitmap in samples:
        write_record(stream, character, bitmap)
    return stream.getvalue()


def test_a_record_has_the_layout_that_casia_documents() -> None:
    wide = np.array([[0, 128, 255]], np.uint8)
    assert write_samples([("一", wide), ("A", wide.T)]) == bytes.fromhex(
        "0d000000 d2bb 0300 0100 0080ff  0d000000 4100 0100 0300 0080ff"
    )


@settings(deadline=None)
@given(SAMPLES)
def test_what_is_written_is_read_back(samples: list[tuple[str, NDArray[np.uint8]]]) -> None:
    records = read_strictly(write_samples(samples))
    assert [record.character for record in records] == [character for character, _ in samples]
    offset = 0
    for record, (_, bitmap) in zip(records, samples, strict=True):
        np.testing.assert_array_equal(record.bitmap, bitmap)
        assert (record.offset, record.width, record.height) == (offset, *bitmap.shape[::-1])
        offset += 10 + bitmap.size


@settings(deadline=None)
@given(SAMPLES)
def test_a_stream_may_give_few_bytes_at_a_time(
    samples: list[tuple[str, NDArray[np.uint8]]],
) -> None:
    data = write_samples(samples)
    slowly = list(read_records(SlowStream(data), "w.gnt"))
    assert content(slowly) == content(read_strictly(data))


def assert_broken_bytes_are_understood(data: bytes) -> None:
    """Strict reading gives every record or a GntError; lenient reading gives what is whole."""
    records, errors = read_leniently(data)
    for error in errors:
        assert 0 <= error.offset <= len(data)
        assert str(error).startswith(f"w.gnt: byte {error.offset:,}: ")
        assert "\n" not in str(error)
    for record in records:
        assert len(record.pixels) == record.width * record.height > 0
        assert bytes(record.pixels) == data[record.offset + 10 :][: len(record.pixels)]
    strict: list[GntRecord] = []
    try:
        strict.extend(read_records(io.BytesIO(data), "w.gnt"))
    except GntError as error:
        assert error.offset == errors[0].offset
    else:
        assert errors == []
    assert content(strict) == content(records)[: len(strict)]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_records_or_a_gnt_error(data: bytes) -> None:
    assert_broken_bytes_are_understood(data)


@settings(max_examples=300, deadline=None)
@given(
    samples=SAMPLES,
    changes=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=4),
    cut=st.none() | st.integers(0, 900),
)
def test_damaged_files_give_records_or_a_gnt_error(
    samples: list[tuple[str, NDArray[np.uint8]]], changes: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray(write_samples(samples))
    for position, value in changes:
        data[position % len(data)] = value
    assert_broken_bytes_are_understood(bytes(data[:cut]))


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (raw_record()[:5], "a record's header needs 10 bytes and the file ends after 5;"),
        (raw_record(pixels=20), "the bitmap needs 64 bytes and the file ends after 20;"),
        (raw_record(size=99), "the size field says 99 but 8 × 8 pixels make 74;"),
        (raw_record(size=10, width=0), "the bitmap is 0 × 8, which holds no pixel;"),
        (raw_record(size=10, height=0), "the bitmap is 8 × 0, which holds no pixel;"),
        (raw_record(tag=b"\xff\xff"), "the tag 0xffff is neither GBK nor an ASCII symbol;"),
        (raw_record(tag=b"\x07\x00"), "the tag 0x0700 is neither GBK nor an ASCII symbol;"),
        (
            raw_record(size=4107, width=4097, height=1),
            "a bitmap of 4097 × 1 is larger than 4096 pixels a side;",
        ),
    ],
)
def test_an_error_names_the_file_the_offset_and_the_problem(record: bytes, problem: str) -> None:
    message = error_of(gnt_bytes("一丁") + record)
    assert message.startswith(f"w.gnt: byte 148: {problem}")
    assert "--skip-bad" in message
    assert f"w.gnt: byte 1,480: {problem}" in error_of(gnt_bytes("一" * 20) + record)


def test_an_empty_file_is_an_error() -> None:
    assert error_of(b"").startswith("w.gnt: byte 0: the file is empty;")
    records, errors = read_leniently(b"")
    assert (records, len(errors)) == ([], 1)


def test_a_picture_is_no_gnt_file() -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x00\x00\x00\x00"
    message = error_of(png)
    assert message.startswith("w.gnt: byte 0: this is no .gnt file, or its first record is damaged")
    records, errors = read_leniently(png)
    assert records == []
    assert [error.offset for error in errors] == [0]


@pytest.mark.parametrize(
    ("size", "side"), [(10 + 65535 * 65535, 65535), (0xFFFFFFFF, 8), (10 + 4097 * 4097, 4097)]
)
def test_a_header_that_claims_gigabytes_is_not_believed(size: int, side: int) -> None:
    huge = HugeFile(raw_record(size=size, width=side, height=side, pixels=0))
    with pytest.raises(GntError):
        list(read_records(huge, "w.gnt"))
    assert huge.taken <= 1 << 20


def test_passing_over_a_huge_claim_needs_little_memory() -> None:
    huge = HugeFile(raw_record(size=10 + 65535 * 65535, width=65535, height=65535, pixels=0))
    errors: list[GntError] = []
    tracemalloc.start()
    assert list(read_records(huge, "w.gnt", errors.append)) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
    assert huge.taken == 256 << 20  # to the end, or the checksum would not cover the file
    assert [error.offset for error in errors] == [0]


@pytest.mark.parametrize(
    "damaged",
    [
        raw_record(size=99),
        raw_record(size=0),
        raw_record(size=0xFFFFFFFF),
        raw_record(width=9),
        raw_record(width=9, height=4000),
        raw_record(width=0),
        raw_record(height=0),
        raw_record(size=10, width=0, pixels=0),
        raw_record(tag=b"\xff\xff"),
        raw_record(tag=b"AB"),
    ],
    ids=lambda record: record[:10].hex(),
)
def test_reading_goes_on_behind_a_damaged_record(damaged: bytes) -> None:
    data = gnt_bytes("一丁") + damaged + gnt_bytes("七万丈")
    records, errors = read_leniently(data)
    assert "".join(record.character for record in records) == "一丁七万丈"
    assert [error.offset for error in errors] == [2 * RECORD_BYTES]
    assert "left out" not in str(errors[0])

    at_the_end, errors = read_leniently(gnt_bytes("一丁") + damaged)
    assert [record.character for record in at_the_end] == ["一", "丁"]
    assert [error.offset for error in errors] == [2 * RECORD_BYTES]
    assert "left out" not in str(errors[0])


def test_every_damaged_record_is_reported() -> None:
    pieces = [raw_record(size=5), gnt_bytes("一"), raw_record(tag=b"\xff\xff"), gnt_bytes("丁")]
    records, errors = read_leniently(b"".join(pieces * 3))
    assert "".join(record.character for record in records) == "一丁" * 3
    assert [error.offset for error in errors] == [148 * number for number in range(6)]


@pytest.mark.parametrize("stray", [1, 7, 9, 10, 11, 500, (1 << 18) + 5, 300_000])
def test_reading_goes_on_behind_stray_bytes(stray: int) -> None:
    for octet in (b"\x00", b"\xff", b"\x01"):
        data = gnt_bytes("一丁七") + octet * stray + gnt_bytes("万丈三上")
        records, (error,) = read_leniently(data)
        assert "".join(record.character for record in records) == "一丁七万丈三上"
        assert records[3].offset == 3 * RECORD_BYTES + stray
        assert error.offset == 3 * RECORD_BYTES
        if stray <= 10:
            assert f": {stray} stray bytes are passed over" in error.problem
            assert error.records_lost == 0
        else:
            assert error.records_lost == max(1, round(stray / RECORD_BYTES))


@pytest.mark.parametrize("padding", [b"\r\n", b"\x1a", bytes(11), bytes(500), bytes(600_000)])
def test_padding_behind_the_last_record_costs_none(padding: bytes) -> None:
    records, (error,) = read_leniently(gnt_bytes("一丁七") + padding)
    assert "".join(record.character for record in records) == "一丁七"
    assert (error.offset, error.records_lost) == (3 * RECORD_BYTES, 0)
    assert f"{len(padding):,} bytes of padding" in error.problem
    _, (error,) = read_leniently(gnt_bytes("一丁七") + padding + b"\x05")
    assert error.records_lost > 0


@pytest.mark.parametrize("missing", [1, 7, 30, 63])
def test_a_record_that_lacks_bytes_costs_itself_and_not_the_next(missing: int) -> None:
    data = gnt_bytes("一丁七万丈")
    data = data[: 2 * RECORD_BYTES - missing] + data[2 * RECORD_BYTES :]
    records, (error,) = read_leniently(data)
    assert "".join(record.character for record in records) == "一七万丈"
    assert [record.offset for record in records[1:3]] == [
        2 * RECORD_BYTES - missing,
        3 * RECORD_BYTES - missing,
    ]
    assert (error.offset, error.records_lost) == (RECORD_BYTES, 1)
    assert error.problem == f"{missing} bytes of the bitmap are missing"
    with pytest.raises(GntError, match=f"byte {RECORD_BYTES}: {missing} bytes of the bitmap"):
        read_strictly(data)


def test_what_lies_between_two_sound_records_is_counted_in_records() -> None:
    # Neither field of the first damaged record leads to a sound header.
    data = gnt_bytes("一") + raw_record(size=99) * 2 + gnt_bytes("丁七")
    records, (error,) = read_leniently(data)
    assert [record.character for record in records] == ["一", "丁", "七"]
    assert error.records_lost == 2
    assert error.problem == (
        "the size field says 99 but 8 × 8 pixels make 74: 148 bytes are passed over, about 2 "
        "records"
    )


def test_the_rest_of_a_file_that_is_lost_is_reported_with_its_size() -> None:
    data = gnt_bytes("一") + raw_record(size=99) * 4
    records, (error,) = read_leniently(data)
    assert [record.character for record in records] == ["一"]
    assert error.records_lost == 4
    assert error.problem == (
        "the size field says 99 but 8 × 8 pixels make 74, and no record can be found after it: "
        "the last 296 bytes are left out, about 4 records"
    )


def test_a_lone_sound_header_in_the_middle_of_noise_is_not_believed() -> None:
    # Its size leads into noise, so it is taken for chance.
    noise = bytes(50) + raw_record()[:10] + bytes(200)
    records, (error,) = read_leniently(gnt_bytes("一") + noise + gnt_bytes("丁"))
    assert [record.character for record in records] == ["一", "丁"]
    assert error.offset == RECORD_BYTES


@settings(deadline=None)
@given(
    samples=SAMPLES.filter(lambda samples: len(samples) > 2),
    stray=st.binary(min_size=1, max_size=40),
    data=st.data(),
)
def test_any_bytes_between_two_records_cost_none_of_those_behind(
    samples: list[tuple[str, NDArray[np.uint8]]], stray: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(samples) - 1))
    front, behind = write_samples(samples[:place]), write_samples(samples[place:])
    records, _ = read_leniently(front + stray + behind)
    whole = content(read_strictly(front + behind))
    # Stray bytes may by chance look like a header; the last record stands all the same.
    assert content(records)[-1] == whole[-1]
    assert content(records)[: place - 1] == whole[: place - 1]


@pytest.mark.parametrize("claim", [(1, 1), (4096, 4096)])
def test_hostile_headers_take_time_that_grows_with_the_file_only(claim: tuple[int, int]) -> None:
    """Headers back to back, each sound by itself and followed by nothing sound."""
    width, height = claim
    header = raw_record(size=10 + width * height, width=width, height=height, pixels=0)
    hostile = (header + b"\x00" * 3) * 20_000
    seconds = []
    for part in (hostile[: len(hostile) // 4], hostile):
        started = time.process_time()
        read_leniently(gnt_bytes("一") + b"\x00" * 3 + part)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 12 * max(seconds[0], 0.02)


@pytest.mark.parametrize("end", [raw_record()[:9], raw_record(pixels=63)], ids=["header", "bitmap"])
def test_a_file_that_ends_early_keeps_the_records_before(end: bytes) -> None:
    records, errors = read_leniently(gnt_bytes("一丁") + end)
    assert [record.character for record in records] == ["一", "丁"]
    assert [error.offset for error in errors] == [2 * RECORD_BYTES]
    assert f"the last {len(end)} bytes are left out" in str(errors[0])


def test_records_that_span_chunk_borders_are_whole() -> None:
    chunk_bytes = 1 << 20
    first = draw_bitmap(0, width=1024, height=1023)  # ends 1,014 bytes before the border
    samples = [("一", first), *((c, draw_bitmap(ord(c), 60, 50)) for c in "丁七万丈")]
    samples.append(("三", draw_bitmap(9, width=2000, height=1500)))  # longer than two chunks
    data = write_samples([*samples, ("上", draw_bitmap(3))])
    offsets = [record.offset for record in read_strictly(data)]
    assert offsets[1] < chunk_bytes < offsets[2]
    for record, (character, bitmap) in zip(read_strictly(data), samples, strict=False):
        assert record.character == character
        np.testing.assert_array_equal(record.bitmap, bitmap)


def test_an_error_survives_the_way_between_processes() -> None:
    error = GntError("w.gnt", 148, "the problem", "the remedy")
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, GntError)
    assert (str(again), again.name, again.offset, again.problem) == (
        "w.gnt: byte 148: the problem; the remedy",
        "w.gnt",
        148,
        "the problem",
    )


@pytest.mark.parametrize(
    "bitmap",
    [
        np.zeros((8, 8), np.float32),
        np.zeros(8, np.uint8),
        np.zeros((8, 0), np.uint8),
        np.zeros((0, 8), np.uint8),
        np.zeros((1, MAX_SIDE_PIXELS + 1), np.uint8),
    ],
)
def test_what_no_reader_would_take_is_not_written(bitmap: NDArray[np.uint8]) -> None:
    stream = io.BytesIO()
    with pytest.raises(ValueError, match="a bitmap"):
        write_record(stream, "一", bitmap)
    with pytest.raises(UserError, match="no GBK tag"):
        write_record(stream, "😀", draw_bitmap(0))
    assert stream.getvalue() == b""


def test_a_symbol_with_its_zero_first_is_told_as_such() -> None:
    """As programs write that take a tag for one number with its high byte first."""
    with pytest.raises(GntError) as caught:
        list(read_records(io.BytesIO(raw_record(tag=b"\x00A")), "a.gnt"))
    problem = "the tag 0x0041 is that of A with its bytes swapped: 0x4100 is right"
    assert str(caught.value).startswith(f"a.gnt: byte 0: {problem}; ")
