"""Signals that ask a training to end: noted, so that it can save first."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # of which each system has some


@contextmanager
def noted_signals() -> Iterator[list[int]]:
    """Note the first signal that asks to end instead of dying of it; a second is obeyed at once.

    SIGHUP stays ignored where it is, as under nohup; a shell's background jobs ignore SIGINT too,
    and yet whoever sends it there wants the training to end. Python lets only the main thread
    handle signals: elsewhere nothing is noted.

    Yields:
        The list that a signal's number is added to.
    """
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        signal.signal(number, before[number])

    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    handlers = {int(number): signal.getsignal(number) for number in known}
    hang_up = int(getattr(signal, "SIGHUP", 0))
    before = {
        number: old
        for number, old in handlers.items()
        if old is not None and (number != hang_up or old is not signal.SIG_IGN)
    }
    try:
        for number in before:
            signal.signal(number, note)
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
