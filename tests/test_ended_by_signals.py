"""Signals that end a program leave no file unfinished."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from data_tools.ended_by_signals import ended_by_signals
from data_tools.files import replacing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to send")

HANG_UP = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none


@pytest.mark.parametrize("number", [signal.SIGTERM, HANG_UP])
def test_a_signal_leaves_a_file_as_it_was_and_is_obeyed_once(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "scores.json"
    path.write_text("before", "utf-8")
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with (
            pytest.raises(SystemExit, match=str(128 + number)),
            ended_by_signals(),
            replacing(path) as unfinished,
        ):
            unfinished.write_text("half", "utf-8")
            try:
                os.kill(os.getpid(), number)
                time.sleep(30)
            finally:
                os.kill(os.getpid(), number)  # as `timeout` does, which sends two
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert [file.name for file in tmp_path.iterdir()] == ["scores.json"]
    assert path.read_text("utf-8") == "before"


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(HANG_UP, signal.SIG_IGN)  # what nohup does
    try:
        with ended_by_signals():
            os.kill(os.getpid(), HANG_UP)
            assert signal.getsignal(HANG_UP) is signal.SIG_IGN
    finally:
        signal.signal(HANG_UP, before)
