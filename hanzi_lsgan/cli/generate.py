"""`generate`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from data_tools.characters import show_characters
from data_tools.errors import UserError
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    FontOption,
    ForceOption,
    KindOption,
    PersonOption,
    RunOption,
    SeedOption,
    SpreadOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.characters import CharactersOption, read_characters
from hanzi_lsgan.cli.chosen_run import load_run, open_store, suit_characters

MOST_PER_CLASS = 100_000

OutOption = Annotated[
    Path,
    typer.Option(help="FILE.gnt, .tar or .parquet, NAME.lmdb, or a folder of PNGs."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        help="gnt, images, lmdb, tar or parquet; by the suffix of --out by default. gnt and tar "
        "make several files in a folder."
    ),
]


@app.command()
def generate(
    out: OutOption,
    chars: CharactersOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every character that the model knows.")
    ] = False,
    per_class: Annotated[
        int, typer.Option(min=1, max=MOST_PER_CLASS, help="Samples of each character.")
    ] = 100,
    font: FontOption = None,
    kind: KindOption = None,
    person: PersonOption = None,
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the recogniser of --best-of; the run's own.")
    ] = None,
    seed: SeedOption = 0,
    best_of: BestOfOption = 1,
    spread: SpreadOption = 1.0,
    checkpoint: CheckpointOption = None,
    format: FormatOption = None,
    in_square: Annotated[
        bool, typer.Option("--in-square", help="As large as it is in its square, and there.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write labelled synthetic samples, in HWDB's own format or in one that trainers read."""
    if (chars is not None) == everything:
        raise UserError("generate: name characters with --chars, or pass --all, one of the two")
    from data_tools.sources.writing_kinds import kind_told_by
    from hanzi_lsgan.export.formats import (
        Format,
        check_out,
        check_tags,
        choose_format,
        is_one_file,
    )

    chosen_format = choose_format(out, format)
    check_out(out, chosen_format, force)
    _, trained = load_run(run, checkpoint, font, kind, person)
    trained = trained.with_spread(spread)
    from hanzi_lsgan.export.samples import export_samples

    if chars is not None:
        chosen = read_characters(chars, trained, as_set=True)
    else:
        chosen = trained.drawable
        if lacking := [character for character in trained.charset if character not in chosen]:
            line = f"left out, as the store had no train sample of them: {show_characters(lacking)}"
            console.print(line, soft_wrap=True)
    check_tags(chosen, chosen_format)
    total = len(chosen) * per_class
    if best_of == 1 and data is None:  # the run's own store may be damaged, and nothing reads it
        trained, chooser = suit_characters(trained, None, chosen, best_of)
    else:
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
            format=chosen_format,
            force=force,
            best_of=chooser,
            in_square=in_square,
            on_samples=lambda done: progress("draw", done, total),
        )
    rate = count / (time.perf_counter() - started)
    kept = f", each the best of {best_of}" if best_of > 1 else ""
    samples = number_of(count, "sample")
    console.print(f"wrote {samples}{kept} to {out} ({rate:,.0f}/s)", soft_wrap=True)
    # A record has no room to say so, and in tables the names of hands do, which the best of several
    # have not; the name of the file is the user's.
    if chosen_format is Format.GNT:
        is_untold = is_one_file(out, chosen_format)
    else:
        is_untold = chosen_format is not Format.IMAGES and best_of > 1
    if is_untold and not kind_told_by(out.name):
        line = f"no name such as generated-…{out.suffix} says "
        line += "that a model drew them: `prepare --kind generated=PATH` does"
        console.print(line, soft_wrap=True)
