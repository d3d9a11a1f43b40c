"""Archives of pictures in a folder, and what lies beside them there."""

import io
import tarfile
from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.pictures.gather import gather_pictures
from data_tools.sources.find import find_members
from tests.gnt_samples import write_zip
from tests.picture_samples import draw_character, picture_bytes

PNGS = [picture_bytes(draw_character(seed)) for seed in range(4)]


def gather(*sources: Path, test: Path | None = None) -> list[tuple[str, int]]:
    """Character and split of each picture."""
    with find_members(sources, [test] if test else []) as found:
        parts = gather_pictures(found.collections).parts
    return [(one.character, int(part.split)) for part in parts for one in part.pictures]


def write_packed_tar(path: Path, character: str, data: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(f"{character}/1.png")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return path


def test_a_list_beside_archives_is_of_their_pictures(tmp_path: Path) -> None:
    write_zip(tmp_path / "train.zip", {"train/00000/1.png": PNGS[0], "train/00001/1.png": PNGS[1]})
    write_zip(tmp_path / "test.zip", {"test/00000/1.png": PNGS[2], "test/00001/1.png": PNGS[3]})
    (tmp_path / "classes.txt").write_text("一\n丁\n", encoding="utf-8")
    assert sorted(gather(tmp_path)) == [("一", 0), ("一", 1), ("丁", 0), ("丁", 1)]


def test_an_archive_in_an_archive_is_no_empty_one(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"永/1.png": PNGS[0]}).read_bytes()
    outer = write_zip(tmp_path / "outer.zip", {"永.zip": inner})
    with find_members([outer]) as found:
        assert [len(one.pictures) for one in found.collections if one.pictures] == [1]
        assert found.passed_over == []


def test_what_is_unpacked_anew_is_known_by_its_place(tmp_path: Path) -> None:
    write_packed_tar(tmp_path / "a.tar.gz", "永", PNGS[0])
    test = write_packed_tar(tmp_path / "b.tar.gz", "丁", PNGS[1])
    assert sorted(gather(tmp_path, test=test)) == [("丁", 1), ("永", 0)]
    with pytest.raises(UserError, match=r"b\.tar\.gz/丁/1\.png: the same picture is given twice"):
        gather(tmp_path, test)


def test_what_alone_stands_in_the_way_says_what_is_wrong(tmp_path: Path) -> None:
    """Also beside a text, which stands in nobody's way."""
    (tmp_path / "readme.txt").write_text("text", encoding="utf-8")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError) as caught:
        gather(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/a.zip: is damaged (")
