"""A pool of processes that ends with its parent and hands on the first error."""

import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

from data_tools.ended_by_signals import die_of_signals, ended_by_signals
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


def process_count(jobs: int | None, most_tasks: int) -> int:
    """How many processes to start.

    Args:
        jobs: what the user asks for; one for each usable core if None.
        most_tasks: the length of the longest sequence of tasks; more processes would idle.

    Raises:
        UserError: `jobs` is below 1.
    """
    if jobs is not None and jobs < 1:
        raise UserError(f"--jobs {jobs}: at least one process is needed; pass 1 or more")
    if hasattr(os, "sched_getaffinity"):  # a container or scheduler may grant a few cores of many
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(jobs or cores, most_tasks)


@contextmanager
def process_map(processes: int) -> Iterator[Map]:
    """Open a pool of processes, or none at all for a single one.

    Functions and tasks must be picklable. The first error of a task is raised in its place. The
    n-th task always goes to the same process, so what a process remembers of its tasks in one call
    is at hand for tasks of the same numbers in the next.

    Raises:
        UserError: a process died without an exception.
    """
    if processes == 1:
        yield lambda function, tasks: map(function, tasks)
        return
    pools = [_pool_of_one() for _ in range(processes)]

    def run(function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        futures = deque(
            pools[number % processes].submit(function, task) for number, task in enumerate(tasks)
        )
        # A result that is taken is forgotten: those of a million lines fill the memory.
        return (futures.popleft().result() for _ in range(len(futures)))

    try:
        with ended_by_signals():  # so that workers end at once
            yield run
    except BaseException as error:
        # Nobody wants the results: whose disk is full need not wait for tasks that take minutes.
        for pool in pools:
            _terminate(pool)
        if isinstance(error, BrokenProcessPool):
            problem = "a worker process died, perhaps killed for want of memory"
            raise UserError(f"{problem}; run it again with fewer --jobs") from None
        raise
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def call_apart(function: Callable[..., Result], *arguments: object) -> Result:
    """Call a function in a process of its own, as one that a damaged file may end.

    What it has to say of its end on standard error is not heard.

    Raises:
        BrokenProcessPool: the process has died.
    """
    with _pool_of_one() as pool:
        try:
            return pool.submit(_quietly, function, *arguments).result()
        except BaseException:
            _terminate(pool)
            raise


def _quietly(function: Callable[..., Result], *arguments: object) -> Result:
    faulthandler.disable()  # it may have a standard error of its own
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    return function(*arguments)


def _pool_of_one() -> ProcessPoolExecutor:
    # Forking is quick and shares what is imported; elsewhere than on Linux it is unsafe.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_start_worker)


def _terminate(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.terminate()


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_of_signals()
    # Records come in their thousands and none refers to itself: the collector of cycles would only
    # walk over them again and again.
    gc.disable()
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
