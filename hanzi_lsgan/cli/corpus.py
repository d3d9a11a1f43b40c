"""`corpus`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hanzi_lsgan.cli.app import JobsOption, SeedOption, app, console, samples_bar

CORPUS_WRITERS = 400
_MOST_WRITERS = 100_000


@app.command()
def corpus(
    out: Annotated[Path, typer.Option(help="Folder for the .gnt files.")],
    writers: Annotated[
        int,
        typer.Option(min=1, max=_MOST_WRITERS, help="Simulated writers of the train split."),
    ] = CORPUS_WRITERS,
    test_writers: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_WRITERS, help="Further ones to test on; a tenth as many."),
    ] = None,
    per_character: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MOST_WRITERS,
            help="So many of the train split's writers write each character; else all do.",
        ),
    ] = None,
    charset: Annotated[
        str | None, typer.Option(help="Characters or a UTF-8 file; those of the paper's figure.")
    ] = None,
    font: Annotated[
        list[Path] | None,
        typer.Option(
            help="Writers write with this font and not the bundled ones; may be repeated."
        ),
    ] = None,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
) -> None:
    """Draw a sample corpus of .gnt files from bundled fonts: a stand-in, not handwriting."""
    from data_tools.outputs import check_folder

    check_folder(out)
    written = write_corpus_with_progress(
        out, writers, charset, seed, jobs, font or (), test_writers, per_character
    )
    console.print(
        f"{written:,} font-drawn samples in {out}; next: hanzi-lsgan prepare {out}", soft_wrap=True
    )


def write_corpus_with_progress(
    out: Path,
    writers: int,
    charset: str | None,
    seed: int,
    jobs: int | None,
    fonts: Sequence[Path] = (),
    test_writers: int | None = None,
    per_character: int | None = None,
) -> int:
    """Write the corpus, by default of the paper's characters; the number of samples."""
    from data_tools.fonts.corpus import corpus_characters, write_corpus

    characters = corpus_characters("hanzi" if charset is None else charset, fonts)
    with samples_bar() as progress:
        summary = write_corpus(
            out,
            characters=characters,
            writers=writers,
            test_writers=test_writers,
            per_character=per_character,
            seed=seed,
            fonts=fonts,
            jobs=jobs,
            on_samples=lambda done: progress("corpus", done, 0),
        )
    return summary.samples
