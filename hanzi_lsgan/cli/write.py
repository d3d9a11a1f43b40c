"""`write`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    FontOption,
    JobsOption,
    KindOption,
    RunOption,
    SeedOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.chosen_run import choose_by_kept_recogniser, is_person, load_run
from hanzi_lsgan.cli.text_argument import read_text

if TYPE_CHECKING:
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator

_SUFFIXES = (".pdf", ".png", ".svg")
_MOST_PIXELS = 20_000  # a side, which a sheet of A4 has at 1,700 dpi
_MM_AN_INCH = 25.4
_SHOWN_PAGES = 3
_SHOWN_OTHERS = 20


@app.command()
def write(
    text: Annotated[str, typer.Argument(help="The text, a file of UTF-8 text, or - for input.")],
    out: Annotated[Path, typer.Option(help="page.pdf, .png or .svg; more sheets are numbered.")],
    preset: Annotated[
        str | None,
        typer.Option(help="letter, homework, copybook, diary, or a .toml file; options override."),
    ] = None,
    hand: Annotated[
        str,
        typer.Option(help="Whose hand: 3, 3+12 between two, or the name of one that adapt made."),
    ] = "3",
    seed: SeedOption = 0,
    title: Annotated[str, typer.Option(help="Stands in the middle of the first line.")] = "",
    sheet: Annotated[str | None, typer.Option(help="A4, A5, B5 or Letter.")] = None,
    landscape: Annotated[bool | None, typer.Option("--landscape/--upright")] = None,
    stationery: Annotated[
        str | None,
        typer.Option(help="blank, ruled, squared (方格), tian (田字格) or mi (米字格)."),
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="A picture of a sheet to write on.")
    ] = None,
    down: Annotated[
        bool | None, typer.Option("--down/--across", help="Columns from right to left.")
    ] = None,
    size: Annotated[float | None, typer.Option(help="Of a character's square, in mm.")] = None,
    margin: Annotated[float | None, typer.Option(help="On all four sides, in mm.")] = None,
    spacing: Annotated[float | None, typer.Option(help="Between characters, in squares.")] = None,
    line_spacing: Annotated[
        float | None, typer.Option(help="From line to line, in squares.")
    ] = None,
    indent: Annotated[int | None, typer.Option(help="Squares before a paragraph.")] = None,
    ink: Annotated[str | None, typer.Option(help="Colour, such as #20202c.")] = None,
    pressure: Annotated[float | None, typer.Option(help="Its changes, 0 to 1.")] = None,
    jitter: Annotated[float | None, typer.Option(help="Straying of characters, 0 to 1.")] = None,
    drift: Annotated[float | None, typer.Option(help="Wandering of lines, 0 to 1.")] = None,
    tilt: Annotated[float | None, typer.Option(help="Degrees by which lines climb.")] = None,
    dpi: Annotated[int, typer.Option(min=30, max=2400, help="Of a PNG.")] = 300,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="PNG of the ink alone, the rest see-through.")
    ] = False,
    best_of: BestOfOption = 1,
    font: FontOption = None,
    fallback: Annotated[
        bool,
        typer.Option("--fallback", help="Take what no font here has from an installed font."),
    ] = False,
    kind: KindOption = None,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
    jobs: JobsOption = None,
) -> None:
    """Write a text as a page by one hand: PDF with text to select, PNG or SVG."""
    from data_tools.characters import show_characters
    from data_tools.outputs import check_file
    from hanzi_lsgan.writing.settings import load_settings
    from hanzi_lsgan.writing.sheet_picture import load_sheet_picture

    check_file(out, _SUFFIXES, "page.pdf")
    if transparent and out.suffix.lower() != ".png":
        problem, remedy = "is for .png alone", "name a .png, or leave --transparent out"
        raise UserError(join_message("--transparent", problem, remedy))
    if transparent and background is not None:
        problem = "leaves all but the ink see-through, the picture of --background too"
        raise UserError(join_message("--transparent", problem, "leave one of them out"))
    if fallback and font is not None:
        problem = "looks for a font, and --font names one"
        raise UserError(join_message("--fallback", problem, "leave one of them out"))
    margins = {f"margin_{side}_mm": margin for side in ("top", "right", "bottom", "left")}
    settings = load_settings(
        preset,
        sheet=sheet,
        landscape=landscape,
        stationery=stationery,
        down=down,
        character_mm=size,
        spacing=spacing,
        line_spacing=line_spacing,
        indent=indent,
        ink=ink,
        pressure=pressure,
        jitter=jitter,
        drift=drift,
        tilt=tilt,
        **margins,
    )
    if out.suffix.lower() == ".png":
        _check_pixels(settings.sheet_mm, dpi)
    picture = load_sheet_picture(background) if background is not None else None
    named = read_text(text)
    person = hand if is_person(hand) else None
    _, trained = load_run(run, checkpoint, font, kind, person)
    from hanzi_lsgan.drawing.coverage import cover
    from hanzi_lsgan.writing.hand import Hand
    from hanzi_lsgan.writing.layout import ink_of
    from hanzi_lsgan.writing.sheet_files import (
        check_sheets,
        other_sheets,
        sheet_paths,
        write_sheets,
    )
    from hanzi_lsgan.writing.write import refuse_undrawable, undrawable, write_text

    # What an installed font may show is not to be taken in its plain form.
    can_draw = (lambda character: True) if fallback else trained.can_draw
    words = _clean(named.text, named.where, can_draw)
    title = _clean(title, "--title", can_draw) if title else ""
    characters = ink_of(title + words)
    if fallback and (missing := undrawable(trained, characters)):
        trained = _with_installed_font(trained, missing)
    refuse_undrawable(trained, title, "--title")
    refuse_undrawable(trained, words, named.where)
    writer = Hand.named(trained.network, "0" if person else hand, seed)
    trained = trained.with_unseen(characters)
    chooser = choose_by_kept_recogniser(trained, characters, best_of)
    with samples_bar("characters") as progress:
        writing = write_text(
            trained,
            words,
            writer,
            settings,
            title=title,
            background=picture,
            best_of=chooser,
            jobs=jobs,
            on_layout=partial(check_sheets, out, background=background),
            on_characters=progress,
        )
    paths = sheet_paths(out, len(writing.pages))
    write_sheets(writing, paths, dpi, transparent=transparent)
    if printed := cover(trained, characters).reference:
        shown = show_characters(printed)
        console.print(f"by their printed form, which no hand's font has: {shown}", soft_wrap=True)
    sheets = number_of(len(writing.pages), "sheet")
    shown = _show(paths, _SHOWN_PAGES)
    console.print(f"wrote {shown}: {sheets} by hand {hand}, generated", soft_wrap=True)
    if others := other_sheets(out, paths):
        shown = _show(others, _SHOWN_OTHERS)
        console.print(f"there from before, no sheets of this text: {shown}", soft_wrap=True)


def _show(paths: Sequence[Path], most: int) -> str:
    return ", ".join(map(str, paths[:most])) + (" …" if len(paths) > most else "")


def _clean(text: str, where: str, can_draw: Callable[[str], bool]) -> str:
    """The text that is written, with a line for each thing that is not as it was given."""
    from hanzi_lsgan.writing.write import clean_text

    cleaned = clean_text(text, where, can_draw)
    for remark in cleaned.remarks:
        console.print(remark, soft_wrap=True)
    return cleaned.characters


def _with_installed_font(trained: "TrainedGenerator", missing: str) -> "TrainedGenerator":
    """Let an installed font show characters that nothing else has; without one, nothing changes."""
    from data_tools.characters import show_characters
    from data_tools.fonts.installed import installed_font_with

    if not trained.draws_unseen or (font := installed_font_with(missing)) is None:
        return trained
    console.print(f"from {font}: {show_characters(missing)}", soft_wrap=True)
    return trained.with_reference(font, last=True)


def _check_pixels(sheet_mm: tuple[float, float], dpi: int) -> None:
    longest = max(sheet_mm) / _MM_AN_INCH * dpi
    if longest > _MOST_PIXELS:
        most = int(_MOST_PIXELS * _MM_AN_INCH / max(sheet_mm))
        problem = f"{dpi} makes a picture of {longest:,.0f} pixels"
        raise UserError(join_message("--dpi", problem, f"choose at most {most}, or a .pdf"))
