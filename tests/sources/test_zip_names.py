"""Names in zip archives from machines in mainland China, Taiwan and Japan."""

import zipfile
from collections.abc import Sequence

import pytest

from data_tools.errors import UserError
from data_tools.sources.zip_names import decoded_names

# The first 28 characters of the Thousand Character Classic and what is in other countries' lists.
SIMPLIFIED = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁"
TRADITIONAL = "天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏閏餘成歲"
JAPANESE = "天地玄黄宇宙洪荒日月盈昃辰宿列張寒来暑往秋収冬蔵閏余成歳"
KANA = "あいうえおかきくけこ"


def packed(names: Sequence[str], encoding: str) -> list[zipfile.ZipInfo]:
    """Entries as `zipfile` reads them where no encoding is stated."""
    return [zipfile.ZipInfo(name.encode(encoding).decode("cp437")) for name in names]


def read(names: Sequence[str], encoding: str) -> str:
    """The encoding that the names were read as, when all were read rightly."""
    decoded, line = decoded_names(packed(names, encoding), "a.zip")
    assert decoded == list(names)
    if not line:
        return ""
    start, _, rest = line.partition(" (")
    assert rest.endswith("; if they are in another encoding, unpack it and name the folder")
    return start.removeprefix("a.zip: names are read as ")


@pytest.mark.parametrize("pattern", ["{}/1.png", "own\\{}\\1.png", "data/U_{}_1.png"])
@pytest.mark.parametrize(
    ("characters", "encoding", "called"),
    [
        (SIMPLIFIED, "gbk", "GBK"),
        (TRADITIONAL, "gbk", "GBK"),
        (TRADITIONAL, "big5", "Big5"),
        (JAPANESE, "shift_jis", "Shift-JIS"),
        (KANA, "shift_jis", "Shift-JIS"),
        (SIMPLIFIED, "utf-8", ""),
        (KANA, "utf-8", ""),
    ],
)
def test_all_names_together_tell_their_encoding(
    pattern: str, characters: str, encoding: str, called: str
) -> None:
    assert read([pattern.format(one) for one in characters], encoding) == called
    assert read([pattern.format(one) for one in characters[-6:]], encoding) == called


def test_what_is_marked_or_plain_stays_as_it_is() -> None:
    marked = zipfile.ZipInfo("國/1.png")
    marked.flag_bits = 0x800
    entries = [marked, zipfile.ZipInfo("1.png"), *packed(["永/2.png"], "gbk")]
    names, line = decoded_names(entries, "a.zip")
    assert names == ["國/1.png", "1.png", "永/2.png"]
    assert line.startswith("a.zip: names are read as GBK (永)")
    assert decoded_names(entries[:2], "a.zip") == (["國/1.png", "1.png"], "")
    assert decoded_names(packed(["é.png"], "cp437"), "a.zip") == (["é.png"], "")


def test_a_name_that_could_be_utf_8_is_what_the_others_are() -> None:
    assert "叨".encode("gbk") == "߶".encode()
    assert read(list("永和叨九年"), "gbk") == "GBK"


def test_a_few_names_are_gbk_as_most_are() -> None:
    assert read(["浼/1.png", "纡/1.png"], "gbk") == "GBK"
    assert decoded_names(packed(["國", "學"], "big5"), "a.zip")[0] == ["瓣", "厩"]


def test_names_in_several_encodings_are_read_each_by_itself() -> None:
    entries = packed(["永/1.png"], "utf-8") + packed(list("永和丁七"), "gbk")
    names, line = decoded_names(entries, "a.zip")
    assert names == ["永/1.png", *"永和丁七"]
    assert "UTF-8 or GBK" in line


def test_names_that_may_be_in_two_encodings_are_refused() -> None:
    with pytest.raises(UserError) as caught:  # 0xA4A2 and on: kana in GBK, 人 and others in Big5
        decoded_names(packed([*KANA, *"かがきぎ"], "gbk"), "a.zip")
    assert str(caught.value).startswith(
        "a.zip: names do not tell their encoding (GBK あいう…, Big5 "
    )
