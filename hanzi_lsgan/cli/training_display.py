"""How the command line shows a training: a bar on a terminal, else a line a tick."""

from typing import TYPE_CHECKING, Self

from rich.console import Console

from hanzi_lsgan.cli.display import describe_saved, describe_tick, training_progress
from hanzi_lsgan.training.loop import Limits, Listener, Saved, Tick

if TYPE_CHECKING:
    from hanzi_lsgan.training.step import Trainer


class TrainingDisplay(Listener):
    """Shows how far training is on its way to the nearer limit; use it as a context manager."""

    def __init__(self, console: Console, trainer: "Trainer", limits: Limits) -> None:
        self._console = console
        self._limits = limits
        self._first_images, self._first_seconds = trainer.images, trainer.seconds
        self._bar = training_progress(console)
        self._task = self._bar.add_task("first step …", total=1.0)

    def on_step(self, images: int, seconds: float) -> None:
        """Move the bar."""
        of_images = (images - self._first_images) / (self._limits.kimg * 1000 - self._first_images)
        of_time = (seconds - self._first_seconds) / (self._limits.minutes * 60)
        self._bar.update(self._task, completed=min(1.0, max(of_images, of_time)))

    def on_tick(self, tick: Tick) -> None:
        """Show the losses."""
        line = describe_tick(tick)
        self._bar.update(self._task, description=line)
        if not self._console.is_terminal:
            self._console.print(line, soft_wrap=True)

    def on_saved(self, saved: Saved) -> None:
        """Show the score."""
        self._console.print(describe_saved(saved), soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()
