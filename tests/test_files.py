import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_tools.errors import UserError, join_message
from data_tools.files import replacing, reserve, writable, write_together


def listing(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(path: Path, text: str) -> None:
    with replacing(path) as unfinished:
        unfinished.write_text(text)


def test_a_file_appears_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.txt"
    with replacing(path) as unfinished:
        unfinished.write_text("whole")
        assert not path.exists()
        assert unfinished.parent == path.parent  # a rename never leaves the disk
    assert listing(path.parent) == {"x.txt": "whole"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, UserError])
def test_after_an_error_all_is_as_before(tmp_path: Path, error: type[BaseException]) -> None:
    write(tmp_path / "x.txt", "old")
    for name in ("x.txt", "y.txt"):
        with pytest.raises(error), replacing(tmp_path / name) as unfinished:
            unfinished.write_text("half")
            raise error("stop")
    assert listing(tmp_path) == {"x.txt": "old"}


def test_folders_that_were_made_go_with_what_failed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for name in ("old/x.txt", "old/new/folder/x.txt"):
        with pytest.raises(ValueError, match="stop"), replacing(tmp_path / name):
            raise ValueError("stop")
        assert [path.name for path in tmp_path.rglob("*")] == ["old"]
    with (
        pytest.raises(ValueError, match="stop"),
        replacing(tmp_path / "new" / "folder" / "x.txt"),
    ):
        write(tmp_path / "new" / "y.txt", "of somebody else")
        raise ValueError("stop")
    assert listing(tmp_path / "new") == {"y.txt": "of somebody else"}


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), replacing(tmp_path / "x.txt") as unfinished:
        raise ValueError("stop")
    unfinished.write_text("longer than what comes now")
    with replacing(tmp_path / "x.txt") as unfinished, unfinished.open("a") as stream:
        stream.write("whole")
    assert listing(tmp_path) == {"x.txt": "whole"}


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with replacing(path) as unfinished:
        unfinished.write_text("first")
        with pytest.raises(UserError) as caught:
            write(path, "second")
        write(tmp_path / "y.txt", "another file")
    assert str(caught.value).startswith(f"{path}: another process is writing this file; wait")
    assert listing(tmp_path) == {"x.txt": "first", "y.txt": "another file"}


@pytest.mark.skipif(sys.platform == "win32", reason="an open file keeps its name there")
@pytest.mark.parametrize("ending", ["rename", "unlink"])
def test_a_lock_that_comes_too_late_leaves_the_finished_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    path = tmp_path / "x.txt"
    flock = fcntl.flock

    def end_the_other_process_first(file: int, operation: int) -> None:
        """As if it had held the lock until now."""
        unfinished = tmp_path / "x.txt.partial"
        unfinished.write_text("the other's")
        if ending == "rename":
            unfinished.rename(path)
        else:
            unfinished.unlink()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", end_the_other_process_first)
    with pytest.raises(UserError, match="another process is writing this file"):
        write(path, "mine")
    assert listing(tmp_path) == ({"x.txt": "the other's"} if ending == "rename" else {})


@pytest.mark.skipif(sys.platform == "win32", reason="it locks otherwise")
def test_where_there_are_no_locks_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    write(tmp_path / "x.txt", "whole")
    assert listing(tmp_path) == {"x.txt": "whole"}


@pytest.mark.parametrize("path", [".", "", "/", "folder"])
def test_a_folder_is_no_place_for_a_file(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(UserError, match=": is a folder; name a file"):
        write(Path(path), "never")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "(No space left on device); free space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "(Disk quota exceeded); free space"),
        (OSError(errno.EFBIG, "File too large"), "(File too large); free space"),
        (OSError("can't write\n(No space left on device)"), "free space there, or choose another"),
        (OSError(errno.EACCES, "Permission denied"), "(Permission denied); check the path and its"),
    ],
)
def test_errors_of_the_file_system_are_one_line(
    tmp_path: Path, error: OSError, message: str
) -> None:
    path = tmp_path / "x.txt"
    with pytest.raises(UserError) as caught, writable(path):
        raise error
    assert str(caught.value).startswith(f"{path}: cannot be written (")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError), replacing(path):
        raise error
    assert listing(tmp_path) == {}


def test_files_appear_together_with_one_of_them_open_at_a_time(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    import resource

    write(tmp_path / "2", "old")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, limits[1]))
    try:
        numbers = [str(number) for number in range(300)]
        write_together([tmp_path / name for name in numbers], map(str.encode, numbers))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert listing(tmp_path) == dict(zip(numbers, numbers, strict=True))


@pytest.mark.parametrize("error", [ValueError("stop"), KeyboardInterrupt(), OSError(28, "full")])
def test_where_one_of_several_fails_all_are_as_before(tmp_path: Path, error: BaseException) -> None:
    write(tmp_path / "a", "old")

    def contents() -> Iterator[bytes]:
        yield b"new"
        yield b"new"
        raise error

    paths = [tmp_path / name for name in "abc"]
    with pytest.raises(UserError if isinstance(error, OSError) else type(error)):
        write_together(paths, contents())
    assert listing(tmp_path) == {"a": "old"}
    (tmp_path / "c").mkdir()
    with pytest.raises(UserError, match="c: is a folder; name a file"):
        write_together(paths, [b"new"] * 3)
    (tmp_path / "c").rmdir()
    assert listing(tmp_path) == {"a": "old"}


def test_two_writers_of_the_same_files_do_not_mix(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "ab"]

    def contents() -> Iterator[bytes]:
        yield b"first"
        with pytest.raises(UserError, match="a: another process is writing this file"):
            write_together(paths, [b"second"] * 2)
        yield b"first"

    write_together(paths, contents())
    assert listing(tmp_path) == {"a": "first", "b": "first"}


def test_a_path_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path / "x.txt", "a file")
    for below in ("x.txt/y.txt", "x.txt/deeper/y.txt"):
        with pytest.raises(UserError, match="cannot be written"):
            write(tmp_path / below, "never")
    assert listing(tmp_path) == {"x.txt": "a file"}


def test_reserved_space_keeps_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"begun")
    reserve(path, 10_000)
    assert path.read_bytes() == b"begun" + bytes(9_995)
    if sys.platform != "win32":
        assert path.stat().st_blocks * 512 >= 10_000
    reserve(path, 100)
    assert path.stat().st_size == 10_000


def test_a_message_is_one_line_that_can_be_printed() -> None:
    assert join_message("a\nb", "is\r\nbad ", "mend it") == "a b: is bad ; mend it"
    line = join_message("\udcff.gnt", "is damaged", "get it again")
    assert line.encode() == b"\\udcff.gnt: is damaged; get it again"
