"""Files whose records are sound and yet were written otherwise than the format says."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from data_tools.errors import UserError
from data_tools.hwdb.gnt import GntRecord, read_records, write_record
from data_tools.hwdb.gnt_mistakes import (
    have_swapped_sides,
    have_swapped_tags,
    other_encoding_of,
)
from data_tools.hwdb.standard_sets import gb2312_level_1, gb2312_level_2, general_standard_level
from data_tools.store.prepare import prepare
from tests.gnt_samples import gnt_bytes, write_zip


def read_swapped(characters: Iterable[str]) -> set[str]:
    """What tags name in GBK when their bytes are swapped, as far as they name anything."""
    read = (one.encode("gbk")[::-1].decode("gbk", "replace") for one in characters)
    return {one for one in read if len(one) == 1 and one != "\ufffd"}


@pytest.mark.parametrize("level", [gb2312_level_1(), gb2312_level_2()])
def test_tags_with_their_low_byte_first_are_known(level: frozenset[str]) -> None:
    some = sorted(level)
    assert have_swapped_tags(read_swapped(some))
    for step in (8, 40):
        assert have_swapped_tags(read_swapped(some[::step]))
        assert have_swapped_tags({*read_swapped(some[::step]), "一", "!"})
        assert not have_swapped_tags(set(some[::step]))
    assert not have_swapped_tags(read_swapped(some[:20]))


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("big5", "Big5"),
        ("utf-16-le", "Unicode, low byte first"),
        ("utf-16-be", "Unicode, high byte first"),
        ("gbk", ""),
    ],
)
def test_tags_in_another_encoding_are_told(encoding: str, called: str) -> None:
    text = "永和九年歲在癸丑暮春之初會于稽山陰蘭亭修禊事也群賢畢至少長咸集"
    tags = {character.encode(encoding) for character in text}
    assert other_encoding_of(tags) == called
    assert other_encoding_of(set(list(tags)[:9])) == ""
    standard = {one.encode("gb2312") for one in map(chr, range(0x4E00, 0x9FA6)) if is_in_gb(one)}
    damaged = {*list(standard)[:300], b"\xff\xff", b"\x00\x41", b"\x80\x80"}
    assert other_encoding_of(damaged) == ""


def is_in_gb(character: str) -> bool:
    return bool(character.encode("gb2312", "ignore"))


def test_no_set_of_characters_passes_for_swapped_tags() -> None:
    # traditional characters, level 2, rare ones, a row of GB2312 in the cells that both levels have
    big5 = {bytes((row, cell)).decode("big5") for row in range(0xA4, 0xC6) for cell in (0x40, 0xA1)}
    row = {bytes((0xE0, cell)).decode("gb2312") for cell in range(0xB0, 0xD8)}
    kana = {chr(code) for code in range(0x3041, 0x30F7)}
    levels = [set(general_standard_level(level)) for level in (1, 2, 3)]
    for some in (big5, row, kana, set(gb2312_level_1() | gb2312_level_2()), *levels):
        assert not have_swapped_tags(some)
        assert not have_swapped_tags(set(sorted(some)[:40]))
        assert not have_swapped_tags(some & gb2312_level_2())


def test_swapped_tags_are_refused_of_a_file_and_of_a_source(tmp_path: Path) -> None:
    characters = sorted(read_swapped(sorted(gb2312_level_1())[::40]))
    sound = gnt_bytes("".join(sorted(gb2312_level_1())[::20]))
    whole = {"a.gnt": gnt_bytes("".join(characters)), "b.gnt": sound}
    single = {f"{number}.gnt": gnt_bytes(one, number) for number, one in enumerate(characters)}
    for members, name in ((whole, "own.zip/a.gnt"), (single, "own.zip")):
        source = write_zip(tmp_path / "own.zip", members)
        with pytest.raises(UserError) as caught:
            prepare([source], tmp_path / "x.h5", jobs=1, skip_bad=True)
        assert str(caught.value) == (
            f"{name}: the tags have their low byte first, so that most name other characters; swap "
            "bytes 4 and 5 of each record, counted from 0: 一 is D2 BB"
        )


def oblong(is_swapped: bool) -> list[GntRecord]:
    """40 samples of strokes on white, 24 to 63 wide and 30 high, as a reader finds them."""
    stream = io.BytesIO()
    for number in range(40):
        bitmap = np.full((30, 24 + number), 255, np.uint8)
        bitmap[8:12, 3:-3] = bitmap[4:-4, 8 + number % 5 : 12 + number % 5] = 60
        write_record(stream, "十", bitmap.reshape(bitmap.shape[::-1]) if is_swapped else bitmap)
    return list(read_records(io.BytesIO(stream.getvalue()), "own.gnt"))


def test_headers_with_height_before_width_are_known() -> None:
    assert have_swapped_sides(oblong(is_swapped=True))
    assert not have_swapped_sides(oblong(is_swapped=False))
    assert not have_swapped_sides(oblong(is_swapped=True)[:25])
    noise = np.random.default_rng(0).integers(0, 256, (40, 30 * 40), np.uint8)
    flat = np.full(30 * 40, 255, np.uint8)
    for pixels in (list(noise), [flat] * 40):
        assert not have_swapped_sides([GntRecord(0, "一", 30, 40, one.data) for one in pixels])


def test_a_file_with_swapped_sides_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "own.gnt"
    with source.open("wb") as stream:
        for record in oblong(is_swapped=True):
            write_record(stream, record.character, record.bitmap)
    with pytest.raises(UserError, match=r"own\.gnt: the headers have height before width"):
        prepare([source], tmp_path / "x.h5", jobs=1)
