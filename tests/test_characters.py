"""Texts as users give them: cleaned line by line, and read from files and streams."""

import io
from pathlib import Path

import pytest

from data_tools.characters import (
    clean_characters,
    clean_lines,
    read_text_file,
    read_text_stream,
)
from data_tools.errors import UserError

MOST_BYTES = 4 * 1024 * 1024


def test_marks_compose_within_a_word_and_white_space_stays() -> None:
    cleaned = clean_lines("cafe\u0301 か\u200b\u3099\r\n\u3000\u1112\u1161\u11ab\n", "the text")
    assert cleaned.whole() == "café が\r\n\u3000한\n"
    assert cleaned.remarks == ("left out of 1 line of the text, as they cannot be seen: U+200B",)
    assert clean_characters("cafe\u0301 か\u3099\n", "the text").characters == "caféが"


def test_a_mark_that_composes_with_nothing_is_named_with_its_line() -> None:
    cleaned = clean_lines("一\n1\ufe0f\u20e3\n二 \u0301\n三", "letter.txt")
    assert cleaned.lines == ("一\n", "", "", "三")
    assert list(cleaned.stray) == [2, 3]
    with pytest.raises(UserError, match=r"^letter\.txt, line 2: U\+0031 U\+20E3 is no single"):
        cleaned.whole()
    assert str(cleaned.stray[3]).startswith("letter.txt, line 3: U+0301 is a mark that stands on")
    with pytest.raises(UserError, match=r"^--chars: U\+0031 U\+20E3 is no single character; leave"):
        clean_characters("1\u20e3", "--chars")


def test_what_is_changed_in_many_lines_is_said_once() -> None:
    text = "Ａ\u200b\n" * 1200 + "Ｂ\n" + "永\u200c\n"
    cleaned = clean_lines(text, "the text", lambda character: character in "AB永")
    assert cleaned.whole() == "A\n" * 1200 + "B\n永\n"
    assert cleaned.remarks == (
        "left out of 1,201 lines of the text, as they cannot be seen: U+200B U+200C",
        "taken in their plain form: Ａ as A, Ｂ as B",
    )


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(UserError, match=r"^the text: has bytes that are no UTF-8; "):
        clean_lines("永\n好\udcc4", "the text")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("你好".encode("gbk"), r"is not in UTF-8 \(byte 0\); save it as UTF-8$"),
        ("好你好".encode()[:-1], r"is not in UTF-8 \(byte 6\); save it as UTF-8$"),
        ("你好".encode("utf-16"), "is text in UTF-16, not in UTF-8; save it as UTF-8$"),
        (b"PK\x03\x04\0\0", "is no text but binary; "),
        (b"a" * (MOST_BYTES + 1), "is longer than 4,194,304 bytes; split it"),
    ],
)
def test_a_stream_and_a_file_are_refused_alike(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}: {message}"):
        read_text_file(path)
    with pytest.raises(UserError, match=f"^standard input: {message}"):
        read_text_stream(io.BytesIO(content), "standard input")


def test_a_stream_and_a_file_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf\xe6\xb0\xb8\r\n")
    assert read_text_file(path) == "永\r\n"
    assert read_text_stream(io.BytesIO(path.read_bytes()), "standard input") == "永\r\n"
    assert len(read_text_stream(io.BytesIO(b"a" * MOST_BYTES), "standard input")) == MOST_BYTES
