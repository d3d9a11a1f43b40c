"""Paths that lead to something else than what was asked for, each with the remedy that suits it."""

from pathlib import Path

from data_tools.errors import UserError, join_message
from hanzi_lsgan.runs.run_or_store import STORE_SUFFIXES, is_run, is_store

_RUNS_SHOWN = 3


def refuse_other_things(run: Path) -> None:
    """Say what a path is that leads to no run folder.

    Raises:
        UserError: nothing is there, a file, a part of a run, several runs, or another folder.
    """
    if not run.exists():
        problem = "there is no such run"
        remedy = "name a run folder, or train one with `hanzi-lsgan train`"
    elif is_run(run):
        return
    elif is_store(run):
        problem, remedy = "is a store, and no run folder", "name a store with --data"
    elif (run.absolute().parent / "model.json").is_file():  # many a folder has a config.toml
        problem, remedy = "is a part of a run", f"name the run, {run.absolute().parent}"
    elif not run.is_dir():
        problem, remedy = "is a file, and a run is a folder", "name the folder"
    elif inside := sorted(run.glob("*/model.json"), key=_age):
        shown = ", ".join(str(model.parent) for model in inside[:_RUNS_SHOWN])
        more = ", …" if len(inside) > _RUNS_SHOWN else ""
        problem, remedy = "is a folder of runs", f"name one of the runs in it: {shown}{more}"
    else:
        problem, remedy = "is no run folder", "name one that `hanzi-lsgan train` has made"
    raise UserError(join_message(str(run), problem, remedy))


def refuse_run_as_store(path: Path) -> None:
    """Say so where a run folder is named in the place of a store.

    Raises:
        UserError: it is one.
    """
    if is_run(path):
        remedy = "name the store that it was trained on, an .h5 file of `hanzi-lsgan prepare`"
        raise UserError(join_message(str(path), "is a run folder, and no store", remedy))


def refuse_other_recipe(name: str) -> None:
    """Say so where a store, a run or raw data are named in the place of a recipe.

    Args:
        name: that no recipe has.

    Raises:
        UserError: it is one of them.
    """
    path = Path(name)
    remedy = ""
    if is_store(path) or path.suffix.lower() in STORE_SUFFIXES:
        problem, remedy = "is a store, and no recipe", f"did you mean --data {name}?"
    elif is_run(path):
        problem = "is a run, and no recipe"
        remedy = f"did you mean --resume --out {name}? Its recipe is {path / 'config.toml'}"
    elif name and path.suffix.lower() != ".toml" and path.exists():
        problem = "is no recipe"
        remedy = f"did you mean `hanzi-lsgan prepare {name}`? Training takes what that writes"
    if remedy:
        raise UserError(join_message(name, problem, remedy))


def _age(path: Path) -> float:
    """Sorts what was written last to the front."""
    return -path.stat().st_mtime
