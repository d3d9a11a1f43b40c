"""`render`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanzi_lsgan.cli.app import (
    BestOfOption,
    CheckpointOption,
    RunOption,
    SeedOption,
    app,
    console,
)
from hanzi_lsgan.cli.chosen_run import load_run, open_store, suit_characters

if TYPE_CHECKING:
    pass


@app.command()
def render(
    chars: Annotated[str, typer.Option(help="Characters to draw, one column each.")] = "",
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store of the real rows; the run's own by default.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Real rows, and generated rows.")] = 1,
    seed: SeedOption = 0,
    best_of: BestOfOption = 1,
    checkpoint: CheckpointOption = None,
    out: Annotated[
        Path | None, typer.Option(help="The PNG; grid.png in the run folder by default.")
    ] = None,
    scale: Annotated[
        int | None, typer.Option(min=1, max=32, help="Enlarge each pixel so many times.")
    ] = None,
) -> None:
    """Draw real above generated samples, one column a character."""
    from data_tools.files import replacing
    from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
    from hanzi_lsgan.drawing.grid import render_comparison

    folder, trained = load_run(run, checkpoint)
    chosen = "".join(chars.split())
    chosen = chosen or _first_known(PAPER_FIGURE_CHARACTERS, trained.charset)
    font_drawn = trained.info.store.font_drawn
    with open_store(trained, data) as store:
        if store is None and not font_drawn:
            gone = trained.info.store.path
            console.print(f"{gone} is gone: no real rows; name a store with --data", soft_wrap=True)
        trained, chooser = suit_characters(trained, store, chosen, best_of)
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
            unseen=trained.unseen,
        )
    path = out or folder / "grid.png"
    with replacing(path) as unfinished:
        picture.save(unfinished, format="PNG")
    if font_drawn:
        console.print("trained on a font-drawn stand-in, not on handwriting")
    console.print(f"wrote {path}", soft_wrap=True)


def _first_known(wanted: str, charset: str) -> str:
    """Those of `wanted` that the model knows, or the beginning of its own charset."""
    known = "".join(character for character in wanted if character in charset)
    return known or charset[:24]
