"""`prepare`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hanzi_lsgan.cli.app import (
    DEFAULT_STORE,
    ForceOption,
    JobsOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.corpus import CORPUS_WRITERS, write_corpus_with_progress
from hanzi_lsgan.cli.info import show_store

RAW_DATA = Path("data/raw")
CharsetOption = Annotated[
    str,
    typer.Option(
        help="hanzi, all, a set (gb2312, gb2312-1 and -2, general-standard, general-standard-1 "
        "to -3, big5-1), a UTF-8 file, or the characters themselves."
    ),
]


@app.command()
def prepare(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="HWDB .gnt files, pictures, folders or archives; data/raw by default."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The store to write.")] = DEFAULT_STORE,
    test: Annotated[
        list[Path] | None, typer.Option(help="Sources of the test split, one or several.")
    ] = None,
    test_writers: Annotated[
        float | None,
        typer.Option(help="Share of the train writers to test on instead, chosen by name: 0.1."),
    ] = None,
    ink: Annotated[
        str, typer.Option(help="Of pictures: dark, light, or auto to let their borders tell.")
    ] = "auto",
    writer_pattern: Annotated[
        str | None,
        typer.Option(
            help="Regular expression that finds a picture's writer in its path: 'writer_(\\d+)'."
        ),
    ] = None,
    size: Annotated[int, typer.Option(help="Side of a glyph: 28, 32, 48, 64, 96 or 128.")] = 64,
    fit: Annotated[
        str, typer.Option(help="aspect keeps proportions; stretch squashes, as the original did.")
    ] = "aspect",
    margin: Annotated[
        int | None, typer.Option(help="Pixels of background around the ink; 1/32 of the size.")
    ] = None,
    charset: CharsetOption = "hanzi",
    jobs: JobsOption = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on past damaged records, and list them.")
    ] = False,
    compress: Annotated[
        bool, typer.Option("--compress", help="Make the store small, to give away; gzip.")
    ] = False,
    drop_copies: Annotated[
        bool,
        typer.Option("--drop-copies", help="Of samples with the same pixels and label keep one."),
    ] = False,
    force: ForceOption = False,
) -> None:
    """Turn HWDB .gnt files into one HDF5 store; without any, build a font-drawn sample corpus."""
    from data_tools.glyphs.fit import GlyphOptions, check_fit, default_margin
    from data_tools.hwdb.charset import parse_charset
    from data_tools.outputs import check_file
    from data_tools.sources.split_choice import check_share
    from data_tools.store.prepare import check_out
    from data_tools.store.prepare import prepare as convert
    from data_tools.store.reader import Store

    chosen_fit = check_fit(fit)
    glyph = GlyphOptions(
        size, chosen_fit, default_margin(size, chosen_fit) if margin is None else margin
    )
    characters = parse_charset(charset)
    check_file(out)
    check_out(out, force)
    if test_writers is not None:
        check_share(test_writers)
    with (
        _sources_or_corpus(sources, test, charset) as (chosen, chosen_test),
        samples_bar() as progress,
    ):
        result = convert(
            chosen,
            out,
            test_sources=chosen_test,
            test_writers=test_writers,
            ink=ink,
            writer_pattern=writer_pattern,
            glyph=glyph,
            charset=characters,
            jobs=jobs,
            skip_bad=skip_bad,
            compress=compress,
            drop_copies=drop_copies,
            force=force,
            on_progress=progress,
        )
    with Store(result.out) as store:
        show_store(store)
    for line in result.notes:
        console.print(line, markup=False, soft_wrap=True)
    for line in result.damaged:
        console.print(f"left out: {line}", markup=False, soft_wrap=True)
    if result.missing:
        some = result.missing[:40] + (" …" if len(result.missing) > 40 else "")
        count = len(result.missing)
        console.print(f"asked for, but in no source ({count:,}): {some}", markup=False)
    console.print(f"contact sheet: {result.contact_sheet}", markup=False, soft_wrap=True)


@contextmanager
def _sources_or_corpus(
    sources: list[Path] | None, test: list[Path] | None, charset: str
) -> Iterator[tuple[list[Path], list[Path]]]:
    """What the user names, else `data/raw`, else a sample corpus that is gone afterwards."""
    from data_tools.sources.find import SOURCE_SUFFIXES

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
            write_corpus_with_progress(corpus_folder, CORPUS_WRITERS, charset, 0, None)
            yield [corpus_folder], []
