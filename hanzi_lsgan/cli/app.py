"""What all commands share: the application, its console, options and the progress bar."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import TaskID

DEFAULT_STORE = Path("data/hanzi.h5")

app = typer.Typer(
    help="Conditional Least Squares GAN for handwritten Chinese characters.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(highlight=False, emoji=False)

SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same result.")]
JobsOption = Annotated[int | None, typer.Option(help="Processes; all cores by default.")]
RunOption = Annotated[
    Path | None,
    typer.Option("--run", help="Run folder; the newest under runs/, else weights that come along."),
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(help="best or last; best by default, where checkpoints were scored."),
]
BestOfOption = Annotated[
    int,
    typer.Option(min=1, max=1000, help="Draw so many candidates, keep the one read best."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists.")]


@contextmanager
def samples_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar that shows itself with the first report of phase, done and total."""
    from hanzi_lsgan.cli.display import samples_progress

    display = samples_progress(console)
    tasks: dict[str, tuple[TaskID, float]] = {}

    def report(phase: str, done: int, total: int) -> None:
        if phase not in tasks:
            display.start()
            tasks[phase] = (display.add_task(phase, total=total or None, rate=""), time.monotonic())
        task, started = tasks[phase]
        rate = done / max(1e-9, time.monotonic() - started)
        display.update(task, completed=done, rate=f"{rate:,.0f} samples/s")

    try:
        yield report
    finally:
        display.stop()
