import random
import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data_tools.hwdb.dgrl import UNREADABLE, DgrlError, read_lines
from tests.hwdb.dgrl_samples import dgrl_bytes

TEXTS = st.text(st.sampled_from("永和九年歲在癸丑，。AZ09é龘"[:14]), max_size=6)


@st.composite
def pictures(draw: st.DrawFn) -> NDArray[np.uint8]:
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 19))
    values = draw(st.binary(min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.frombuffer(values, np.uint8).reshape(shape)


@given(st.lists(st.tuples(TEXTS, pictures()), max_size=4), st.binary(max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(
    lines: list[tuple[str, NDArray[np.uint8]]], comment: bytes
) -> None:
    read = list(read_lines(dgrl_bytes(lines, comment=comment.replace(b"\0", b" ")), "p.dgrl"))
    assert [line.text for line in read] == [text for text, _ in lines]
    assert [(line.top, line.left) for line in read] == [(100 * n, 7) for n in range(len(lines))]
    for line, (_, image) in zip(read, lines, strict=True):
        np.testing.assert_array_equal(line.image, image)


@pytest.mark.parametrize("paper_bit", [0, 1])
@pytest.mark.parametrize("width", [7, 8, 9, 17])
def test_pixels_of_one_bit_become_paper_and_ink(width: int, paper_bit: int) -> None:
    image = np.full((5, width), 255, np.uint8)
    image[1, 2:4] = image[4, -1] = 0
    lines = [("一", image), ("丁七", image[:, ::-1])]
    read = list(read_lines(dgrl_bytes(lines, bits=1, paper_bit=paper_bit), "p.dgrl"))
    assert [line.text for line in read] == ["一", "丁七"]
    for line, (_, expected) in zip(read, lines, strict=True):
        np.testing.assert_array_equal(line.image, expected)


def test_a_code_that_names_no_character_stays_one_character() -> None:
    image = np.zeros((2, 2), np.uint8)
    (line,) = read_lines(dgrl_bytes([("一\ufffd丁", image)]), "p.dgrl")
    assert line.text == f"一{UNREADABLE}丁"


IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)
WHOLE = dgrl_bytes([("一丁", IMAGE), ("七", IMAGE)], comment=b"c")
HEADER = 4 + 8 + 2 + 24  # 38
FIRST = HEADER + 12


def changed(place: int, data: bytes) -> bytes:
    return WHOLE[:place] + data + WHOLE[place + len(data) :]


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        (b"", 0, "the size of the header needs 4 bytes and the file ends after 0"),
        (b"\x89PNG\r\n\x1a\n", 4, "this is no .dgrl file"),
        (changed(0, struct.pack("<I", 5)), 0, "a header of 5 bytes, where 37 to 65,536 can be"),
        (changed(0, b"\xff" * 4), 0, "a header of 4,294,967,295 bytes, where"),
        (changed(HEADER - 4, b"\x04"), 34, "codes of 4 bytes instead of 2"),
        (changed(HEADER - 2, b"\x18"), 36, "pixels of 24 bits instead of 8 or 1"),
        (changed(HEADER + 8, b"\x03"), len(WHOLE), "line 3 needs 4 bytes and the file ends after"),
        (changed(FIRST, b"\xff" * 4), FIRST + 4, "the text of line 1 needs 8,589,934,590 bytes"),
        (changed(FIRST + 16, b"\0"), FIRST + 8, "the picture of line 1 is 4 × 0 pixels"),
        (changed(FIRST + 16, b"\xff" * 4), FIRST + 8, "the picture of line 1 is 4 × -1 pixels"),
        (changed(FIRST + 18, b"\x02"), FIRST + 8, "the picture of line 1 is 4 × 131075 pixels"),
        (WHOLE[:-1], len(WHOLE) - 12, "the picture of line 2 needs 12 bytes and the file ends"),
        (WHOLE + b"\0\0more", len(WHOLE), "6 bytes follow the last of 2 lines"),
    ],
)
def test_every_way_to_break_a_page_has_its_line(data: bytes, place: int, problem: str) -> None:
    with pytest.raises(DgrlError, match=re.escape(f"p.dgrl: byte {place:,}: {problem}")) as caught:
        list(read_lines(data, "p.dgrl"))
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_zeros_behind_the_last_line_are_no_damage() -> None:
    assert len(list(read_lines(WHOLE + bytes(5), "p.dgrl"))) == 2


def test_mutated_pages_are_read_or_refused(cases: int) -> None:
    """Nothing else happens, such as asking for the memory that a size claims."""
    chance = random.Random(0)
    outcomes = {"read": 0, "refused": 0}
    for bits in (1, 8):
        whole = dgrl_bytes([("一丁", IMAGE), ("七", IMAGE)], bits=bits)
        for _ in range(cases // 2):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 3)):
                data[chance.randrange(len(data))] = chance.choice(
                    [0, 1, 255, chance.randrange(256)]
                )
            del data[chance.choice([len(data), len(data), chance.randrange(len(data))]) :]
            try:
                list(read_lines(bytes(data), "p.dgrl"))
                outcomes["read"] += 1
            except DgrlError:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > cases // 20, outcomes


@pytest.mark.parametrize("code_type", [b"BIG5", b"SJIS", b"UNICODE", b"UTF-16"])
def test_codes_of_another_type_are_not_read_as_gbk(code_type: bytes) -> None:
    page = dgrl_bytes([("永和", np.zeros((5, 9), np.uint8))])
    page = page.replace(b"GBK".ljust(20, b"\0"), code_type.ljust(20, b"\0"))
    with pytest.raises(DgrlError, match=rf"p.dgrl: byte \d+: codes of type {code_type.decode()}, "):
        list(read_lines(page, "p.dgrl"))


@pytest.mark.parametrize("code_type", [b"GB2312", b"gbk ", b"ASCII", b""])
def test_codes_that_gbk_contains_are_read(code_type: bytes) -> None:
    page = dgrl_bytes([("永和", np.zeros((5, 9), np.uint8))])
    page = page.replace(b"GBK".ljust(20, b"\0"), code_type.ljust(20, b"\0"))
    assert [line.text for line in read_lines(page, "p.dgrl")] == ["永和"]
