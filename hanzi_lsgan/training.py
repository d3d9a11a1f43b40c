"""The training loop: one discriminator step and one generator step on the same generated images."""

import copy
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import is_bf16_available
from PIL import Image
from torch import Tensor

from data_tools.errors import UserError, join_message
from hanzi_lsgan.checkpoint import RunFolder
from hanzi_lsgan.config import Recipe
from hanzi_lsgan.dataset import Batch, BatchStream, Position
from hanzi_lsgan.losses import r1_penalty
from hanzi_lsgan.metrics_log import MetricsLog
from hanzi_lsgan.models import Discriminator, Generator, build_discriminator, build_generator
from hanzi_lsgan.sampling import to_pixels

_EMA_RAMP = 0.05  # the half-life is at most this share of the images seen: early weights fade soon


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
        """The mean of each value over the steps that had it; R1 is 0 where no step had it."""
        means = {name: float(total) / self.counts[name] for name, total in self.values.items()}
        return {"r1": 0.0} | means


class Trainer:
    """Networks, optimizers and position of one run.

    Attributes:
        images: real images seen.
        seconds: spent in the loop, over all sessions of the run.
        position: in the data.
        ema: the averaged generator, in evaluation mode.
        random: source of latents, seeded anew for each step.
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        """Build the networks from the recipe's seed, on whatever device accelerate finds.

        Raises:
            UserError: the precision or the number of processes cannot be had.
        """
        self.recipe = recipe
        self.images = 0
        self.seconds = 0.0
        self.position = Position()
        self._accelerator = _make_accelerator(recipe.train.precision)
        torch.manual_seed(recipe.train.seed)
        generator = build_generator(recipe.model, classes)
        discriminator = build_discriminator(recipe.model, classes)
        self.ema = copy.deepcopy(generator).eval().requires_grad_(False)
        self.ema.to(self.device)

        settings = recipe.train
        betas = (settings.adam_beta1, settings.adam_beta2)
        prepared = self._accelerator.prepare(
            generator.to(memory_format=torch.channels_last),
            discriminator.to(memory_format=torch.channels_last),
            torch.optim.Adam(
                generator.parameters(), settings.generator_learning_rate, betas, fused=True
            ),
            torch.optim.Adam(
                discriminator.parameters(), settings.discriminator_learning_rate, betas, fused=True
            ),
        )
        self.generator: Generator = prepared[0]
        self.discriminator: Discriminator = prepared[1]
        self._generator_optimizer, self._discriminator_optimizer = prepared[2:]
        self.random = torch.Generator(self.device)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        device: torch.device = self._accelerator.device
        return device

    @property
    def precision(self) -> str:
        """What accelerate computes in: `bf16`, `fp16` or `no`."""
        return str(self._accelerator.mixed_precision)

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self.images // self.recipe.train.batch_size

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Update both networks on one batch; return losses and mean scores, each a scalar."""
        labels = batch.labels.to(self.device, non_blocking=True)
        grey = batch.images.to(self.device, non_blocking=True)
        real = to_pixels(grey, self.generator.pixel_range)
        # A seed for each step: what is drawn depends on the position alone, also after a resume.
        self.random.manual_seed(_mix_seed(self.recipe.train.seed, self.step))
        latents = self.generator.sample_latents(len(labels), self.random)
        fake = self.generator(latents, labels)

        values = self._discriminator_step(real, fake.detach(), labels)
        values |= self._generator_step(fake, labels)
        self._update_ema(len(labels))
        self.images += len(labels)
        self.position = batch.following
        return {name: value.detach() for name, value in values.items()}

    def _discriminator_step(self, real: Tensor, fake: Tensor, labels: Tensor) -> dict[str, Tensor]:
        objective = self.recipe.objective
        self._discriminator_optimizer.zero_grad()
        scores = self.discriminator(torch.cat([real, fake]), labels)
        real_scores, fake_scores = scores.chunk(2)
        loss = objective.least_squares.discriminator(real_scores, fake_scores)
        self._accelerator.backward(loss)
        values = {
            "discriminator_loss": loss,
            "real_score": real_scores.mean(),
            "fake_score": fake_scores.mean(),
        }
        if objective.r1_gamma > 0 and self.step % objective.r1_every == 0:
            # Lazy regularisation (Karras et al., 2020): rarely, and stronger by as much.
            real = real.requires_grad_()
            penalty = r1_penalty(self.discriminator(real, labels), real)
            weight = objective.r1_gamma / 2 * objective.r1_every
            self._accelerator.backward(weight * penalty)
            values["r1"] = penalty
        self._discriminator_optimizer.step()
        return values

    def _generator_step(self, fake: Tensor, labels: Tensor) -> dict[str, Tensor]:
        self._generator_optimizer.zero_grad()
        # The discriminator passes gradients on but needs none of its own here.
        self.discriminator.requires_grad_(False)
        loss = self.recipe.objective.least_squares.generator(self.discriminator(fake, labels))
        self._accelerator.backward(loss)
        self.discriminator.requires_grad_(True)
        self._generator_optimizer.step()
        return {"generator_loss": loss}

    @torch.no_grad()
    def _update_ema(self, batch_size: int) -> None:
        """Move the averaged generator towards the trained one, by a half-life counted in images."""
        half_life = self.recipe.train.ema_half_life_kimg * 1000
        half_life = min(half_life, self.images * _EMA_RAMP)
        weight = 1 - 0.5 ** (batch_size / half_life) if half_life > 0 else 1.0
        trained = self._accelerator.unwrap_model(self.generator).state_dict()
        for name, average in self.ema.state_dict().items():
            if average.is_floating_point():
                average.lerp_(trained[name], weight)
            else:
                average.copy_(trained[name])

    def state(self) -> dict[str, Any]:
        """Everything that `load_state` needs to go on as if nothing had happened."""
        scaler = self._accelerator.scaler
        return {
            "images": self.images,
            "seconds": self.seconds,
            "epoch": self.position.epoch,
            "batch": self.position.batch,
            "scaler": scaler.state_dict() if scaler is not None else {},
        } | {name: part.state_dict() for name, part in self._parts().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            UserError: the state belongs to other networks.
        """
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            if self._accelerator.scaler is not None and state["scaler"]:
                self._accelerator.scaler.load_state_dict(state["scaler"])
            self.images = int(state["images"])
            self.seconds = float(state["seconds"])
            self.position = Position(int(state["epoch"]), int(state["batch"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            remedy = "resume with the recipe that the run was begun with"
            problem = f"does not fit these networks ({error})"
            raise UserError(join_message("the checkpoint", problem, remedy)) from None

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self._accelerator.unwrap_model(self.generator),
            "discriminator": self._accelerator.unwrap_model(self.discriminator),
            "ema": self.ema,
            "generator_optimizer": self._generator_optimizer,
            "discriminator_optimizer": self._discriminator_optimizer,
        }


def train(
    trainer: Trainer,
    stream: BatchStream,
    run: RunFolder,
    *,
    kimg: float,
    minutes: float = math.inf,
    draw_samples: Callable[[Generator], Image.Image],
    should_stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, float], None] = lambda images, seconds: None,
    on_tick: Callable[[Tick], None] = lambda tick: None,
) -> None:
    """Train until a limit is reached or `should_stop`, writing everything into the run folder.

    Args:
        trainer: fresh or resumed.
        stream: of the run's store.
        run: a folder that has been created.
        kimg: stop at so many thousand real images, counted from the beginning of the run.
        minutes: stop after so many minutes, counted from this call.
        draw_samples: draws the picture of a tick with the averaged generator.
        should_stop: asked after each step; the step is kept.
        on_step: told of images and seconds so far, over all sessions of the run.
        on_tick: told of each tick, after it is logged.

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
    metrics = MetricsLog(run, trainer.images)
    stopping = trainer.images >= end_images
    while not stopping:
        # One step
        waiting = time.perf_counter()
        batch = next(batches)
        sums.loader_seconds += time.perf_counter() - waiting
        sums.add(trainer.train_step(batch))
        trainer.seconds = time.perf_counter() - started
        on_step(trainer.images, trainer.seconds)
        stopping = trainer.images >= end_images or trainer.seconds >= end_seconds or should_stop()
        if trainer.images < next_tick and not stopping:
            continue

        # One tick
        tick = _make_tick(trainer, sums, last_tick)
        if not math.isfinite(tick.discriminator_loss + tick.generator_loss + tick.r1):
            raise _diverged(run, tick, last_checkpoint)
        metrics.write(asdict(tick))
        run.save_picture(draw_samples(trainer.ema), trainer.images)
        on_tick(tick)
        sums, last_tick = _Sums(), Progress(trainer.images, trainer.seconds)
        next_tick += tick_images

        # One checkpoint, in the tick after it is due, so that its losses are known to be sound
        due_seconds = last_checkpoint.seconds + settings.checkpoint_minutes * 60
        if stopping or trainer.seconds >= due_seconds:
            trainer.seconds = time.perf_counter() - started
            run.save_state(trainer.state())
            run.save_generator(trainer.ema, trainer.images)
            last_checkpoint = Progress(trainer.images, trainer.seconds)


def _make_tick(trainer: Trainer, sums: _Sums, last: Progress) -> Tick:
    seconds = trainer.seconds - last.seconds
    return Tick(
        images=trainer.images,
        epoch=trainer.position.epoch,
        seconds=round(trainer.seconds, 2),
        images_per_second=round((trainer.images - last.images) / seconds, 1),
        loader_share=round(sums.loader_seconds / seconds, 4),
        **sums.means(),
    )


def _diverged(run: RunFolder, tick: Tick, last_checkpoint: Progress) -> DivergenceError:
    where = f"{run.path}: after {tick.images:,} images"
    problem = (
        f"a loss is infinite or no number (discriminator {tick.discriminator_loss}, generator "
        f"{tick.generator_loss}, R1 {tick.r1})"
    )
    remedy = "begin a new run with lower learning rates or a larger objective.r1_gamma"
    if run.state.exists():
        remedy = f"the checkpoint at {last_checkpoint.images:,} images is kept; {remedy}"
    return DivergenceError(join_message(where, problem, remedy))


def _make_accelerator(precision: str) -> Accelerator:
    """An accelerator in the precision asked for, or in the best that the device computes fast."""
    AcceleratorState._reset_state(reset_partial_state=True)  # it remembers the run before
    accelerator = Accelerator(mixed_precision="no" if precision == "auto" else precision)
    on_cpu = accelerator.device.type == "cpu"
    if accelerator.num_processes > 1:
        problem = f"{accelerator.num_processes} processes were started"
        raise UserError(f"{problem}, and training is for one so far; start it without a launcher")
    if precision == "fp16" and on_cpu:
        raise UserError("train.precision: fp16 needs a GPU; choose auto, bf16 or no")
    if precision != "auto":
        return accelerator
    if on_cpu:
        fast = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        best = "bf16" if fast else "no"
    else:
        best = "bf16" if is_bf16_available() else "fp16"
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(mixed_precision=best)


def _mix_seed(seed: int, step: int) -> int:
    """A seed for one step; numpy's mixing keeps neighbouring steps unrelated."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0])
