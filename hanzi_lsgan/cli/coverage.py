"""`coverage`."""

from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.characters import clean_characters, show_characters
from data_tools.errors import join_message
from hanzi_lsgan.cli.app import (
    CheckpointOption,
    FontOption,
    JsonOption,
    RunOption,
    app,
    console,
    keep_output_for_json,
    print_json,
    results,
)
from hanzi_lsgan.cli.chosen_run import load_run
from hanzi_lsgan.cli.text_argument import NamedText, read_text

if TYPE_CHECKING:
    from hanzi_lsgan.drawing.coverage import Coverage

EXIT_SOME_MISSING = 1
_MOST_SHOWN = 20
_NAMES = {
    "trained": "trained",
    "unseen": "unseen, in a hand's font",
    "reference": "unseen, from the reference font alone",
    "missing": "missing",
}


@app.command()
def coverage(
    what: Annotated[
        str,
        typer.Argument(
            metavar="TEXT|FILE|SET",
            help="Characters, a UTF-8 file of text, - for input, or a set: gb2312, gb2312-1 "
            "and -2, general-standard, general-standard-1 to -3, big5-1.",
        ),
    ],
    font: FontOption = None,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="List all characters, not the first twenty of a kind.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which characters of a text can be drawn, and from what; exit code 1 if not all."""
    keep_output_for_json(as_json)
    named = _text_of(what)
    _, trained = load_run(run, checkpoint, font)
    from hanzi_lsgan.drawing.coverage import cover

    # As `write` and `lines` clean a text, which draw ① by its printed form, not as 1.
    cleaned = clean_characters(named.text, named.where, trained.can_draw)
    for remark in cleaned.remarks:
        console.print(remark, soft_wrap=True)
    found = cover(trained, cleaned.characters)
    if as_json:
        facts = {n: {"count": len(p), "characters": p} for n, p in found.parts().items()}
        print_json(facts)
    else:
        _show(found, show_all)
    if found.missing:
        remedy = "leave them out"
        if not trained.draws_unseen:
            remedy += ", or train with --set model.label_embedding=glyph"
        line = join_message("missing", f"{len(found.missing):,} of the characters", remedy)
        (console if as_json else results).print(line, soft_wrap=True)
        raise typer.Exit(EXIT_SOME_MISSING)


def _text_of(what: str) -> NamedText:
    """What is named: a set, or else a text."""
    from data_tools.hwdb.standard_sets import named_set

    if (characters := named_set(what)) is not None:
        return NamedText("".join(sorted(characters)), what)
    return read_text(what)


def _show(found: "Coverage", show_all: bool) -> None:
    from hanzi_lsgan.cli.display import text_table

    most = _MOST_SHOWN
    if show_all:
        most = max(len(part) for part in found.parts().values())
    rows = [
        (_NAMES[name], f"{len(part):,}", show_characters(part, most=most))
        for name, part in found.parts().items()
    ]
    total = sum(len(part) for part in found.parts().values())
    title = f"{total:,} different characters"
    results.print(text_table(title, ("known by", "number", "characters"), rows))
