import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.pictures.names import (
    character_shown,
    characters_named,
    schemes_of,
    single_character,
    unscrambled,
)


@pytest.mark.parametrize(
    "name",
    [
        *("永", "U+6C38", "u+6c38", "U+6C38_永", "u6c38", "U6C38", "0x6c38", "0X6C38", "uni6C38"),
        *("\\u6c38", "#U6c38", "永_12", "12_永", "永12", "12永", "永(1)", "永 (2)", "永（3）"),
        *("U_6C38", "u-6c38", "char_U_6C38_3", "Unicode6C38", "uni-6c38", "imgU+6C38"),
        *("%E6%B0%B8", "%e6%b0%b8_12", "%D3%C0_12", "&#27704;", "&#x6C38;_3", "w3_&#27704;"),
        *("永-w3", "writer_3_永", "永.train", "張三_永_5", "U+6C38_3", "永_U+6C38", "【永】"),
    ],
)
def test_a_name_tells_its_one_character(name: str) -> None:
    assert characters_named(name) == {"永"}


@pytest.mark.parametrize(
    "name",
    [
        *("writer_3", "train", "12", "6c38", "café", "張三", "a", "A", "", "U+", "U+12", "img.u1"),
        *("100%", "50%E6", "%41", "a&#98;", "%E5%BC%A0%E4%B8%89"),
        *("u_0012", "u-1234", "u0012", "user_u_2024", "menu_6c38"),
    ],
)
def test_other_names_tell_none(name: str) -> None:
    assert characters_named(name) == frozenset()


def test_names_that_contradict_themselves_tell_both() -> None:
    assert characters_named("U+6C38_丁") == {"永", "丁"}


def test_characters_are_taken_as_they_are_meant() -> None:
    assert characters_named("\N{CJK COMPATIBILITY IDEOGRAPH-F900}") == {"\uf900"}
    assert characters_named("か\u3099_1") == {"が"}  # as macOS writes names
    assert characters_named("葛\U000e0100") == {"葛"}
    assert characters_named("U+20000") == {"\U00020000"}
    assert characters_named("！") == {"！"}
    assert single_character(" 永\n") == "永"
    assert single_character("U+6C38") == "永"
    assert single_character("永远") is None


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_chinese_names_of_archives_that_do_not_tell_their_encoding(encoding: str) -> None:
    assert unscrambled("永_1".encode(encoding).decode("cp437")) == "永_1"
    assert unscrambled("é") == "é"
    assert unscrambled("永") == "永"


@pytest.mark.parametrize(
    ("numbers", "ways"),
    [
        (["54208"], ["GBK tags in decimal"]),
        (["D3C0"], ["GBK tags in hexadecimal"]),
        (["d3c0", "8d77"], ["GBK tags in hexadecimal"]),
        (["6C38", "4e00"], ["code points in hexadecimal"]),
        (["8D77"], ["GBK tags in hexadecimal", "code points in hexadecimal"]),
        (["00012"], []),
        (["0", "1", "2"], []),
        (["54208", "00012"], []),
        (["6211", "4000"], []),
        (["27704"], ["code points in decimal"]),
        ([f"{number:05}" for number in range(3755)], []),
        ([f"{number:04}" for number in range(7356)], []),
    ],
)
def test_numbers_are_read_in_the_ways_that_fit_them_all(
    numbers: list[str], ways: list[str]
) -> None:
    assert [scheme.description for scheme in schemes_of(numbers)] == ways


def test_a_tag_has_its_high_byte_first() -> None:
    (decimal,) = schemes_of(["54208"])
    assert decimal.read("54208") == "永"
    assert int.from_bytes("永".encode("gbk"), "big") == 54208


@given(st.text(max_size=20))
def test_any_name_is_read(name: str) -> None:
    for character in characters_named(name):
        assert len(character) == 1
    unscrambled(name)
    single_character(name)
    schemes_of([name])


@pytest.mark.parametrize(
    "text", ["永", " 永 ", "U+6C38", "U+6C38_永", "永 (U+6C38)", "永_12", "0001_永", "\\u6c38"]
)
def test_a_class_of_a_table_names_its_character(text: str) -> None:
    assert character_shown(text) == "永"


@pytest.mark.parametrize(
    "text", ["2023年", "T恤", "3 楼", "共 3 pages", '[{"text": "永"}]', "", "永和"]
)
def test_a_text_with_one_hanzi_in_it_is_not_that_hanzi(text: str) -> None:
    assert character_shown(text) is None
