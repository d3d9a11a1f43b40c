"""`pack`."""

from pathlib import Path
from typing import Annotated

import typer

from hanzi_lsgan.cli.app import CheckpointOption, RunOption, app, console
from hanzi_lsgan.cli.chosen_run import load_run


@app.command()
def pack(
    out: Annotated[Path, typer.Option(help="A new folder, which --run takes.")],
    run: RunOption = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a run's generator alone, in half precision, to give away."""
    from hanzi_lsgan.cli.display import format_bytes
    from hanzi_lsgan.export.weights import pack as write

    _, trained = load_run(run, checkpoint)
    size = write(trained, out)
    console.print(f"wrote {out}, {format_bytes(size)} of weights", soft_wrap=True)
