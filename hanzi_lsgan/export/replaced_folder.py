"""Folders that appear whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.files import flush, writable


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which takes its name once the block has ended well.

    After any error `folder` is as it was. What a killed process left is written over.

    Raises:
        UserError: it cannot be written, or another process is writing it.
    """
    unfinished = folder.with_name(folder.name + ".partial")
    replaced = folder.with_name(folder.name + ".replaced")
    with writable(folder):
        unfinished.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_RDONLY)
        try:
            _lock(descriptor, folder)
            try:
                _empty(unfinished)
                yield unfinished
                if folder.exists():
                    shutil.rmtree(replaced, ignore_errors=True)
                    folder.rename(replaced)
                unfinished.rename(folder)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
        finally:
            os.close(descriptor)
        shutil.rmtree(replaced, ignore_errors=True)
        flush(folder.parent)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        problem, remedy = "another process is writing it", "wait for it, or choose another name"
        raise UserError(join_message(str(folder), problem, remedy)) from None


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
