"""Standard sets, beside what the standards themselves say of them."""

from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.hwdb.charset import is_hanzi, parse_charset
from data_tools.hwdb.standard_sets import STANDARD_SETS, expand_set, named_set


@pytest.mark.parametrize(
    ("name", "count", "within", "outside"),
    [
        ("gb2312", 6763, "啊座亍齄", "學〇"),
        ("gb2312-1", 3755, "啊座", "亍齄"),  # their first and last ones
        ("gb2312-2", 3008, "亍齄", "啊座"),
        ("general-standard", 8105, "一矗乂馕亍蠼𠙶", "學〇"),
        ("general-standard-1", 3500, "一矗", "乂亍"),
        ("general-standard-2", 3000, "乂齉", "一亍"),
        ("general-standard-3", 1605, "亍喆镕蠼", "一乂"),
        ("big5-1", 5401, "一籲學灣", "学乂"),
        ("form-100", 100, "幢卜", "座亍"),
    ],
)
def test_a_set_has_its_official_size_and_members(
    name: str, count: int, within: str, outside: str
) -> None:
    characters = STANDARD_SETS[name]()
    assert len(characters) == count
    assert all(map(is_hanzi, characters))
    assert set(within) <= characters
    assert not set(outside) & characters


def test_levels_make_up_their_standard() -> None:
    for standard in ("gb2312", "general-standard"):
        levels = [name for name in STANDARD_SETS if name.startswith(f"{standard}-")]
        assert sum(len(STANDARD_SETS[level]()) for level in levels) == len(
            STANDARD_SETS[standard]()
        )


def test_after_an_at_sign_a_file_wins_over_a_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("@big5-1", "big5-1", "Big5-1", "@BIG5-1"):
        assert named_set(name) == STANDARD_SETS["big5-1"]()
    assert expand_set("@gb2312-2") == "".join(sorted(STANDARD_SETS["gb2312-2"]()))
    for text in ("gb2312-2", "@", "@nothing", "學"):
        assert expand_set(text) == text
    Path("big5-1").write_text("叩", encoding="utf-8")
    assert named_set("@big5-1") is None
    assert expand_set("@big5-1") == "@big5-1"
    assert parse_charset("@big5-1").characters == frozenset("叩")
    assert parse_charset("big5-1").characters == STANDARD_SETS["big5-1"]()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("gb2312-9", "gb2312-1, gb2312-2"),
        ("@general-standard-4", "general-standard-1, general-standard-2, general-standard-3"),
        ("big5-2", "big5-1"),
    ],
)
def test_the_number_of_a_set_that_is_none_is_no_text(name: str, remedy: str) -> None:
    with pytest.raises(UserError, match=f"{name}: there is no such set; name {remedy}$"):
        named_set(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("@gb231-1", "@gb2312-1"),
        ("@GB2312_1", "@gb2312-1"),
        ("@general_standard", "@general-standard"),
        ("@big5", "@big5-1"),
    ],
)
def test_a_set_that_is_misspelt_after_an_at_is_named(name: str, meant: str) -> None:
    message = rf"^{name}: there is no such set, and no such file; did you mean {meant}\?$"
    with pytest.raises(UserError, match=message):
        expand_set(name)
    assert expand_set(name.removeprefix("@")) == name.removeprefix("@")


def test_other_texts_with_a_number_are_texts() -> None:
    for text in ("HSK-3", "永-1", "gb2312-a", "-1"):
        assert named_set(text) is None
