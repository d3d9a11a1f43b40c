"""A pool of processes ends when nobody wants its results any more."""

import time

import pytest

from data_tools.parallel import process_map


def test_an_interruption_does_not_wait_for_tasks() -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), process_map(2) as parallel:
        assert list(parallel(abs, [-1, 2])) == [1, 2]
        parallel(time.sleep, [60, 60, 60])
        raise KeyboardInterrupt
    assert time.monotonic() - started < 30
