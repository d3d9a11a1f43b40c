"""`render` and `generate`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError
from hanzi_lsgan.cli.app import ForceOption, SeedOption, app, console, samples_bar

if TYPE_CHECKING:
    from data_tools.store import Store
    from hanzi_lsgan.checkpoint import TrainedGenerator

RunOption = Annotated[
    Path | None, typer.Option("--run", help="Run folder; the newest under runs/ by default.")
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

    folder, trained = _load_run(run)
    charset = trained.info.charset
    chosen = "".join(chars.split()) or _first_known(PAPER_FIGURE_CHARACTERS, charset)
    with _store_for_real_rows(trained, data) as store:
        picture = render_comparison(
            trained.network, charset, chosen, store=store, rows=rows, seed=seed, scale=scale
        )
    path = out or folder / "grid.png"
    with replacing(path) as unfinished:
        picture.save(unfinished, format="PNG")
    if trained.info.store.font_drawn:
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
    seed: SeedOption = 0,
    force: ForceOption = False,
) -> None:
    """Write labelled synthetic samples, in HWDB's own format or as PNGs."""
    from hanzi_lsgan.export import export_samples

    chosen = "".join(chars.split())
    if bool(chosen) == everything:
        raise UserError("generate: name characters with --chars, or pass --all, one of the two")
    _, trained = _load_run(run)
    charset = trained.info.charset
    chosen = charset if everything else chosen
    total = len(chosen) * per_class
    started = time.perf_counter()
    with samples_bar() as progress:
        count = export_samples(
            trained.network,
            charset,
            chosen,
            out,
            per_class=per_class,
            seed=seed,
            force=force,
            on_samples=lambda done: progress("draw", done, total),
        )
    rate = count / (time.perf_counter() - started)
    console.print(f"wrote {count:,} samples to {out} ({rate:,.0f}/s)", soft_wrap=True)


def _load_run(run: Path | None) -> "tuple[Path, TrainedGenerator]":
    from hanzi_lsgan.checkpoint import RunFolder, newest_run

    folder = RunFolder(run) if run is not None else newest_run()
    return folder.path, folder.load_generator()


@contextmanager
def _store_for_real_rows(
    trained: "TrainedGenerator", data: Path | None
) -> "Iterator[Store | None]":
    """The store named, or the run's own where it still exists."""
    from data_tools.store import Store

    path = data or Path(trained.info.store.path)
    if data is None and not path.exists():
        console.print(f"{path} is gone: no real rows; name a store with --data", soft_wrap=True)
        yield None
        return
    with Store(path) as store:
        if data is None and store.fingerprint != trained.info.store.fingerprint:
            console.print(f"{path} is not what the run was trained on any more", soft_wrap=True)
        yield store


def _first_known(wanted: str, charset: str) -> str:
    """Those of `wanted` that the model knows, or the beginning of its own charset."""
    known = "".join(character for character in wanted if character in charset)
    return known or charset[:24]
