from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.hwdb.charset import (
    PAPER_FIGURE_CHARACTERS,
    character_of_tag,
    is_hanzi,
    parse_charset,
    tag_of_character,
)
from data_tools.hwdb.standard_sets import gb2312, gb2312_level_1

OUTSIDE_LEVEL_1 = "叩浼纡叨"
PRINTABLE_ASCII = [chr(code) for code in range(0x21, 0x7F)]


def test_the_papers_figure_has_four_characters_outside_level_1() -> None:
    assert len(PAPER_FIGURE_CHARACTERS) == len(set(PAPER_FIGURE_CHARACTERS)) == 63
    assert {c for c in PAPER_FIGURE_CHARACTERS if c not in gb2312_level_1()} == set(OUTSIDE_LEVEL_1)
    assert not any(character in parse_charset("gb2312-1") for character in OUTSIDE_LEVEL_1)
    assert all(character in parse_charset("hanzi") for character in OUTSIDE_LEVEL_1)


@pytest.mark.parametrize(
    ("character", "tag"),
    [
        ("啊", "b0a1"),  # the first of GB2312 level 1
        ("座", "d7f9"),  # the last
        ("一", "d2bb"),
        ("宬", "8c6b"),  # in GBK, not in GB2312
        ("ǹ", "a8bf"),  # assigned by GB18030, unknown to GBK
        ("é", "a8a6"),  # GBK has some letters with accents
        ("A", "4100"),
        ("~", "7e00"),
    ],
)
def test_tags_are_those_of_the_standards(character: str, tag: str) -> None:
    assert tag_of_character(character).hex() == tag
    assert character_of_tag(bytes.fromhex(tag)) == character


def test_every_character_of_gb2312_and_ascii_comes_back_from_its_tag() -> None:
    for character in [*gb2312(), *PRINTABLE_ASCII]:
        tag = tag_of_character(character)
        assert len(tag) == 2
        assert character_of_tag(tag) == character


def test_no_two_tags_name_the_same_character() -> None:
    tags = [bytes((high, low)) for high in range(256) for low in range(256)]
    known = [character for tag in tags if (character := character_of_tag(tag)) is not None]
    assert len(known) == len(set(known)) > 21_000
    assert {len(character) for character in known} == {1}


@pytest.mark.parametrize(
    "tag",
    [
        b" \x00",
        b"\x7f\x00",
        b"\x00\x00",
        b"\xb0\x00",
        b"AB",
        b"\x00A",
        b"\xff\xff",
        b"\x81\x30",  # the first half of a four-byte code
        b"\xaa\xa1",  # user-defined
    ],
)
def test_tags_that_name_nothing_are_unknown(tag: bytes) -> None:
    assert character_of_tag(tag) is None


@pytest.mark.parametrize("text", ["😀", "㐂", "AB", "", " ", "\n", "\ud800", "\ue000"])
def test_what_has_no_tag_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="has no GBK tag"):
        tag_of_character(text)


@pytest.mark.parametrize("character", "一叩宬〇㐂𠀀\uf900")
def test_ideographs_are_hanzi(character: str) -> None:
    assert is_hanzi(character)


@pytest.mark.parametrize("character", "A1，、。あア①Ⅳαж々😀")
def test_signs_and_other_scripts_are_no_hanzi(character: str) -> None:
    assert not is_hanzi(character)
    assert character not in parse_charset("hanzi")
    assert character in parse_charset("all")


def test_literal_characters_are_taken_each_once_and_without_spaces() -> None:
    charset = parse_charset("暗朽 叩\n栗暗")
    assert charset.characters == frozenset("暗朽叩栗")
    assert "叩" in charset
    assert "宁" not in charset


def test_hundreds_of_literal_characters_are_no_file_name(tmp_path: Path) -> None:
    many = "".join(sorted(gb2312()))[:255]
    assert parse_charset(many).characters == frozenset(many)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_holds_characters_in_any_layout(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes("暗朽\r\n叩 栗\n\n".encode(encoding))
    charset = parse_charset(str(path))
    assert charset.characters == frozenset("暗朽叩栗")
    assert charset.description == "the characters of mine.txt"


def test_a_file_wins_over_the_characters_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_charset("暗朽").characters == frozenset("暗朽")
    Path("暗朽").write_text("叩", encoding="utf-8")
    assert parse_charset("暗朽").characters == frozenset("叩")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--charset: no character is in it; name hanzi, gb2312-1"),
        (" \n", "--charset: no character is in it"),
        ("missing.txt", "missing.txt: there is no such file"),
        ("lists/missing", "lists/missing: there is no such file"),
    ],
)
def test_what_names_no_character_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_charset(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "no character is in it"), ("暗".encode("gbk"), "is not in UTF-8")],
)
def test_a_file_without_utf8_characters_is_one_line(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as caught:
        parse_charset(str(path))
    assert "\n" not in str(caught.value)
