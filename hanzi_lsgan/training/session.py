"""One sitting of training: a recipe, a store and a run folder brought together."""

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from PIL import Image

from data_tools.errors import UserError, join_message
from data_tools.files import StrPath
from data_tools.sources.writing_kinds import likeliest_kind
from data_tools.store.reader import Store
from data_tools.store.summary import untaught_kinds_in
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.judging.checkpoint_score import QuickScore, QuickScorer
from hanzi_lsgan.judging.judge import (
    JUDGE,
    TEACHER,
    OnSamples,
    Role,
    has_recogniser,
    obtain_recogniser,
)
from hanzi_lsgan.models import Generator
from hanzi_lsgan.recipe import Recipe, load_recipe, recipe_names
from hanzi_lsgan.runs.claim import Claim
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.runs_here import newest_run
from hanzi_lsgan.runs.wrong_path import refuse_other_recipe, refuse_run_as_store
from hanzi_lsgan.training.loop import Limits, Listener, Saved, Tick, train
from hanzi_lsgan.training.signals import noted_signals
from hanzi_lsgan.training.start import as_drawn_by, recipe_of, start_from, trained_run
from hanzi_lsgan.training.step import Trainer

_MANY_CHARACTERS = 1000  # more than these a discriminator meets too rarely to teach them by label
_LOST_CONNECTION = re.compile("connection|gloo|nccl", re.IGNORECASE)
_SAMPLE_COLUMNS = 16
_SAMPLE_ROWS = 3
_SAMPLE_SEED = 0


def default_recipe(store: Store) -> str:
    """The recipe for a store: by its size, its characters, and whether there is a GPU."""
    if store.size % load_recipe("hwdb64").model.size:
        return "quick32"
    if len(store.charset) > _MANY_CHARACTERS:
        return "glyph64"
    return "hwdb64" if torch.accelerator.is_available() else "quick32"


@dataclass
class Session:
    """Everything that training needs, ready to start.

    Attributes:
        recipe: the settings.
        store: open while the session lasts; use the session as a context manager.
        trainer: fresh, or as the last checkpoint left it.
        stream: of the store's train split.
        resumed: whether the run existed before.
        started: whether it begins with trained networks.
        scorer: of checkpoints, once `prepare_recognisers` has made it.
    """

    recipe: Recipe
    store: Store
    trainer: Trainer
    stream: BatchStream
    _claim: Claim
    resumed: bool = False
    started: bool = False
    scorer: QuickScorer | None = None
    _closed: bool = False

    def __post_init__(self) -> None:
        """Let the average draw by a kind of writing that training has."""
        self.trainer.ema.label_embedding.drawn_kind = _usual_kind(self.store)

    @classmethod
    def begin(
        cls,
        recipe_name: StrPath | None,
        store_path: StrPath,
        out: StrPath | None = None,
        overrides: Sequence[str] = (),
        trained: StrPath | None = None,
    ) -> Self:
        """Prepare a new run; nothing is written yet.

        Args:
            recipe_name: a recipe's name or file; by default what suits the store.
            store_path: what to train on.
            out: the run folder; by default the next free name under `runs/`.
            overrides: `section.key=value` settings.
            trained: a run or exported weights to start from, with its recipe where none is named.

        Raises:
            UserError: recipe, store and run folder do not go together.
        """
        name = None if recipe_name is None else os.fspath(recipe_name)
        if name is not None and name not in recipe_names():
            refuse_other_recipe(name)
        start = None if trained is None else trained_run(os.fspath(trained))
        if name is None and start is not None:
            name = recipe_of(start)
        named = None if name is None else load_recipe(name, overrides)
        refuse_run_as_store(Path(store_path))
        with _open_or_close(Path(store_path)) as store:
            name = default_recipe(store) if name is None else name
            recipe = named or load_recipe(name, overrides)
            if start is not None:
                recipe = as_drawn_by(recipe, start)
            claim = Claim.on_new(out, name if start is None else start.path.resolve().name)
            trainer = Trainer(recipe, store.charset, store.kinds)
            if start is not None:
                start_from(trainer, start, store.charset, store.kinds)
            stream = _stream(recipe, store, trainer)
            return cls(recipe, store, trainer, stream, claim, started=start is not None)

    @classmethod
    def resume(cls, out: StrPath | None, store_path: StrPath | None = None) -> Self:
        """Go on with a run from its last checkpoint, or from its beginning if it has none yet.

        Args:
            out: the run folder; by default the newest under `runs/`.
            store_path: the run's store, where it has moved; the run remembers it once it trains.

        Raises:
            UserError: there is no such run, or the store is not the one that it was trained on.
        """
        run = RunFolder(out) if out is not None else newest_run()
        recipe, info = run.recipe(), run.info()
        path = Path(store_path or info.store.path)
        refuse_run_as_store(path)
        if store_path is None and not path.exists():
            problem = f"the store that {run.path} was trained on is gone"
            remedy = "name it with --data where it is now"
            raise UserError(join_message(str(path), problem, remedy))
        with _open_or_close(path) as store:
            if store.fingerprint != info.store.fingerprint:
                problem = f"is not the store that {run.path} was trained on"
                remedy = "name that store with --data, or begin a new run"
                raise UserError(join_message(str(store.path), problem, remedy))
            claim = Claim(run, exists=True)
            if run.state.exists():
                trainer = Trainer.resumed(
                    recipe, store.charset, store.kinds, run.load_state(), str(run.state)
                )
            elif run.has_lost_state:
                problem = f"{run.state.relative_to(run.path)} is gone, and with it where it was"
                remedy = f"put it back, or begin a new run with its networks: --from {run.path}"
                raise UserError(join_message(str(run.path), problem, remedy))
            else:
                trainer = Trainer(recipe, store.charset, store.kinds)
            stream = _stream(recipe, store, trainer)
            return cls(recipe, store, trainer, stream, claim, resumed=True)

    @property
    def run(self) -> RunFolder:
        """Where results go; nothing is written there before `claim` or `train`."""
        return self._claim.run

    @property
    def lacking_recognisers(self) -> list[Role]:
        """Those that `prepare_recognisers` will train first."""
        wanted = []
        if self.recipe.train.score_samples > 0:
            wanted.append((JUDGE, self.recipe.model.size))
        if self.recipe.objective.reading_weight > 0:
            wanted.append((TEACHER, self.recipe.teacher_size))
        return [role for role, size in wanted if not has_recogniser(self.store, size, role)]

    def claim(self, kimg: float | None = None, minutes: float | None = None) -> Limits:
        """Refuse what can be refused before minutes of work, and take the run folder.

        A new run's folder is made, and nobody else can train in it until `train` has ended or the
        session is closed. `train` does this too, where it has not been done before.

        Returns:
            The limits that these arguments of `train` mean.

        Raises:
            UserError: a limit is out of its range, the run folder cannot be written, it is another
                run's, or someone else trains in it or has done so since this session read it, or
                the session is closed.
        """
        self._refuse_closed()
        settings = self.recipe.train
        limits = Limits(
            settings.kimg if kimg is None else kimg, math.inf if minutes is None else minutes
        )
        if minutes == math.inf:
            raise UserError("--minutes inf: is no limit; leave it out")
        if settings.decay_kimg > 0 and limits.kimg > settings.kimg:
            problem = f"the learning rate has fallen to zero at train.kimg = {settings.kimg:g}"
            remedy = "begin a longer run with --set train.kimg=N"
            raise UserError(join_message(f"--kimg {limits.kimg:g}", problem, remedy))
        self.trainer.wait_for_others()  # until all have seen that the folder is free
        if self.trainer.is_main:
            self._claim.take(self.recipe, self.store)
            if self.resumed:
                self.run.remember_store(self.store.path)
            if self.started and not self.run.state.exists():
                # A run that is broken off before its first checkpoint goes on from these, too.
                self.run.save_state(self.trainer.state())
        return limits

    def prepare_recognisers(self, on_samples: OnSamples = lambda phase, done, total: None) -> None:
        """Get the judge of checkpoints and the teacher ready, if the recipe asks for them.

        One that the store lacks is trained by the main process, which takes minutes.

        Raises:
            UserError: a recogniser is damaged, or cannot be written beside the store, or the
                session is closed.
        """
        self._refuse_closed()
        samples = self.recipe.train.score_samples
        if samples and self.scorer is None and self.trainer.is_main:
            self.scorer = QuickScorer(self.store, self.recipe.model.size, samples, on_samples)
        if self.recipe.objective.reading_weight == 0 or self.trainer.has_teacher:
            return
        if not self.trainer.is_main:
            self.trainer.wait_for_others()  # then it lies beside the store
        size = self.recipe.teacher_size
        self.trainer.teach_with(obtain_recogniser(self.store, size, on_samples, TEACHER))
        if self.trainer.is_main:
            self.trainer.wait_for_others()

    def train(
        self,
        kimg: float | None = None,
        minutes: float | None = None,
        listener: Listener | None = None,
    ) -> int | None:
        """Train until a limit, the listener or a signal ends it; the last step is always saved.

        Called again, it goes on. Ctrl-C, SIGTERM and a closed terminal are caught where this is the
        main thread; in another thread, let the listener end it.

        Args:
            kimg: stop at so many thousand images of the whole run; by default the recipe's.
            minutes: stop after so many minutes from now.
            listener: told of steps, ticks and checkpoints; what it draws and scores comes in the
                place of the picture and the score that the recipe asks for.

        Returns:
            The number of the signal that ended it, or None where a limit or the listener did.

        Raises:
            UserError: a loss diverged, the run folder cannot be written, is in use or has been
                trained by someone else meanwhile, a limit is out of its range, or the session is
                closed.
        """
        self._refuse_closed()
        try:
            with _lost_processes(self.run, self.trainer):
                limits = self.claim(kimg, minutes)
                self.prepare_recognisers()
                with noted_signals() as stopped_by:
                    told = _SessionListener(self, listener or Listener(), stopped_by)
                    train(self.trainer, self.stream, self.run, limits, told)
        finally:
            self._claim.release()
        return stopped_by[0] if stopped_by else None

    def _refuse_closed(self) -> None:
        """Make sure that the store is open, before a run folder is made or taken."""
        if self._closed:
            problem = "this session is closed, and so is its store"
            remedy = f"go on with Session.resume({str(self.run.path)!r})"
            if not self.run.config.is_file():
                remedy = "begin another with Session.begin"
            raise UserError(join_message(str(self.run.path), problem, remedy))

    def close(self) -> None:
        """Close the store, and let others train in the run."""
        self._closed = True
        self._claim.release()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _SessionListener(Listener):
    """Passes everything on, ends at a signal, and draws and scores where the other does not."""

    def __init__(self, session: Session, other: Listener, stopped_by: list[int]) -> None:
        self._session = session
        self._other = other
        self._stopped_by = stopped_by

    def on_step(self, images: int, seconds: float) -> None:
        self._other.on_step(images, seconds)

    def on_tick(self, tick: Tick) -> None:
        self._other.on_tick(tick)

    def on_saved(self, saved: Saved) -> None:
        self._other.on_saved(saved)

    def should_stop(self) -> bool:
        return bool(self._stopped_by) or self._other.should_stop()

    def draw(self, generator: Generator) -> Image.Image:
        drawn = self._other.draw(generator)
        return drawn if drawn is not None else _draw_samples(generator, self._session.store)

    def score(self, generator: Generator) -> QuickScore | None:
        scored = self._other.score(generator)
        if scored is None and self._session.scorer is not None:
            scored = self._session.scorer.score(generator)
        return scored


@contextmanager
def _open_or_close(path: Path) -> Iterator[Store]:
    """Open a store that stays open, unless the block ends with an error."""
    store = Store(path)
    try:
        yield store
    except BaseException:
        store.close()
        raise


def _stream(recipe: Recipe, store: Store, trainer: Trainer) -> BatchStream:
    return BatchStream(
        store,
        size=recipe.model.size,
        batch_size=recipe.train.batch_size,
        pack_size=recipe.model.pack_size,
        seed=recipe.train.seed,
        residence=recipe.data.residence,
        device=trainer.device,
        part=trainer.part,
        class_balance=recipe.data.class_balance,
        with_kinds=True,
    )


def _usual_kind(store: Store) -> int:
    """The number of the likeliest kind of writing that has train samples."""
    untaught = untaught_kinds_in(store)
    taught = [kind for kind in store.kinds if kind not in untaught]
    return store.kinds.index(taught[likeliest_kind(taught)])


def _draw_samples(generator: Generator, store: Store) -> Image.Image:
    """The picture of a tick: characters evenly spread over the charset, always the same latents."""
    spread = np.linspace(0, len(store.charset) - 1, min(_SAMPLE_COLUMNS, len(store.charset)))
    characters = "".join(store.charset[int(label)] for label in spread.round())
    return render_comparison(
        generator,
        store.charset,
        characters,
        store=store,
        kind=store.kinds[_usual_kind(store)],
        rows=_SAMPLE_ROWS,
        seed=_SAMPLE_SEED,
    )


@contextmanager
def _lost_processes(run: RunFolder, trainer: Trainer) -> Iterator[None]:
    """Turn what a collective operation raises when another process has died into one line."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        if trainer.processes == 1 or not _LOST_CONNECTION.search(reason):
            raise
        problem = f"another process of this training is gone ({reason})"
        remedy = "look for its message above, and go on with `train --resume`"
        raise UserError(join_message(str(run.path), problem, remedy)) from None
