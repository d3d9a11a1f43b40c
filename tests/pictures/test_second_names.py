"""Pictures and `.gnt` files with several names: links, as people sort and split data by them."""

import tarfile
from pathlib import Path

import pytest

from data_tools.sources.find import find_members
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from tests.gnt_samples import write_gnt
from tests.picture_samples import draw_character, write_picture


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def prepared(folder: Path) -> tuple[list[tuple[str, Split]], list[str]]:
    """Each sample's character and split, sorted, and what was said."""
    result = prepare([folder], folder.parent / "s.h5", jobs=1, force=True)
    with Store(result.out) as store:
        labels = [store.charset[label] for label in store.labels]
        splits = [Split(split) for split in store.splits.tolist()]
    return sorted(zip(labels, splits, strict=True)), result.notes


def test_the_name_that_tells_a_character_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for number, character in enumerate("永和九"):
        path = write_picture(own / "all" / f"{number:04}.png", draw_character(number))
        link(own / "sorted" / character / "a.png", path)
    samples, notes = prepared(own)
    assert samples == sorted((one, Split.TRAIN) for one in "永和九")
    assert "passed over: 3 second names of pictures (own/all/0000.png, …)" in notes


def test_of_names_with_a_character_one_that_tells_the_split_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for character in "永和":
        for number, split in enumerate(("train", "val")):
            path = own / "all" / character / f"{number}.png"
            write_picture(path, draw_character(ord(character) + number))
            link(own / split / character / path.name, path)
        link(own / "train" / character / "both.png", path)  # of a leak only the half for test
    samples, notes = prepared(own)
    assert samples == sorted((one, split) for one in "永和" for split in Split)
    assert "test by name: val (2 files)" in notes


def test_a_table_of_one_of_the_names_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    path = write_picture(own / "all" / "a.png", draw_character(1))
    link(own / "test" / "a.png", path)
    (own / "labels.csv").write_text("file_name,text\na.png,永\n", encoding="utf-8")
    assert prepared(own)[0] == [("永", Split.TEST)]


def test_names_that_contradict_each_other_are_left_out_and_said(tmp_path: Path) -> None:
    own = tmp_path / "own"
    path = write_picture(own / "永" / "a.png", draw_character(1))
    link(own / "和" / "b.png", path)
    write_picture(own / "九" / "c.png", draw_character(2))
    samples, notes = prepared(own)
    assert samples == [("九", Split.TRAIN)]
    reason = "names of one file say different characters"
    assert any(line.endswith(reason) and "1 picture (" in line for line in notes)


@pytest.mark.parametrize("folder", ["test", "train"])
def test_the_name_of_a_gnt_file_that_tells_the_split_counts(tmp_path: Path, folder: str) -> None:
    own = tmp_path / "own"
    path = write_gnt(own / "all" / "1.gnt", "永")
    link(own / folder / "1.gnt", path)
    link(own / "train" / "again.gnt", path)
    with find_members([own]) as found:
        (member,) = found.members
        passed_over = sorted(one.place for one in found.passed_over)
    assert member.name == f"own/{folder}/1.gnt"
    assert member.split is (Split.TEST if folder == "test" else Split.TRAIN)
    assert passed_over == [f"{own}/all/1.gnt", f"{own}/train/again.gnt"]


def packed(folder: Path) -> Path:
    """A tar archive with hard links where a folder has them, alone in a folder of its own."""
    path = folder.parent / "packed" / "own.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as archive:
        archive.add(folder, "own")
        assert any(entry.islnk() for entry in archive)
    return path


def test_in_a_tar_archive_the_name_that_tells_a_character_and_a_split_counts(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own"
    for number, name in enumerate(["train/永", "test/和"]):
        path = write_picture(own / "all" / f"{number}.png", draw_character(number))
        (own / name).mkdir(parents=True)
        (own / name / "a.png").hardlink_to(path)
    write_picture(own / "train" / "九" / "a.png", draw_character(2))
    (own / "train" / "九" / "b.png").hardlink_to(own / "train" / "九" / "a.png")
    samples, notes = prepared(packed(own).parent)
    assert samples == sorted([("永", Split.TRAIN), ("和", Split.TEST), ("九", Split.TRAIN)])
    line = "passed over: 3 second names of pictures (packed/own.tar/own/all/0.png, …)"
    assert line in notes


def test_names_in_a_tar_archive_that_contradict_each_other_are_left_out(tmp_path: Path) -> None:
    own = tmp_path / "own"
    path = write_picture(own / "永" / "a.png", draw_character(1))
    (own / "和").mkdir()
    (own / "和" / "b.png").hardlink_to(path)
    write_picture(own / "九" / "c.png", draw_character(2))
    assert prepared(packed(own))[0] == [("九", Split.TRAIN)]


def test_the_name_in_a_tar_archive_that_tells_the_split_of_a_gnt_file_counts(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own"
    path = write_gnt(own / "all" / "1.gnt", "永")
    (own / "test").mkdir()
    (own / "test" / "1.gnt").hardlink_to(path)
    archive = packed(own)
    with find_members([archive]) as found:
        (member,) = found.members
        assert [one.place for one in found.passed_over] == [f"{archive}/own/all/1.gnt"]
    assert member.name == "own.tar/own/test/1.gnt"
    assert member.split is Split.TEST
