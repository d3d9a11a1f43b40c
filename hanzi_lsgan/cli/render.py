"""`render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    FontOption,
    KindOption,
    PersonOption,
    RunOption,
    SeedOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.characters import CharactersOption, read_characters
from hanzi_lsgan.cli.chosen_run import kind_beside, load_run, open_store, suit_characters

if TYPE_CHECKING:
    from data_tools.store.reader import Store
    from data_tools.store.writers import Writer
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".pdf": "PDF",
}
"""What Pillow calls the kind of a picture, by its suffix."""

_MOST_SIDE_PIXELS = {"JPEG": 65_500, "PDF": 65_500, "WEBP": 16_383, "GIF": 65_535}
"""Of a picture of some kinds; a PDF holds a JPEG. Of the others more than `check_page` allows."""

_PICTURE = "grid.png"


@app.command()
def render(
    chars: CharactersOption = None,
    font: FontOption = None,
    kind: KindOption = None,
    person: PersonOption = None,
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the real rows; the run's own by default.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Real rows, and generated rows.")] = 1,
    seed: SeedOption = 0,
    best_of: BestOfOption = 1,
    checkpoint: CheckpointOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The picture, .png, .jpg, .pdf …; grid.png in the run folder."),
    ] = None,
    scale: Annotated[
        int | None, typer.Option(min=1, max=32, help="Enlarge each pixel so many times.")
    ] = None,
) -> None:
    """Draw real above generated samples, one column a character."""
    from data_tools.files import replacing
    from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
    from data_tools.outputs import check_file

    if out is not None:
        check_file(out, tuple(_FORMATS), _PICTURE)
    folder, trained = load_run(run, checkpoint, font, kind, person)
    from hanzi_lsgan.drawing.grid import check_page, render_comparison
    from hanzi_lsgan.mark import saying_so

    named = out or folder / _PICTURE
    path = check_file(named, tuple(_FORMATS), _PICTURE)
    if chars is None:
        chosen = _first_known(PAPER_FIGURE_CHARACTERS, trained.drawable)
    else:
        chosen = read_characters(chars, trained)
    check_page(trained.info.model.size, len(chosen), 2 * rows, scale)
    font_drawn = trained.info.store.font_drawn
    with open_store(trained, data) as store:
        if store is None and not font_drawn:
            gone = trained.info.store.path
            line = f"{gone} is not there: no real rows; name a store with --data"
            console.print(line, soft_wrap=True)
        trained, chooser = suit_characters(trained, store, chosen, best_of)
        writer = _person_in(trained, store)
        kind = trained.kind if store is None else kind_beside(trained, store)
        with samples_bar() as progress:
            picture = render_comparison(
                trained.network,
                trained.charset,
                chosen,
                store=store,
                rows=rows,
                seed=seed,
                scale=scale,
                best_of=chooser,
                font_drawn=font_drawn,
                kind=kind if writer is None else writer.kind,
                sources=None if writer is None else writer.sources,
                remarks=trained.remarks,
                on_samples=progress,
            )
    format = _FORMATS[named.suffix.lower()]
    if max(picture.size) > (most := _MOST_SIDE_PIXELS.get(format, max(picture.size))):
        size = f"{picture.width:,} × {picture.height:,} pixels"
        problem = f"the picture has {size}, and a {format} at most {most:,} a side"
        raise UserError(join_message(f"--out {named}", problem, "name a .png, or lower --scale"))
    with replacing(path) as unfinished:
        picture.save(unfinished, format=format, **saying_so(format))
    if font_drawn:
        in_part = "in part " if len(trained.info.taught_kinds) > 1 else ""
        console.print(f"trained {in_part}on a font-drawn stand-in, not on handwriting")
    console.print(f"wrote {named}", soft_wrap=True)


def _person_in(trained: "TrainedGenerator", store: "Store | None") -> "Writer | None":
    """Who of a store's writers the person is whom a generator was adapted to, if it says."""
    own = trained.info.store
    if store is None or not own.writer or store.fingerprint != own.fingerprint:
        return None
    from data_tools.store.writers import find_writer

    return find_writer(store, own.writer)


def _first_known(wanted: str, charset: str) -> str:
    """Those of `wanted` that the model knows, or the beginning of its own charset."""
    known = "".join(character for character in wanted if character in charset)
    return known or charset[:24]
