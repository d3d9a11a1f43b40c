"""Which runs lie under `runs/`, the newest of them, and names for new ones."""

from collections.abc import Callable
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.files import writable
from hanzi_lsgan.runs.folder import RunFolder

RUNS = Path("runs")


OnDamaged = Callable[[UserError], None]
"""Told of a damaged run, which is passed over where nobody has named it."""


def find_newest_run(
    runs: Path = RUNS, on_damaged: OnDamaged = lambda error: None
) -> RunFolder | None:
    """The undamaged run whose generator was written last, or None where there is none.

    A person's hand, which `--hand` takes, is none.
    """
    generators = [path for path in runs.glob("*/generator.safetensors") if path.is_file()]
    generators.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for run in (RunFolder(path.parent) for path in generators):
        try:
            if run.info().hand is None:
                return run
        except UserError as error:
            on_damaged(error)
    return None


def adapted_runs(runs: Path = RUNS, on_damaged: OnDamaged = lambda error: None) -> list[Path]:
    """The undamaged runs that were adapted to a person, in order of their names."""
    found = []
    for path in sorted(path.parent for path in runs.glob("*/model.json")):
        run = RunFolder(path)
        try:
            if run.generator.is_file() and run.info().hand is not None:
                found.append(path)
        except UserError as error:
            on_damaged(error)
    return found


def newest_run(runs: Path = RUNS) -> RunFolder:
    """The run that can be trained on that was begun or saved last: no exported weights.

    Raises:
        UserError: there is none.
    """
    found = [RunFolder(path.parent) for path in runs.glob("*/config.toml")]
    if not found:
        remedy = "train one with `hanzi-lsgan train`, or name it with --out"
        raise UserError(join_message(str(runs), "no trained run is here", remedy))
    return max(found, key=_written_last)


def _written_last(run: RunFolder) -> float:
    """When a run was begun or saved last; one that was killed early has no generator yet."""
    written = (path.stat().st_mtime for path in (run.model, run.generator) if path.exists())
    return max(written, default=0.0)


def next_run(recipe_name: str, runs: Path = RUNS) -> Path:
    """A folder for a new run: `runs/quick32-01`, or the next number that is free."""
    number = 1
    while (path := runs / f"{recipe_name}-{number:02}").exists():
        number += 1
    return path


def reserve_run(recipe_name: str, runs: Path = RUNS) -> Path:
    """Make the folder of `next_run`, which no other process can be given then.

    Raises:
        UserError: it cannot be made.
    """
    with writable(runs):
        runs.mkdir(parents=True, exist_ok=True)  # raises where it is a link that leads nowhere
    while True:
        path = next_run(recipe_name, runs)
        with writable(path):
            try:
                path.mkdir()
            except FileExistsError:  # another process was given it at the same moment
                continue
            return path
