"""The training step: networks and optimizers of one run, and how a batch updates them.

Several processes do together what one would do alone: each takes its part of every batch, batch
normalisation uses the statistics of all parts, and gradients are averaged before they are applied.
"""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from accelerate.optimizer import AcceleratedOptimizer
from torch import Tensor, nn

from data_tools.errors import UserError, join_message
from hanzi_lsgan.acceleration import make_accelerator
from hanzi_lsgan.batches import Batch, Position
from hanzi_lsgan.drawing.images import mix_seed, to_pixels
from hanzi_lsgan.judging.recogniser import Recogniser, draw_variations, vary
from hanzi_lsgan.losses import r1_penalty, reading_loss
from hanzi_lsgan.models import Discriminator, Generator, build_discriminator, build_generator
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from hanzi_lsgan.recipe import Recipe
from hanzi_lsgan.training.wrong_labels import WrongLabels

_EMA_RAMP = 0.05  # the half-life is at most this share of the images seen: early weights fade soon


class Trainer:
    """Networks, optimizers and position of one run.

    Attributes:
        images: real images seen.
        seconds: spent in the loop, over all sessions of the run.
        position: in the data.
        ema: the averaged generator, in evaluation mode.
        random: source of latents, seeded anew for each step.
    """

    def __init__(self, recipe: Recipe, charset: str) -> None:
        """Build the networks from the recipe's seed, on whatever device accelerate finds.

        Args:
            recipe: the settings.
            charset: label i is character i.

        Raises:
            UserError: the precision cannot be had, or the processes cannot share a batch.
        """
        self.recipe = recipe
        self.images = 0
        self.seconds = 0.0
        self.position = Position()
        self._accelerator = make_accelerator(recipe.train.precision)
        self._part_size = self._share_batch()
        torch.manual_seed(recipe.train.seed)
        generator = build_generator(recipe.model, charset)
        discriminator = build_discriminator(recipe.model, charset)
        self.ema = copy.deepcopy(generator).eval().requires_grad_(False)
        self.ema.to(self.device)

        settings = recipe.train
        betas = (settings.adam_beta1, settings.adam_beta2)
        # "Evaluation mode" leaves out the wrapper that averages gradients after each backward pass:
        # a step has three, and `_step` averages them once.
        self.generator: Generator = self._accelerator.prepare_model(
            generator.to(memory_format=torch.channels_last), evaluation_mode=True
        )
        self.discriminator: Discriminator = self._accelerator.prepare_model(
            discriminator.to(memory_format=torch.channels_last), evaluation_mode=True
        )
        self._generator_optimizer, self._discriminator_optimizer = self._accelerator.prepare(
            torch.optim.Adam(
                generator.parameters(), settings.generator_learning_rate, betas, fused=True
            ),
            torch.optim.Adam(
                discriminator.parameters(), settings.discriminator_learning_rate, betas, fused=True
            ),
        )
        self.random = torch.Generator(self.device)
        self._teacher: Recogniser | None = None
        if recipe.objective.wrong_label_weight > 0:
            embedding = discriminator.label_embedding
            codes = embedding.all_codes() if isinstance(embedding, GlyphEmbedding) else None
            self._wrong_labels = WrongLabels(len(charset), codes)

    def teach_with(self, recogniser: Recogniser) -> None:
        """Let a recogniser's reading be part of the generator's loss; it learns nothing itself."""
        self._teacher = self._accelerator.prepare_model(recogniser, evaluation_mode=True)

    @property
    def has_teacher(self) -> bool:
        """Whether there is a recogniser to teach the generator."""
        return self._teacher is not None

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
    def processes(self) -> int:
        """How many processes train together."""
        return int(self._accelerator.num_processes)

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes and prints."""
        return bool(self._accelerator.is_main_process)

    @property
    def part(self) -> slice:
        """This process's part of every batch."""
        start = self._accelerator.process_index * self._part_size
        return slice(start, start + self._part_size)

    def any_process(self, flag: bool) -> bool:
        """Whether the flag is set in any process, so that all can do the same."""
        if self.processes == 1:
            return flag
        flags = self._accelerator.reduce(torch.tensor(float(flag), device=self.device))
        return bool(flags > 0)

    def mean_of_processes(self, values: dict[str, float]) -> dict[str, float]:
        """The mean of each value over all processes."""
        if self.processes == 1:
            return values
        exact = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        means = self._accelerator.reduce(exact, "mean").tolist()
        return dict(zip(values, means, strict=True))

    def wait_for_others(self) -> None:
        """Go on when every process has come here."""
        self._accelerator.wait_for_everyone()

    def _share_batch(self) -> int:
        """The size of a process's part of a batch."""
        processes = self.processes
        batch_size, pack_size = self.recipe.train.batch_size, self.recipe.model.pack_size
        if batch_size % (processes * pack_size):
            problem = f"cannot be shared by {processes} processes in whole packs of {pack_size}"
            remedy = f"set it to a multiple of {processes * pack_size}"
            raise UserError(join_message(f"train.batch_size = {batch_size}", problem, remedy))
        return batch_size // processes

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self.images // self.recipe.train.batch_size

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Update both networks on this process's part of a batch.

        Returns:
            Losses and mean scores of the part, each a scalar.
        """
        labels = batch.labels.to(self.device, non_blocking=True)
        grey = batch.images.to(self.device, non_blocking=True)
        real = to_pixels(grey, self.generator.pixel_range)
        # A seed for each step: what is drawn depends on the position alone, also after a resume.
        self.random.manual_seed(mix_seed(self.recipe.train.seed, self.step))
        latents = self.generator.sample_latents(self.recipe.train.batch_size, self.random)
        latents = latents[self.part]
        self._set_learning_rates()
        fake = self.generator(latents, labels)

        values = self._discriminator_step(real, fake.detach(), labels)
        values |= self._generator_step(fake, labels)
        self._update_ema(self.recipe.train.batch_size)
        self.images += self.recipe.train.batch_size
        self.position = batch.following
        return {name: value.detach() for name, value in values.items()}

    def _set_learning_rates(self) -> None:
        """Let both learning rates fall linearly to zero over the last `decay_kimg` of the run."""
        settings = self.recipe.train
        share = 1.0
        if settings.decay_kimg > 0:
            share = min(1.0, (settings.kimg - self.images / 1000) / settings.decay_kimg)
        for optimizer, rate in (
            (self._generator_optimizer, settings.generator_learning_rate),
            (self._discriminator_optimizer, settings.discriminator_learning_rate),
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * max(0.0, share)

    def _discriminator_step(self, real: Tensor, fake: Tensor, labels: Tensor) -> dict[str, Tensor]:
        objective = self.recipe.objective
        self._discriminator_optimizer.zero_grad()
        images = torch.cat([real, fake])
        if objective.wrong_label_weight > 0:
            scores = self.discriminator(images, labels, self._draw_wrong_labels(labels))
            real_scores, fake_scores, wrong_scores = scores.chunk(3)
        else:
            real_scores, fake_scores = self.discriminator(images, labels).chunk(2)
        loss = objective.adversarial_loss.discriminator(real_scores, fake_scores)
        values = {
            "discriminator_loss": loss,
            "real_score": real_scores.mean(),
            "fake_score": fake_scores.mean(),
        }
        if objective.wrong_label_weight > 0:
            values["wrong_label_loss"] = objective.adversarial_loss.refusal(wrong_scores)
            loss = loss + objective.wrong_label_weight * values["wrong_label_loss"]
        self._accelerator.backward(loss)
        if objective.r1_gamma > 0 and self.step % objective.r1_every == 0:
            # Lazy regularisation (Karras et al., 2020): rarely, and stronger by as much.
            real = real.requires_grad_()
            penalty = r1_penalty(self.discriminator(real, labels), real)
            weight = objective.r1_gamma / 2 * objective.r1_every
            self._accelerator.backward(weight * penalty)
            values["r1"] = penalty
        self._step(self.discriminator, self._discriminator_optimizer)
        return values

    def _draw_wrong_labels(self, labels: Tensor) -> Tensor:
        """A wrong label for each pack (B / p,)."""
        pack_size = self.recipe.model.pack_size
        # Drawn for the packs of all processes, so that it does not matter how many these are.
        packs = self.recipe.train.batch_size // pack_size
        draws = torch.rand((3, packs), generator=self.random, device=self.device)
        part = slice(self.part.start // pack_size, self.part.stop // pack_size)
        return self._wrong_labels.draw(labels[::pack_size], draws[:, part])

    def _generator_step(self, fake: Tensor, labels: Tensor) -> dict[str, Tensor]:
        self._generator_optimizer.zero_grad()
        # The discriminator passes gradients on but needs none of its own here.
        self.discriminator.requires_grad_(False)
        objective = self.recipe.objective
        loss = objective.adversarial_loss.generator(self.discriminator(fake, labels))
        values = {"generator_loss": loss}
        if objective.reading_weight > 0:
            values["reading_loss"] = self._reading_loss(fake, labels)
            loss = loss + objective.reading_weight * values["reading_loss"]
        self._accelerator.backward(loss)
        self.discriminator.requires_grad_(True)
        self._step(self.generator, self._generator_optimizer)
        return values

    def _reading_loss(self, fake: Tensor, labels: Tensor) -> Tensor:
        """What the teacher cannot read, each image varied as those that it learned from."""
        if self._teacher is None:
            raise RuntimeError("a recipe with a reading_weight needs a teacher")
        low, high = self.generator.pixel_range
        ink = (high - fake.float()) / (high - low)
        ink = F.avg_pool2d(ink, self.recipe.model.size // self.recipe.teacher_size)
        # Drawn for the whole batch, so that what a process draws does not depend on their number.
        variations = draw_variations(self.recipe.train.batch_size, self.random)
        variations = variations[:, self.part]
        return reading_loss(self._teacher(vary(ink, variations)), labels)

    def _step(self, network: nn.Module, optimizer: AcceleratedOptimizer) -> None:
        """Apply the gradients of all processes' parts."""
        if self.processes > 1:
            gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            means = self._accelerator.reduce(flat, "mean")
            sizes = [gradient.numel() for gradient in gradients]
            for gradient, mean in zip(gradients, means.split(sizes), strict=True):
                gradient.copy_(mean.view(gradient.shape))
        optimizer.step()

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
