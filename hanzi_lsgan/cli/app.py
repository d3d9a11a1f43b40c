"""What all commands share: the application, its console, options and the progress bar."""

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.progress import TaskID

DEFAULT_STORE = Path("data/hanzi.h5")

_SILENT_SECONDS = 1.0  # a phase that is over by then says nothing where there is no terminal
_LINE_SECONDS = 60.0
_LARGEST_SEED = 2**64 - 1  # that torch takes


class InterruptedByUserError(Exception):
    """Ctrl-C; typer would turn KeyboardInterrupt into an exit without a word."""


class ClosedPipeError(Exception):
    """Whoever read the output has gone; typer would end with the code of any error."""


class _Commands(TyperGroup):
    """The commands, out of which Ctrl-C and a closed pipe come as errors of their own."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - of typer's own click, or of the installed
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedByUserError from None
        except BrokenPipeError:
            raise ClosedPipeError from None


class Output(Console):
    """Standard output, or what is said on the side while a result goes there.

    What users name is never markup. A reader that goes away ends a command; only a training goes
    on (`lasting_output`).
    """

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        """End the command; newer versions of rich call this, older ones hand the error on."""
        raise ClosedPipeError


def discard_output() -> None:
    """Let standard output lead nowhere, so that Python does not fail over it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


app = typer.Typer(
    cls=_Commands,
    help="Conditional Least Squares GAN for handwritten Chinese characters.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Output()
"""What a command says of its work; `--quiet` silences it, `--json` sends it to standard error."""
results = Output()
"""What a command was asked for; always on standard output."""

SeedOption = Annotated[int, typer.Option(min=0, max=_LARGEST_SEED, help="Same seed, same result.")]
JobsOption = Annotated[
    int | None, typer.Option(min=1, max=4096, help="Processes; all cores by default.")
]
RunOption = Annotated[
    Path | None,
    typer.Option("--run", help="Run folder; the newest under runs/, else weights that come along."),
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(help="best or last; best by default, where checkpoints were scored."),
]
FontOption = Annotated[
    Path | None,
    typer.Option(help="A font of yours that shows what no hand's font has: .ttf, .otf, .woff2."),
]
KindOption = Annotated[
    str | None,
    typer.Option(help="Of writing, as prepare --kind named it; pen, or the first, by default."),
]
PersonOption = Annotated[
    str | None,
    typer.Option("--hand", help="Of a person, as adapt made it: a name under runs/, or a folder."),
]
BestOfOption = Annotated[
    int,
    typer.Option(min=1, max=1000, help="Draw so many candidates, keep the one read best."),
]
SpreadOption = Annotated[
    float,
    typer.Option(help="How far hands lie apart, 0.1 to 3: 1.3 is more varied, 0.7 more alike."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON, and nothing else on standard output.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        versions = [f"Python {platform.python_version()}"]
        versions += [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "numpy")]
        system = f"{platform.system()} {platform.machine()}"
        own = importlib.metadata.version("hanzi-lsgan")
        results.print(f"hanzi-lsgan {own} ({', '.join(versions)}, {system})", soft_wrap=True)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            help="Say nothing but errors, and what coverage, info, evaluate and --dry-run are "
            "asked for; before or after the command.",
        ),
    ] = False,
) -> None:
    """Conditional Least Squares GAN for handwritten Chinese characters."""
    console.quiet = quiet


def keep_output_for_json(wanted: bool) -> None:
    """With `--json`, send what is said to standard error from here on."""
    console.stderr = wanted


def print_json(value: object) -> None:
    """Print a result as JSON, in ASCII so that any encoding carries it."""
    results.print(json.dumps(value, indent=2), soft_wrap=True)


@contextmanager
def samples_bar(unit: str = "samples") -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar of so many units; it shows itself at the first report: phase, done, total.

    Where there is no terminal, a line at the beginning of a phase and one a minute stand for it.
    """
    if console.is_terminal:
        with _bar(unit) as report:
            yield report
    else:
        yield _lines(unit)


@contextmanager
def _bar(unit: str) -> Iterator[Callable[[str, int, int], None]]:
    from hanzi_lsgan.cli.display import samples_progress

    display = samples_progress(console)
    tasks: dict[str, tuple[TaskID, float]] = {}

    def report(phase: str, done: int, total: int) -> None:
        if phase not in tasks:
            display.start()
            tasks[phase] = (display.add_task(phase, total=total or None, rate=""), time.monotonic())
        task, started = tasks[phase]
        rate = done / max(1e-9, time.monotonic() - started)
        display.update(task, completed=done, rate=f"{rate:,.0f} {unit}/s")

    try:
        yield report
    finally:
        display.stop()


def _lines(unit: str) -> Callable[[str, int, int], None]:
    began: dict[str, float] = {}
    next_line: dict[str, float] = {}

    def report(phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase not in began:
            began[phase], next_line[phase] = now, now + _SILENT_SECONDS
        if now >= next_line[phase] and not (done or total):  # it waits, and nothing is counted
            console.print(f"{phase}, {now - began[phase]:,.0f} s so far", soft_wrap=True)
            next_line[phase] = now + _LINE_SECONDS
        elif now >= next_line[phase] and done != total:
            of_total = f" of {total:,}" if total else ""
            rate = done / max(1e-9, now - began[phase])
            line = f"{phase}: {done:,}{of_total} {unit}, {rate:,.0f} {unit}/s"
            console.print(line, soft_wrap=True)
            next_line[phase] = now + _LINE_SECONDS

    return report
