"""`train`."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.errors import UserError
from hanzi_lsgan.cli.app import (
    DEFAULT_STORE,
    JsonOption,
    app,
    console,
    keep_output_for_json,
    print_json,
    results,
    samples_bar,
)
from hanzi_lsgan.cli.lasting_output import outlasting

if TYPE_CHECKING:
    from hanzi_lsgan.training.session import Session


@app.command()
def train(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Name of a recipe or a .toml file; without it, glyph64 for more than 1,000 "
            "characters, else quick32 on a CPU and hwdb64 on a GPU."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help=f"The store; {DEFAULT_STORE}, or the resumed run's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; the next free name under runs/.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting, e.g. train.batch_size=128; repeatable."),
    ] = None,
    trained: Annotated[
        Path | None,
        typer.Option("--from", help="Start with the networks of a run, or of the `weights` here."),
    ] = None,
    kimg: Annotated[float | None, typer.Option(help="Stop at so many thousand images.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show settings and costs, try two steps, keep nothing."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a class-conditional LSGAN on a store; Ctrl-C saves, and --resume goes on."""
    from hanzi_lsgan.acceleration import keep_freed_memory, process_state
    from hanzi_lsgan.training.session import Session

    keep_freed_memory()
    if as_json and not dry_run:
        raise UserError("--json: says nothing of a training; add --dry-run, or read metrics.jsonl")
    keep_output_for_json(as_json)
    if resume:
        if recipe is not None or overrides or dry_run or trained is not None:
            rest = "leave RECIPE, --set, --from, --dry-run out"
            if recipe is not None and Path(recipe).is_dir():
                rest = f"did you mean --resume --out {shlex.quote(recipe)}?"
            raise UserError(f"--resume: a run keeps its recipe; {rest}")
        session = Session.resume(out, data)
    else:
        session = Session.begin(recipe, data or DEFAULT_STORE, out, overrides or [], trained)
    with session, outlasting(console):
        if dry_run:
            _show_dry_run(session, as_json)
        else:
            _run_session(session, kimg, minutes)
    # Else threads that wait for the others may be cut off, which aborts this process.
    process_state().destroy_process_group()


def _run_session(session: "Session", kimg: float | None, minutes: float | None) -> None:
    """Train with a progress display, then say what comes next."""
    from hanzi_lsgan.cli.training_display import TrainingDisplay

    console.quiet = console.quiet or not session.trainer.is_main
    limits = session.claim(kimg, minutes)
    first_images = session.trainer.images
    named = shlex.quote(str(session.run.path))
    draw = f"hanzi-lsgan render --run {named}"
    if first_images >= limits.kimg * 1000:
        seen = f"{session.run.path} has seen {first_images:,} images already, and the limit is "
        console.print(f"{seen}{limits.kimg * 1000:,.0f}; draw with: {draw}", soft_wrap=True)
        return
    _prepare_recognisers(session)
    console.print(_describe_session(session), soft_wrap=True)
    if session.store.header.font_drawn:
        which = "some of the samples" if len(session.store.kinds) > 1 else "the samples"
        console.print(f"{which} are a font-drawn stand-in, not handwriting")
    with TrainingDisplay(console, session.trainer, limits) as display:
        stopped_by = session.train(kimg, minutes, display)
    console.print(
        f"saved {session.run.path} at {session.trainer.images:,} images; draw with: {draw}",
        soft_wrap=True,
    )
    if stopped_by is not None:
        console.print(f"resume with: hanzi-lsgan train --resume --out {named}", soft_wrap=True)
        raise typer.Exit(128 + stopped_by)


def _prepare_recognisers(session: "Session") -> None:
    """Say which recognisers are trained first, and train them."""
    for role in session.lacking_recognisers:
        console.print(
            f"training the {role.name} that {role.purpose}, once for this store; "
            f"--set {role.off} does without",
            soft_wrap=True,
        )
    with samples_bar() as progress:
        session.prepare_recognisers(progress)


def _describe_session(session: "Session") -> str:
    """What is trained, on what, with what."""
    doing = "resuming" if session.resumed else "training"
    together = session.trainer.processes
    return (
        f"{doing} {session.run.path}: {session.stream.samples:,} samples "
        f"({session.stream.residence}), {len(session.store.charset):,} classes, "
        f"{session.trainer.device}, precision {session.trainer.precision}"
        + (f", {together} processes" if together > 1 else "")
    )


def _show_dry_run(session: "Session", as_json: bool) -> None:
    """Print settings and costs of a recipe."""
    from hanzi_lsgan.cli.display import cost_table
    from hanzi_lsgan.recipe import recipe_to_toml
    from hanzi_lsgan.training.dry_run import measure_cost

    if not as_json:
        results.print(recipe_to_toml(session.recipe))
    cost = measure_cost(session.trainer, session.stream, len(session.store.charset))
    if as_json:
        print_json({"recipe": session.recipe.model_dump(mode="json"), "cost": asdict(cost)})
    else:
        results.print(cost_table(cost))
    console.print("nothing was kept")
