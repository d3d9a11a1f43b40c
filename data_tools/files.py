"""Files that appear whole or not at all, and the lock of those who write them."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from data_tools.errors import UserError, join_message

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

StrPath = str | os.PathLike[str]
"""What a user of the library may give in the place of a `Path`."""


class BeingWrittenError(UserError):
    """Another process is writing the file."""


_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_NO_LOCKS_HERE = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)  # some file systems of clusters
_UNFINISHED = ".partial"  # ends the name of a file that is being written
_WAITING = ".waiting"  # ends the name of a file that waits for others
_LOCKED_BYTE = 1 << 30  # beyond what is ever read: Windows keeps others from a locked byte


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its name once the block has ended well.

    The data are on the disk before the name is, and after any error `path` is as it was, and so are
    the folders around it. What a killed process left under the temporary name is written over.

    Raises:
        UserError: the file cannot be written or is a folder.
        BeingWrittenError: another process is writing it.
    """
    with writable(path):
        if path.is_dir():
            raise UserError(join_message(str(path), "is a folder", "name a file"))
        unfinished = path.with_name(path.name + _UNFINISHED)
        with folders_around(path), unfinished.open("ab") as file:
            if not lock(file, unfinished):
                problem = "another process is writing this file"
                remedy = "wait for it, or choose another name"
                raise BeingWrittenError(join_message(str(path), problem, remedy))
            try:
                file.truncate(0)
                yield unfinished
                os.fsync(file.fileno())
                if sys.platform == "win32":
                    file.close()  # an open file has no new name there, so its lock ends before
                unfinished.replace(path)
            except BaseException:
                if sys.platform == "win32":
                    file.close()
                unfinished.unlink(missing_ok=True)
                raise
        flush(path.parent)


def write_together(paths: Sequence[Path], contents: Iterable[bytes]) -> None:
    """Write several files that take their names together, once all their data are on the disk.

    After any error before that all paths are as they were. The lock of the first stands for all,
    since each lock is an open file, and a process may have only some hundreds of these.

    Args:
        paths: one or more.
        contents: of each, taken one at a time.

    Raises:
        UserError: as of `replacing`.
    """
    with replacing(paths[0]) as first:
        waiting = [path.with_name(path.name + _WAITING) for path in paths[1:]]
        try:
            for path, unfinished, content in zip(paths, [first, *waiting], contents, strict=True):
                with writable(path):
                    if path.is_dir():
                        raise UserError(join_message(str(path), "is a folder", "name a file"))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    unfinished.write_bytes(content)
                    flush(unfinished)
            for path, unfinished in zip(paths[1:], waiting, strict=True):
                with writable(path):
                    unfinished.replace(path)
        except BaseException:
            for unfinished in waiting:
                unfinished.unlink(missing_ok=True)
            raise
    for folder in {path.parent for path in paths}:
        flush(folder)


@contextmanager
def folders_around(path: Path) -> Iterator[None]:
    """Make the folders that a path lacks; after an error they are gone again, if still empty."""
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one line that names `path` and the remedy."""
    try:
        yield
    except OSError as error:
        problem = f"cannot be written ({error.strerror or error})"
        remedy = "check the path and its permissions"
        if error.errno in _FULL or "No space left" in str(error):
            remedy = "free space there, or choose another disk"
        raise UserError(join_message(str(path), problem, remedy)) from None


def reserve(path: Path, file_bytes: int) -> None:
    """Claim disk space at once, so that a full disk is found before hours of work.

    Raises:
        OSError: there is not so much.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, file_bytes)


def lock(file: BinaryIO, path: Path) -> bool:
    """Whether this process alone may write the file opened at `path`, until it closes the file.

    The system ends the lock with the process, however that ends. Where the file system has no
    locks, nobody is kept out.
    """
    try:
        _lock_descriptor(file.fileno())
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            return False
    try:
        # The one who held the lock before may have renamed or removed what was opened here.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock_descriptor(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def flush(path: Path) -> None:
    """Bring a file's data to the disk, or a folder's names: they last through a power failure."""
    if sys.platform == "win32" and path.is_dir():
        return  # folders cannot be opened there
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
