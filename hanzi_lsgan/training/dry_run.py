"""What a recipe costs, before a long run begins."""

import sys
import time
from dataclasses import dataclass

import psutil
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hanzi_lsgan.acceleration import synchronize
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.judging.recogniser import Recogniser
from hanzi_lsgan.training.step import Trainer

_FLOAT_BYTES = 4
_STEPS = 2


@dataclass(frozen=True)
class Cost:
    """What a recipe costs.

    Attributes:
        generator_parameters: of the generator.
        discriminator_parameters: of the discriminator.
        generator_macs: multiply-adds of the generator for one image, forward.
        discriminator_macs: multiply-adds of the discriminator for one image, forward.
        state_bytes: weights, gradients, Adam's moments and the averaged generator.
        samples_bytes: what the samples take while training, 0 when they are streamed.
        peak_bytes: the most memory that this process has held so far, as measured: the device's
            where it is a GPU that counts.
        step_seconds: of the second step, as measured.
        losses: discriminator's and generator's of the second step.
    """

    generator_parameters: int
    discriminator_parameters: int
    generator_macs: int
    discriminator_macs: int
    state_bytes: int
    samples_bytes: int
    peak_bytes: int
    step_seconds: float
    losses: tuple[float, float]


def measure_cost(trainer: Trainer, stream: BatchStream, classes: int) -> Cost:
    """Train two steps of a fresh trainer, keep nothing, and say what they cost."""
    teach_with_anyone(trainer, classes)
    batches = stream.batches()
    batch = next(batches)
    labels = batch.labels.to(trainer.device)
    latents = trainer.ema.sample_latents(len(labels), trainer.random)
    with FlopCounterMode(display=False) as generator_flops:
        images = trainer.generator(latents, labels).detach()
    with FlopCounterMode(display=False) as discriminator_flops:
        trainer.discriminator(images, labels)
    for _ in range(_STEPS):
        started = time.perf_counter()
        values = trainer.train_step(batch)
        synchronize(trainer.device)
        losses = (float(values["discriminator_loss"]), float(values["generator_loss"]))
        step_seconds = time.perf_counter() - started
        batch = next(batches)
    generator, discriminator = _parameters(trainer.generator), _parameters(trainer.discriminator)
    # Weights, gradients and two moments each; the averaged generator is weights alone.
    floats = 4 * (generator + discriminator) + generator
    resident = stream.samples * trainer.recipe.model.size**2  # a byte a pixel
    return Cost(
        generator_parameters=generator,
        discriminator_parameters=discriminator,
        # A multiply-add counts as two operations.
        generator_macs=generator_flops.get_total_flops() // (2 * len(labels)),
        discriminator_macs=discriminator_flops.get_total_flops() // (2 * len(labels)),
        state_bytes=floats * _FLOAT_BYTES,
        samples_bytes=0 if stream.residence == "stream" else resident,
        peak_bytes=_peak_bytes(trainer.device),
        step_seconds=step_seconds,
        losses=losses,
    )


def teach_with_anyone(trainer: Trainer, classes: int) -> None:
    """Let one that has learned nothing teach, if the recipe wants a teacher: it costs as much."""
    recipe = trainer.recipe
    if recipe.objective.reading_weight > 0:
        untrained = Recogniser(classes, recipe.teacher_size).eval().requires_grad_(False)
        trainer.teach_with(untrained.to(trainer.device).to(memory_format=torch.channels_last))


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # which Windows lacks

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
