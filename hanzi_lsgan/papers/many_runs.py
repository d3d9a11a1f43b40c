"""Many small GANs trained at once: their weights stacked, one call of each kernel for all.

`torch.func.vmap` turns the loss of one run into the losses of R, and one Adam over the stacked
weights is R Adams, since it treats each number alone. What a run draws at a step follows from its
own seed and the step, so that neither its neighbours nor an interruption change it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from hanzi_lsgan.drawing.images import mix_seed
from hanzi_lsgan.papers.objectives import Loss
from hanzi_lsgan.papers.toys import build_mlp

_SAMPLES, _INIT = 1 << 40, 1 << 41  # numbers of draws that no step has

Weights = dict[str, Tensor]
DrawReal = Callable[[int, torch.Generator], Tensor]
"""Draws so many real samples (N, F)."""


@dataclass(frozen=True)
class ToySettings:
    """Networks, optimizers and batches of each run.

    Attributes:
        latent_features: length of z ~ N(0, 1).
        width: of the two hidden layers of each network, with tanh.
        batch_size: real samples a step, and as many generated ones.
        generator_learning_rate: of Adam.
        discriminator_learning_rate: of Adam.
        adam_beta1: of both, β₂ being 0.999.
    """

    latent_features: int = 256
    width: int = 128
    batch_size: int = 512
    generator_learning_rate: float = 1e-3
    discriminator_learning_rate: float = 1e-4
    adam_beta1: float = 0.5


@dataclass
class ManyRuns:
    """R runs of one loss, a seed each.

    Attributes:
        loss: of all of them.
        seeds: of the runs.
        draw_real: the data.
        settings: of each run.
        step: steps done.
    """

    loss: Loss
    seeds: Sequence[int]
    draw_real: DrawReal
    settings: ToySettings
    step: int = 0
    _networks: tuple[nn.Module, nn.Module] = field(init=False)
    _weights: tuple[Weights, Weights] = field(init=False)
    _optimizers: tuple[torch.optim.Adam, torch.optim.Adam] = field(init=False)

    def __post_init__(self) -> None:
        toy = self.settings
        shapes = ((toy.latent_features, toy.width, toy.width, 2), (2, toy.width, toy.width, 1))
        rates = (toy.generator_learning_rate, toy.discriminator_learning_rate)
        stacked, optimizers = [], []
        for number, (shape, rate) in enumerate(zip(shapes, rates, strict=True)):
            runs = [build_mlp(shape, mix_seed(seed, _INIT + number)) for seed in self.seeds]
            weights: Weights = stack_module_state(runs)[0]
            stacked.append(weights)
            betas = (toy.adam_beta1, 0.999)
            optimizers.append(torch.optim.Adam(weights.values(), rate, betas))
        self._networks = (build_mlp(shapes[0], 0), build_mlp(shapes[1], 0))
        self._weights = (stacked[0], stacked[1])
        self._optimizers = (optimizers[0], optimizers[1])

    def train_step(self) -> None:
        """Update D, then G on the same generated samples, in every run."""
        real, latents = self._draw()
        of_generator, of_discriminator = self._weights
        generator_optimizer, discriminator_optimizer = self._optimizers
        fake = vmap(self._generate)(of_generator, latents)

        losses = vmap(self._discriminator_loss)(of_discriminator, real, fake.detach())
        _assign_gradients(losses, of_discriminator)
        discriminator_optimizer.step()

        losses = vmap(self._generator_loss)(of_discriminator, fake)
        _assign_gradients(losses, of_generator)
        generator_optimizer.step()
        self.step += 1

    def draw_samples(self, count: int) -> Tensor:
        """What each run's G draws: (R, count, 2), always from the same latents."""
        latents = torch.stack(
            [
                torch.randn(
                    (count, self.settings.latent_features),
                    generator=torch.Generator().manual_seed(mix_seed(seed, _SAMPLES)),
                )
                for seed in self.seeds
            ]
        )
        with torch.no_grad():
            samples: Tensor = vmap(self._generate)(self._weights[0], latents)
        return samples

    def state(self) -> dict[str, Any]:
        """Everything that `load_state` needs to go on."""
        return {
            "step": self.step,
            "weights": list(self._weights),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same runs."""
        self.step = int(state["step"])
        with torch.no_grad():
            for weights, kept in zip(self._weights, state["weights"], strict=True):
                for name, value in weights.items():
                    value.copy_(kept[name])
        for optimizer, kept in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Real samples (R, B, 2) and latents (R, B, Z) of this step."""
        toy = self.settings
        real, latents = [], []
        for seed in self.seeds:
            random = torch.Generator().manual_seed(mix_seed(seed, self.step))
            real.append(self.draw_real(toy.batch_size, random))
            latents.append(torch.randn((toy.batch_size, toy.latent_features), generator=random))
        return torch.stack(real), torch.stack(latents)

    def _generate(self, weights: Weights, latents: Tensor) -> Tensor:
        samples: Tensor = functional_call(self._networks[0], weights, (latents,))
        return samples

    def _score(self, weights: Weights, samples: Tensor) -> Tensor:
        scores: Tensor = functional_call(self._networks[1], weights, (samples,))
        return scores.squeeze(1)

    def _discriminator_loss(self, weights: Weights, real: Tensor, fake: Tensor) -> Tensor:
        scores = self._score(weights, torch.cat([real, fake]))
        return self.loss.discriminator(*scores.chunk(2))

    def _generator_loss(self, weights: Weights, fake: Tensor) -> Tensor:
        return self.loss.generator(self._score(weights, fake))


def _assign_gradients(losses: Tensor, weights: Weights) -> None:
    """Each run's gradient of its own loss (R,): others' losses do not depend on its weights."""
    gradients = torch.autograd.grad(losses.sum(), list(weights.values()))
    for weight, gradient in zip(weights.values(), gradients, strict=True):
        weight.grad = gradient
