"""Signals that end a program: turned into an exception, so that it leaves nothing unfinished."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")  # of which each system has some


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would end this process at once raise SystemExit instead, with 128 + number.

    Those that are ignored, as SIGHUP is under nohup, or that somebody else heeds stay as they are.
    Python lets only the main thread handle signals: elsewhere all stay. A second one is ignored,
    since it comes while the first is being obeyed: `timeout` and service managers send several.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    parent = os.getpid()
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    heeded = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]

    def exit_for(number: int, frame: FrameType | None) -> None:
        code = 128 + number  # as a shell reports it
        if os.getpid() != parent:  # forked, and not a worker yet: what the parent holds is not its
            os._exit(code)
        for one in heeded:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(code)

    for number in heeded:
        signal.signal(number, exit_for)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def die_of_signals() -> None:
    """Let a worker that was forked within `ended_by_signals` end at once of these signals again."""
    for name in _NAMES:
        if hasattr(signal, name) and callable(signal.getsignal(getattr(signal, name))):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
