"""What people have in their folders: every archive beside every other, and the way on for each."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_tools.errors import UserError
from data_tools.sources.find import find_members
from data_tools.sources.passed_over import passed_over_lines
from data_tools.splits import Split
from tests.gnt_samples import gnt_bytes, write_gnt, write_zip
from tests.picture_samples import draw_character, write_picture

ONE, TWO = gnt_bytes("一"), gnt_bytes("丁丁", seed=1)
UNPACK = "unpack the archive and name the folder"
RAR = b"Rar!\x1a\x07\x00" + bytes(60)

Found = tuple[dict[str, bytes], list[str]]


def find(*sources: Path, test: tuple[Path, ...] = (), skip_bad: bool = False) -> Found:
    """Members' bytes by name, and the lines on what was passed over."""
    with find_members(sources, test, skip_bad) as found:
        held = {}
        for member in found.members:
            with member.open() as stream:
                held[member.name] = b"".join(iter(lambda: stream.read(1 << 20), b""))
        return held, passed_over_lines(found.passed_over)


def splits(*sources: Path, test: tuple[Path, ...] = ()) -> dict[str, Split]:
    with find_members(sources, test) as found:
        return {member.name: member.split for member in found.members}


def error_of(*sources: Path) -> str:
    with pytest.raises(UserError) as caught:
        find(*sources)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tar_of(members: dict[str, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link.gnt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return stream.getvalue()


def test_what_is_no_data_in_a_folder_is_named_once_a_kind(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_gnt(raw / "1.gnt", "一")
    for number in range(5):
        put(raw / f"{number}.rar", RAR)
    put(raw / "HWDB1.1trn_gnt.alz", b"ALZ\x01")
    put(raw / "sub" / "a.zip.crdownload", b"PK\x03\x04")
    put(raw / "page.gnt", b"<!DOCTYPE html><title>404</title>")
    for number in range(1200):
        put(raw / "__MACOSX" / f"._{number}.gnt", b"\x00\x05\x16\x07")
    held, lines = find(raw)
    assert held == {"raw/1.gnt": ONE}
    assert lines == [
        f"passed over: 5 .rar archives ({raw}/0.rar, {raw}/1.rar, {raw}/2.rar, …); unpack with "
        "unar or 7z and name the folder that it makes",
        f"passed over: 1 .alz archive ({raw}/HWDB1.1trn_gnt.alz); unpack with unalz or unar and "
        "name the folder that it makes",
        "passed over: 1,200 files of macOS metadata",
        "passed over: 1 web page or message that was saved in place of the data "
        f"({raw}/page.gnt); open the address in a browser and download again",
        f"passed over: 1 download that is not finished ({raw}/sub/a.zip.crdownload); wait for its "
        "end or download it again",
    ]


@pytest.mark.parametrize("suffix", [".alz", ".ALZ"])
def test_an_alz_names_the_tool_that_unpacks_it(tmp_path: Path, suffix: str) -> None:
    name = f"HWDB1.1trn_gnt{suffix}"
    archive = write_zip(tmp_path / "HWDB1.1trn_gnt.zip", {name: b"ALZ\x01"})
    remedy = "unpack with unalz or unar and name the folder that it makes"
    assert error_of(archive) == f"{archive}: is an archive of .alz archives; {remedy}"
    loose = put(tmp_path / "folder" / name, b"ALZ\x01")
    assert error_of(loose) == f"{loose}: is an .alz archive; {remedy}"
    assert error_of(loose.parent) == (
        f"{loose.parent}: no .gnt file is in it, but 1 .alz archive ({loose}); {remedy}"
    )
    write_gnt(loose.parent / "1001-c.gnt", "一")
    archive.rename(loose.parent / archive.name)
    held, lines = find(loose.parent)
    assert held == {"folder/1001-c.gnt": ONE}
    assert len(lines) == 2
    assert all(remedy in line for line in lines)


def test_archives_of_other_sets_do_not_stop_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "casia"
    write_zip(folder / "Gnt1.0TrainPart1.zip", {"001-f.gnt": ONE})
    write_zip(folder / "Pot1.0Test.zip", {f"{n}.pot": bytes(8) for n in range(9)})
    write_zip(folder / "HWDB2.0Test.zip", {"1.dgrl": b"\x24\0\0\0DGRL"})
    write_zip(folder / "HWDB1.0trn.zip", {"a/1.mpf": bytes(8), "readme.txt": b"x"})
    put(folder / "broken.zip", b"PK\x03\x04" + bytes(99))
    bomb = write_zip(folder / "bomb.zip", {"1.gnt": bytes(4 << 20)}, zipfile.ZIP_DEFLATED)
    held, lines = find(folder)
    assert held == {"casia/Gnt1.0TrainPart1.zip/001-f.gnt": ONE}
    assert len(lines) == 5
    for name in ("Pot1.0Test.zip", "HWDB2.0Test.zip", "HWDB1.0trn.zip", "broken.zip", "bomb.zip"):
        assert sum(f"{folder}/{name}" in line for line in lines) == 1
    assert error_of(bomb).startswith(f"{bomb}/1.gnt: says that ")
    pot = folder / "Pot1.0Test.zip"
    assert error_of(pot).startswith(f"{pot}: is an archive of files of pen strokes")


def test_a_folder_in_which_nothing_can_be_read_names_what_it_holds(tmp_path: Path) -> None:
    put(tmp_path / "raw" / "a.rar", RAR)
    put(tmp_path / "raw" / "b.7z", b"7z\xbc\xaf\x27\x1c")
    put(tmp_path / "raw" / "readme.txt", b"x")
    raw = tmp_path / "raw"
    assert error_of(raw) == (
        f"{raw}: no .gnt file is in it, but 1 .rar archive ({raw}/a.rar), 1 .7z archive "
        f"({raw}/b.7z); unpack with unar or 7z and name the folder that it makes"
    )
    (tmp_path / "empty").mkdir()
    empty = tmp_path / "empty"
    assert error_of(empty).startswith(f"{empty}: no .gnt file is in it; name .gnt files, folders")


def test_with_skip_bad_what_is_named_may_be_no_data_where_other_is(tmp_path: Path) -> None:
    good, page = write_gnt(tmp_path / "1.gnt", "一"), put(tmp_path / "2.gnt", b"<html>")
    assert error_of(good, page).startswith(f"{page}: is a web page")
    held, (line,) = find(good, page, skip_bad=True)
    assert held == {"1.gnt": ONE}
    assert str(page) in line
    with pytest.raises(UserError, match=r"3\.gnt: cannot be read \(No such file"):
        find(good, tmp_path / "3.gnt", skip_bad=True)
    with pytest.raises(UserError, match="web page"):
        find(page, skip_bad=True)


@pytest.mark.parametrize("outer", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inner", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_in_an_archive_is_read(tmp_path: Path, outer: int, inner: int) -> None:
    test = zip_of({"501-f.gnt": TWO, "__MACOSX/._501-f.gnt": b"x"}, inner)
    members = {"HWDB/Gnt1.0Test.zip": test, "HWDB/a.tar.gz": tar_of({"001-f.gnt": ONE}, "w:gz")}
    archive = write_zip(tmp_path / "HWDB.zip", members, outer)
    held, lines = find(archive)
    assert held == {
        "HWDB.zip/HWDB/Gnt1.0Test.zip/501-f.gnt": TWO,
        "HWDB.zip/HWDB/a.tar.gz/001-f.gnt": ONE,
    }
    assert lines == [
        "passed over: 1 file of macOS metadata",
        f"passed over: 1 link in an archive ({archive}/HWDB/a.tar.gz/link.gnt); {UNPACK}",
    ]
    assert list(splits(archive).values()) == [Split.TEST, Split.TRAIN]


def test_archives_in_archives_end_somewhere(tmp_path: Path) -> None:
    data = zip_of({"1.gnt": ONE})
    third = zip_of({"b.zip": zip_of({"c.zip": data})})
    archive = put(tmp_path / "a.zip", third)
    assert error_of(archive).endswith(
        "archives in archives in archives; unpack the outer one and name the folder"
    )
    bomb = put(tmp_path / "bomb.zip", zip_of({"b.zip": zip_of({"c.gnt": bytes(8 << 20)})}))
    assert f"{bomb}/b.zip/c.gnt: says that " in error_of(bomb)


def test_a_disk_with_no_space_for_a_copy_is_no_fault_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gnt(tmp_path / "raw" / "1.gnt", "一")
    archive = put(tmp_path / "raw" / "a.zip", zip_of({"b.zip": zip_of({"2.gnt": TWO})}))
    packed = put(tmp_path / "raw" / "a.tgz", tar_of({"2.gnt": TWO}, "w:gz"))
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no device that is always full")
    monkeypatch.setattr("data_tools.sources.find._Finder._new_copy", lambda finder: full)
    for source in (archive, packed, archive.parent):
        assert error_of(source) == (
            "/dev: there is no space for a copy of an archive that lies in another; free space "
            "there, or name another folder in TMPDIR"
        )


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives_are_read(tmp_path: Path, mode: str) -> None:
    members = {"t/train/1.gnt": ONE, "t/test/2.gnt": TWO, "../../3.gnt": ONE + TWO, "t/r.rar": RAR}
    for name in ("a.tar", "a.tgz", "a.bin"):  # whatever its name says
        archive = put(tmp_path / name, tar_of(members, mode))
        held, (link, line) = find(archive)
        assert link == f"passed over: 1 link in an archive ({archive}/link.gnt); {UNPACK}"
        assert held == {
            f"{name}/3.gnt": ONE + TWO,
            f"{name}/t/test/2.gnt": TWO,
            f"{name}/t/train/1.gnt": ONE,
        }
        assert line.startswith(f"passed over: 1 .rar archive ({archive}/t/r.rar); ")
        assert splits(archive)[f"{name}/t/test/2.gnt"] is Split.TEST


def test_a_tar_archive_that_is_cut_off_between_files_or_in_a_head_is_said(tmp_path: Path) -> None:
    whole = tar_of({"1.gnt": ONE, "2.gnt": TWO})
    second = whole.index(b"2.gnt")
    cut = put(tmp_path / "a.tar", whole[:second])
    with find_members([cut]) as found:
        assert [member.name for member in found.members] == ["a.tar/1.gnt"]
        assert found.notes == [
            f"{cut}: ends without the mark of an end; if files are missing, download it again"
        ]
    for damaged in (whole[: second + 100], whole.replace(b"2.gnt", b"3.gnt")):
        message = error_of(put(tmp_path / "a.tar", damaged))
        assert message.startswith(f"{cut}: is damaged (no file's head is at byte {second:,}, where")
    with find_members([put(tmp_path / "a.tar", whole)]) as found:
        assert not found.notes


def test_a_second_tar_archive_in_one_file_is_said(tmp_path: Path) -> None:
    both = put(tmp_path / "a.tar", tar_of({"1.gnt": ONE}) + tar_of({"2.gnt": TWO}))
    with find_members([both]) as found:
        assert [member.name for member in found.members] == ["a.tar/1.gnt"]
        assert found.notes == [
            f"{both}: another archive follows its end, and is not read; unpack it with `tar -i`, "
            "and name the folder"
        ]


def test_of_files_of_one_name_in_a_tar_archive_the_last_counts(tmp_path: Path) -> None:
    """As `tar -r` and `tar -u` leave them, and as unpacking takes them."""
    archive = tmp_path / "own.tar"
    with tarfile.open(archive, "w") as opened:
        for name, data in (("1.gnt", ONE), ("2.gnt", ONE + TWO), ("./1.gnt", TWO)):
            head = tarfile.TarInfo(name)
            head.size = len(data)
            opened.addfile(head, io.BytesIO(data))
        link = tarfile.TarInfo("3.gnt")
        link.type, link.linkname = tarfile.LNKTYPE, "./2.gnt"
        opened.addfile(link)
    held, lines = find(archive)
    assert held == {"own.tar/1.gnt": TWO, "own.tar/2.gnt": ONE + TWO}
    assert lines == [
        f"passed over: 1 earlier version of a file ({archive}/1.gnt)",
        f"passed over: 1 second name of a file ({archive}/3.gnt)",
    ]


def test_names_in_gbk_in_a_tar_archive_are_read_and_said(tmp_path: Path) -> None:
    """As a Chinese Windows packs them; of 乗 the second byte is a backslash."""
    archive = tmp_path / "own.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT, encoding="gbk") as opened:
        for name, data in (("训练/乗.gnt", ONE), ("测试/2.gnt", TWO)):
            head = tarfile.TarInfo(name)
            head.size = len(data)
            opened.addfile(head, io.BytesIO(data))
    assert "乗".encode("gbk")[1:] == b"\\"
    assert splits(archive) == {
        "own.tar/测试/2.gnt": Split.TEST,
        "own.tar/训练/乗.gnt": Split.TRAIN,
    }
    with find_members([archive]) as found:
        assert [line.partition(" (")[0] for line in found.notes] == [
            f"{archive}: names are read as GBK"
        ]


def test_links_in_a_zip_archive_are_passed_over(tmp_path: Path) -> None:
    archive = tmp_path / "own.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("1.gnt", ONE)
        link = zipfile.ZipInfo("2.gnt")
        link.create_system, link.external_attr = 3, 0o120777 << 16  # as `zip --symlinks` has it
        opened.writestr(link, "1.gnt")
    held, lines = find(archive)
    assert held == {"own.zip/1.gnt": ONE}
    assert lines == [f"passed over: 1 link in an archive ({archive}/2.gnt); {UNPACK}"]


def test_second_names_and_holes_in_a_tar_archive_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write_gnt(folder / "b" / "1.gnt", "一")
    (folder / "a").mkdir()
    (folder / "a" / "2.gnt").hardlink_to(folder / "b" / "1.gnt")
    (folder / "b" / "3.gnt").hardlink_to(folder / "b" / "1.gnt")
    archive = tmp_path / "own.tar"
    with tarfile.open(archive, "w") as opened:
        opened.add(folder / "b", "b")  # so that 2.gnt is the link
        opened.add(folder / "a", "a")
        dangling = tarfile.TarInfo("c.gnt")
        dangling.type, dangling.linkname = tarfile.LNKTYPE, "nowhere.gnt"
        opened.addfile(dangling)
        holes = tarfile.TarInfo("d.gnt")
        holes.type = tarfile.GNUTYPE_SPARSE
        opened.addfile(holes)
    held, lines = find(archive)
    assert held == {"own.tar/a/2.gnt": ONE}
    names = f"({archive}/b/1.gnt, {archive}/b/3.gnt)"
    assert sorted(lines) == [
        f"passed over: 1 file with holes in an archive ({archive}/d.gnt); unpack the archive and "
        "name the folder",
        f"passed over: 1 link in an archive ({archive}/c.gnt); {UNPACK}",
        f"passed over: 2 second names of files {names}",
    ]
    held, lines = find(folder)
    assert held == {"own/a/2.gnt": ONE}
    assert lines == [f"passed over: 2 second names of files {names.replace('.tar', '')}"]


def test_a_file_packed_by_itself_is_read(tmp_path: Path) -> None:
    archive = put(tmp_path / "1001-c.gnt.gz", gzip.compress(ONE))
    assert find(archive)[0] == {"1001-c.gnt.gz": ONE}
    bomb = put(tmp_path / "bomb.gnt.gz", gzip.compress(bytes(4 << 20)))
    assert "unpacks to more than 250 times its size; get the archive" in error_of(bomb)
    damaged = put(tmp_path / "a.tar.gz", tar_of({"1.gnt": ONE}, "w:gz")[:-30])
    assert error_of(damaged).startswith(f"{damaged}: is damaged (")
    assert "or unpack it with another tool and name the folder" in error_of(damaged)


def test_backslashes_part_names_and_gbk_names_are_read(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    members = {"HWDB\\Test\\1.gnt": ONE, "..\\x\\2.gnt": TWO, "HWDB\\Test\\": b""}
    put(archive, zip_of(members))
    assert find(archive)[0] == {"a.zip/HWDB/Test/1.gnt": ONE, "a.zip/x/2.gnt": TWO}
    assert splits(archive)["a.zip/HWDB/Test/1.gnt"] is Split.TEST
    # As Windows in China writes names: in GBK, and with no mark that says so.
    stand_in = "ABCDEF/3.gnt"
    data = zip_of({stand_in: TWO}).replace(b"ABCDEF", "测试集".encode("gbk"))
    archive = put(tmp_path / "gbk.zip", data)
    assert find(archive)[0] == {"gbk.zip/测试集/3.gnt": TWO}
    assert list(splits(archive).values()) == [Split.TEST]


def test_a_shell_pattern_gives_what_the_folder_gives(tmp_path: Path) -> None:
    for name in ("train/1.gnt", "test/2.gnt", "deep/tst/w1/3.gnt", "other/4.gnt", "other/5/6.gnt"):
        write_gnt(tmp_path / "hwdb" / name, "一", seed=len(name))
    whole = splits(tmp_path / "hwdb")
    by_file = splits(*sorted((tmp_path / "hwdb").rglob("*.gnt")))
    assert sorted(whole.values()) == sorted(by_file.values())
    for name, split in by_file.items():
        (of_folder,) = [whole[one] for one in whole if one.endswith(f"/{name}")]
        assert split is of_folder
    assert splits(*(tmp_path / "hwdb").iterdir())["test/2.gnt"] is Split.TEST
    assert splits(*(tmp_path / "hwdb" / "test").glob("*.gnt")) == {"2.gnt": Split.TEST}


def test_folders_far_above_say_nothing(tmp_path: Path) -> None:
    path = write_gnt(tmp_path / "testing" / "hwdb" / "1.gnt", "一")
    assert splits(path) == {"1.gnt": Split.TRAIN}
    assert splits(path.parent) == {"hwdb/1.gnt": Split.TRAIN}


def test_what_is_named_for_test_may_lie_in_a_folder_of_both(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    one, other = write_gnt(raw / "1.gnt", "一"), write_gnt(raw / "2.gnt", "一", seed=1)
    assert splits(raw, test=(other,)) == {"raw/1.gnt": Split.TRAIN, "2.gnt": Split.TEST}
    assert splits(one, other, test=(raw,)) == {"raw/1.gnt": Split.TEST, "raw/2.gnt": Split.TEST}


def test_links_to_a_file_of_the_folder_are_passed_over(tmp_path: Path) -> None:
    write_gnt(tmp_path / "raw" / "1.gnt", "一")
    (tmp_path / "raw" / "2.gnt").symlink_to(tmp_path / "raw" / "1.gnt")
    held, lines = find(tmp_path / "raw")
    assert held == {"raw/1.gnt": ONE}
    assert lines == [f"passed over: 1 second name of a file ({tmp_path}/raw/2.gnt)"]


def test_a_volume_that_ends_in_zip_is_told_by_its_neighbour(tmp_path: Path) -> None:
    last = put(tmp_path / "a.zip", b"PK\x01\x02" + bytes(40) + b"PK\x05\x06" + bytes(18))
    put(tmp_path / "a.z01", b"PK\x07\x08PK\x03\x04")
    assert error_of(last).startswith(f"{last}: is a volume of a split archive; unpack with 7z")


@settings(max_examples=150, deadline=None)
@given(
    outer=st.sampled_from(["zip", "tar", "gz"]),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=3),
    cut=st.none() | st.integers(0, 3000),
)
def test_whatever_is_wrong_with_archives_in_archives_is_one_line(
    tmp_path_factory: pytest.TempPathFactory,
    outer: str,
    changes: list[tuple[int, int]],
    cut: int | None,
) -> None:
    inner = {"a.zip": zip_of({"1.gnt": ONE}), "2.gnt": TWO}
    data = bytearray(
        {
            "zip": lambda: zip_of(inner),
            "tar": lambda: tar_of(inner),
            "gz": lambda: tar_of(inner, "w:gz"),
        }[outer]()
    )
    for position, value in changes:
        data[position % len(data)] = value
    archive = put(tmp_path_factory.mktemp("fuzz") / "x", bytes(data[:cut]))
    try:
        find(archive)
    except UserError as error:
        assert "\n" not in str(error)


def test_hidden_pictures_are_no_samples(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    for name in ("永/0.png", "永/.0.png", "永/.thumbnails/0.png", ".picasaoriginals/永.png"):
        write_picture(folder / name, draw_character(1))
    archive = tmp_path / "own.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.png")):
            file.write(path, path.relative_to(folder).as_posix())
    for source in (folder, archive):
        with find_members([source]) as found:
            assert [one.name for each in found.collections for one in each.pictures] == ["永/0.png"]
            assert {one.kind.many for one in found.passed_over} == {"hidden pictures"}
            assert len(found.passed_over) == 3


def test_pictures_that_are_not_read_are_told_how_to_be_converted(tmp_path: Path) -> None:
    for name, data in (("1.heic", b"\0\0\0\x18ftypheic"), ("1.pgm", b"P2\n1 1\n255\n0\n")):
        message = error_of(put(tmp_path / name / "永" / name, data).parents[1])
        assert "no sample that is read is in it, but 1 picture of a kind that" in message
        assert f"({tmp_path}/{name}/永/{name}); convert to PNG, as by `magick" in message


@pytest.mark.parametrize("names", [("xaa", "xab"), ("part_aa", "part_ab"), ("h-00", "h-01")])
def test_parts_that_split_makes_are_told_from_damaged_archives(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    whole = zip_of({"001.gnt": ONE, "002.gnt": TWO}, zipfile.ZIP_STORED)
    first, last = (tmp_path / name for name in names)
    put(first, whole[: len(whole) // 2])
    put(last, whole[len(whole) // 2 :])
    message = error_of(first)
    assert message.startswith(f"{first}: is a part of a split file; join all in their order, as ")
    assert "`cat xa? > a.zip`" in message
    assert "damaged" not in error_of(tmp_path)


def test_a_link_in_an_archive_has_a_way_on(tmp_path: Path) -> None:
    archive = tmp_path / "own.tar"
    with tarfile.open(archive, "w") as tar:
        link = tarfile.TarInfo("001.gnt")
        link.type, link.linkname = tarfile.LNKTYPE, "002.gnt"  # which comes behind it
        tar.addfile(link)
        symbolic = tarfile.TarInfo("003.gnt")
        symbolic.type, symbolic.linkname = tarfile.SYMTYPE, "002.gnt"
        tar.addfile(symbolic)
        entry = tarfile.TarInfo("002.gnt")
        entry.size = len(TWO)
        tar.addfile(entry, io.BytesIO(TWO))
    held, lines = find(archive)
    assert held == {"own.tar/002.gnt": TWO}
    assert lines == [
        f"passed over: 2 links in archives ({archive}/001.gnt, {archive}/003.gnt); {UNPACK}"
    ]


@pytest.mark.parametrize(
    ("name", "head"),
    [("labels.xlsx", b"PK\3\4"), ("labels.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")],
)
def test_a_spreadsheet_that_is_named_by_itself_has_a_way_on(
    tmp_path: Path, name: str, head: bytes
) -> None:
    path = put(tmp_path / name, head + b", and so on")
    message = error_of(path)
    assert message.startswith(f"{path}: is a spreadsheet; save it as CSV, with columns file_name")
    assert message.endswith(", and name the folder of the pictures")
