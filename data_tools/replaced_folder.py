"""Folders that appear whole or not at all."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.files import flush, folders_around, lock, writable

_PARTIAL, _REPLACED, _LOCK = BESIDE = (".partial", ".replaced", ".lock")
"""What is added to the name of a folder for those that are beside it meanwhile."""


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which takes its name once the block has ended well.

    After any error `folder` and the folders around it are as they were. What a killed process left
    is written over.

    Raises:
        UserError: it cannot be written, or another process is writing it.
    """
    unfinished, replaced, lock_file = (
        folder.with_name(folder.name + ending) for ending in (_PARTIAL, _REPLACED, _LOCK)
    )
    with writable(folder):
        with folders_around(folder), lock_file.open("ab") as file:
            if not lock(file, lock_file):
                problem = "another process is writing it"
                remedy = "wait for it, or choose another name"
                raise UserError(join_message(str(folder), problem, remedy))
            try:
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                yield unfinished
                _take_place(unfinished, folder, replaced)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
                if sys.platform == "win32":
                    file.close()  # an open file cannot be removed there
                with suppress(OSError):  # one that is left over keeps nobody out
                    lock_file.unlink()
        flush(folder.parent)


def _take_place(unfinished: Path, folder: Path, replaced: Path) -> None:
    """Give a folder the name of another, which is removed; after an error that has its name."""
    try:
        if folder.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            folder.rename(replaced)
        unfinished.rename(folder)
    except BaseException:
        if replaced.exists() and not folder.exists():
            replaced.rename(folder)
        raise
    shutil.rmtree(replaced, ignore_errors=True)
