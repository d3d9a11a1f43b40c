"""Files that appear whole or not at all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                problem = "another process is writing this file"
                remedy = "wait for it, or choose another name"
                raise UserError(join_message(str(path), problem, remedy)) from None
            try:
                file.truncate(0)
                yield unfinished
                os.fsync(file.fileno())
                unfinished.replace(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)


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


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
