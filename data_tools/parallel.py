"""A pool of processes that ends with its parent and hands on the first error."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

from data_tools.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")


class Map(Protocol):
    """Apply a function to every task; the results come in the order of the tasks."""

    def __call__(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[Result]:
        """Yield `function(task)` for each task."""
        ...


def _usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def process_map(jobs: int | None, most_tasks: int) -> Iterator[Map]:
    """Open a pool of processes, or none at all for a single job.

    Functions and tasks must be picklable. The first error of a task is raised in its place.

    Args:
        jobs: processes; one for each usable core if None.
        most_tasks: the length of the longest sequence of tasks; more processes would idle.

    Raises:
        UserError: `jobs` is below 1, or a process died without an exception.
    """
    if jobs is not None and jobs < 1:
        raise UserError(f"--jobs {jobs}: at least one process is needed; pass 1 or more")
    processes = min(jobs or _usable_cores(), most_tasks)
    if processes == 1:
        yield lambda function, tasks: map(function, tasks)
        return
    # Forking is quick and shares what is imported; elsewhere than on Linux it is unsafe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker)
    try:
        yield lambda function, tasks: pool.map(function, tasks)
    except BrokenProcessPool:
        problem = "a worker process died, perhaps killed for want of memory"
        raise UserError(f"{problem}; run it again with fewer --jobs") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
