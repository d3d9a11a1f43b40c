"""`info`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError, join_message
from hanzi_lsgan.cli.app import DEFAULT_STORE, app, console

if TYPE_CHECKING:
    from data_tools.store.reader import Store

_UNDAMAGED = "every checksum is right"
_OPENED_ELSEWHERE = (
    "the mark at its end is gone: another program has opened it for writing; every data set and "
    "attribute is right"
)


@app.command()
def info(
    path: Annotated[
        Path, typer.Argument(metavar="STORE|RUN", help="A store, or a run folder.")
    ] = DEFAULT_STORE,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every checksum.")] = False,
) -> None:
    """Say what is in a store or a run folder, and whether it is undamaged."""
    from data_tools.store.reader import Store, StoreError

    if path.is_dir():
        _show_run(path, verify)
        return
    with Store(path) as store:
        show_store(store)
        if verify:
            found = store.verify()
            if found.damaged:
                raise StoreError(path, f"is damaged in {', '.join(found.damaged)}")
            console.print(_UNDAMAGED if found.sealed else _OPENED_ELSEWHERE, soft_wrap=True)
            if found.added:
                console.print(
                    f"added by it: {', '.join(found.added)}", markup=False, soft_wrap=True
                )


def _show_run(path: Path, verify: bool) -> None:
    """Say what is in a run folder; with `verify`, what in it is damaged."""
    from hanzi_lsgan.cli.display import run_table
    from hanzi_lsgan.runs.checksums import find_damage
    from hanzi_lsgan.runs.folder import RunFolder

    damaged = find_damage(path) if verify else []
    if damaged:
        remedy = "copy the run again, or train it anew"
        raise UserError(join_message(str(path), ", ".join(damaged), remedy))
    console.print(run_table(RunFolder(path)))
    if verify:
        console.print(_UNDAMAGED)


def show_store(store: "Store") -> None:
    """Print what is in a store."""
    from hanzi_lsgan.cli.display import store_table

    console.print(store_table(store))
