"""`prepare`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
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

if TYPE_CHECKING:
    from data_tools.forms.reading import ReadForms
    from data_tools.sources.writing_kinds import WritingKinds

RAW_DATA = Path("data/raw")
CharsetOption = Annotated[
    str | None,
    typer.Option(
        help="hanzi (the default), all (that of --form), a set (gb2312, gb2312-1 and -2, "
        "general-standard, general-standard-1 to -3, big5-1, form-30, form-100, form-200), a UTF-8 "
        "file, or the characters themselves."
    ),
]


@app.command()
def prepare(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            help="HWDB .gnt files, pictures, folders, archives, Parquet, LMDB, WebDataset or "
            "stores; data/raw by default."
        ),
    ] = None,
    form: Annotated[
        bool,
        typer.Option("--form", help="The sources are photographs of filled-in forms, or folders."),
    ] = False,
    out: Annotated[Path, typer.Option(help="The store to write.")] = DEFAULT_STORE,
    test: Annotated[
        list[Path] | None, typer.Option(help="Sources of the test split, one or several.")
    ] = None,
    test_writers: Annotated[
        float | None,
        typer.Option(help="Share of the train writers to test on instead, chosen by name: 0.1."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="What wrote a source, told to the model: pen=PATH, or pen for the rest but what a "
            "store tells."
        ),
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
    charset: CharsetOption = None,
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
    from data_tools.sources.writing_kinds import WritingKinds
    from data_tools.store.prepare import check_out
    from data_tools.store.prepare import prepare as convert
    from data_tools.store.reader import Store

    kinds = WritingKinds.parse(kind or ())
    sources = _with_named_kinds(sources, test, kinds)
    if form:
        _check_form(sources, ink, writer_pattern)
    chosen_fit = check_fit(fit)
    glyph = GlyphOptions(
        size, chosen_fit, default_margin(size, chosen_fit) if margin is None else margin
    )
    chosen_charset = charset
    if chosen_charset is None:
        chosen_charset = "all" if form else "hanzi"
    characters = parse_charset(chosen_charset)
    check_file(out)
    check_out(out, force)
    if test_writers is not None:
        check_share(test_writers)
    with (
        _sources_or_corpus(sources, test, chosen_charset) as (chosen, chosen_test),
        samples_bar() as progress,
    ):
        read = _read_forms(chosen, chosen_test, skip_bad, progress) if form else None
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
            forms=read.parts() if read else (),
            kinds=kinds,
            force=force,
            on_progress=progress,
        )
    with Store(result.out) as store:
        show_store(store)
    for line in [*(read.lines if read else []), *result.notes]:
        console.print(line, markup=False, soft_wrap=True)
    for line in [*(read.damaged if read else []), *result.damaged]:
        console.print(f"left out: {line}", markup=False, soft_wrap=True)
    if result.missing:
        some = result.missing[:40] + (" …" if len(result.missing) > 40 else "")
        count = len(result.missing)
        console.print(f"asked for, but in no source ({count:,}): {some}", markup=False)
    console.print(f"contact sheet: {result.contact_sheet}", markup=False, soft_wrap=True)
    if read:
        drawn = _draw_cut_sheet(read, result.out)
        console.print(f"what was cut: {drawn}", markup=False, soft_wrap=True)


def _with_named_kinds(
    sources: list[Path] | None, test: list[Path] | None, kinds: "WritingKinds"
) -> list[Path] | None:
    """The sources, and what `--kind` names beside them, unless it lies in one or holds one.

    Raises:
        UserError: there is nothing at what `--kind` names.
    """
    from data_tools.sources.writing_kinds import lies_in

    for path in kinds.places:
        if not path.exists():
            problem = "there is no such file or folder"
            raise UserError(join_message(f"--kind {path}", problem, "name a source"))
    named = [*(sources or []), *(test or [])]
    more = []
    for path in kinds.places:
        if any(lies_in(path, one) for one in named):
            continue
        if any(lies_in(one, path) for one in sources or []):
            line = f"--kind {path}: of what lies there only the sources named are read"
            console.print(line, soft_wrap=True, markup=False)
        else:
            more.append(path)
    return [*(sources or []), *more] if more else sources


def _check_form(sources: list[Path] | None, ink: str, writer_pattern: str | None) -> None:
    """Refuse what has no meaning for photographs of forms."""
    if not sources:
        remedy = "name photographs of a form, or a folder of them"
        raise UserError(join_message("--form", "no photograph is named", remedy))
    for option, given in (("--ink", ink != "auto"), ("--writer-pattern", writer_pattern)):
        if given:
            problem = "has no meaning with --form, whose ink is dark and whose writers are folders"
            raise UserError(join_message(option, problem, "leave it out"))


def _read_forms(
    sources: list[Path],
    test: list[Path],
    skip_bad: bool,
    progress: Callable[[str, int, int], None],
) -> "ReadForms":
    from data_tools.forms.reading import read_forms

    return read_forms(
        sources,
        test,
        skip_bad=skip_bad,
        on_photograph=lambda done, total: progress("photographs", done, total),
    )


def _draw_cut_sheet(read: "ReadForms", out: Path) -> str:
    """Draw what was cut; where it is, and what of it is shown."""
    from data_tools.forms.cut_sheet import MOST_PAGES, cut_sheet_path, draw_cut_sheet

    pages = [page for writer in read.writers for page in writer.pages.values()]
    shown = f"{draw_cut_sheet(pages, cut_sheet_path(out))}"
    if len(pages) > MOST_PAGES:
        shown += f" (the first {MOST_PAGES} of {len(pages):,} pages)"
    return shown


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
