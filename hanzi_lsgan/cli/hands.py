"""`hands`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    CheckpointOption,
    FontOption,
    KindOption,
    RunOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.chosen_run import load_run, name_passed_over

_SAMPLE = "永和九年，春夏秋冬"
_MOST_HANDS = 200
_MOST_CHARACTERS = 24
_LAST_HAND = 999_999_999


@app.command()
def hands(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The picture: .png or .pdf.")] = Path("hands.png"),
    count: Annotated[int, typer.Option(min=1, max=_MOST_HANDS, help="How many hands.")] = 12,
    first: Annotated[int, typer.Option(min=0, max=_LAST_HAND, help="The first one.")] = 0,
    text: Annotated[str, typer.Option(help="What each writes.")] = _SAMPLE,
    data: Annotated[
        Path | None,
        typer.Option(help="A store: list who wrote it, whom `adapt --writer` takes, and end."),
    ] = None,
    font: FontOption = None,
    kind: KindOption = None,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Draw a gallery of hands, each with the number that `write --hand` takes."""
    from data_tools.characters import take_characters
    from data_tools.errors import UserError, join_message
    from data_tools.files import replacing
    from data_tools.outputs import check_file

    if data is not None:
        _refuse_drawing_options(context)
        _list_writers(data)
        return
    if first + count - 1 > _LAST_HAND:
        problem = f"{count} hands from there go beyond the last, {_LAST_HAND:,}"
        raise UserError(join_message(f"--first {first}", problem, "lower it, or --count"))
    target = check_file(out, (".png", ".pdf"), "hands.png")
    _, trained = load_run(run, checkpoint, font, kind)
    from hanzi_lsgan.runs.runs_here import adapted_runs

    people = adapted_runs(on_damaged=name_passed_over)
    from hanzi_lsgan.writing.gallery import draw_gallery
    from hanzi_lsgan.writing.pdf_file import pdf_bytes
    from hanzi_lsgan.writing.png_file import png_pages

    cleaned = take_characters(text, "--text", trained.can_draw)
    for remark in cleaned.remarks:
        console.print(remark, soft_wrap=True)
    if len(cleaned.characters) > _MOST_CHARACTERS:
        problem = f"has {len(cleaned.characters)} characters"
        raise UserError(join_message("--text", problem, f"give at most {_MOST_CHARACTERS}"))
    with samples_bar() as progress:
        writing = draw_gallery(
            trained, range(first, first + count), cleaned.characters, on_characters=progress
        )
    content = pdf_bytes(writing.pages, writing.facts)
    if target.suffix.lower() == ".png":
        content = next(png_pages(content, 150, writing.facts))
    with replacing(target) as unfinished:
        unfinished.write_bytes(content)
    drawn = number_of(count, "hand")
    console.print(f"wrote {out}: {drawn}; write with --hand NUMBER", soft_wrap=True)
    if people:
        names = ", ".join(shlex.quote(path.name) for path in people)
        console.print(f"people that adapt has learned: {names}; --hand NAME", soft_wrap=True)


def _refuse_drawing_options(context: typer.Context) -> None:
    """Make sure that nothing is asked of the gallery where a store's writers are listed.

    Raises:
        UserError: some of its options are given.
    """
    from data_tools.errors import UserError, join_message

    given = []
    for name in context.params:
        source = context.get_parameter_source(name)
        if name != "data" and source is not None and source.name == "COMMANDLINE":
            given.append(f"--{name}")
    if given:
        problem = "does not go with --data, which lists the writers and draws nothing"
        raise UserError(join_message(", ".join(given), problem, "leave one or the other out"))


def _list_writers(data: Path) -> None:
    """Print who wrote a store: name, kind of writing where there are several, and how much.

    Raises:
        UserError: it is no store.
    """
    from hanzi_lsgan.cli.path_kinds import refuse_no_store

    refuse_no_store(data)
    from data_tools.store.reader import Store
    from data_tools.store.writers import LEAST_CHARACTERS, has_known_hands, writers_of

    with Store(data) as store:
        writers = writers_of(store)
        enough = has_known_hands(store)
    for writer in writers:
        columns = filter(None, [writer.name, writer.kind, f"{writer.characters}"])
        typer.echo("\t".join(columns))  # rich would make spaces of tabs
    line = f"{number_of(len(writers), 'writer')} and how many characters each wrote"
    remedy = f"adapt --data {shlex.quote(str(data))}"
    if enough:
        line += f"; {remedy} --writer NAME learns one's hand"
    else:
        line += f", fewer than the {LEAST_CHARACTERS} that adapt needs of one; "
        line += f"{remedy} takes all for one person's"
    console.print(line, soft_wrap=True)
