"""Output that may be closed without ending the work: a pipe to `head`, a terminal that is gone."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console


class LastingOutput:
    """Standard output, which becomes the null device once nobody takes it any more."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, and find out at once whether somebody reads."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
        return len(text)

    def flush(self) -> None:
        """Nothing is left to be flushed."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def outlasting(console: Console) -> Iterator[None]:
    """Let a console go on when its output is closed, where it would end the program."""
    console.file = LastingOutput(sys.stdout)  # type: ignore[assignment]
    try:
        yield
    finally:
        console.file = None  # type: ignore[assignment] # whatever standard output is then
