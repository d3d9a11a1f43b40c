"""`info`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_tools.errors import UserError, join_message
from hanzi_lsgan.cli.app import (
    DEFAULT_STORE,
    JsonOption,
    app,
    console,
    keep_output_for_json,
    print_json,
    results,
)
from hanzi_lsgan.cli.path_kinds import describe_other
from hanzi_lsgan.runs.run_or_store import STORE_SUFFIXES, is_run, is_store, runs_in

if TYPE_CHECKING:
    from data_tools.store.reader import Store
    from data_tools.store.verification import Verification
    from hanzi_lsgan.runs.folder import RunFolder

_UNDAMAGED = "every checksum is right"
_MOST_NAMED = 8
_OPENED_ELSEWHERE = (
    "the mark at its end is gone: another program has opened it for writing; every data set and "
    "attribute is right"
)


@app.command()
def info(
    path: Annotated[
        Path, typer.Argument(metavar="STORE|RUN", help="A store, a run folder, or one of runs.")
    ] = DEFAULT_STORE,
    verify: Annotated[bool, typer.Option("--verify", help="Compare every checksum.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is in a store or a run folder, and whether it is undamaged."""
    keep_output_for_json(as_json)
    if path.is_dir() and not is_run(path) and (runs := runs_in(path)):
        _show_runs(runs, verify, as_json)
    elif path.is_dir() and is_run(path):
        _show_runs([path], verify, as_json)
    elif path.exists() and not is_store(path):
        raise describe_other(path, "no store and no run")
    elif not path.exists() and path.suffix.lower() not in STORE_SUFFIXES:
        remedy = "name one that `hanzi-lsgan prepare` or `hanzi-lsgan train` has made"
        raise UserError(join_message(str(path), "there is no such store or run", remedy))
    else:
        _show_store(path, verify, as_json)


def _show_store(path: Path, verify: bool, as_json: bool) -> None:
    """Say what is in a store; with `verify`, what in it is damaged."""
    from data_tools.store.reader import Store, StoreError

    with Store(path) as store:
        found = store.verify() if verify else None
        if as_json and not (found and found.damaged):
            print_json(_store_facts(store) | _verified_facts(found))
        elif not as_json:
            results.print(_table_of(store))
        if found and found.damaged:
            raise StoreError(path, f"is damaged in {', '.join(found.damaged)}")
        if found and not as_json:
            results.print(_UNDAMAGED if found.sealed else _OPENED_ELSEWHERE, soft_wrap=True)
            if found.added:
                results.print(f"added by it: {_names(found.added)}", soft_wrap=True)


def _names(added: list[str]) -> str:
    """Some of them; whoever named them may have put in what a terminal obeys."""
    some = ", ".join(added[:_MOST_NAMED]) + (" …" if len(added) > _MOST_NAMED else "")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in some)


def _show_runs(paths: list[Path], verify: bool, as_json: bool) -> None:
    """Say what is in run folders; with `verify`, what in them is damaged."""
    from hanzi_lsgan.cli.display import run_table
    from hanzi_lsgan.runs.folder import RunFolder

    facts, errors = [], []
    for path in paths:
        run = RunFolder(path)
        try:
            if verify:
                _refuse_damaged(path)
            run.refuse_without_generator()
            if as_json:
                facts.append(_run_facts(run) | ({"undamaged": True} if verify else {}))
            else:
                results.print(run_table(run))
        except UserError as error:  # of the others there is something to say all the same
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        for damage in errors:
            (console if as_json else results).print(str(damage), soft_wrap=True, markup=False)
        problem = f"{len(errors)} of {len(paths)} runs are damaged"
        raise UserError(join_message(str(paths[0].parent), problem, "see the lines above"))
    if as_json:
        print_json(facts[0] if len(facts) == 1 else facts)
    elif verify:
        results.print(_UNDAMAGED)


def _refuse_damaged(path: Path) -> None:
    """Compare every checksum of a run.

    Raises:
        UserError: something in it is damaged.
    """
    from hanzi_lsgan.runs.checksums import find_damage

    if damaged := find_damage(path):
        remedy = "copy the run again, or train it anew"
        raise UserError(join_message(str(path), ", ".join(damaged), remedy))


def show_store(store: "Store") -> None:
    """Print what is in a store."""
    console.print(_table_of(store))


def _table_of(store: "Store") -> Any:  # noqa: ANN401 - rich's tables take their time to import
    from hanzi_lsgan.cli.display import store_table

    return store_table(store)


def _store_facts(store: "Store") -> dict[str, Any]:
    from data_tools.store.summary import summarise

    header = store.header
    return {
        "kind": "store",
        "path": str(store.path),
        "fingerprint": store.fingerprint,
        "font_drawn": header.font_drawn,
        "charset": store.charset,
        "glyph": asdict(header.glyph),
        "left_out": header.left_out,
        "tool_version": header.tool_version,
        **asdict(summarise(store)),
    }


def _verified_facts(found: "Verification | None") -> dict[str, Any]:
    if found is None:
        return {}
    return {"undamaged": True, "sealed": found.sealed, "added": found.added}


def _run_facts(run: "RunFolder") -> dict[str, Any]:
    info = run.info()
    checkpoints: dict[str, dict[str, float]] = {}
    for name, path in (("last", run.generator), ("best", run.best)):
        if path.exists():
            checkpoints[name] = {"images_seen": int(run.number(path, "images"))}
            if "frechet" in run.metadata(path):
                checkpoints[name]["frechet"] = run.number(path, "frechet")
    facts: dict[str, Any] = {"kind": "run", "path": str(run.path), "checkpoints": checkpoints}
    return facts | info.model_dump(mode="json")
