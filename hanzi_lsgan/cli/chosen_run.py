"""What commands that draw share: the run they draw with, its store and its recogniser."""

import gc
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.sources.writing_kinds import likeliest_kind
from hanzi_lsgan.cli.app import console, samples_bar
from hanzi_lsgan.cli.path_kinds import refuse_no_store
from hanzi_lsgan.runs.run_or_store import is_run, is_store

if TYPE_CHECKING:
    from data_tools.store.reader import Store
    from hanzi_lsgan.drawing.best_of import BestOf
    from hanzi_lsgan.judging.recogniser import Recogniser
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator

_SHOWN_PEOPLE = 20


def load_run(
    run: Path | None,
    checkpoint: str | None,
    font: Path | None = None,
    kind: str | None = None,
    person: str | None = None,
) -> "tuple[Path, TrainedGenerator]":
    """The run named, or a person's, or the newest, or the weights that come with the program.

    Args:
        run: a folder.
        checkpoint: of the run.
        font: of the user's, that shows what no hand's font has.
        kind: of writing.
        person: whose hand `adapt` has learned: a name under `runs/`, or a folder.

    Returns:
        The folder for what is made with it, which is the current one for the program's own weights,
        and the generator.

    Raises:
        UserError: there is no such run, or it is no person's.
    """
    with _no_collection():
        from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
        from hanzi_lsgan.runs.runs_here import find_newest_run

    if person is not None:
        run = _run_of_person(person, run)
    folder = RunFolder(run) if run is not None else find_newest_run(on_damaged=name_passed_over)
    if folder is None:
        console.print("no run under runs/: taking the weights that come with hanzi-lsgan")
    elif run is None:
        console.print(f"taking {folder.path}, the newest run", soft_wrap=True)
    trained = (folder or RunFolder(SHIPPED)).load_generator(checkpoint)
    if font is not None:
        trained = trained.with_reference(font)
    if kind is not None:
        trained = trained.of_kind(kind)
    return Path() if folder is None else folder.path, trained


def name_passed_over(damaged: UserError) -> None:
    """Say that a damaged run under `runs/`, which nobody has named, was passed over."""
    console.print(f"passed over: {damaged}", soft_wrap=True)


def is_person(hand: str) -> bool:
    """Whether `--hand` names a person and not the number of an invented hand, or several."""
    return re.fullmatch(r"[\d+]*", hand) is None


def _run_of_person(person: str, run: Path | None) -> Path:
    """The folder of a person's hand.

    Raises:
        UserError: there is none of this name, or another run is named too.
    """
    from hanzi_lsgan.runs.folder import RunFolder
    from hanzi_lsgan.runs.runs_here import RUNS

    option = f"--hand {person}"
    if run is not None:
        raise UserError(join_message(option, "is a run of its own", "leave --run out"))
    if not is_person(person):
        problem = "the hands of numbers are for write"
        raise UserError(join_message(option, problem, "name a person, or leave it out"))
    # A bare name is first that of a run under runs/, as adapt says it; ./NAME is the one here.
    places = [Path(person), RUNS / person]
    if is_bare := Path(person).name == person:
        places.reverse()
    # A folder of photographs may have the same name, so runs are asked for before folders.
    folders = sorted((path for path in places if path.is_dir()), key=lambda path: not is_run(path))
    folder = next(iter(folders), None)
    if is_bare and len(folders) > 1 and is_run(folders[1]):
        console.print(f"taking {folder}; --hand ./{person} takes the run here", soft_wrap=True)
    if folder is None:
        remedy = f"make one with hanzi-lsgan adapt --data STORE --out {RUNS / 'NAME'}"
        if people := _people():
            remedy = f"name one of {', '.join(people)}, or {remedy}"
        problem = f"there is no person of this name under {RUNS.resolve()}"
        if "+" in person:
            problem += ", and only hands of numbers can be mixed"
        raise UserError(join_message(option, problem, remedy))
    if RunFolder(folder).info().hand is None:
        problem = f"{folder} is a run that was adapted to nobody"
        raise UserError(join_message(option, problem, "name it with --run"))
    return folder


def _people() -> list[str]:
    """Names that `--hand` takes under `runs/`."""
    from hanzi_lsgan.runs.runs_here import adapted_runs

    names = [shlex.quote(path.name) for path in adapted_runs()]
    return [*names[:_SHOWN_PEOPLE], "…"] if len(names) > _SHOWN_PEOPLE else names


@contextmanager
def _no_collection() -> Iterator[None]:
    """Import torch a tenth faster: what it makes stays, and need not be searched for cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def open_store(trained: "TrainedGenerator", data: Path | None) -> "Iterator[Store | None]":
    """The store named, or the run's own; None where that is gone.

    Raises:
        UserError: what is named is no store.
    """
    path = data or Path(trained.info.store.path)
    # Exported weights know but the name of a store, which anybody's may have.
    is_guess = data is None and not path.is_absolute()
    if data is None and not (is_store(path) if is_guess else path.exists()):
        yield None
        return
    refuse_no_store(path)
    from data_tools.store.reader import Store  # later, since many draw without a store

    with Store(path) as store:
        if is_guess and store.fingerprint != trained.info.store.fingerprint:
            line = f"{path} here is another store than these weights learned from; --data takes it"
            console.print(line, soft_wrap=True)
            yield None
            return
        if data is None and store.fingerprint != trained.info.store.fingerprint:
            console.print(f"{path} is not what the run was trained on any more", soft_wrap=True)
        yield store


def suit_store(
    trained: "TrainedGenerator", store: "Store | None"
) -> "tuple[TrainedGenerator, Store]":
    """The store, if there is one, and the generator with its labels.

    Raises:
        UserError: there is none, its glyphs cannot be reduced to the size that the generator draws,
            or it has characters that the generator cannot draw.
    """
    if store is None:
        where = trained.info.store.path
        raise UserError(join_message(where, "the run's store is gone", "name a store with --data"))
    size = trained.info.model.size
    if store.size % size:  # told before minutes of training what reads its glyphs
        problem = f"holds glyphs of {store.size} pixels, and the model draws {size}"
        remedy = f"name a store prepared with --size {size} as --data"
        raise UserError(join_message(str(store.path), problem, remedy))
    return trained.relabelled(store.charset, str(store.path)), store


def kind_beside(trained: "TrainedGenerator", store: "Store") -> str:
    """Which kind of writing of a store is shown and judged beside generated samples.

    That which the generator draws by; where it was taught none by name, `pen` if the store has it,
    else its first.
    """
    return trained.kind or store.kinds[likeliest_kind(store.kinds)]


def load_recogniser(trained: "TrainedGenerator", store: "Store") -> "Recogniser":
    """The recogniser of a store, trained now if it has none, for the images of a run."""
    from hanzi_lsgan.judging.judge import obtain_recogniser

    announce_recogniser(trained, store)
    with samples_bar() as progress:
        return obtain_recogniser(store, trained.info.model.size, progress)


def announce_recogniser(trained: "TrainedGenerator", store: "Store") -> None:
    """Say so where a recogniser must be trained first, which takes minutes."""
    from hanzi_lsgan.judging.judge import JUDGE, has_recogniser

    if not has_recogniser(store, trained.info.model.size, JUDGE):
        console.print(
            "training the recogniser that judges, once for this store; it takes minutes",
            soft_wrap=True,
        )


def suit_characters(
    trained: "TrainedGenerator", store: "Store | None", characters: str, candidates: int
) -> "tuple[TrainedGenerator, BestOf | None]":
    """Let the generator draw all these characters if it can, as the best of several if wanted.

    What reads the candidates is the store's recogniser, or the one that came with the weights where
    there is no store, or but what one person has written: too little to learn reading from.
    """
    if candidates == 1:
        trained = trained.with_unseen(characters)
        _name_from_reference(trained, characters)
        return trained, None
    came_along = trained.recogniser is not None
    if came_along if store is None else _is_persons(trained, store):
        trained = trained.with_unseen(characters)
        _name_from_reference(trained, characters)
        return trained, choose_by_kept_recogniser(trained, characters, candidates)
    from data_tools.store.summary import untaught_in
    from hanzi_lsgan.drawing.best_of import BestOf
    from hanzi_lsgan.judging.recogniser import read_log_posteriors

    # What the recogniser has never read, it cannot choose among: the charset is the store's.
    trained.refuse_untaught(characters)
    trained, store = suit_store(trained, store)
    learned = set(store.charset) - set(untaught_in(store))
    if unread := [character for character in characters if character not in learned]:
        problem = f"the recogniser of {store.path} cannot read {show_characters(unread)}"
        raise UserError(join_message("--best-of", problem, "leave them out, or --best-of"))
    _name_from_reference(trained, characters)
    read = partial(read_log_posteriors, load_recogniser(trained, store))
    return trained, BestOf(trained.network, read, candidates)


def _is_persons(trained: "TrainedGenerator", store: "Store") -> bool:
    """Whether a store is what a generator was adapted to one person by, or lies where that lay."""
    own = trained.info.store
    is_own = store.fingerprint == own.fingerprint or Path(store.path) == Path(own.path)
    return trained.info.hand is not None and is_own


def choose_by_kept_recogniser(
    trained: "TrainedGenerator", characters: str, candidates: int
) -> "BestOf | None":
    """What draws each of these characters as the best of several; None if one is enough.

    Characters that the recogniser has not learned are named, and drawn once.

    Raises:
        UserError: the weights have brought no recogniser along, or it is damaged.
    """
    if candidates == 1:
        return None
    from hanzi_lsgan.drawing.best_of import BestOf
    from hanzi_lsgan.judging.kept_recogniser import load_recogniser, unread

    if trained.recogniser is None:
        problem = "these weights bring no recogniser along"
        remedy = "leave it out, or write weights with export-weights --data STORE"
        raise UserError(join_message("--best-of", problem, remedy))
    recogniser = load_recogniser(trained.recogniser)
    if unlearned := unread(characters, recogniser):
        line = f"drawn once, since no recogniser has learned them: {show_characters(unlearned)}"
        console.print(line, soft_wrap=True)
    return BestOf(trained.network, recogniser.reading(trained.charset), candidates)


def _name_from_reference(trained: "TrainedGenerator", characters: str) -> None:
    """Say which characters no training and no hand has shown."""
    from_reference = trained.from_reference
    if named := [character for character in characters if character in from_reference]:
        line = f"from the reference font alone, as no hand has them: {show_characters(named)}"
        console.print(line, soft_wrap=True)
