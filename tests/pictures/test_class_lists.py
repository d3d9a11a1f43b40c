import json
import os
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.errors import UserError
from data_tools.pictures.class_lists import ClassList, is_class_list, key_of, read_class_list

CLASSES = {"0": "永", "1": "一", "12": "丁"}
BY_CHARACTER = {character: int(number) for number, character in CLASSES.items()}
BY_NUMBER = {int(number): character for number, character in CLASSES.items()}


def error_of(data: bytes, name: str = "char_dict") -> str:
    with pytest.raises(UserError) as caught:
        read_class_list(data, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("content", [BY_CHARACTER, BY_NUMBER])
def test_a_pickled_dictionary_is_read_in_either_direction(content: Any, protocol: int) -> None:
    assert read_class_list(pickle.dumps(content, protocol), "char_dict").characters == CLASSES


def test_pickles_of_python_2_are_read() -> None:
    # pickle.dumps of {u'\u6c38': 0} and {'\xe6\xb0\xb8': 0} by Python 2.7
    for data in (
        b"\x80\x02}q\x00X\x03\x00\x00\x00\xe6\xb0\xb8q\x01K\x00s.",
        b"\x80\x02}q\x00U\x03\xe6\xb0\xb8K\x00s.",
        b"(dp0\nV\\u6c38\np1\nI0\ns.",
    ):
        assert read_class_list(data, "d") == ClassList({"0": "永"})


class Hostile:
    """A pickle of it runs a command when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["char_dict", "char_dict.pkl", "classes.txt", "labels.json"])
def test_a_pickle_never_runs_code(tmp_path: Any, protocol: int, name: str) -> None:
    target = tmp_path / "made by a pickle"
    data = pickle.dumps({"永": 0, "丁": Hostile(str(target))}, protocol)
    message = error_of(data, name)
    assert not target.exists()
    if name != "labels.json":
        assert "JSON" in message or "number character" in message
    pickle.loads(data)
    assert target.exists()  # so the pickle is one that would have


def test_a_pickle_that_asks_for_memory_is_harmless() -> None:
    assert error_of(b"\x80\x04}r\xff\xff\xff\x7f]\x94.")  # memo number 2^31 - 1, then a list
    assert error_of(b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x00")  # 2^56 bytes announced


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.json", json.dumps(BY_CHARACTER)),
        ("class_to_idx.json", json.dumps(BY_CHARACTER, ensure_ascii=False)),
        ("idx_to_class.json", json.dumps(BY_NUMBER)),
        ("char_dict.json", json.dumps({f"{n:05}": c for n, c in BY_NUMBER.items()})),
        ("label_map.txt", "00000 永\n00001 一\n00012 丁\n"),
        ("label_map.txt", "永 0\n一 1\n丁 12\n"),
        ("label_map.txt", "\ufeff0\t永\r\n1\t一\r\n\r\n12\t丁\r\n"),
        ("classes.csv", "0,永\n1,一\n12,丁\n"),
        ("char_dict.txt", "0 U+6C38\n1 U+4E00\n12 U+4E01\n"),
        ("labels.csv", "index;char\n0;永\n1;一\n12;丁\n"),
        ("labels.txt", "12: 丁\n0: 永\n1: 一\n"),
        ("labels.txt", "永=0\n一=1\n丁=12\n"),
        ("labels.csv", '"index","char"\n"0","永"\n"1","一"\n"12","丁"\n'),
        ("labels.csv", "index,char,pinyin\n0,永,yong\n1,一,yi\n12,丁,ding\n"),
        ("labels.csv", "char,samples,index\n永,7,0\n一,7,1\n丁,7,12\n"),
        ("labels.json", '{"0": {"char": "永"}, "1": {"char": "一"}, "12": {"char": "丁"}}'),
        ("labels.json", '{"names": {"0": "永", "1": "一", "12": "丁"}, "nc": 3}'),
        ("labels.json", '{"永": {"id": 0, "n": 5}, "一": {"id": 1, "n": 5}, "丁": {"id": 12}}'),
        ("labels.json", '[{"0": "永"}, {"1": "一"}, {"12": "丁"}]'),
        (
            "labels.json",
            '[{"id": 0, "label": 7, "char": "永"}, {"id": 1, "char": "一"},'
            ' {"id": 12, "char": "丁", "label": 7}]',
        ),
        ("mapping.json", json.dumps({"char2idx": BY_CHARACTER, "idx2char": BY_NUMBER})),
        ("label_dict.txt", str(BY_NUMBER)),
        ("char_dict.json", str({str(number): one for number, one in BY_NUMBER.items()})),
        ("labels.yaml", "0: 永\n1: 一\n12: 丁\n"),
        ("classes.yml", "永: 0\n一: 1\n丁: 12\n"),
        ("data.yaml", "train: ../train\nnc: 3\nnames:\n  0: 永\n  1: '一'\n  12: 丁\n"),
        (
            "label_map.pbtxt",
            "item {\n  id: 0\n  name: '永'\n}\nitem {\n  name: \"一\"\n  id: 1\n}\n"
            "item { id: 12 name: 'n12' display_name: '丁' }\n",
        ),
        ("hanzi_label_map.pbtxt", "item{id:0 name:'永'}item{id:1 name:'一'}item{id:12 name:'丁'}"),
        ("k49_classmap.csv", "index,codepoint,char\n0,U+6C38,永\n1,U+4E00,一\n12,U+4E01,丁\n"),
    ],
)
def test_lists_are_read_in_every_usual_form(name: str, text: str) -> None:
    assert is_class_list(name)
    assert read_class_list(text.encode(), name) == ClassList(CLASSES)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("classes.txt", "一\n丁\n七\n".encode()),
        ("classes.txt", "一\n丁\n七\n".encode("gbk")),
        ("classes.txt", "一\r\n丁\r\n七\r\n".encode("utf-16")),
        ("classes.txt", "一\r\r\n丁\r\r\n七\r\r\n\r\n".encode()),
        ("classes.json", '["一", "丁", "七"]'.encode()),
        ("classes.json", '{"nc": 3, "names": ["一", "丁", "七"]}'.encode()),
        ("classes.json", '[{"name": "一"}, {"name": "丁"}, {"name": "七"}]'.encode()),
        ("data.yaml", "nc: 3\nnames: ['一', 丁, \"七\"]  # as YOLO has it\n".encode()),
        ("names.yaml", "- 一\n- 丁\n- 七\n".encode()),
        ("classes.txt", "['一', '丁', '七']".encode()),
        ("classes.pkl", pickle.dumps(["一", "丁", "七"])),
    ],
)
def test_a_list_without_numbers_counts_from_0_or_1_by_the_numbers_in_use(
    name: str, data: bytes
) -> None:
    listed = read_class_list(data, name)
    assert listed == ClassList({"0": "一", "1": "丁", "2": "七"}, lines=3)
    assert listed.first_number({"0", "2"}) == 0
    assert listed.first_number({"0", "1", "2", "3"}) == 0
    assert listed.first_number({"1", "2", "3"}) == 1
    assert listed.first_number({"1", "2", "77"}) is None
    assert listed.counted_from(1).characters == {"1": "一", "2": "丁", "3": "七"}


def test_a_first_line_that_is_no_character_may_be_a_class_or_a_head() -> None:
    listed = read_class_list("background\n一\n丁\n".encode(), "classes.txt")
    assert listed.first_number({"1", "2"}) == 0
    assert listed.first_number({"0", "1", "2"}) == 0
    assert listed.first_number({"0", "1"}) is None  # as under `character`, 一 being 0
    assert listed.first_number({"1"}) is None  # or so, and no picture of 一
    assert listed.first_number({"1", "2", "3"}) == 1


def test_an_empty_line_among_those_that_count_is_refused() -> None:
    message = error_of("永\n\n一\n丁\n".encode(), "classes.txt")
    assert message.startswith("classes.txt: line 2 is empty, so that what number the next has")
    assert read_class_list("0 永\n\n1 一\n".encode(), "a.txt").characters == {"0": "永", "1": "一"}
    spaces = "\u3000\n一\n\u2028\n丁\n".encode()  # which is a class of lists of OCR
    assert read_class_list(spaces, "dict.txt").characters == {"1": "一", "3": "丁"}


def test_signs_that_part_fields_are_characters_too() -> None:
    found = {"0": ":", "1": ";", "2": "="}
    for text in ("0 :\n1 ;\n2 =\n", ": 0\n; 1\n= 2\n", ":\n;\n=\n"):
        assert read_class_list(text.encode(), "classes.txt").characters == found


def test_words_that_are_counted_are_no_characters() -> None:
    assert "no character in it" in error_of(b"yi\nding\n", "classes.txt")


def test_names_that_are_no_numbers_are_kept() -> None:
    found = read_class_list('{"yong": "永", "img_3.png": "一"}'.encode(), "labels.json")
    assert found.characters == {"yong": "永", "img_3.png": "一"}
    assert key_of("00012") == "12"
    assert key_of("img_03") == "img_03"


def test_emnist_gives_codes_of_letters() -> None:
    assert read_class_list(b"0 48\n10 65\n36 97\n", "emnist-byclass-mapping.txt") == ClassList(
        {"0": "0", "10": "A", "36": "a"}
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("永 0\n一 0\n", "0 stands for 永 and for 一"),
        ("", "no character in it"),
        ("hello world\n", "no character in it"),
        ('{"a": ', "cannot be read as a list of classes"),
        ('{"a": [1]}', "neither a text nor a number"),
        ("[" * 100_000, "cannot be read as a list of classes"),
    ],
)
def test_what_is_no_list_is_said_in_one_line(data: str, problem: str) -> None:
    assert problem in error_of(data.encode(), "label_map.txt")


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("labels.json", '{"a": {"0": "永"}, "b": {"0": "一"}}', "lists that differ are in it"),
        ("labels.json", '{"1": "", "2": null}', "no character in it"),
        ("labels.json", '{"categories": [{"id": 0, "name": "永"}], "annotations": []}', "of boxes"),
        ("data.yaml", "train: ../train\nval: ../val\n", "no character in it"),
        ("data.yaml", "names: [永", "cannot be read as a list of classes"),
        ("data.yaml", "!!python/object/apply:os.getcwd []\n", "no character in it"),
        ("label_map.pbtxt", "item { id: 1 name: '\\346\\260\\270' }", "no character in it"),
    ],
)
def test_what_lies_deeper_and_is_no_list_is_said(name: str, data: str, problem: str) -> None:
    assert problem in error_of(data.encode(), name)


@given(
    st.binary(max_size=60),
    st.sampled_from(["char_dict", "classes.txt", "labels.json", "a.pkl", "labels.yaml"]),
)
def test_any_bytes_are_a_list_or_one_line(data: bytes, name: str) -> None:
    try:
        read_class_list(data, name)
    except UserError as error:
        assert str(error).startswith(f"{name}: ")


def test_of_two_columns_of_characters_the_one_that_was_not_taken_is_said() -> None:
    data = "0 国 國\n1 永 永\n2 发 髮\n".encode()
    listed = read_class_list(data, "classes.txt")
    assert listed.characters == {"0": "國", "1": "永", "2": "髮"}
    assert listed.choice == (
        "classes.txt: has two columns of characters, of which column 3 is taken (0 is 國, and not "
        "国); if that is wrong, take it out"
    )
    for one_column in ("0 国 U+56FD\n1 永 U+6C38", "0 国 guó\n1 永 yǒng", "0 國\n1 永"):
        assert read_class_list(one_column.encode(), "classes.txt").choice == ""
