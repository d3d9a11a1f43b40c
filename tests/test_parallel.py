"""A pool of processes ends when nobody wants its results any more."""

import os
import signal
import sys
import time
import weakref

import numpy as np
import pytest

from data_tools.parallel import process_map


def test_an_interruption_does_not_wait_for_tasks() -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), process_map(2) as parallel:
        assert list(parallel(abs, [-1, 2])) == [1, 2]
        parallel(time.sleep, [60, 60, 60])
        raise KeyboardInterrupt
    assert time.monotonic() - started < 30


def test_an_error_does_not_wait_for_tasks() -> None:
    started = time.monotonic()
    with pytest.raises(OSError, match="full"), process_map(2) as parallel:
        parallel(time.sleep, [60, 60, 60])
        raise OSError("full")
    assert time.monotonic() - started < 30


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to send")
def test_sigterm_does_not_wait_for_tasks_and_is_as_it_was_afterwards() -> None:
    started = time.monotonic()
    with pytest.raises(SystemExit, match="143"), process_map(2) as parallel:
        assert list(parallel(abs, [-1, 2])) == [1, 2]
        parallel(time.sleep, [60, 60, 60])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    assert time.monotonic() - started < 30
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_that_is_no_worker_yet_ends_without_unwinding_what_the_parent_holds() -> None:
    with process_map(2):
        child = os.fork()
        if child == 0:
            try:
                time.sleep(30)
            finally:
                os._exit(1)
        time.sleep(0.2)
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 143


def test_results_that_were_taken_are_forgotten() -> None:
    with process_map(2) as parallel:
        results = iter(parallel(np.zeros, [10, 10, 10, 10]))
        first = weakref.ref(next(results))
        next(results)
        deadline = time.monotonic() + 30
        while first() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert first() is None
        assert len(list(results)) == 2
