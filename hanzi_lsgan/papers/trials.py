"""Trainings of the real thing, many of them: the sessions that `train` has, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.drawing.images import draw_images, draw_latents
from hanzi_lsgan.models import Generator
from hanzi_lsgan.papers.judged import Examiner
from hanzi_lsgan.papers.record import Row
from hanzi_lsgan.papers.sitting import Sitting, Unfinished
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.loop import DivergenceError, Listener
from hanzi_lsgan.training.session import Session

_GRID_SEED = 0


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        folder: of the run.
        recipe: its name.
        store: what it is trained on.
        overrides: of the recipe.
        kimg: its length in thousand real images.
    """

    folder: Path
    recipe: str
    store: Path
    overrides: Sequence[str]
    kimg: float

    def train(self, sitting: Sitting) -> bool:
        """Train to the end, or go on with what was begun.

        Returns:
            Whether it ended well; not, where a loss became infinite or no number.

        Raises:
            Unfinished: the sitting is over; the run is saved.
            UserError: recipe and store do not go together, or the run folder cannot be written.
        """
        run = RunFolder(self.folder)
        if run.config.exists():
            session = Session.resume(self.folder, self.store)
        else:
            session = Session.begin(self.recipe, self.store, self.folder, self.overrides)
        goal = round(self.kimg * 1000)
        with session:
            if session.trainer.images < goal:
                try:
                    signal = session.train(self.kimg, None, _TrialListener(sitting, self))
                except DivergenceError:
                    return False
                sitting.signals += [] if signal is None else [signal]
            if session.trainer.images < goal:
                raise Unfinished
        return True

    def generator(self) -> Generator | None:
        """The averaged generator as it was saved last, or None where there is none."""
        run = RunFolder(self.folder)
        return run.load_generator("last").network if run.generator.exists() else None

    def images_seen(self) -> int:
        """Real samples that the saved generator's training had seen."""
        return RunFolder(self.folder).load_generator("last").images

    def train_and_examine(self, sitting: Sitting, examiner: Examiner) -> Row:
        """Train, and judge the averaged generator; one that diverged can be read in no sample.

        Raises:
            Unfinished: as `train`.
            UserError: as `train`.
        """
        ended_well = self.train(sitting)
        if not ended_well or (generator := self.generator()) is None:
            return {"diverged": 1, "readability": 0.0, "diversity": 0.0}
        return {"diverged": 0} | examiner.examine(generator)

    def grid(self, columns: int, rows: int) -> NDArray[np.uint8] | None:
        """Samples of the first characters as one picture, a column each: (height, width)."""
        generator = self.generator()
        if generator is None:
            return None
        latents = draw_latents(generator, rows, _GRID_SEED)
        drawn = np.concatenate(list(draw_images(generator, latents, range(columns))))
        size = drawn.shape[-1]
        lines = drawn.reshape(rows, columns, size, size)
        picture: NDArray[np.uint8] = lines.swapaxes(1, 2).reshape(rows * size, columns * size)
        return picture


class _TrialListener(Listener):
    """Passes progress on, and ends training with the sitting."""

    def __init__(self, sitting: Sitting, trial: Trial) -> None:
        self._sitting = sitting
        self._trial = trial

    def on_step(self, images: int, seconds: float) -> None:
        name, goal = self._trial.folder.name, round(self._trial.kimg * 1000)
        self._sitting.on_progress(name, min(images, goal), goal)

    def should_stop(self) -> bool:
        return self._sitting.over
