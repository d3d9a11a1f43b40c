"""`lines`."""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    CheckpointOption,
    FontOption,
    ForceOption,
    JobsOption,
    KindOption,
    PersonOption,
    RunOption,
    SeedOption,
    SpreadOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.chosen_run import load_run, suit_characters
from hanzi_lsgan.cli.text_argument import NamedText, read_text

if TYPE_CHECKING:
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator
    from hanzi_lsgan.writing.line_texts import LineTexts

_MOST_LINES = 100_000_000
_MOST_CHARACTERS = 200

StrengthOption = Annotated[float | None, typer.Option(min=0, max=1, show_default="0.5")]


@app.command()
def lines(
    out: Annotated[Path, typer.Option(help="FILE.tar, NAME.lmdb, or a folder of PNGs.")],
    text: Annotated[
        str | None,
        typer.Argument(help="The text, a file of UTF-8 text, or - for input; each line is one."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_LINES, help="Lines; as many as the text has by default."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option(
            help="In the place of a text, characters by lot: known (all that the model was "
            "trained on), gb2312-1, gb2312, the characters, or @FILE."
        ),
    ] = None,
    balance: Annotated[
        bool, typer.Option("--balance", help="With --sample: each character equally often.")
    ] = False,
    max_length: Annotated[
        int, typer.Option(min=1, max=_MOST_CHARACTERS, help="Characters of a line.")
    ] = 25,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out what cannot be drawn.")
    ] = False,
    down: Annotated[bool, typer.Option("--down/--across", help="Columns.")] = False,
    hands: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="By so many hands; each has its own by default."),
    ] = None,
    lines_a_hand: Annotated[
        int, typer.Option(min=1, max=100_000, help="That a hand writes in a row.")
    ] = 1,
    reuse: Annotated[
        bool,
        typer.Option(
            "--reuse",
            help="Draw a character once for the lines that a hand writes in a row, and bend it a "
            "little where it comes again: faster, less varied.",
        ),
    ] = False,
    spread: SpreadOption = 1.0,
    clean: Annotated[bool, typer.Option("--clean", help="Black on white, undamaged.")] = False,
    bleed: StrengthOption = None,
    perspective: StrengthOption = None,
    texture: StrengthOption = None,
    shadow: StrengthOption = None,
    blur: StrengthOption = None,
    jpeg: StrengthOption = None,
    seed: SeedOption = 0,
    font: FontOption = None,
    kind: KindOption = None,
    person: PersonOption = None,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
    jobs: JobsOption = None,
    force: ForceOption = False,
) -> None:
    """Write labelled lines by many hands, with boxes of their characters, to train OCR with."""
    strengths = {
        "bleed": bleed,
        "perspective": perspective,
        "texture": texture,
        "shadow": shadow,
        "blur": blur,
        "jpeg": jpeg,
    }
    given = {name: value for name, value in strengths.items() if value is not None}
    _check_options(text, count, sample, balance, clean and any(given.values()))
    if reuse and lines_a_hand == 1:
        problem = "a hand writes one line only"
        raise UserError(join_message("--reuse", problem, "pass --lines-a-hand 100 or so too"))
    from hanzi_lsgan.export.line_files import check_lines_out, write_lines

    check_lines_out(out, force)
    named = read_text(text) if text is not None else NamedText("", "")
    _, trained = load_run(run, checkpoint, font, kind, person)
    trained = trained.with_spread(spread)
    from hanzi_lsgan.mark import MARK
    from hanzi_lsgan.writing.line_degradations import Degradations
    from hanzi_lsgan.writing.lines import LineSettings, draw_lines

    if sample is not None:
        texts = _sample(trained, sample, count or 0, max_length, seed, balance, skip_unknown)
    else:
        texts = _texts(trained, named, count, max_length, skip_unknown)
    characters = "".join(dict.fromkeys("".join(texts))).replace(" ", "")
    trained, _ = suit_characters(trained, None, characters, 1)
    degradations = Degradations.none() if clean else Degradations(**given)
    settings = LineSettings(
        seed=seed,
        down=down,
        hands=hands,
        lines_a_hand=lines_a_hand,
        reuse=reuse,
        degradations=degradations,
    )
    facts = {
        "made_by": MARK,
        "format": "lines",
        "lines": len(texts),
        "down": down,
        "seed": seed,
        "spread": spread,
        "degradations": vars(degradations),
    }
    started = time.perf_counter()
    drawn = draw_lines(trained, texts, settings, jobs=jobs)
    # Closed, so that its processes end where a line cannot be written.
    with samples_bar("lines") as progress, closing(drawn):
        written = write_lines(
            drawn,
            out,
            facts,
            force=force,
            on_samples=lambda done: progress("lines", done, len(texts)),
        )
    rate = written / (time.perf_counter() - started)
    line = number_of(written, "line")
    console.print(f"wrote {line} to {out} ({rate:,.0f}/s), generated", soft_wrap=True)


def _check_options(
    text: str | None, count: int | None, sample: str | None, balance: bool, damaged: bool
) -> None:
    if (text is None) == (sample is None):
        problem = "give a text, or --sample, one of the two"
        raise UserError(f"lines: {problem}; see `hanzi-lsgan lines --help`")
    if balance and sample is None:
        problem, remedy = "says nothing about a text", "leave it out, or pass --sample"
        raise UserError(join_message("--balance", problem, remedy))
    if sample is not None and count is None:
        raise UserError(join_message("--sample", "it is not said how many", "pass --count 1000"))
    if damaged:
        problem = "does not go with a strength above 0"
        raise UserError(join_message("--clean", problem, "pass --texture 0 and so on in its place"))


def _texts(
    trained: "TrainedGenerator",
    named: NamedText,
    count: int | None,
    max_length: int,
    skip_unknown: bool,
) -> tuple[str, ...]:
    from hanzi_lsgan.writing.line_texts import lines_of_text

    can_draw = trained.can_draw
    found = lines_of_text(
        named.text, max_length, can_draw, where=named.where, skip_unknown=skip_unknown
    )
    _report(found)
    if count is None:
        return found.texts
    return tuple(found.texts[number % len(found.texts)] for number in range(count))


def _report(found: "LineTexts") -> None:
    for remark in found.remarks:
        console.print(remark, soft_wrap=True)
    if found.left_out:
        problem = f"{number_of(found.left_out, 'line')} with characters that cannot be drawn"
        console.print(f"left out: {problem}", soft_wrap=True)


def _sample(
    trained: "TrainedGenerator",
    sample: str,
    count: int,
    max_length: int,
    seed: int,
    balance: bool,
    skip_unknown: bool,
) -> tuple[str, ...]:
    from data_tools.characters import show_characters
    from data_tools.hwdb.charset import parse_charset
    from hanzi_lsgan.writing.line_texts import sampled_lines

    if sample == "known":
        characters = trained.drawable
    else:
        chosen = parse_charset(sample, "--sample")
        if chosen.characters is None:
            remedy = "choose known, gb2312-1, gb2312, characters, or @FILE"
            raise UserError(join_message(f"--sample {sample}", "names no set of its own", remedy))
        characters = "".join(sorted(chosen.characters))
        lacking = [c for c in characters if not trained.can_draw(c)]
        named = number_of(len(lacking), "character")
        if lacking and (not skip_unknown or len(lacking) == len(characters)):
            problem = f"{named} cannot be drawn: {show_characters(lacking)}"
            remedy = "leave them out, by --skip-unknown too"
            raise UserError(join_message(f"--sample {sample}", problem, remedy))
        characters = "".join(c for c in characters if c not in set(lacking))
        if lacking:
            console.print(f"left out: {named} that cannot be drawn")
    return sampled_lines(characters, count, max_length, seed, balance=balance)
