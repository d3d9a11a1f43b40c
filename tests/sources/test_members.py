import gzip
import hashlib
import multiprocessing
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_tools.errors import UserError
from data_tools.sources.find import find_members
from data_tools.sources.found import Found
from data_tools.sources.members import Member
from data_tools.sources.passed_over import passed_over_lines
from data_tools.splits import Split
from tests.gnt_samples import gnt_bytes, raw_record, write_gnt, write_zip

ONE, TWO = gnt_bytes("一"), gnt_bytes("丁丁", seed=1)


def find(*sources: Path, test: list[Path] | None = None) -> Found:
    """What is found, where no archive lies in another."""
    with find_members(sources, test or []) as found:
        return found


def lines(found: Found) -> list[str]:
    return passed_over_lines(found.passed_over)


def names(members: list[Member]) -> list[str]:
    return [member.name for member in members]


def bytes_of(member: Member) -> bytes:
    with member.open() as stream:
        data = b"".join(iter(lambda: stream.read(1 << 20), b""))
        assert stream.bytes_read == len(data)
        assert stream.sha256() == hashlib.sha256(data).hexdigest()
    return data


def error_of(sources: list[Path], test_sources: list[Path] | None = None) -> str:
    """The one line that finding and reading every member ends with."""
    with pytest.raises(UserError) as caught:
        for member in find(*sources, test=test_sources).members:
            bytes_of(member)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def patch_headers(path: Path, change: Callable[[bytearray, int, int], None]) -> None:
    """Change the first member's local and central header, given their offsets."""
    data = bytearray(path.read_bytes())
    change(data, data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02"))
    path.write_bytes(data)


def set_encrypted(data: bytearray, local: int, central: int) -> None:
    data[local + 6] |= 1
    data[central + 8] |= 1


def set_method_deflate64(data: bytearray, local: int, central: int) -> None:
    data[local + 8] = data[central + 10] = 9


def spoil_name(data: bytearray, local: int, central: int) -> None:
    data[local + 7] |= 8  # the name is UTF-8, which 0xff never is
    data[central + 9] |= 8
    data[local + 30] = data[central + 46] = 0xFF


def spoil_local_header(data: bytearray, local: int, central: int) -> None:
    data[local : local + 4] = b"XXXX"


def claim_two_gigabytes(data: bytearray, local: int, central: int) -> None:
    data[central + 24 : central + 28] = (1 << 31).to_bytes(4, "little")


@pytest.mark.parametrize("on_bad", [None, lambda line, lost: None])
def test_a_file_whose_tags_are_big5_is_refused(
    tmp_path: Path, on_bad: Callable[[str, int], None] | None
) -> None:
    """Some of them name nothing in GBK, which is damage, but most another character."""
    text = "永和九年歲在癸丑暮春之初會于稽山"
    records = [raw_record(tag=one.encode("big5")) for one in text]
    path = tmp_path / "1.gnt"
    path.write_bytes(b"".join(records))
    (member,) = find(path).members
    with member.open() as stream, pytest.raises(UserError, match=r"^1\.gnt: the tags are Big5, a"):
        list(stream.samples(lambda character: True, on_bad))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Gnt1.0Test.zip", Split.TEST),
        ("Gnt1.2Test.ZIP", Split.TEST),
        ("HWDB1.1tst_gnt.zip", Split.TEST),
        ("test.zip", Split.TEST),
        ("hwdb105-test.zip", Split.TEST),
        ("Gnt1.0TrainPart1.zip", Split.TRAIN),
        ("HWDB1.1trn_gnt.zip", Split.TRAIN),
        ("train.zip", Split.TRAIN),
        ("latest.zip", Split.TRAIN),
        ("contest.zip", Split.TRAIN),
        ("tests.zip", Split.TRAIN),
    ],
)
def test_archives_tell_their_split_by_their_official_names(
    tmp_path: Path, name: str, split: Split
) -> None:
    archive = write_zip(tmp_path / name, {"001.gnt": ONE})
    (member,) = find(archive).members
    assert (member.name, member.split) == (f"{name}/001.gnt", split)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("HWDB1.1tst_gnt/1240-c.gnt", Split.TEST),
        ("Gnt1.0Test/001-t.gnt", Split.TEST),
        ("test/001.gnt", Split.TEST),
        ("deep/test/er/001.gnt", Split.TEST),
        ("test.gnt", Split.TEST),
        ("HWDB1.1trn_gnt/1001-c.gnt", Split.TRAIN),
        ("latest/001.gnt", Split.TRAIN),
        ("test.old/001.gnt", Split.TRAIN),
        ("contest.gnt", Split.TRAIN),
    ],
)
def test_folders_tell_the_split_by_their_names(tmp_path: Path, name: str, split: Split) -> None:
    write_gnt(tmp_path / "data" / name, "一")
    write_zip(tmp_path / "archive.zip", {name: TWO})
    for source in (tmp_path / "data", tmp_path / "archive.zip"):
        (member,) = find(source).members
        assert (member.name, member.split) == (f"{source.name}/{name}", split)
        (asked_for,) = find(test=[source]).members
        assert asked_for.split is Split.TEST


def test_folders_above_a_source_say_nothing(tmp_path: Path) -> None:
    path = write_gnt(tmp_path / "test" / "Gnt1.0Test" / "writers" / "001.gnt", "一")
    for source in (path, path.parent):
        (member,) = find(source).members
        assert member.split is Split.TRAIN


def test_files_folders_and_archives_in_folders_are_found_in_order(tmp_path: Path) -> None:
    write_gnt(tmp_path / "raw" / "b" / "2.gnt", "一", seed=2)
    write_gnt(tmp_path / "raw" / "b" / "c" / "1.GNT", "一", seed=3)
    write_zip(tmp_path / "raw" / "a.zip", {"in/2.gnt": ONE, "in/1.gnt": TWO, "notes.txt": b"x"})
    (tmp_path / "raw" / "readme.txt").write_text("no samples")
    alone = write_gnt(tmp_path / "alone.gnt", "一", seed=4)
    expected = [
        "alone.gnt",
        "raw/a.zip/in/1.gnt",
        "raw/a.zip/in/2.gnt",
        "raw/b/2.gnt",
        "raw/b/c/1.GNT",
    ]
    for sources in ([tmp_path / "raw", alone], [alone, tmp_path / "raw"]):
        members = find(*sources).members
        assert names(members) == expected
        assert bytes_of(members[0]) == gnt_bytes("一", seed=4)
        assert [bytes_of(member) for member in members[1:3]] == [TWO, ONE]
        assert members[1].place == str(tmp_path / "raw" / "a.zip" / "in" / "1.gnt")


def test_the_folder_one_is_in_has_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gnt(tmp_path / "raw" / "1.gnt", "一")
    monkeypatch.chdir(tmp_path / "raw")
    assert names(find(Path()).members) == ["raw/1.gnt"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    write_gnt(tmp_path / "elsewhere" / "1.gnt", "一")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "linked").symlink_to(tmp_path / "elsewhere")
    (raw / "twice").symlink_to(tmp_path / "elsewhere")
    (raw / "circle").symlink_to(raw)
    assert names(find(raw).members) == ["raw/linked/1.gnt"]


def test_an_encrypted_archive_is_refused_before_any_work(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE})
    patch_headers(archive, set_encrypted)
    assert error_of([archive]) == (
        f"{archive}: is an archive of encrypted files; "
        "unpack the archive with its password and name the folder"
    )


def test_a_truncated_archive_is_refused_before_any_work(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE, "2.gnt": TWO})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"a\.zip: is damaged .*; download the archive again"):
        find(archive)
    archive.write_bytes(b"")
    with pytest.raises(UserError, match=r"a\.zip: is an empty file; download or unpack it anew"):
        find(archive)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_damaged_payload_is_found_while_reading(tmp_path: Path, method: int) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE}, method)
    assert bytes_of(find(archive).members[0]) == ONE
    data = bytearray(archive.read_bytes())
    data[data.index(b"1.gnt") + 40] ^= 0xFF
    archive.write_bytes(data)
    assert error_of([archive]).startswith("a.zip/1.gnt: is damaged (")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoil_name, "a.zip: is damaged ('utf-8' codec can't decode"),
        (spoil_local_header, "a.zip/1.gnt: is damaged (Bad magic number"),
        (set_method_deflate64, "a.zip/1.gnt: cannot be read here (That compression method"),
    ],
)
def test_damaged_headers_of_an_archive_are_one_line(
    tmp_path: Path, change: Callable[[bytearray, int, int], None], message: str
) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE})
    patch_headers(archive, change)
    assert message in error_of([archive])


def test_an_archive_that_claims_gigabytes_is_refused_before_any_work(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE})
    patch_headers(archive, claim_two_gigabytes)
    with pytest.raises(UserError, match=r"a.zip/1.gnt: says that \d+ bytes inflate to 2,"):
        find(archive)


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]),
    changes=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=3),
    cut=st.none() | st.integers(0, 500),
)
def test_whatever_is_wrong_with_an_archive_is_a_user_error(
    method: int, changes: list[tuple[int, int]], cut: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = write_zip(Path(folder) / "a.zip", {"é.gnt": ONE, "2.gnt": TWO}, method)
        data = bytearray(archive.read_bytes())
        for position, value in changes:
            data[position % len(data)] = value
        archive.write_bytes(data[:cut])
        try:
            read = [bytes_of(member) for member in find(archive).members]
        except UserError as error:
            assert "a.zip" in str(error)
        else:
            assert set(read) <= {ONE, TWO}  # the archive's checksums let nothing else through


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "1.gnt"
    assert error_of([missing]).startswith(f"{missing}: cannot be read (No such file or directory);")
    below_a_file = write_gnt(tmp_path / "1.gnt", "一") / "2.gnt"
    assert error_of([below_a_file]).startswith(f"{below_a_file}: cannot be read (Not a directory)")
    assert "cannot be read (File name too long)" in error_of([tmp_path / ("a" * 300)])


def test_nothing_named_at_all_is_an_error() -> None:
    assert error_of([]).startswith("no source is named;")


def test_a_dead_link_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    write_gnt(tmp_path / "raw" / "1.gnt", "一")
    link = tmp_path / "raw" / "2.gnt"
    link.symlink_to(tmp_path / "gone.gnt")
    found = find(tmp_path / "raw")
    assert names(found.members) == ["raw/1.gnt"]
    (line,) = lines(found)
    assert line.startswith(f"passed over: {link}: cannot be read (No such file or directory); ")


@pytest.mark.parametrize("inside", ["locked", "locked.gnt", "locked.zip"])
def test_what_may_not_be_read_is_named(tmp_path: Path, inside: str) -> None:
    write_gnt(tmp_path / "raw" / "1.gnt", "一")
    locked = tmp_path / "raw" / inside
    if locked.suffix:
        locked.write_bytes(ONE)
    else:
        locked.mkdir()
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user may read everything")
    said = f"{locked}: cannot be read (Permission denied);"
    assert error_of([locked]).startswith(said)
    assert lines(find(locked.parent))[0].startswith(f"passed over: {said}")


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes among its files")
def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    os.mkfifo(tmp_path / "pipe.gnt")
    message = error_of([tmp_path / "pipe.gnt"])
    assert message.startswith(f"{tmp_path / 'pipe.gnt'}: is neither a file nor a folder; name .gnt")


def test_the_same_source_twice_is_refused_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_gnt(Path("raw/1.gnt"), "一")
    archive = write_zip(Path("raw/a.zip"), {"2.gnt": TWO})
    Path("link.gnt").symlink_to(path)
    Path("linked").symlink_to("raw")
    packed = Path("raw/3.gnt.gz")
    packed.write_bytes(gzip.compress(TWO))
    for pair in (
        [path, path],
        [path, Path("raw")],
        [archive, Path("raw")],
        [packed, Path("raw")],
        [path, Path("raw/../raw/1.gnt")],
        [path, path.resolve()],
        [path, Path("link.gnt")],
        [Path("raw"), Path("linked")],
    ):
        assert "the same source is given twice" in error_of(pair)
        assert "the same source is given twice" in error_of([], [*pair])


def test_one_name_in_two_places_is_two_sources(tmp_path: Path) -> None:
    first = write_gnt(tmp_path / "a" / "1.gnt", "一")
    second = write_gnt(tmp_path / "b" / "1.gnt", "一", seed=1)
    assert names(find(second, first).members) == ["1.gnt", "1.gnt"]


def test_a_replaced_archive_is_read_anew(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"1.gnt": ONE})
    assert bytes_of(find(archive).members[0]) == ONE
    write_zip(tmp_path / "new.zip", {"1.gnt": TWO}).replace(archive)
    assert bytes_of(find(archive).members[0]) == TWO


@pytest.mark.skipif(sys.platform != "linux", reason="workers are not forked")
def test_a_worker_opens_an_archive_anew(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    # A handle that it inherits would move the parent's position in the file, and be moved.
    inside = {"1.gnt": ONE, "longer than a buffer": bytes(1 << 20), "2.gnt": TWO}
    archive = write_zip(tmp_path / "a.zip", inside)
    first, second = find(archive).members
    bytes_of(first)
    before = psutil.Process().open_files()
    assert str(archive) in [file.path for file in before]
    worker = multiprocessing.get_context("fork").Process(target=bytes_of, args=(second,))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    assert psutil.Process().open_files() == before
