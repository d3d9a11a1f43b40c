"""Archives from strangers: names that lead elsewhere, bombs, duplicates, false sizes."""

import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.sources.find import find_members
from data_tools.sources.zip_directory import MAX_RATIO, read_directory
from data_tools.store.prepare import prepare
from tests.gnt_samples import gnt_bytes


def write_archive(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile itself warns of duplicates
        for name, data in members:
            archive.writestr(name, data)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(UserError) as caught, find_members([path]):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../w.gnt", "w.gnt"),
        ("a/../../w.gnt", "a/w.gnt"),
        ("/etc/w.gnt", "etc/w.gnt"),
        ("..\\b\\w.gnt", "b/w.gnt"),
        ("C:\\w.gnt", "C:/w.gnt"),
        ("./w.gnt", "w.gnt"),
    ],
)
def test_a_name_that_leads_out_of_the_archive_is_only_a_name(
    tmp_path: Path, name: str, shown: str
) -> None:
    archive = write_archive(tmp_path / "a.zip", [(name, gnt_bytes("一"))])
    with find_members([archive]) as found:
        (member,) = found.members
        assert member.name == f"a.zip/{shown}"
        with member.open() as stream:
            assert stream.read(1000) == gnt_bytes("一")


def test_ordinary_names_are_taken(tmp_path: Path) -> None:
    names = ["w.gnt", "folder/w.gnt", "..w/..gnt..gnt", "手写.gnt"]
    archive = write_archive(tmp_path / "a.zip", [(name, gnt_bytes("一")) for name in names])
    assert [entry.filename for entry in read_directory(archive, "a.zip")] == names


def test_a_bomb_is_refused_by_its_ratio_before_it_is_inflated(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", [("w.gnt", bytes(64 << 20))])
    assert f"inflate to 67,108,864; the limit is {MAX_RATIO} times as many" in error_of(archive)


def test_a_small_blank_file_is_no_bomb(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", [("w.gnt", bytes(1 << 20))])
    assert len(read_directory(archive, "a.zip")) == 1


def test_an_archive_that_claims_too_much_in_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [(f"{number}.gnt", gnt_bytes("一丁")) for number in range(4)]
    archive = write_archive(tmp_path / "a.zip", members)
    total = 4 * len(gnt_bytes("一丁"))
    monkeypatch.setattr("data_tools.sources.zip_directory.MAX_ARCHIVE_BYTES", total)
    with find_members([archive]) as found:
        assert len(found.members) == 4
    monkeypatch.setattr("data_tools.sources.zip_directory.MAX_ARCHIVE_BYTES", total - 1)
    assert f"inflates to {total:,} bytes; the limit is {total - 1:,}" in error_of(archive)


def test_a_member_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    members = [("w.gnt", gnt_bytes("一")), ("v.gnt", gnt_bytes("丁")), ("w.gnt", gnt_bytes("七"))]
    archive = write_archive(tmp_path / "a.zip", members)
    assert error_of(archive).startswith(f"{archive}/w.gnt: is in the archive 2 times; ")


@pytest.mark.parametrize("stated", [1, 147, 149, 1 << 19])
def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path, stated: int) -> None:
    """The size stands in the directory at the end; what a member really inflates to is 148."""
    archive = write_archive(tmp_path / "a.zip", [("w.gnt", gnt_bytes("一丁"))])
    data = bytearray(archive.read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    assert struct.unpack_from("<I", data, place) == (148,)
    struct.pack_into("<I", data, place, stated)
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"a.zip/w.gnt: is damaged \(w.gnt inflates to other than"):
        prepare([archive], tmp_path / "s.h5", glyph=GlyphOptions(32, "aspect", 1), jobs=1)
    assert not (tmp_path / "s.h5").exists()


def test_the_last_part_of_a_split_archive_is_told_as_such(tmp_path: Path) -> None:
    """By its name it is a whole one, and its directory is whole; it says where its files were."""
    members = [(f"{number}.gnt", gnt_bytes("永", number)) for number in range(4)]
    whole = write_archive(tmp_path / "whole.zip", members).read_bytes()
    part = tmp_path / "a-2.zip"
    part.write_bytes(whole[len(whole) // 3 :])
    problem = "lacks its beginning, as the last part of a split archive does; join the parts"
    assert error_of(part).startswith(f"{part}: {problem}")
