"""`export-weights`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hanzi_lsgan.cli.app import CheckpointOption, RunOption, SpreadOption, app, console
from hanzi_lsgan.cli.chosen_run import load_recogniser, load_run, open_store, suit_store

if TYPE_CHECKING:
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator

OutOption = Annotated[Path, typer.Option(help="A new folder, which --run takes.")]


@app.command("export-weights")
def export_weights(
    out: OutOption,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
    data: Annotated[
        Path | None, typer.Option(help="A store whose recogniser goes along, for --best-of.")
    ] = None,
    spread: SpreadOption = 1.0,
) -> None:
    """Write a run's generator alone, in half precision, to give away."""
    from hanzi_lsgan.cli.display import format_bytes
    from hanzi_lsgan.export.weights import check_out
    from hanzi_lsgan.export.weights import export_weights as write

    check_out(out)
    _, trained = load_run(run, checkpoint)
    trained = trained.with_spread(spread)
    recogniser: bytes | None = None
    if data is not None:
        recogniser = _recogniser_of(trained, data)
    elif trained.info.hand is not None:  # what a person has written can teach no other
        recogniser = _brought_along(trained)
    elif trained.recogniser is not None:
        line = f"left out: {trained.recogniser}; --data STORE gives a store's for --best-of"
        console.print(line, soft_wrap=True)
    size = write(trained, out, recogniser)
    console.print(f"wrote {out}, {format_bytes(size)} of weights", soft_wrap=True)


def _brought_along(trained: "TrainedGenerator") -> bytes | None:
    """The file of the recogniser that came with weights, if one did and it is undamaged."""
    from hanzi_lsgan.judging.kept_recogniser import load_recogniser as load_kept

    if trained.recogniser is None:
        return None
    load_kept(trained.recogniser)
    return trained.recogniser.read_bytes()


def _recogniser_of(trained: "TrainedGenerator", data: Path) -> bytes:
    """The file of a store's recogniser."""
    from data_tools.store.summary import untaught_in
    from hanzi_lsgan.judging.kept_recogniser import keep_learned, serialize_recogniser

    with open_store(trained, data) as store:
        _, store = suit_store(trained, store)
        recogniser = load_recogniser(trained, store)
        kept = keep_learned(recogniser, store.charset, untaught_in(store))
    return serialize_recogniser(kept.network, kept.charset)


@app.command(hidden=True)
def pack(
    out: OutOption,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """The name that `export-weights` had before."""
    console.print("pack is called export-weights now")
    export_weights(out, run, checkpoint)
