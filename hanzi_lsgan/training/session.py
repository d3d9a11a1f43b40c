"""One sitting of training: a recipe, a store and a run folder brought together."""

import math
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

import numpy as np
import torch
from PIL import Image

from data_tools.errors import UserError, join_message
from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.judging.checkpoint_score import QuickScorer
from hanzi_lsgan.judging.judge import (
    JUDGE,
    TEACHER,
    OnSamples,
    Role,
    has_recogniser,
    obtain_recogniser,
)
from hanzi_lsgan.models import Generator
from hanzi_lsgan.recipe import Recipe, load_recipe
from hanzi_lsgan.runs.folder import RunFolder, newest_run, next_run
from hanzi_lsgan.training.loop import Saved, Tick, train
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
        run: where results go; it is written to only by `train`.
        trainer: fresh, or as the last checkpoint left it.
        stream: of the store's train split.
        resumed: whether the run existed before.
        scorer: of checkpoints, once `prepare_recognisers` has made it.
    """

    recipe: Recipe
    store: Store
    run: RunFolder
    trainer: Trainer
    stream: BatchStream
    resumed: bool = False
    scorer: QuickScorer | None = None
    _stopped_by: list[int] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        recipe_name: str | None,
        store_path: Path,
        out: Path | None = None,
        overrides: Sequence[str] = (),
    ) -> Self:
        """Prepare a new run.

        Args:
            recipe_name: a recipe's name or file; by default what suits the store.
            store_path: what to train on.
            out: the run folder; by default the next free name under `runs/`.
            overrides: `section.key=value` settings.

        Raises:
            UserError: recipe, store and run folder do not go together.
        """
        if recipe_name is None:
            with Store(store_path) as store:
                recipe_name = default_recipe(store)
        recipe = load_recipe(recipe_name, overrides)
        store = Store(store_path)
        run = RunFolder(out or next_run(Path(recipe_name).stem))
        run.refuse_if_used()
        trainer = Trainer(recipe, store.charset)
        return cls(recipe, store, run, trainer, _stream(recipe, store, trainer))

    @classmethod
    def resume(cls, out: Path | None, store_path: Path | None = None) -> Self:
        """Go on with a run from its last checkpoint, or from its beginning if it has none yet.

        Args:
            out: the run folder; by default the newest under `runs/`.
            store_path: the run's store, where it has moved.

        Raises:
            UserError: there is no such run, or the store is not the one that it was trained on.
        """
        run = RunFolder(out) if out is not None else newest_run()
        recipe, info = run.recipe(), run.info()
        store = Store(store_path or Path(info.store.path))
        if store.fingerprint != info.store.fingerprint:
            problem = f"is not the store that {run.path} was trained on"
            remedy = "name that store with --data, or begin a new run"
            raise UserError(join_message(str(store.path), problem, remedy))
        trainer = Trainer(recipe, store.charset)
        if run.state.exists():
            trainer.load_state(run.load_state())
        return cls(recipe, store, run, trainer, _stream(recipe, store, trainer), resumed=True)

    @property
    def lacking_recognisers(self) -> list[Role]:
        """Those that `prepare_recognisers` will train first."""
        wanted = []
        if self.recipe.train.score_samples > 0:
            wanted.append((JUDGE, self.recipe.model.size))
        if self.recipe.objective.reading_weight > 0:
            wanted.append((TEACHER, self.recipe.teacher_size))
        return [role for role, size in wanted if not has_recogniser(self.store, size, role)]

    def prepare_recognisers(self, on_samples: OnSamples = lambda phase, done, total: None) -> None:
        """Get the judge of checkpoints and the teacher ready, if the recipe asks for them.

        One that the store lacks is trained by the main process, which takes minutes.

        Raises:
            UserError: a recogniser is damaged, or cannot be written beside the store.
        """
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
        on_step: Callable[[int, float], None] = lambda images, seconds: None,
        on_tick: Callable[[Tick], None] = lambda tick: None,
        on_saved: Callable[[Saved], None] = lambda saved: None,
    ) -> int | None:
        """Train until a limit, Ctrl-C or SIGTERM; the last step is always saved.

        Args:
            kimg: stop at so many thousand images of the whole run; by default the recipe's.
            minutes: stop after so many minutes of this session.
            on_step: told of images and seconds of the whole run.
            on_tick: told of each line of metrics.
            on_saved: told of each checkpoint.

        Returns:
            The number of the signal that ended it, or None where a limit did.

        Raises:
            UserError: a loss diverged, the run folder cannot be written, or `kimg` is more than a
                recipe whose learning rate falls allows.
        """
        settings = self.recipe.train
        kimg = settings.kimg if kimg is None else kimg
        if settings.decay_kimg > 0 and kimg > settings.kimg:
            problem = f"the learning rate has fallen to zero at train.kimg = {settings.kimg:g}"
            remedy = "begin a longer run with --set train.kimg=N"
            raise UserError(join_message(f"--kimg {kimg:g}", problem, remedy))
        self.prepare_recognisers()
        self.trainer.wait_for_others()  # until all have seen that the folder is free
        if not self.resumed and self.trainer.is_main:
            self.run.create(self.recipe, self.store)
        with _stop_signals(self._stopped_by), _lost_processes(self.run, self.trainer):
            train(
                self.trainer,
                self.stream,
                self.run,
                kimg=kimg,
                minutes=math.inf if minutes is None else minutes,
                draw_samples=partial(_draw_samples, store=self.store),
                score=self.scorer.score if self.scorer is not None else None,
                should_stop=lambda: bool(self._stopped_by),
                on_step=on_step,
                on_tick=on_tick,
                on_saved=on_saved,
            )
        return self._stopped_by[0] if self._stopped_by else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()


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
    )


def _draw_samples(generator: Generator, store: Store) -> Image.Image:
    """The picture of a tick: characters evenly spread over the charset, always the same latents."""
    spread = np.linspace(0, len(store.charset) - 1, min(_SAMPLE_COLUMNS, len(store.charset)))
    characters = "".join(store.charset[int(label)] for label in spread.round())
    return render_comparison(
        generator, store.charset, characters, store=store, rows=_SAMPLE_ROWS, seed=_SAMPLE_SEED
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


@contextmanager
def _stop_signals(stopped_by: list[int]) -> Iterator[None]:
    """Note the first Ctrl-C or SIGTERM instead of dying of it; a second one is obeyed at once."""
    caught = (signal.SIGINT, signal.SIGTERM)

    def note(number: int, frame: FrameType | None) -> None:
        stopped_by.append(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in caught}
    try:
        for number in caught:
            signal.signal(number, note)
        yield
    finally:
        for number in caught:
            signal.signal(number, before[number])
