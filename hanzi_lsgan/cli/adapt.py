"""`adapt`."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import SeedOption, app, console, results, samples_bar
from hanzi_lsgan.cli.path_kinds import refuse_no_store

if TYPE_CHECKING:
    from hanzi_lsgan.judging.kept_recogniser import KeptRecogniser
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator


@app.command()
def adapt(
    data: Annotated[Path, typer.Option(help="A store of what the person has written.")],
    out: Annotated[Path, typer.Option(help="A new folder, whose name --hand takes.")] = Path(
        "runs/me"
    ),
    writer: Annotated[
        str | None,
        typer.Option(help="Whose hand, of a store by many; `hands --data STORE` lists them."),
    ] = None,
    trained: Annotated[
        Path,
        typer.Option("--from", help="A run that knows characters by glyph, or the `weights` here."),
    ] = Path("weights"),
    seed: SeedOption = 0,
) -> None:
    """Learn one person's hand from 30 to 200 characters of that person, in minutes."""
    from hanzi_lsgan.acceleration import keep_freed_memory
    from hanzi_lsgan.cli.chosen_run import is_person
    from hanzi_lsgan.cli.display import likeness_table
    from hanzi_lsgan.export.weights import claim_out, export_weights
    from hanzi_lsgan.runs.runs_here import RUNS
    from hanzi_lsgan.training.person import check_person, learn_hand
    from hanzi_lsgan.training.start import trained_run

    keep_freed_memory()
    # Elsewhere than under runs/ a person is named with the folder, which is no number.
    if out.resolve().parent == RUNS.resolve() and not is_person(out.resolve().name):
        problem = "a number is an invented hand's, which --hand would draw instead"
        raise UserError(join_message(f"--out {out}", problem, "name it after the person"))
    refuse_no_store(data)
    from data_tools.store.reader import Store
    from data_tools.store.writers import find_writer, has_known_hands

    with claim_out(out), Store(data) as store, samples_bar() as progress:
        base = trained_run(trained).load_generator()
        person = None if writer is None else find_writer(store, writer)
        if person is None and len(store.sources) > 1:
            line = f"{data} has {len(store.sources):,} sources: taking all for one person's"
            line += "; --writer NAME takes one" if has_known_hands(store) else ""
            console.print(line, soft_wrap=True)
        check_person(base, store, person)
        recogniser, file = _recogniser_of(base, trained)
        started = time.monotonic()
        learned = learn_hand(base, store, recogniser, writer=person, seed=seed, on_samples=progress)
        minutes = (time.monotonic() - started) / 60
        export_weights(learned.trained, out, file)
    if learned.left_out:
        line = f"left out, as the model cannot draw them: {show_characters(learned.left_out)}"
        console.print(line, soft_wrap=True)
    if learned.blank:
        without = number_of(learned.blank, "sample")
        console.print(f"left out, as there is no ink on them: {without}", soft_wrap=True)
    results.print(likeness_table(learned))
    console.print(f"wrote {out}, learned in {minutes:.1f} minutes", soft_wrap=True)
    # A bare name is looked for under runs/ first.
    place = f"./{out}" if str(out) == out.name else str(out)
    hand = shlex.quote(out.name if out.parent == RUNS else place)
    console.print(f"write with hanzi-lsgan write TEXT --hand {hand} --out page.pdf", soft_wrap=True)


def _recogniser_of(base: "TrainedGenerator", trained: Path) -> "tuple[KeptRecogniser, bytes]":
    """What reads the model's characters: what came with its weights, or else its store's.

    Raises:
        UserError: there is neither.
    """
    from data_tools.store.summary import untaught_in
    from hanzi_lsgan.cli.chosen_run import load_recogniser as recogniser_of_store
    from hanzi_lsgan.cli.chosen_run import open_store
    from hanzi_lsgan.judging.kept_recogniser import (
        keep_learned,
        load_recogniser,
        serialize_recogniser,
    )

    if base.recogniser is not None:
        return load_recogniser(base.recogniser), base.recogniser.read_bytes()
    with open_store(base, None) as store:
        if store is None:
            problem = "brings no recogniser along, and its store is gone"
            remedy = "write weights with export-weights --data STORE, and adapt those"
            raise UserError(join_message(f"--from {trained}", problem, remedy))
        network = recogniser_of_store(base, store)
        kept = keep_learned(network, store.charset, untaught_in(store))
    return kept, serialize_recogniser(kept.network, kept.charset)
