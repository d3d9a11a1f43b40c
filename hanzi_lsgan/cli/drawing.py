"""`render`, `generate` and `pack`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError
from hanzi_lsgan.cli.app import (
    CheckpointOption,
    ForceOption,
    RunOption,
    SeedOption,
    app,
    console,
    samples_bar,
)
from hanzi_lsgan.cli.runs import load_recogniser, load_run, open_store, suit_store

if TYPE_CHECKING:
    from data_tools.store import Store
    from hanzi_lsgan.best_of import BestOf
    from hanzi_lsgan.trained import TrainedGenerator

BestOfOption = Annotated[
    int,
    typer.Option(min=1, max=1000, help="Draw so many candidates, keep the one read best."),
]


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
    from data_tools.charset import PAPER_FIGURE_CHARACTERS
    from data_tools.files import replacing
    from hanzi_lsgan.render import render_comparison

    folder, trained = load_run(run, checkpoint)
    chosen = "".join(chars.split())
    chosen = chosen or _first_known(PAPER_FIGURE_CHARACTERS, trained.charset)
    font_drawn = trained.info.store.font_drawn
    with open_store(trained, data) as store:
        if store is None and not font_drawn:
            gone = trained.info.store.path
            console.print(f"{gone} is gone: no real rows; name a store with --data", soft_wrap=True)
        trained, chooser = _suit(trained, store, chosen, best_of)
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


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="A .gnt file, or a folder of PNGs.")],
    chars: Annotated[str, typer.Option(help="Characters to draw.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every character that the model knows.")
    ] = False,
    per_class: Annotated[int, typer.Option(help="Samples of each character.")] = 100,
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
    from hanzi_lsgan.export import export_samples

    chosen = "".join(chars.split())
    if bool(chosen) == everything:
        raise UserError("generate: name characters with --chars, or pass --all, one of the two")
    _, trained = load_run(run, checkpoint)
    chosen = trained.charset if everything else chosen
    total = len(chosen) * per_class
    with open_store(trained, data) as store:
        trained, chooser = _suit(trained, store, chosen, best_of)
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


@app.command()
def pack(
    out: Annotated[Path, typer.Option(help="A new folder, which --run takes.")],
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a run's generator alone, in half precision, to give away."""
    from hanzi_lsgan.cli.display import format_bytes
    from hanzi_lsgan.pack import pack as write

    _, trained = load_run(run, checkpoint)
    size = write(trained, out)
    console.print(f"wrote {out}, {format_bytes(size)} of weights", soft_wrap=True)


def _suit(
    trained: "TrainedGenerator", store: "Store | None", characters: str, candidates: int
) -> "tuple[TrainedGenerator, BestOf | None]":
    """Let the generator draw all these characters if it can, as the best of several if wanted."""
    from hanzi_lsgan.best_of import BestOf

    if candidates == 1:
        return trained.with_unseen(characters), None
    # What the recogniser has never read, it cannot choose among: the charset is the store's.
    trained, store = suit_store(trained, store)
    return trained, BestOf(trained.network, load_recogniser(trained, store), candidates)


def _first_known(wanted: str, charset: str) -> str:
    """Those of `wanted` that the model knows, or the beginning of its own charset."""
    known = "".join(character for character in wanted if character in charset)
    return known or charset[:24]
