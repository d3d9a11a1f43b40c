"""`prepare`, `corpus` and `info`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from hanzi_lsgan.cli.app import (
    DEFAULT_STORE,
    ForceOption,
    JobsOption,
    SeedOption,
    app,
    console,
    samples_bar,
)

if TYPE_CHECKING:
    from data_tools.store import Store

RAW_DATA = Path("data/raw")
CORPUS_WRITERS = 400

_UNDAMAGED = "every checksum is right"

CharsetOption = Annotated[
    str,
    typer.Option(help="hanzi, gb2312-1, gb2312, all, a UTF-8 file, or the characters themselves."),
]


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
    from data_tools.prepare import check_out
    from data_tools.prepare import prepare as convert
    from data_tools.store import Store

    chosen_fit = check_fit(fit)
    glyph = GlyphOptions(
        size, chosen_fit, default_margin(size, chosen_fit) if margin is None else margin
    )
    characters = parse_charset(charset)
    check_out(out, force)
    with (
        _sources_or_corpus(sources, test, charset) as (chosen, chosen_test),
        samples_bar() as progress,
    ):
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
        some = result.missing[:40] + (" …" if len(result.missing) > 40 else "")
        count = len(result.missing)
        console.print(f"asked for, but in no source ({count:,}): {some}", markup=False)
    console.print(f"contact sheet: {result.contact_sheet}", markup=False, soft_wrap=True)


@app.command()
def corpus(
    out: Annotated[Path, typer.Option(help="Folder for the .gnt files.")],
    writers: Annotated[
        int, typer.Option(help="Simulated writers of the train split.")
    ] = CORPUS_WRITERS,
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
    path: Annotated[
        Path, typer.Argument(metavar="STORE|RUN", help="A store, or a run folder.")
    ] = DEFAULT_STORE,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every checksum.")] = False,
) -> None:
    """Say what is in a store or a run folder, and whether it is undamaged."""
    from data_tools.store import Store, StoreError

    if path.is_dir():
        _show_run(path, verify)
        return
    with Store(path) as store:
        _show_store(store)
        if verify:
            if damaged := store.verify():
                raise StoreError(path, f"is damaged in {', '.join(damaged)}")
            console.print(_UNDAMAGED)


def _show_run(path: Path, verify: bool) -> None:
    """Say what is in a run folder; with `verify`, what in it is damaged."""
    from hanzi_lsgan.checkpoint import RunFolder
    from hanzi_lsgan.checksums import find_damage
    from hanzi_lsgan.cli.display import run_table

    damaged = find_damage(path) if verify else []
    if damaged:
        remedy = "copy the run again, or train it anew"
        raise UserError(join_message(str(path), ", ".join(damaged), remedy))
    console.print(run_table(RunFolder(path)))
    if verify:
        console.print(_UNDAMAGED)


def _show_store(store: "Store") -> None:
    from hanzi_lsgan.cli.display import store_table

    console.print(store_table(store))


@contextmanager
def _sources_or_corpus(
    sources: list[Path] | None, test: list[Path] | None, charset: str
) -> Iterator[tuple[list[Path], list[Path]]]:
    """What the user names, else `data/raw`, else a sample corpus that is gone afterwards."""
    from data_tools.sources import SOURCE_SUFFIXES

    if sources or test:
        yield sources or [], test or []
    elif any(file.suffix.lower() in SOURCE_SUFFIXES for file in RAW_DATA.rglob("*")):
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
            _write_corpus(corpus_folder, CORPUS_WRITERS, charset, 0, None)
            yield [corpus_folder], []


def _write_corpus(out: Path, writers: int, charset: str | None, seed: int, jobs: int | None) -> int:
    from data_tools.sample import corpus_characters, write_corpus

    characters = corpus_characters(charset or "hanzi")
    with samples_bar() as progress:
        summary = write_corpus(
            out,
            characters=characters,
            writers=writers,
            seed=seed,
            jobs=jobs,
            on_writer=lambda done: progress("corpus", done * len(characters), 0),
        )
    return summary.samples
