"""The lock of a run folder: one process trains in it at a time, and anyone may read."""

import os
from pathlib import Path
from typing import Self

from data_tools.errors import UserError, join_message
from data_tools.files import lock, writable

NAME = "training.lock"


class TrainingLock:
    """Held by the one process that trains in a run folder.

    The system lets go of it when that process ends, however it ends: what a killed one leaves is a
    file without a lock, which is in nobody's way. Several processes that train together share what
    their main process holds.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock of a folder that exists.

        Raises:
            UserError: someone else trains there, or the folder cannot be written.
        """
        self._path = folder / NAME
        with writable(self._path):
            self._file = self._path.open("a+b")
            if not lock(self._file, self._path):
                self._file.close()
                remedy = "wait until it has ended, or train into another folder"
                raise UserError(join_message(str(folder), self._describe_holder(), remedy))
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
            self._file.flush()

    def _describe_holder(self) -> str:
        try:
            number = self._path.read_text("ascii", errors="replace").strip()
        except OSError:  # it has just ended
            number = ""
        if number == str(os.getpid()):
            return "another session of this process is training here"
        return f"another process ({number or 'unknown'}) is training here"

    def release(self) -> None:
        """Let others train; a second time it does nothing."""
        if self._file.closed:
            return
        # Removed while it is held, so that nobody locks a file that is about to go; Windows removes
        # no open file, and there an unlocked one stays.
        if os.name == "posix":
            self._path.unlink(missing_ok=True)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
