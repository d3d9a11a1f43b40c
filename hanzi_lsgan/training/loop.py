"""The training loop: steps, a line of metrics every tick, a checkpoint every few minutes."""

import math
import time
from collections import Counter
from collections.abc import Callable
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

# By recipe, or not in every step
_OPTIONAL = ("generator_loss", "r1", "gradient_penalty", "wrong_label_loss", "reading_loss")


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


def train(
    trainer: Trainer,
    stream: BatchStream,
    run: RunFolder,
    *,
    kimg: float,
    minutes: float = math.inf,
    draw_samples: Callable[[Generator], Image.Image],
    score: Callable[[Generator], QuickScore] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, float], None] = lambda images, seconds: None,
    on_tick: Callable[[Tick], None] = lambda tick: None,
    on_saved: Callable[[Saved], None] = lambda saved: None,
) -> None:
    """Train until a limit is reached or `should_stop`, writing everything into the run folder.

    Args:
        trainer: fresh or resumed.
        stream: of the run's store.
        run: a folder that has been created.
        kimg: stop at so many thousand real images, counted from the beginning of the run.
        minutes: stop after so many minutes, counted from this call.
        draw_samples: draws the picture of a tick with the averaged generator.
        score: judges the averaged generator at each checkpoint. The seconds of checkpoints do not
            count as training.
        should_stop: asked after each step; the step is kept.
        on_step: told of images and seconds so far, over all sessions of the run.
        on_tick: told of each tick, after it is logged.
        on_saved: told of each checkpoint, after it is saved.

    Raises:
        DivergenceError: a loss is infinite or no number; no checkpoint is written then.
        UserError: the run folder cannot be written.
    """
    settings = trainer.recipe.train
    started = time.perf_counter() - trainer.seconds
    end_seconds = trainer.seconds + minutes * 60
    end_images = kimg * 1000
    tick_images = settings.tick_kimg * 1000
    next_tick = (trainer.images // tick_images + 1) * tick_images
    last_tick = last_checkpoint = Progress(trainer.images, trainer.seconds)
    sums = _Sums()
    batches = stream.batches(trainer.position)
    metrics = MetricsLog(run, trainer.images) if trainer.is_main else None
    stopping = trainer.images >= end_images
    while not stopping:
        # One step
        waiting = time.perf_counter()
        batch = next(batches)
        sums.loader_seconds += time.perf_counter() - waiting
        sums.add(trainer.train_step(batch))
        trainer.seconds = time.perf_counter() - started
        on_step(trainer.images, trainer.seconds)
        stopping = trainer.any_process(
            trainer.images >= end_images or trainer.seconds >= end_seconds or should_stop()
        )
        if trainer.images < next_tick and not stopping:
            continue

        # One tick
        tick = _make_tick(trainer, sums, last_tick)
        if not all(map(math.isfinite, asdict(tick).values())):
            raise _diverged(run, tick, last_checkpoint)
        if metrics is not None:
            run.save_picture(draw_samples(trainer.ema), trainer.images)
        on_tick(tick)
        sums, last_tick = _Sums(), Progress(trainer.images, trainer.seconds)
        next_tick += tick_images

        # One checkpoint, in the tick after it is due, so that its losses are known to be sound
        due_seconds = last_checkpoint.seconds + settings.checkpoint_minutes * 60
        if not trainer.any_process(stopping or trainer.seconds >= due_seconds):
            if metrics is not None:
                metrics.write(asdict(tick))
            continue
        trainer.seconds = time.perf_counter() - started
        if metrics is not None:
            found = score(trainer.ema) if score is not None else None
            metrics.write(asdict(tick) | (asdict(found) if found is not None else {}))
            run.save_generator(trainer.ema, trainer.images)
            best = found is not None and run.offer_best(trainer.ema, trainer.images, found.frechet)
            # The state comes last: a run that is killed before it writes all of these once more.
            run.save_state(trainer.state())
            on_saved(Saved(trainer.images, found, best))
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
