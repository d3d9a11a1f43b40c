"""The training loop: steps, a line of metrics every tick, a checkpoint every few minutes."""

import math
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

from PIL import Image
from torch import Tensor

from data_tools.errors import UserError, join_message
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.judging.checkpoint_score import QuickScore
from hanzi_lsgan.models import Generator
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.log import MetricsLog
from hanzi_lsgan.training.step import Trainer

_MOST_KIMG = 1e9
_MOST_MINUTES = 1e6  # two years
_LONGEST_TICK_SECONDS = 60  # a slow machine speaks between the multiples of tick_kimg too
_PULSE_SECONDS = 1.0
# By recipe, or not in every step
_OPTIONAL = (
    "generator_loss",
    "r1",
    "gradient_penalty",
    "wrong_label_loss",
    "reading_loss",
    "varied_share",
)


@dataclass(frozen=True)
class Limits:
    """When training ends.

    Attributes:
        kimg: after so many thousand real images, counted from the beginning of the run.
        minutes: after so many minutes, counted from the beginning of the loop.

    Raises:
        UserError: one of them is not above 0, or too large; infinite minutes are no limit.
    """

    kimg: float
    minutes: float = math.inf

    def __post_init__(self) -> None:
        if not 0 < self.kimg <= _MOST_KIMG:
            remedy = f"name a number above 0 and at most {_MOST_KIMG:g}"
            raise UserError(join_message(f"--kimg {self.kimg:g}", "is no limit", remedy))
        if not 0 < self.minutes <= _MOST_MINUTES and self.minutes != math.inf:
            remedy = f"name a number above 0 and at most {_MOST_MINUTES:g}"
            raise UserError(join_message(f"--minutes {self.minutes:g}", "is no limit", remedy))


@dataclass(frozen=True)
class Tick:
    """One line of metrics: means over the steps since the tick before."""

    images: int
    epoch: int
    seconds: float
    images_per_second: float
    loader_share: float
    discriminator_loss: float
    generator_loss: float
    real_score: float
    fake_score: float
    r1: float
    gradient_penalty: float
    wrong_label_loss: float
    reading_loss: float
    varied_share: float


@dataclass(frozen=True)
class Saved:
    """A checkpoint: what was saved, and how good it is.

    Attributes:
        images: real images seen.
        score: of the averaged generator, or None where the recipe asks for none.
        best: whether it is the best so far.
    """

    images: int
    score: QuickScore | None
    best: bool


class Listener:
    """What a training tells, and what it asks for; this one hears nothing and adds nothing."""

    def on_step(self, images: int, seconds: float) -> None:
        """After each step, in each process: real images and seconds since the run began."""

    def on_tick(self, tick: Tick) -> None:
        """After each tick, in each process."""

    def on_saved(self, saved: Saved) -> None:
        """After each checkpoint, in the main process."""

    def should_stop(self) -> bool:
        """Whether training is to end with the step that has just been done, which is saved."""
        return False

    def draw(self, generator: Generator) -> Image.Image | None:
        """The picture of a tick, by the averaged generator; asked in the main process."""
        return None

    def score(self, generator: Generator) -> QuickScore | None:
        """What the averaged generator of a checkpoint scores; asked in the main process."""
        return None


class DivergenceError(UserError):
    """A loss became infinite or no number at all; the checkpoint before is kept."""


@dataclass(frozen=True)
class Progress:
    """Real images and seconds since the beginning of a run."""

    images: int
    seconds: float


@dataclass
class _Sums:
    """Running sums of a tick, left on the device so that no step waits for them."""

    loader_seconds: float = 0.0
    values: dict[str, Tensor] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            total = self.values.get(name)
            self.values[name] = value if total is None else total + value
            self.counts[name] += 1

    def means(self) -> dict[str, float]:
        """The mean of each value over the steps that had it; what no step had is 0."""
        means = {name: float(total) / self.counts[name] for name, total in self.values.items()}
        return dict.fromkeys(_OPTIONAL, 0.0) | means


class Pulse:
    """The steps after which processes ask each other whether to go on: about one a second.

    Asking makes the device and all processes wait, so it is too dear for every step. All of them
    find the same steps, since the pace is the mean of theirs. A process that is alone asks nobody,
    and may stop after any step.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._last_step = trainer.step
        self._last_seconds = trainer.seconds
        self._next_step = trainer.step + 1

    def beats(self) -> bool:
        """Whether this step is one of them."""
        trainer = self._trainer
        if trainer.processes == 1:
            return True
        if trainer.step < self._next_step:
            return False
        steps = trainer.step - self._last_step
        seconds = {"seconds": trainer.seconds - self._last_seconds}
        pace = steps / max(1e-9, trainer.mean_of_processes(seconds)["seconds"])
        # The first steps are slower than those to come: the pace is found by doubling at most.
        pause = max(1, min(2 * steps, round(pace * _PULSE_SECONDS)))
        self._last_step, self._last_seconds = trainer.step, trainer.seconds
        self._next_step = trainer.step + pause
        return True


def train(
    trainer: Trainer, stream: BatchStream, run: RunFolder, limits: Limits, listener: Listener
) -> None:
    """Train until a limit is reached or the listener says stop, writing all into the run folder.

    A tick comes at the multiples of `tick_kimg`, wherever a session began, but no sooner than
    `tick_seconds` after the one before; and after a minute in any case. Ticks change nothing of
    what is learned. The seconds of checkpoints do not count as training.

    Args:
        trainer: fresh or resumed.
        stream: of the run's store.
        run: a folder that has been created.
        limits: when to end.
        listener: told of what happens.

    Raises:
        DivergenceError: a loss is infinite or no number; no checkpoint is written then.
        UserError: the run folder cannot be written.
    """
    settings = trainer.recipe.train
    started = time.perf_counter() - trainer.seconds
    end_seconds = trainer.seconds + limits.minutes * 60
    end_images = limits.kimg * 1000
    tick_images = max(1, round(settings.tick_kimg * 1000))
    last_tick = last_checkpoint = Progress(trainer.images, trainer.seconds)
    sums, pulse = _Sums(), Pulse(trainer)
    batches = stream.batches(trainer.position)
    log = MetricsLog(run, trainer.images) if trainer.is_main else None
    stopping = trainer.images >= end_images
    while not stopping:
        # One step
        waiting = time.perf_counter()
        batch = next(batches)
        sums.loader_seconds += time.perf_counter() - waiting
        ticks_before = trainer.images // tick_images
        sums.add(trainer.train_step(batch))
        trainer.seconds = time.perf_counter() - started
        listener.on_step(trainer.images, trainer.seconds)

        # Whether to stop, or to pause for a tick; what clocks and signals say, processes share
        at_end = trainer.images >= end_images
        at_multiple = trainer.images // tick_images > ticks_before
        if not (at_end or at_multiple or pulse.beats()):
            continue
        time_is_up = trainer.seconds >= end_seconds
        stopping = at_end or trainer.any_process(time_is_up or listener.should_stop())
        least_seconds = settings.tick_seconds if at_multiple else _LONGEST_TICK_SECONDS
        is_due = trainer.seconds - last_tick.seconds >= least_seconds
        if not (stopping or trainer.any_process(is_due)):
            continue

        # One tick
        tick = _make_tick(trainer, sums, last_tick)
        if not all(map(math.isfinite, asdict(tick).values())):
            raise _diverged(run, tick, last_checkpoint)
        if log is not None and (picture := listener.draw(trainer.ema)) is not None:
            run.save_picture(picture, trainer.images)
        listener.on_tick(tick)
        sums, last_tick = _Sums(), Progress(trainer.images, trainer.seconds)

        # One checkpoint, in the tick after it is due, so that its losses are known to be sound
        due_seconds = last_checkpoint.seconds + settings.checkpoint_minutes * 60
        if not trainer.any_process(stopping or trainer.seconds >= due_seconds):
            if log is not None:
                log.write(asdict(tick))
            continue
        trainer.seconds = time.perf_counter() - started
        if log is not None:
            listener.on_saved(_save(trainer, run, log, tick, listener.score(trainer.ema)))
        trainer.wait_for_others()
        started = time.perf_counter() - trainer.seconds
        last_checkpoint = Progress(trainer.images, trainer.seconds)


def _make_tick(trainer: Trainer, sums: _Sums, last: Progress) -> Tick:
    seconds = trainer.seconds - last.seconds
    return Tick(
        images=trainer.images,
        epoch=trainer.position.epoch,
        seconds=round(trainer.seconds, 2),
        images_per_second=round((trainer.images - last.images) / seconds, 1),
        loader_share=round(sums.loader_seconds / seconds, 4),
        **trainer.mean_of_processes(sums.means()),
    )


def _save(
    trainer: Trainer, run: RunFolder, log: MetricsLog, tick: Tick, score: QuickScore | None
) -> Saved:
    """Write a checkpoint. The state comes last: a run killed before it writes all of it again."""
    run.restore_beginning()
    log.write(asdict(tick) | (asdict(score) if score is not None else {}))
    run.save_generator(trainer.ema, trainer.images)
    best = score is not None and run.offer_best(trainer.ema, trainer.images, score.frechet)
    run.save_state(trainer.state())
    return Saved(trainer.images, score, best)


def _diverged(run: RunFolder, tick: Tick, last_checkpoint: Progress) -> DivergenceError:
    where = f"{run.path}: after {tick.images:,} images"
    problem = (
        f"a loss is infinite or no number (discriminator {tick.discriminator_loss}, generator "
        f"{tick.generator_loss}, R1 {tick.r1}, wrong labels {tick.wrong_label_loss}, reading "
        f"{tick.reading_loss})"
    )
    remedy = "begin a new run with lower learning rates or a larger objective.r1_gamma"
    if run.state.exists():
        remedy = f"the checkpoint at {last_checkpoint.images:,} images is kept; {remedy}"
    return DivergenceError(join_message(where, problem, remedy))
