"""One sitting at an experiment: where it writes, when it stops, whom it tells."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hanzi_lsgan.papers.record import Record, Row
from hanzi_lsgan.training.signals import noted_signals

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OnProgress = Callable[[str, int, int], None]
"""Told of what is done, how much of it, and of how much."""


class Sitting:
    """One call of an experiment, which ends when it is done, at a limit, or at Ctrl-C.

    Attributes:
        out: the experiment's folder.
        signals: numbers of those that asked to end, such as Ctrl-C's.
        finished: whether all of the experiment is done.
        on_progress: told of progress.
    """

    def __init__(
        self,
        out: str | Path,
        minutes: float | None = None,
        on_progress: OnProgress = lambda what, done, total: None,
    ) -> None:
        """Begin to count.

        Args:
            out: the experiment's folder.
            minutes: after which no more work is begun.
            on_progress: told of progress.
        """
        self.out = Path(out)
        self.signals: list[int] = []
        self.finished = False
        self.on_progress = on_progress
        self._end = None if minutes is None else time.monotonic() + minutes * 60

    @property
    def minutes_left(self) -> float | None:
        """Until the limit, or None where there is none."""
        return None if self._end is None else max(0.0, (self._end - time.monotonic()) / 60)

    @property
    def over(self) -> bool:
        """Whether no more work is to be begun."""
        return bool(self.signals) or self.minutes_left == 0

    def begin(self, experiment: str, settings: "DataclassInstance") -> Record:
        """The experiment's record; `settings` is a frozen dataclass.

        Raises:
            UserError: the folder holds something else.
        """
        return Record(self.out, experiment, settings)

    def work(
        self, record: Record, parts: Sequence[str], compute: Callable[[int], list[Row]]
    ) -> bool:
        """Compute each part that is not done, until all are or the sitting is over.

        Args:
            record: where results go.
            parts: their names, in order.
            compute: the numbers of a part, from its index; one that had to stop early raises
                `Unfinished`, and is not kept.

        Returns:
            Whether all parts are done.
        """
        with noted_signals() as self.signals:
            for index, part in enumerate(parts):
                self.on_progress("parts", index, len(parts))
                if record.has(part):
                    continue
                if self.over:
                    break
                try:
                    record.add(part, compute(index))
                except Unfinished:
                    break
        done = sum(map(record.has, parts))
        self.on_progress("parts", done, len(parts))
        self.finished = done == len(parts)
        record.close(parts)
        return self.finished


class Unfinished(Exception):  # noqa: N818 - nothing went wrong
    """A part stopped early, at a limit or at Ctrl-C; what it saved of itself goes on next time."""
