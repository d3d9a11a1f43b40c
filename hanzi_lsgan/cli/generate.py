"""`generate`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from data_tools.errors import UserError
from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    ForceOption,
    RunOption,
    SeedOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.characters import CharactersOption, read_characters
from hanzi_lsgan.cli.chosen_run import load_run, open_store, suit_characters

_MOST_PER_CLASS = 100_000


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="A .gnt file, or a folder of PNGs.")],
    chars: CharactersOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every character that the model knows.")
    ] = False,
    per_class: Annotated[
        int, typer.Option(min=1, max=_MOST_PER_CLASS, help="Samples of each character.")
    ] = 100,
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the recogniser of --best-of; the run's own.")
    ] = None,
    seed: SeedOption = 0,
    best_of: BestOfOption = 1,
    checkpoint: CheckpointOption = None,
    force: ForceOption = False,
) -> None:
    """Write labelled synthetic samples, in HWDB's own format or as PNGs."""
    if (chars is not None) == everything:
        raise UserError("generate: name characters with --chars, or pass --all, one of the two")
    from hanzi_lsgan.export.samples import check_out, check_tags, export_samples

    check_out(out, force)
    _, trained = load_run(run, checkpoint)
    chosen = trained.charset
    if chars is not None:
        chosen = read_characters(chars, trained, as_set=True)
    check_tags(chosen, out)
    total = len(chosen) * per_class
    with open_store(trained, data) as store:
        trained, chooser = suit_characters(trained, store, chosen, best_of)
    started = time.perf_counter()
    with samples_bar() as progress:
        count = export_samples(
            trained.network,
            trained.charset,
            chosen,
            out,
            per_class=per_class,
            seed=seed,
            force=force,
            best_of=chooser,
            on_samples=lambda done: progress("draw", done, total),
        )
    rate = count / (time.perf_counter() - started)
    kept = f", each the best of {best_of}" if best_of > 1 else ""
    console.print(f"wrote {count:,} samples{kept} to {out} ({rate:,.0f}/s)", soft_wrap=True)
