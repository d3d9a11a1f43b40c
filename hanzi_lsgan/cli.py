"""The command line: parse, call one function, show progress, turn known errors into one line.

Heavy imports happen inside the command that needs them, so that `--help` answers at once.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from data_tools.errors import UserError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from data_tools.store import Store
    from hanzi_lsgan.checkpoint import TrainedGenerator
    from hanzi_lsgan.session import Session
    from hanzi_lsgan.training import Tick

DEFAULT_STORE = Path("data/hanzi.h5")
RAW_DATA = Path("data/raw")
EXIT_USER_ERROR = 2

app = typer.Typer(
    help="Conditional Least Squares GAN for handwritten Chinese characters.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(highlight=False)

CharsetOption = Annotated[
    str,
    typer.Option(help="hanzi, gb2312-1, gb2312, all, a UTF-8 file, or the characters themselves."),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Same seed, same result.")]
JobsOption = Annotated[int | None, typer.Option(help="Processes; all cores by default.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists.")]
RunOption = Annotated[
    Path | None, typer.Option("--run", help="Run folder; the newest under runs/ by default.")
]


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    try:
        app(_repeat_test(sys.argv[1:]))
    except UserError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {error}", markup=False)
        sys.exit(EXIT_USER_ERROR)


def _repeat_test(arguments: list[str]) -> list[str]:
    """Let `--test A B` mean `--test A --test B`, since an option of the parser takes one value."""
    expanded: list[str] = []
    in_test = False
    for argument in arguments:
        if argument.startswith("-"):
            in_test = argument == "--test"
        elif in_test and expanded[-1] != "--test":
            expanded.append("--test")
        expanded.append(argument)
    return expanded


@app.command()
def prepare(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="HWDB .gnt files, folders or .zip archives; data/raw by default."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The store to write.")] = DEFAULT_STORE,
    test: Annotated[
        list[Path] | None, typer.Option(help="Sources of the test split, one or several.")
    ] = None,
    size: Annotated[int, typer.Option(help="Side of a glyph: 28, 32, 48, 64, 96 or 128.")] = 64,
    fit: Annotated[
        str, typer.Option(help="aspect keeps proportions; stretch squashes, as the original did.")
    ] = "aspect",
    margin: Annotated[
        int | None, typer.Option(help="Pixels of paper around the ink; 1/32 of the size.")
    ] = None,
    charset: CharsetOption = "hanzi",
    jobs: JobsOption = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on past damaged records, and list them.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Turn HWDB .gnt files into one HDF5 store; without any, build a font-drawn sample corpus."""
    from data_tools.charset import parse_charset
    from data_tools.glyphs import GlyphOptions, check_fit, default_margin
    from data_tools.prepare import prepare as convert
    from data_tools.store import Store

    chosen_fit = check_fit(fit)
    glyph = GlyphOptions(
        size, chosen_fit, default_margin(size, chosen_fit) if margin is None else margin
    )
    characters = parse_charset(charset)
    with _sources_or_corpus(sources, test, charset) as (chosen, chosen_test), _bar() as progress:
        result = convert(
            chosen,
            out,
            test_sources=chosen_test,
            glyph=glyph,
            charset=characters,
            jobs=jobs,
            skip_bad=skip_bad,
            force=force,
            on_progress=progress,
        )
    with Store(result.out) as store:
        _show_store(store)
    for line in result.damaged:
        console.print(f"left out: {line}", markup=False, soft_wrap=True)
    if result.missing:
        console.print(f"asked for, but in no source: {result.missing}", markup=False)
    console.print(f"contact sheet: {result.contact_sheet}", markup=False, soft_wrap=True)


@app.command()
def corpus(
    out: Annotated[Path, typer.Option(help="Folder for the .gnt files.")],
    writers: Annotated[int, typer.Option(help="Simulated writers of the train split.")] = 200,
    charset: Annotated[
        str | None, typer.Option(help="Characters or a UTF-8 file; those of the paper's figure.")
    ] = None,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
) -> None:
    """Draw a sample corpus of .gnt files from bundled fonts: a stand-in, not handwriting."""
    written = _write_corpus(out, writers, charset, seed, jobs)
    console.print(
        f"{written:,} font-drawn samples in {out}; next: hanzi-lsgan prepare {out}", soft_wrap=True
    )


@app.command()
def info(
    store_path: Annotated[Path, typer.Argument(metavar="STORE")] = DEFAULT_STORE,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every checksum.")] = False,
) -> None:
    """Say what is in a store, and whether it is undamaged."""
    from data_tools.store import Store, StoreError

    with Store(store_path) as store:
        _show_store(store)
        if verify:
            if damaged := store.verify():
                raise StoreError(store_path, f"is damaged in {', '.join(damaged)}")
            console.print("every checksum is right")


@app.command()
def train(
    recipe: Annotated[
        str | None,
        typer.Argument(help="Name of a recipe or a .toml file; quick32 on a CPU, hwdb64 on a GPU."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help=f"The store; {DEFAULT_STORE}, or the resumed run's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; the next free name under runs/.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, e.g. train.batch_size=128; repeatable."),
    ] = None,
    kimg: Annotated[float | None, typer.Option(help="Stop at so many thousand images.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show settings and costs, try two steps, keep nothing."),
    ] = False,
) -> None:
    """Train a class-conditional LSGAN on a store; Ctrl-C saves, and --resume goes on."""
    from hanzi_lsgan.session import Session

    if resume:
        if recipe is not None or overrides or dry_run:
            raise UserError("--resume: a run keeps its recipe; leave RECIPE, --set, --dry-run out")
        session = Session.resume(out, data)
    else:
        session = Session.begin(recipe, data or DEFAULT_STORE, out, overrides or [])
    with session:
        if dry_run:
            _show_dry_run(session)
        else:
            _run_session(session, kimg, minutes)


def _run_session(session: "Session", kimg: float | None, minutes: float | None) -> None:
    """Train with a progress display, then say what comes next."""
    from hanzi_lsgan.display import describe_tick, training_progress

    run = session.run.path
    goal_kimg = session.recipe.train.kimg if kimg is None else kimg
    first_images, first_seconds = session.trainer.images, session.trainer.seconds
    doing = "resuming" if session.resumed else "training"
    console.print(
        f"{doing} {run}: {session.stream.samples:,} samples "
        f"({session.stream.residence}), {len(session.store.charset):,} classes, "
        f"{session.trainer.device}, precision {session.trainer.precision}",
        soft_wrap=True,
    )
    if session.store.header.font_drawn:
        console.print("the samples are a font-drawn stand-in, not handwriting")
    display = training_progress(console)
    task = display.add_task("first step …", total=1.0)

    def on_step(images: int, seconds: float) -> None:
        share = (images - first_images) / max(1, goal_kimg * 1000 - first_images)
        if minutes is not None:
            share = max(share, (seconds - first_seconds) / (minutes * 60))
        display.update(task, completed=min(1.0, share))

    def on_tick(tick: "Tick") -> None:
        line = describe_tick(tick)
        display.update(task, description=line)
        if not console.is_terminal:
            console.print(line, soft_wrap=True)

    with display if console.is_terminal else nullcontext():
        stopped_by = session.train(kimg, minutes, on_step, on_tick)
    draw = f"hanzi-lsgan render --run {run}"
    console.print(
        f"saved {run} at {session.trainer.images:,} images; draw with: {draw}", soft_wrap=True
    )
    if stopped_by is not None:
        console.print(f"resume with: hanzi-lsgan train --resume --out {run}", soft_wrap=True)
        raise typer.Exit(128 + stopped_by)


def _show_dry_run(session: "Session") -> None:
    """Print settings and costs of a recipe."""
    from hanzi_lsgan.config import recipe_to_toml
    from hanzi_lsgan.display import cost_table
    from hanzi_lsgan.dry_run import measure_cost

    console.print(recipe_to_toml(session.recipe), markup=False)
    console.print(cost_table(measure_cost(session.trainer, session.stream)))
    console.print("nothing was kept")


@app.command()
def render(
    chars: Annotated[str, typer.Option(help="Characters to draw, one column each.")] = "",
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the real rows; the run's own by default.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Real rows, and generated rows.")] = 1,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None, typer.Option(help="The PNG; grid.png in the run folder by default.")
    ] = None,
    scale: Annotated[
        int | None, typer.Option(min=1, max=32, help="Enlarge each pixel so many times.")
    ] = None,
) -> None:
    """Draw real above generated samples, one column a character."""
    from data_tools.charset import PAPER_FIGURE_CHARACTERS
    from data_tools.files import replacing
    from hanzi_lsgan.render import render_comparison

    folder, trained = _load_run(run)
    charset = trained.info.charset
    chosen = "".join(chars.split()) or _first_known(PAPER_FIGURE_CHARACTERS, charset)
    with _store_for_real_rows(trained, data) as store:
        picture = render_comparison(
            trained.network, charset, chosen, store=store, rows=rows, seed=seed, scale=scale
        )
    path = out or folder / "grid.png"
    with replacing(path) as unfinished:
        picture.save(unfinished, format="PNG")
    if trained.info.store.font_drawn:
        console.print("trained on a font-drawn stand-in, not on handwriting")
    console.print(f"wrote {path}", soft_wrap=True)


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="A .gnt file, or a folder of PNGs.")],
    chars: Annotated[str, typer.Option(help="Characters to draw.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every character that the model knows.")
    ] = False,
    per_class: Annotated[int, typer.Option(help="Samples of each character.")] = 100,
    run: RunOption = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Write labelled synthetic samples, in HWDB's own format or as PNGs."""
    from hanzi_lsgan.export import export_samples

    chosen = "".join(chars.split())
    if bool(chosen) == everything:
        raise UserError("generate: name characters with --chars, or pass --all, one of the two")
    _, trained = _load_run(run)
    charset = trained.info.charset
    chosen = charset if everything else chosen
    total = len(chosen) * per_class
    started = time.perf_counter()
    with _bar() as progress:
        count = export_samples(
            trained.network,
            charset,
            chosen,
            out,
            per_class=per_class,
            seed=seed,
            force=force,
            on_samples=lambda done: progress("draw", done, total),
        )
    rate = count / (time.perf_counter() - started)
    console.print(f"wrote {count:,} samples to {out} ({rate:,.0f}/s)", soft_wrap=True)


def _show_store(store: "Store") -> None:
    from hanzi_lsgan.display import store_table

    console.print(store_table(store))


@contextmanager
def _sources_or_corpus(
    sources: list[Path] | None, test: list[Path] | None, charset: str
) -> Iterator[tuple[list[Path], list[Path]]]:
    """What the user names, else `data/raw`, else a sample corpus that is gone afterwards."""
    if sources or test:
        yield sources or [], test or []
    elif RAW_DATA.is_dir() and any(RAW_DATA.iterdir()):
        console.print(f"no sources named: taking {RAW_DATA}")
        yield [RAW_DATA], []
    else:
        console.print(
            f"no sources named and {RAW_DATA} holds none: building the sample corpus, a font-drawn "
            "stand-in for handwriting",
            soft_wrap=True,
        )
        with tempfile.TemporaryDirectory() as folder:
            corpus_folder = Path(folder) / "font-drawn-corpus"
            _write_corpus(corpus_folder, 200, charset, 0, None)
            yield [corpus_folder], []


def _write_corpus(out: Path, writers: int, charset: str | None, seed: int, jobs: int | None) -> int:
    from data_tools.sample import corpus_characters, write_corpus

    characters = corpus_characters(charset or "hanzi")
    with _bar() as progress:
        summary = write_corpus(
            out,
            characters=characters,
            writers=writers,
            seed=seed,
            jobs=jobs,
            on_writer=lambda done: progress("corpus", done * len(characters), 0),
        )
    return summary.samples


def _load_run(run: Path | None) -> "tuple[Path, TrainedGenerator]":
    from hanzi_lsgan.checkpoint import RunFolder, newest_run

    folder = RunFolder(run) if run is not None else newest_run()
    return folder.path, folder.load_generator()


@contextmanager
def _store_for_real_rows(
    trained: "TrainedGenerator", data: Path | None
) -> "Iterator[Store | None]":
    """The store named, or the run's own where it still exists."""
    from data_tools.store import Store

    path = data or Path(trained.info.store.path)
    if data is None and not path.exists():
        console.print(f"{path} is gone: no real rows; name a store with --data", soft_wrap=True)
        yield None
        return
    with Store(path) as store:
        if data is None and store.fingerprint != trained.info.store.fingerprint:
            console.print(f"{path} is not what the run was trained on any more", soft_wrap=True)
        yield store


def _first_known(wanted: str, charset: str) -> str:
    """Those of `wanted` that the model knows, or the beginning of its own charset."""
    known = "".join(character for character in wanted if character in charset)
    return known or charset[:24]


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar that shows itself with the first report of phase, done and total."""
    from hanzi_lsgan.display import samples_progress

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


if __name__ == "__main__":
    main()
