"""The training step: networks and optimizers of one run, and how a batch updates them."""

import copy
import threading
from collections.abc import Sequence
from typing import Any, Self, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_tools.errors import UserError, join_message
from data_tools.sources.writing_kinds import likeliest_kind
from hanzi_lsgan.acceleration import MixedPrecision
from hanzi_lsgan.batches import Batch, Position
from hanzi_lsgan.drawing.images import mix_seed, to_pixels
from hanzi_lsgan.judging.recogniser import Recogniser, draw_variations, vary
from hanzi_lsgan.losses import (
    choice_loss,
    gradient_penalty,
    interpolate,
    r1_penalty,
    reading_losses,
)
from hanzi_lsgan.models import (
    Discriminator,
    Generator,
    build_discriminator,
    build_generator,
    fonts_of,
)
from hanzi_lsgan.models.label_embedding import GlyphEmbedding, free_of
from hanzi_lsgan.models.projection import ProjectionGenerator
from hanzi_lsgan.recipe import Recipe, TrainSettings
from hanzi_lsgan.training.augmentation import STEPS_BETWEEN, AdaptiveAugmentation, vary_images
from hanzi_lsgan.training.processes import TrainingProcess
from hanzi_lsgan.training.wrong_labels import WrongLabels

_EMA_RAMP = 0.05  # the half-life is at most this share of the images seen: early weights fade soon
_Network = TypeVar("_Network", bound=nn.Module)
_BUILDING = threading.Lock()  # torch's random state, which fresh weights come from, is everyone's


class Trainer(TrainingProcess):
    """Networks, optimizers and position of one run, in one of the processes that train it.

    Attributes:
        recipe: the settings.
        generator: G, as it is trained.
        discriminator: D.
        ema: the averaged generator, in evaluation mode.
        images: real images seen, by all processes.
        seconds: spent in the loop, over all sessions of the run.
        position: in the data.
        random: source of latents, seeded anew for each step.
    """

    def __init__(
        self, recipe: Recipe, charset: str, kinds: Sequence[str] = ("",), free: str | None = None
    ) -> None:
        """Build the networks from the recipe's seed, on whatever device there is.

        Nothing else in the process changes: not torch's random state, nor another trainer.

        Args:
            recipe: the settings.
            charset: label i is character i.
            kinds: of writing; where there are K of them, label i · K + k is character i by kind k.
            free: of `build_generator`, where a state is loaded next.

        Raises:
            UserError: the precision cannot be had, or the processes cannot share a batch.
        """
        settings, objective = recipe.train, recipe.objective
        super().__init__(settings.batch_size, recipe.model.pack_size)
        self.recipe = recipe
        self.images = 0
        self.seconds = 0.0
        self.position = Position()
        self.random = torch.Generator(self.device)
        self._precision = MixedPrecision(self.device, settings.precision)
        with _BUILDING, torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(settings.seed)
            generator = build_generator(recipe.model, charset, len(kinds), free=free)
            discriminator = build_discriminator(recipe.model, charset, len(kinds), free=free)
        self._kinds = len(kinds)
        self.ema = copy.deepcopy(generator).eval().requires_grad_(False).to(self.device)
        self.ema.label_embedding.drawn_kind = likeliest_kind(kinds)  # the average only draws
        self.generator: Generator = _placed(generator, self.device)
        self.discriminator: Discriminator = _placed(discriminator, self.device)
        self._generator_optimizer = _optimizer(
            self.generator, settings, settings.generator_learning_rate
        )
        self._discriminator_optimizer = _optimizer(
            self.discriminator, settings, settings.discriminator_learning_rate
        )
        self._teacher: Recogniser | None = None
        self._augmentation: AdaptiveAugmentation | None = None
        if objective.augmentation_target > 0:
            a, b, _ = objective.labels
            target, start = objective.augmentation_target, objective.augmentation_start
            self._augmentation = AdaptiveAugmentation(target, a, b, start)
        self._has_wrong_labels = objective.wrong_label_weight > 0 and len(charset) > 1
        if self._has_wrong_labels:
            embedding = self.discriminator.label_embedding
            codes = embedding.all_codes() if isinstance(embedding, GlyphEmbedding) else None
            self._wrong_labels = WrongLabels(len(charset), codes)

    @classmethod
    def resumed(
        cls,
        recipe: Recipe,
        charset: str,
        kinds: Sequence[str],
        state: dict[str, Any],
        where: str,
    ) -> Self:
        """A trainer that goes on from a state: what was free in its weights stays free.

        Args:
            recipe: that the state was trained by.
            charset: of the state.
            kinds: of the state.
            state: what `state` has returned.
            where: what messages call its file.

        Raises:
            UserError: the state belongs to other networks.
        """
        try:
            free = free_of(state["generator"], charset)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _misfit(where, error) from None
        trainer = cls(recipe, charset, kinds, free)
        trainer.load_state(state, where)
        return trainer

    def teach_with(self, recogniser: Recogniser) -> None:
        """Let a recogniser's reading be part of the generator's loss; it learns nothing itself."""
        self._teacher = recogniser.to(self.device)

    @property
    def has_teacher(self) -> bool:
        """Whether there is a recogniser to teach the generator."""
        return self._teacher is not None

    @property
    def precision(self) -> str:
        """What forward passes are computed in: `bf16`, `fp16` or `no`."""
        return self._precision.name

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self.images // self.recipe.train.batch_size

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Update both networks on this process's part of a batch.

        Where D takes several steps for each of G, this is one of D, each with a batch of its own,
        and G is updated with the last of them.

        Returns:
            Losses and mean scores of the part, each a scalar on the device.
        """
        objective, settings = self.recipe.objective, self.recipe.train
        loss = objective.adversarial_loss
        forward, backward = self._precision.forward, self._precision.backward
        generator_learns = (self.step + 1) % settings.discriminator_steps == 0
        # A seed for each step: what is drawn depends on the position alone, also after a resume.
        self.random.manual_seed(mix_seed(settings.seed, self.step))
        self._set_learning_rates()
        values = {}

        # x, y from the data and G(z, y)
        real, labels = self._real(batch)
        latents = self.generator.sample_latents(settings.batch_size, self.random)[self.part]
        kinds = self.generator.label_embedding.kinds_of(labels)
        if (chooser := self._chooser) is not None:
            shape = (settings.batch_size, fonts_of(chooser).hands)
            lots = torch.randn(shape, generator=self.random, device=self.device)
            latents = chooser.prefer_hands(latents, kinds, lots[self.part])
        with torch.set_grad_enabled(generator_learns):
            fake = forward(self.generator, latents, labels)

        # What D sees of them: a share is varied, where the recipe wants that
        real, seen = self._varied(real), self._varied(fake)

        # The discriminator's loss, on wrong labels too where the recipe wants it
        self._discriminator_optimizer.zero_grad()
        wrong = [self._wrong(labels)] if self._has_wrong_labels else []
        scores = forward(self.discriminator, torch.cat([real, seen.detach()]), labels, *wrong)
        real_scores, fake_scores, *wrong_scores = scores.chunk(2 + len(wrong))
        values["real_score"], values["fake_score"] = real_scores.mean(), fake_scores.mean()
        values["discriminator_loss"] = total = loss.discriminator(real_scores, fake_scores)
        if wrong:
            values["wrong_label_loss"] = loss.refusal(*wrong_scores)
            total = total + objective.wrong_label_weight * values["wrong_label_loss"]
        backward(total)

        # Its penalties: R1, rarely and stronger by as much (Karras et al., 2020), and WGAN-GP's
        if objective.r1_gamma > 0 and self.step % objective.r1_every == 0:
            real = real.requires_grad_()
            values["r1"] = r1_penalty(forward(self.discriminator, real, labels), real)
            backward(objective.r1_gamma / 2 * objective.r1_every * values["r1"])
        if objective.gradient_penalty_weight > 0:
            between = interpolate(real.detach(), seen.detach(), self._shares()).requires_grad_()
            scores = forward(self.discriminator, between, labels)
            values["gradient_penalty"] = gradient_penalty(scores, between)
            backward(objective.gradient_penalty_weight * values["gradient_penalty"])
        self._update(self.discriminator, self._discriminator_optimizer)

        # The generator's loss, and a teacher's where there is one; D passes gradients on
        if generator_learns:
            self._generator_optimizer.zero_grad()
            self.discriminator.requires_grad_(False)
            scores = forward(self.discriminator, seen, labels)
            values["generator_loss"] = total = loss.generator(scores)
            unread = torch.zeros(len(labels), device=self.device)
            if objective.reading_weight > 0:
                unread = self._reading_losses(fake, labels)
                values["reading_loss"] = unread.mean()
                total = total + objective.reading_weight * values["reading_loss"]
            if chooser is not None:
                likely = chooser.log_probability(latents, kinds)
                total = total + self._choice_loss(scores, unread, likely, kinds)
            backward(total)
            self.discriminator.requires_grad_(True)
            self._update(self.generator, self._generator_optimizer)

        # The average, and how much of what D sees is varied from now on
        self._update_ema()
        if self._augmentation is not None and (self.step + 1) % STEPS_BETWEEN == 0:
            sureness = {"sureness": float(self._augmentation.sureness(real_scores))}
            sureness = self.mean_of_processes(sureness)
            self._augmentation.follow(sureness["sureness"], STEPS_BETWEEN * settings.batch_size)
            values["varied_share"] = torch.tensor(self._augmentation.share)
        self.images += settings.batch_size
        self.position = batch.following
        return {name: value.detach() for name, value in values.items()}

    def _update(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Apply the gradients of all processes' parts."""
        self.average_gradients(network)
        self._precision.update(optimizer)

    def _real(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Real images as the networks see them (B, C, S, S), and their labels (B,)."""
        grey = _to_device(batch.images, self.device)
        return to_pixels(grey, self.generator.pixel_range), _to_device(batch.labels, self.device)

    # What is random is drawn for the packs of all processes, each of which takes its part: so it
    # does not matter how many these are.

    @property
    def _packs(self) -> slice:
        """The packs of this process's part of a batch."""
        pack_size = self.recipe.model.pack_size
        return slice(self.part.start // pack_size, self.part.stop // pack_size)

    def _draw(self, count: int) -> Tensor:
        """Uniform in [0, 1) for each pack of this process's part: (count, B / p)."""
        packs = self.recipe.train.batch_size // self.recipe.model.pack_size
        draws = torch.rand((count, packs), generator=self.random, device=self.device)
        return draws[:, self._packs]

    def _wrong(self, labels: Tensor) -> Tensor:
        """A label of a wrong character, by the right kind, for each pack: (B / p,)."""
        packs = labels[:: self.recipe.model.pack_size]
        wrong = self._wrong_labels.draw(packs // self._kinds, self._draw(3))
        return wrong * self._kinds + packs % self._kinds

    def _shares(self) -> Tensor:
        """How real an interpolated pack is (B / p,), from 0 to 1."""
        return self._draw(1)[0]

    @property
    def _chooser(self) -> ProjectionGenerator | None:
        """G, where kinds of writing learn which hands to choose."""
        generator = self.generator
        if isinstance(generator, ProjectionGenerator) and generator.has_preferences:
            return generator
        return None

    def _choice_loss(self, scores: Tensor, unread: Tensor, likely: Tensor, kinds: Tensor) -> Tensor:
        """What teaches kinds of writing which hands to choose, by G's loss of each pack.

        Args:
            scores: (B / p,), of the packs.
            unread: (B,), what the teacher cannot read of each image.
            likely: (B,), log p of the hand that each image's latent has chosen.
            kinds: (B,).
        """
        objective, pack_size = self.recipe.objective, self.recipe.model.pack_size
        losses = torch.vmap(objective.adversarial_loss.generator)(scores.detach())
        losses = losses + objective.reading_weight * _packs_of(unread.detach(), pack_size).mean(1)
        usual = self._mean_of_others(losses, kinds[::pack_size])
        return choice_loss(losses, usual, _packs_of(likely, pack_size).sum(1))

    def _mean_of_others(self, losses: Tensor, kinds: Tensor) -> Tensor:
        """For each pack (P,) the mean loss of all processes' other packs by its kind; else 0."""
        members = F.one_hot(kinds, self._kinds).to(losses.dtype)
        sums = self.sum_of_processes(torch.stack([losses @ members, members.sum(dim=0)]))
        total, count = sums[:, kinds]
        others: Tensor = (total - losses) / (count - 1).clamp(min=1)
        return others

    def _reading_losses(self, fake: Tensor, labels: Tensor) -> Tensor:
        """What the teacher cannot read (B,), each image varied as those that it learned from."""
        if self._teacher is None:
            raise RuntimeError("a recipe with a reading_weight needs a teacher")
        low, high = self.generator.pixel_range
        ink = (high - fake) / (high - low)
        ink = F.avg_pool2d(ink, self.recipe.model.size // self.recipe.teacher_size)
        variations = draw_variations(self.recipe.train.batch_size, self.random)[:, self.part]
        logits = self._precision.forward(self._teacher, vary(ink, variations))
        return reading_losses(logits, labels // self._kinds)

    def _varied(self, images: Tensor) -> Tensor:
        """Images (B, C, S, S) as D sees them."""
        if self._augmentation is None:
            return images
        variations = self._augmentation.draw(self.recipe.train.batch_size, self.random)
        return vary_images(images, variations[:, self.part], self.generator.pixel_range)

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

    @torch.no_grad()
    def _update_ema(self) -> None:
        """Move the averaged generator towards the trained one, by a half-life counted in images."""
        settings = self.recipe.train
        half_life = min(settings.ema_half_life_kimg * 1000, self.images * _EMA_RAMP)
        weight = 1 - 0.5 ** (settings.batch_size / half_life) if half_life > 0 else 1.0
        trained = self.generator.state_dict()
        averages, targets = [], []
        for name, average in self.ema.state_dict().items():
            if average.is_floating_point():
                averages.append(average)
                targets.append(trained[name])
            else:
                average.copy_(trained[name])
        torch._foreach_lerp_(averages, targets, weight)

    def state(self) -> dict[str, Any]:
        """Everything that `load_state` needs to go on as if nothing had happened."""
        return {
            "images": self.images,
            "seconds": self.seconds,
            "epoch": self.position.epoch,
            "batch": self.position.batch,
            "scaler": self._precision.state_dict(),
            "varied_share": 0.0 if self._augmentation is None else self._augmentation.share,
        } | {name: part.state_dict() for name, part in self._parts().items()}

    def load_state(self, state: dict[str, Any], where: str = "the checkpoint") -> None:
        """Go on from a state, whose file messages call `where`.

        Raises:
            UserError: the state belongs to other networks.
        """
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self._precision.load_state_dict(state["scaler"])
            self.images = int(state["images"])
            self.seconds = float(state["seconds"])
            if self._augmentation is not None:
                self._augmentation.share = float(state["varied_share"])
            self.position = Position(int(state["epoch"]), int(state["batch"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise _misfit(where, error) from None

    def _parts(self) -> dict[str, Any]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "ema": self.ema,
            "generator_optimizer": self._generator_optimizer,
            "discriminator_optimizer": self._discriminator_optimizer,
        }


def _misfit(where: str, error: Exception) -> UserError:
    problem = f"does not fit these networks ({error})"
    remedy = "undo what was changed in its recipe, or copy the run again"
    return UserError(join_message(where, problem, remedy))


def _packs_of(values: Tensor, pack_size: int) -> Tensor:
    """Values (B,) of images as those of packs: (B / p, p)."""
    return values.view(-1, pack_size)


def _placed(network: _Network, device: torch.device) -> _Network:
    """A network on a device, channels last in memory, which convolutions are fastest with."""
    return network.to(device).to(memory_format=torch.channels_last)


def _optimizer(
    network: nn.Module, settings: TrainSettings, learning_rate: float
) -> torch.optim.Optimizer:
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), learning_rate)
    betas = (settings.adam_beta1, settings.adam_beta2)
    return torch.optim.Adam(network.parameters(), learning_rate, betas, fused=True)


def _to_device(values: Tensor, device: torch.device) -> Tensor:
    """Values on a device, without waiting for the copy."""
    if device.type == "cuda" and values.device.type == "cpu":
        values = values.pin_memory()  # else the copy is not made beside the work on the device
    return values.to(device, non_blocking=True)
