"""`paper`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from hanzi_lsgan.cli.app import app, console

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.table import Table

    from hanzi_lsgan.papers.record import Summary
    from hanzi_lsgan.papers.sitting import OnProgress, Sitting

SettingsT = TypeVar("SettingsT", bound="DataclassInstance")

_OUT = Path("papers")
_FILE_WIDTH = 200
_EXPERIMENTS = (
    ("curves", "each loss and its gradient against the score", "seconds", "–"),
    ("boundary", "how far samples are pulled that are taken for real", "seconds", "–"),
    ("theory", "D*, the χ² theorem and what breaks it", "two minutes", "–"),
    ("vanishing", "G's gradient while D is trained to its optimum", "three minutes", "–"),
    ("ring", "eight Gaussians: which objective loses modes", "three hours", "–"),
    (
        "stability",
        "no normalisation, little variance",
        "two hours",
        "--data, or fonts",
    ),
    ("table", "objectives side by side, published figures beside", "an hour", "--data, or fonts"),
    (
        "table --data FOLDER",
        "the same on CIFAR-10",
        "days on a CPU",
        "cifar-10-batches-py in FOLDER; --inception FILE, Inception v3's weights: torchvision's "
        "inception_v3_google-….pth or torch-fidelity's weights-inception-2015-12-05-….pth",
    ),
    ("hanzi", "63 characters by the original networks", "as --minutes says", "--data, or fonts"),
)

SeedsOption = Annotated[
    int | None, typer.Option(min=1, help="Runs of each configuration; more later go on.")
]
MinutesOption = Annotated[
    float | None,
    typer.Option(min=0.01, help="Stop after so many minutes; the same command goes on."),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Within two minutes, to see that it works.")
]
OutOption = Annotated[
    Path | None, typer.Option(help="Folder for figure, numbers and settings; papers/NAME.")
]
DataOption = Annotated[Path | None, typer.Option(help="A store; font-drawn characters by default.")]

paper = typer.Typer(
    help="Run one of the papers' experiments: figure, numbers, settings, and a table.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(paper, name="paper")


@paper.command(name="list")
def list_experiments() -> None:
    """Say what there is, what it takes, and what it needs."""
    from hanzi_lsgan.cli.display import text_table

    heads = ("name", "shows", "full run, two cores", "needs")
    _print_table(text_table("", heads, _EXPERIMENTS))


@paper.command()
def curves(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
) -> None:
    """Draw the losses against the score.

    Nothing is random here: --seeds changes nothing.
    """
    from hanzi_lsgan.papers.curves import FULL, QUICK, run

    _run("curves", lambda sitting: run(sitting, QUICK if quick else FULL), minutes, quick, out)


@paper.command()
def boundary(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
) -> None:
    """Draw how losses move samples far behind the boundary."""
    from hanzi_lsgan.papers.boundary import FULL, QUICK, run

    settings = _chosen(QUICK if quick else FULL, seeds)
    _run("boundary", lambda sitting: run(sitting, settings), minutes, quick, out)


@paper.command()
def theory(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
) -> None:
    """Check D* and the χ² theorem on known densities."""
    from hanzi_lsgan.papers.theory import FULL, QUICK, run

    settings = _chosen(QUICK if quick else FULL, seeds)
    _run("theory", lambda sitting: run(sitting, settings), minutes, quick, out)


@paper.command()
def vanishing(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
) -> None:
    """Measure G's gradient while D nears its optimum."""
    from hanzi_lsgan.papers.vanishing import FULL, QUICK, run

    settings = _chosen(QUICK if quick else FULL, seeds)
    _run("vanishing", lambda sitting: run(sitting, settings), minutes, quick, out)


@paper.command()
def ring(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
    layout: Annotated[
        str, typer.Option(help="published: nine centres, of which two coincide; or even.")
    ] = "published",
) -> None:
    """Count the modes that GANs keep of eight Gaussians."""
    from hanzi_lsgan.papers.ring import FULL, QUICK, run

    settings = replace(_chosen(QUICK if quick else FULL, seeds), layout=layout)
    name = "ring" if layout == "published" else f"ring-{layout}"
    _run(name, lambda sitting: run(sitting, settings), minutes, quick, out)


@paper.command()
def stability(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
    data: DataOption = None,
) -> None:
    """Count successes without normalisation.

    And on digits of small variance, least squares beside the sigmoid's loss.
    """
    from hanzi_lsgan.papers.stability import FULL, QUICK, run

    settings = replace(_chosen(QUICK if quick else FULL, seeds), data=_named(data))
    _run("stability", lambda sitting: run(sitting, settings), minutes, quick, out)


@paper.command()
def table(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
    data: Annotated[
        Path | None,
        typer.Option(help="A store, font-drawn characters by default; or CIFAR-10's folder."),
    ] = None,
    inception: Annotated[
        Path | None, typer.Option(help="Inception v3's weights on disk, for CIFAR-10.")
    ] = None,
) -> None:
    """Compare objectives: same networks, same data, same images seen."""
    from hanzi_lsgan.papers import cifar10
    from hanzi_lsgan.papers.table import FULL, QUICK, run

    settings = replace(
        _chosen(QUICK if quick else FULL, seeds), data=_named(data), inception=_named(inception)
    )
    on_cifar10 = data is not None and cifar10.is_cifar10(data)
    chosen = cifar10.run if on_cifar10 else run
    name = "table-cifar10" if on_cifar10 else "table"
    _run(name, lambda sitting: chosen(sitting, settings), minutes, quick, out)


@paper.command()
def hanzi(
    seeds: SeedsOption = None,
    minutes: MinutesOption = None,
    quick: QuickOption = False,
    out: OutOption = None,
    data: DataOption = None,
    recipe: Annotated[
        str, typer.Option(help="Another recipe than the original's, to draw it the same way.")
    ] = "paper28",
) -> None:
    """Draw 63 characters by the original networks."""
    from hanzi_lsgan.papers.hanzi import FULL, QUICK, run

    settings = _chosen(QUICK if quick else FULL, seeds)
    settings = replace(settings, data=_named(data), recipe=recipe)
    name = "hanzi" if recipe == "paper28" else f"hanzi-{Path(recipe).stem}"
    _run(name, lambda sitting: run(sitting, settings), minutes, quick, out)


def _chosen(settings: SettingsT, seeds: int | None) -> SettingsT:
    """The settings with the number of seeds that the user names."""
    return settings if seeds is None else replace(settings, seeds=seeds)


def _named(path: Path | None) -> str:
    """A path as settings hold it: whole, so that the folder it is named from does not matter."""
    return "" if path is None else str(path.resolve())


def _run(
    name: str,
    experiment: "Callable[[Sitting], Summary]",
    minutes: float | None,
    quick: bool,
    out: Path | None,
) -> None:
    """Run an experiment with a progress display, print its table, and say what comes next."""
    from hanzi_lsgan.acceleration import keep_freed_memory
    from hanzi_lsgan.papers.figure import require_matplotlib
    from hanzi_lsgan.papers.sitting import Sitting

    keep_freed_memory()
    require_matplotlib()
    with _progress() as report:
        sitting = Sitting(out or _OUT / (f"{name}-quick" if quick else name), minutes, report)
        summary = experiment(sitting)
    _print_summary(summary)
    files = "figure.png, figure.svg, numbers.csv, settings.json"
    console.print(f"{files} in {sitting.out}", soft_wrap=True, markup=False)
    if not sitting.finished:
        console.print("stopped before the end, what is done is kept; the same command goes on")
    if sitting.signals:
        raise typer.Exit(128 + sitting.signals[0])


def _print_summary(summary: "Summary") -> None:
    from hanzi_lsgan.cli.display import text_table

    _print_table(text_table(summary.title, summary.columns, summary.rows))
    for note in summary.notes:
        console.print(note, markup=False, soft_wrap=True)


def _print_table(table: "Table") -> None:
    """A file's lines may be longer than a terminal's, so that no number is broken."""
    if console.is_terminal:
        console.print(table)
    else:
        Console(file=console.file, width=_FILE_WIDTH, highlight=False).print(table)


@contextmanager
def _progress() -> "Iterator[OnProgress]":
    """Two bars, of the parts and of the work within one; without a terminal, a line a part."""
    from hanzi_lsgan.cli.display import parts_progress

    if not console.is_terminal:
        told: list[int] = []

        def tell(what: str, done: int, total: int) -> None:
            if what == "parts" and done not in told:
                told.append(done)
                console.print(f"{done} of {total} parts done")

        yield tell
        return
    display = parts_progress(console)
    parts, work = display.add_task("parts", total=None), display.add_task("", total=None)

    def report(what: str, done: int, total: int) -> None:
        task = parts if what == "parts" else work
        display.update(task, description=what, completed=done, total=total or None)

    with display:
        yield report
