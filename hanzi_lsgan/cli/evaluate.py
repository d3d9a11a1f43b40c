"""`evaluate`."""

import importlib.metadata
import json
from pathlib import Path
from typing import Annotated

import typer

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import (
    CheckpointOption,
    JsonOption,
    KindOption,
    RunOption,
    app,
    console,
    keep_output_for_json,
    print_json,
    results,
    samples_bar,
)
from hanzi_lsgan.cli.chosen_run import (
    announce_recogniser,
    kind_beside,
    load_run,
    open_store,
    suit_store,
)


@app.command()
def evaluate(
    run: RunOption = None,
    data: Annotated[
        Path | None, typer.Option(help="Store to compare with; the run's own by default.")
    ] = None,
    per_class: Annotated[
        int, typer.Option(min=6, max=100_000, help="Samples of each character, over three seeds.")
    ] = 100,
    cas: Annotated[
        bool, typer.Option("--cas", help="Train a recogniser on generated samples; minutes.")
    ] = False,
    both: Annotated[
        bool, typer.Option("--both", help="Train one on real and generated samples; minutes.")
    ] = False,
    checkpoint: CheckpointOption = None,
    kind: KindOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of scores.json and report.html; the run's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how readable, varied and faithful generated characters are."""
    from data_tools.outputs import check_folder
    from data_tools.store.summary import untaught_in
    from hanzi_lsgan.acceleration import keep_freed_memory
    from hanzi_lsgan.cli.display import scores_table
    from hanzi_lsgan.judging.cas import accuracy_of_both, classification_accuracy_score
    from hanzi_lsgan.judging.evaluate import SEEDS, samples_of_each
    from hanzi_lsgan.judging.evaluate import evaluate as measure_all
    from hanzi_lsgan.judging.judge import obtain_judge, require_both_splits, require_kind
    from hanzi_lsgan.judging.look_alikes import look_alikes_of
    from hanzi_lsgan.judging.matching import Counted
    from hanzi_lsgan.judging.report import write_report
    from hanzi_lsgan.judging.scores import Scores, names_by_reason

    keep_output_for_json(as_json)
    keep_freed_memory()
    if out is not None:
        check_folder(out)
    folder, trained = load_run(run, checkpoint, kind=kind)
    target = check_folder(out or folder)
    with open_store(trained, data) as opened, samples_bar() as progress:
        trained, store = suit_store(trained, opened)
        require_both_splits(store)
        by = kind_beside(trained, store)
        judged_kind = by if store.header.kinds else ""  # else all that it has is by one
        if judged_kind:
            require_kind(store, judged_kind, trained.info.taught_kinds)
        each = samples_of_each(per_class) * len(SEEDS)
        counted = Counted.of_store(store, each, by)
        if (cas or both) and not counted.known.any():
            where = "--cas" if cas else "--both"
            problem = f"no character of {store.path} has train and test samples"
            raise UserError(join_message(where, problem, "leave it out, or prepare it with some"))
        if untaught := untaught_in(store):
            shown = show_characters(untaught)
            line = f"{number_of(len(untaught), 'character')} without a train sample, so not judged"
            console.print(f"{store.path}: {line}: {shown}", soft_wrap=True)
        for reason, names in names_by_reason(counted.left_out()).items():
            line = f"{store.path}: {', '.join(names)} will be left out: {reason}"
            console.print(line, soft_wrap=True, markup=False)
        announce_recogniser(trained, store)
        judge = obtain_judge(store, trained.info.model.size, progress)
        if judged_kind:
            judge = judge.of_kind(store, judged_kind)
        found = measure_all(
            trained.network,
            judge,
            per_class=per_class,
            unseen=trained.unseen,
            on_samples=progress,
        )
        figures = list(found.figures)
        if cas:
            figures += classification_accuracy_score(trained.network, store, judge, progress)
        if both:
            figures.append(accuracy_of_both(trained.network, store, judge, progress))
        scores = Scores(
            tool_version=importlib.metadata.version("hanzi-lsgan"),
            run=_name_of(run, folder),
            checkpoint=trained.checkpoint,
            kind=by,
            images_seen=trained.images,
            store_fingerprint=store.fingerprint,
            font_drawn=store.is_font_drawn(by),
            per_class=each,
            seeds=SEEDS,
            look_alikes=tuple(look_alikes_of(judge.charset)),
            not_judged=judge.untaught,
            figures=tuple(figures),
            left_out=found.left_out,
            characters=tuple(found.characters),
        )
        scores.save(target / "scores.json")
        write_report(target / "report.html", scores, trained.network, judge, store)
    if as_json:
        print_json(json.loads(scores.model_dump_json()))
    else:
        results.print(scores_table(scores))
    console.print(f"wrote {target / 'scores.json'} and {target / 'report.html'}", soft_wrap=True)


def _name_of(run: Path | None, folder: Path) -> str:
    """What a report calls a run: its folder, also where it is named by `.`."""
    if run is None and folder == Path():
        return "the shipped weights"
    return folder.resolve().name
