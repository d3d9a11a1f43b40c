"""Files that appear whole or not at all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from data_tools.errors import UserError, join_message

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its name once the block has ended well.

    The data are on the disk before the name is, and after any error `path` is as it was. What a
    killed process left under the temporary name is written over.

    Raises:
        UserError: the file cannot be written, or another process is writing it.
    """
    unfinished = path.with_name(path.name + ".partial")
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("ab") as file:
            if not _lock(file, unfinished):
                problem = "another process is writing this file"
                remedy = "wait for it, or choose another name"
                raise UserError(join_message(str(path), problem, remedy))
            try:
                file.truncate(0)
                yield unfinished
                os.fsync(file.fileno())
                unfinished.replace(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        flush(path.parent)


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


def _lock(file: BinaryIO, path: Path) -> bool:
    """Whether this process alone may write the file opened at `path`."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The one who held the lock before may have renamed or removed what was opened here.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def flush(path: Path) -> None:
    """Bring a file's data to the disk, or a folder's names: they last through a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
