"""`export`."""

import time
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    ForceOption,
    SeedOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.generate import MOST_PER_CLASS, FormatOption, OutOption, generate
from hanzi_lsgan.runs.run_or_store import is_run, is_store

if TYPE_CHECKING:
    from hanzi_lsgan.export.formats import Format
    from hanzi_lsgan.export.sample import Sample

_SPLITS = ("train", "test", "all")
_PER_CLASS = 100
_OF_RUNS = ("per_class", "data", "checkpoint", "seed", "best_of")


@app.command()
def export(
    context: typer.Context,
    out: OutOption,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="STORE|RUN|PAGES",
            help="A store, a run folder, or .dgrl pages of HWDB2.x, which give lines; the newest "
            "run, else weights that come along.",
        ),
    ] = None,
    format: FormatOption = None,
    split: Annotated[
        str | None, typer.Option(help="Of a store: train, test or all; train by default.")
    ] = None,
    chars: Annotated[
        str | None,
        typer.Option("--chars", help="Only these characters, or @FILE of UTF-8 text."),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_PER_CLASS, help="Of a run: samples of each character; 100."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the recogniser of --best-of; the run's own.")
    ] = None,
    seed: SeedOption = 0,
    best_of: BestOfOption = 1,
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Write samples of a store or a run, or lines of pages, in the formats that others read."""
    if source is None or (source.is_dir() and is_run(source)):
        _refuse("a run", ["split"] if split is not None else [])
        generate(
            out=out,
            chars=chars,
            everything=chars is None,
            per_class=per_class or _PER_CLASS,
            run=source,
            data=data,
            seed=seed,
            best_of=best_of,
            checkpoint=checkpoint,
            format=format,
            force=force,
        )
        return
    from hanzi_lsgan.export.formats import check_out, choose_format

    chosen_format = choose_format(out, format)
    check_out(out, chosen_format, force)
    of_runs = [name for name in _OF_RUNS if _is_given(context, name)]
    if is_store(source):
        _refuse("a store", of_runs)
        _export_store(source, out, chosen_format, split or "train", chars, force)
    else:
        of_stores = [name for name in ("split", "chars") if _is_given(context, name)]
        _refuse("pages", of_stores + of_runs)
        _export_pages(source, out, chosen_format, force)


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands in the command line, be it with its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse(kind: str, given: list[str]) -> None:
    for name in given:
        named = f"--{name.replace('_', '-')}"
        raise UserError(join_message(named, f"says nothing about {kind}", "leave it out"))


def _export_store(
    path: Path, out: Path, chosen_format: "Format", split: str, chars: str | None, force: bool
) -> None:
    from data_tools.characters import take_characters
    from data_tools.hwdb.standard_sets import expand_set
    from data_tools.splits import Split
    from data_tools.store.reader import Store
    from hanzi_lsgan.export.formats import Format, check_tags, is_one_file
    from hanzi_lsgan.export.from_store import count_samples, kinds_not_told, store_samples

    if split not in _SPLITS:
        problem, remedy = "there is no such split", f"choose {', '.join(_SPLITS)}"
        raise UserError(join_message(f"--split {split}", problem, remedy))
    splits = list(Split) if split == "all" else [Split[split.upper()]]
    with Store(path) as store:
        characters = None
        if chars is not None:
            named = expand_set(chars)
            cleaned = take_characters(named, "--chars", store.charset.__contains__).each_once()
            for remark in cleaned.remarks:
                console.print(remark, soft_wrap=True)
            characters = cleaned.characters
        check_tags(store.charset if characters is None else characters, chosen_format)
        total = count_samples(store, splits, characters)
        _write(store_samples(store, splits, characters), total, out, chosen_format, force)
        # All others have names of writers.
        is_one_gnt = chosen_format is Format.GNT and is_one_file(out, chosen_format)
        for kind in kinds_not_told(store, splits, out.name if is_one_gnt else ""):
            line = f"no file's name says what is by {kind}: `prepare --kind {kind}=PATH` does"
            console.print(line, soft_wrap=True, markup=False)


def _export_pages(path: Path, out: Path, chosen_format: "Format", force: bool) -> None:
    from hanzi_lsgan.cli.path_kinds import describe_other
    from hanzi_lsgan.export.from_pages import find_pages, page_samples

    if not path.exists():
        remedy = "name a store, a run folder, or pages of HWDB2.x"
        raise UserError(join_message(str(path), "there is no such file or folder", remedy))
    pages = find_pages(path)
    if not pages:
        raise describe_other(path, "no store, no run and no page")
    left_out: list[str] = []
    lines = page_samples(pages, left_out.append)
    if (first := next(lines, None)) is None:
        problem = f"has no line to write ({_name_lines(left_out)})" if left_out else "has no line"
        raise UserError(join_message(str(path), problem, "name other pages of HWDB2.x"))
    _write(chain([first], lines), 0, out, chosen_format, force)
    if left_out:
        console.print(_name_lines(left_out), soft_wrap=True, markup=False)


def _name_lines(left_out: list[str]) -> str:
    """Which lines of pages are left out, and why."""
    some = ", ".join(left_out[:3]) + (" …" if len(left_out) > 3 else "")
    lines = number_of(len(left_out), "line")
    return (
        f"left out, since they have no text or a character of theirs has no code: {lines} ({some})"
    )


def _write(
    samples: "Iterable[Sample]", total: int, out: Path, chosen_format: "Format", force: bool
) -> None:
    from hanzi_lsgan.export.formats import write_samples

    started = time.perf_counter()
    with samples_bar() as progress:
        count = write_samples(
            samples,
            out,
            chosen_format,
            force=force,
            on_samples=lambda done: progress("write", done, total),
        )
    rate = count / (time.perf_counter() - started)
    console.print(f"wrote {number_of(count, 'sample')} to {out} ({rate:,.0f}/s)", soft_wrap=True)
