"""WebDataset's labels of one picture each, in archives, shards and folders."""

import json
from pathlib import Path

import pytest

from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from tests.pictures.table_samples import error_of, gather, png, write_webdataset


@pytest.mark.parametrize("name", ["x.tar", "字.tar"])
def test_a_text_beside_each_picture_tells_its_character(tmp_path: Path, name: str) -> None:
    """Also where the archive itself is called as a character."""
    source = write_webdataset(tmp_path / name, [{"txt": "一\n"}, {"txt": "永"}, {"txt": "永和"}])
    told, gathered = gather(source)
    assert told == [("一", name, Split.TRAIN, 0), ("永", name, Split.TRAIN, 1)]
    left_out = f"left out: 1 picture ({name}/000000002.png): the table gives a text, not one"
    assert any(line.startswith(left_out) for line in gathered.notes)
    assert f"{source}/000000000.txt" in gathered.used


def test_a_folder_that_an_archive_was_unpacked_to_is_read_too(tmp_path: Path) -> None:
    for number, character in enumerate("一永"):
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / f"{number}.png").write_bytes(png(number))
        (tmp_path / "own" / f"{number}.txt").write_text(character, encoding="utf-8")
    assert gather(tmp_path / "own")[0] == [("一", "own", 0, 0), ("永", "own", 0, 1)]


def test_names_that_tell_come_before_notes_beside_pictures(tmp_path: Path) -> None:
    for character in "一永":
        (tmp_path / "own" / character).mkdir(parents=True)
        (tmp_path / "own" / character / "1.png").write_bytes(png(1))
        (tmp_path / "own" / character / "1.txt").write_text("丁", encoding="utf-8")
    assert [one[0] for one in gather(tmp_path / "own")[0]] == ["一", "永"]


def test_numbers_of_classes_need_their_list(tmp_path: Path) -> None:
    samples = [{"cls": "0"}, {"cls": "1\n"}, {"cls": "2"}]
    write_webdataset(tmp_path / "own" / "train-000000.tar", samples)
    write_webdataset(tmp_path / "own" / "test-000000.tar", samples, first=3)
    problem = "labels are numbers (0, 1, 2) and no list says which characters they are"
    remedy = "put classes.txt, char_dict.json or labels.json beside it"
    assert error_of(tmp_path / "own") == f"{tmp_path / 'own'}: {problem}; {remedy}"
    (tmp_path / "own" / "classes.txt").write_text("一\n丁\n永\n", encoding="utf-8")
    assert gather(tmp_path / "own")[0] == [
        *((c, "own/test.tar", Split.TEST, 3 + number) for number, c in enumerate("一丁永")),
        *((c, "own/train.tar", Split.TRAIN, number) for number, c in enumerate("一丁永")),
    ]


def test_json_tells_text_writer_and_split_of_shards(tmp_path: Path) -> None:
    def sample(text: str, writer: str, split: str) -> dict[str, str]:
        return {"json": json.dumps({"label": 3, "text": text, "writer": writer, "split": split})}

    shards = [
        [sample("一", "a", "train"), sample("丁", "b", "test")],
        [sample("永", "a", "train"), {"json": "{}"}, {"json": "[1]"}],
    ]
    for number, samples in enumerate(shards):
        write_webdataset(tmp_path / "own" / f"{number:06}.tar", samples, first=2 * number)
    assert gather(tmp_path / "own")[0] == [
        ("一", "own/a", Split.TRAIN, 0),
        ("永", "own/a", Split.TRAIN, 2),
        ("丁", "own/b", Split.TEST, 1),
    ]
    results = [
        prepare([tmp_path / "own"], tmp_path / f"{jobs}.h5", jobs=jobs).out for jobs in (1, 2)
    ]
    assert results[0].read_bytes() == results[1].read_bytes()
    with Store(results[0]) as store:
        assert [(one.name, one.samples) for one in store.sources] == [("own/a", 2), ("own/b", 1)]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    good: dict[str, str | bytes] = {"txt": "一"}
    cases: list[tuple[str, dict[str, str | bytes], str]] = [
        ("gbk", {"txt": "永".encode("gbk")}, "000000001.txt: is no UTF-8; write it anew as UTF-8"),
        ("cls", {"cls": "永"}, "000000001.cls: cannot be read as the label of a picture (invalid"),
        ("json", {"json": "{"}, "000000001.json: cannot be read as the label of a picture (Expe"),
    ]
    for name, sample, said in cases:
        source = write_webdataset(tmp_path / f"{name}.tar", [good, sample])
        assert error_of(source).startswith(f"{source}/{said}")
    lines = write_webdataset(tmp_path / "lines.tar", [{"txt": "永和九年"}])
    said = "no label in it is one character (lines.tar/000000000.png: 永和九年); name pictures of"
    assert error_of(lines).startswith(f"{lines}: {said}")
