"""`export-weights`."""

from pathlib import Path
from typing import Annotated

import typer

from hanzi_lsgan.cli.app import CheckpointOption, RunOption, app, console
from hanzi_lsgan.cli.chosen_run import load_run

OutOption = Annotated[Path, typer.Option(help="A new folder, which --run takes.")]


@app.command("export-weights")
def export_weights(
    out: OutOption,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a run's generator alone, in half precision, to give away."""
    from hanzi_lsgan.cli.display import format_bytes
    from hanzi_lsgan.export.weights import check_out
    from hanzi_lsgan.export.weights import export_weights as write

    check_out(out)
    _, trained = load_run(run, checkpoint)
    size = write(trained, out)
    console.print(f"wrote {out}, {format_bytes(size)} of weights", soft_wrap=True)


@app.command(hidden=True)
def pack(
    out: OutOption,
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """The name that `export-weights` had before."""
    console.print("pack is called export-weights now")
    export_weights(out, run, checkpoint)
