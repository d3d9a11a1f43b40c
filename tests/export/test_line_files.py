"""The forms of labelled lines, read by other programs' readers."""

import io
import json
import tarfile
from pathlib import Path

import lmdb
import numpy as np
import pytest
import webdataset  # type: ignore[import-untyped]
from PIL import Image

from data_tools.errors import UserError
from hanzi_lsgan.export.formats import Format
from hanzi_lsgan.export.line_files import LabelledLine, check_lines_out, write_lines
from hanzi_lsgan.export.sample import png_bytes


def some_lines() -> list[LabelledLine]:
    lines = []
    for number, text in enumerate(["永和", "九 年", "，"]):
        image = np.full((20, 30 + number), 255, np.uint8)
        boxes = tuple((c, (i, 2, i + 9, 12)) for i, c in enumerate(text.replace(" ", "")))
        lines.append(LabelledLine(png_bytes(image, "generated"), text, boxes, {"hand": number}))
    return lines


def test_a_folder_has_a_label_file_as_paddleocr_reads_it(tmp_path: Path) -> None:
    assert write_lines(some_lines(), tmp_path / "lines", {"made_by": "us"}) == 3
    labels = (tmp_path / "lines" / "label.txt").read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in labels]
    assert [text for _, text in pairs] == ["永和", "九 年", "，"]
    rows = [
        json.loads(row)
        for row in (tmp_path / "lines" / "boxes.jsonl").read_text("utf-8").splitlines()
    ]
    for number, ((name, text), row) in enumerate(zip(pairs, rows, strict=True)):
        with Image.open(tmp_path / "lines" / name) as picture:
            assert picture.size == (30 + number, 20)
            assert picture.info["Comment"] == "generated"
        assert (row["file_name"], row["text"], row["hand"]) == (name, text, number)
    assert rows[0]["boxes"][1] == {"character": "和", "box": [1, 2, 10, 12]}
    assert json.loads((tmp_path / "lines" / "export.json").read_text()) == {"made_by": "us"}


def test_an_environment_has_the_keys_of_trainers(tmp_path: Path) -> None:
    write_lines(some_lines(), tmp_path / "lines.lmdb", {"made_by": "us"})
    with (
        lmdb.open(str(tmp_path / "lines.lmdb"), readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        found = {bytes(key).decode(): bytes(value) for key, value in transaction.cursor()}
    names = [f"{kind}-{number:09}" for kind in ("image", "label", "boxes") for number in (1, 2, 3)]
    assert set(found) == {*names, "num-samples", "meta"}
    assert found["num-samples"] == b"3"
    assert found["label-000000002"].decode() == "九 年"
    assert Image.open(io.BytesIO(found["image-000000003"])).size == (32, 20)
    assert json.loads(found["boxes-000000001"])["boxes"][0]["box"] == [0, 2, 9, 12]
    assert json.loads(found["meta"]) == {"made_by": "us"}


def test_an_archive_is_read_by_webdataset_and_equal_lines_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.tar", "two.tar"):
        write_lines(some_lines(), tmp_path / name, {})
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        assert archive.getnames()[:3] == [f"000000001.{kind}" for kind in ("png", "txt", "json")]
    read = webdataset.WebDataset(str(tmp_path / "one.tar"), shardshuffle=False).decode("pil")
    samples = list(read)
    assert [sample["txt"] for sample in samples] == ["永和", "九 年", "，"]
    assert samples[1]["json"]["boxes"][1]["character"] == "年"


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> list[LabelledLine]:
        raise KeyboardInterrupt

    for name in ("lines", "lines.lmdb", "lines.tar"):
        with pytest.raises(KeyboardInterrupt):
            write_lines((line for _ in range(2) for line in broken()), tmp_path / name, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["lines.gnt", "lines.parquet", "lines.zip"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="not written as"):
        check_lines_out(tmp_path / name, force=False)


@pytest.mark.parametrize("name", ["lines", "lines.v2", "lines.0.5"])
def test_a_folder_may_be_called_by_a_version(tmp_path: Path, name: str) -> None:
    assert check_lines_out(tmp_path / name, force=False) is Format.IMAGES


def test_what_exists_is_replaced_by_force_alone(tmp_path: Path) -> None:
    write_lines(some_lines(), tmp_path / "lines", {})
    with pytest.raises(UserError, match="--force"):
        check_lines_out(tmp_path / "lines", force=False)
    assert write_lines(some_lines()[:1], tmp_path / "lines", {}, force=True) == 1
    assert len(list((tmp_path / "lines" / "images").iterdir())) == 1
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter").write_text("dear")
    with pytest.raises(UserError, match="other things"):
        check_lines_out(tmp_path / "other", force=True)
