"""Whether an argument is a text, a file or standard input, in a folder of few files."""

import io
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.cli.text_argument import read_text


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "诗").mkdir()
    for name in ("letter", "诗/春.md", "永"):
        (tmp_path / name).write_text("在纸上\n", "utf-8")


def give(monkeypatch: pytest.MonkeyPatch, content: bytes, encoding: str) -> None:
    """As standard input that Python would decode by an encoding, as a locale wants it."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding))


@pytest.mark.parametrize("argument", ["letter", "@letter", "./letter", "诗/春.md", "永", "@永"])
def test_a_file_is_read(argument: str) -> None:
    assert read_text(argument) == ("在纸上\n", argument.removeprefix("@"))


@pytest.mark.parametrize(
    "argument",
    [
        *(
            "missing.txt",
            "missing.text",
            "letter.md",
            "my letter.TXT",
            "春天.md",
            "a.tex",
            "信.docx",
        ),
        *("poems/spring", "诗/秋", "poems\\spring", "./letter2", "../no letter", "/no/letter"),
        *("~/letter", "C:\\poems\\spring", "@letter2"),
    ],
)
def test_what_looks_like_a_path_and_is_none_is_refused(argument: str) -> None:
    with pytest.raises(UserError, match="there is no such file; name a UTF-8 text file"):
        read_text(argument)


@pytest.mark.parametrize("argument", [".", "..", "诗", "诗/", "/"])
def test_a_folder_is_refused(argument: str) -> None:
    with pytest.raises(UserError, match="is a folder; name a file in it"):
        read_text(argument)


@pytest.mark.parametrize(
    "argument",
    [
        *(
            "你好。",
            "好",
            "3.14",
            "1/2",
            "2026/8/1",
            "and/or",
            "km/h",
            "他/她",
            "他说OK.",
            "@",
            "~",
        ),
        *("今天见了Mr.Wang", "我会用.NET", "Hello world. Bye", "See www.a.org and b.com", "No.1"),
        *("https://a.org/b", "me@a.org", "见notes.md\n好", " ", "永" * 5000, "永/" * 5000, "– -"),
    ],
)
def test_a_text_is_a_text(argument: str) -> None:
    assert read_text(argument) == (argument, "the text")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "gbk"])
def test_standard_input_is_utf8_whatever_the_locale(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, "\ufeff永和\n".encode(), encoding)
    assert read_text("-") == ("永和\n", "standard input")
    give(monkeypatch, "好永和".encode("gbk"), encoding)
    with pytest.raises(UserError, match=r"^standard input: is not in UTF-8 \(byte 0\); save it"):
        read_text("-")


def test_closed_input_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UserError, match=r"^standard input: is closed; "):
        read_text("-")
