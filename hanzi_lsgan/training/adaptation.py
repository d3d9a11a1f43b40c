"""One person's hand from a few dozen characters of his: a trained generator moved to it in minutes.

A discriminator of whole glyphs would need more of them than one person has written. Here D sees
them through a network that tells hands apart and that stays as it is (projected GANs, Sauer et al.,
2021), and scores each place of four of its maps: what strokes, corners and ends are like there, in
whatever character. So G learns from a hundred characters how this person writes the thousands of
others that it knows. The objective is least squares:

    min_D  Σ_m ½ E[(D_m(x) - 1)²] + ½ E[D_m(G(z, y))²],   m = 1 … 4
    min_G  Σ_m ½ E[(D_m(G(z, y)) - 1)²] + 2 L + H + R / 2

z lies around the person's latent, which is learned too, and y is half of the time a character that
he has written. L is the distance of those to his own, at an eighth and a quarter of the size, where
proportions count and pens do not. H is 1 - cos between the directions of a glyph and of the person
(`hand_encoder.py`), and R what a recogniser cannot read.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hanzi_lsgan.acceleration import MixedPrecision
from hanzi_lsgan.judging.hand_encoder import MAP_CHANNELS, HandEncoder, mean_direction
from hanzi_lsgan.judging.recogniser import Recogniser
from hanzi_lsgan.losses import LeastSquares, reading_losses
from hanzi_lsgan.models import fonts_of, take_hand
from hanzi_lsgan.models.hand_latents import stray
from hanzi_lsgan.models.projection import ProjectionGenerator
from hanzi_lsgan.runs.trained_generator import TrainedGenerator

_STEPS = 200
_BATCH = 32

_GENERATOR_RATE = 3e-4
_LATENT_RATE = 1e-2
_DISCRIMINATOR_RATE = 1e-3
_BETAS = (0.0, 0.99)
_DECAYING_SHARE = 0.5  # of the steps, over which G's rates fall to zero

_LIKENESS_WEIGHT = 2.0
_HAND_WEIGHT = 1.0
_READING_WEIGHT = 0.5

_TRIED_A_FONT = 40  # hands, to begin with the nearest
_TRIED_CHARACTERS = 10
_FONT_MARGIN = 2.0  # by which a tried hand's latent chooses its font
_HEAD_CHANNELS = 64
_SLOPE = 0.2
_SHIFT_PIXELS = 2  # of what D sees, at most
_FOLDS = (4, 8)


@dataclass(frozen=True)
class Sample:
    """What a person has written.

    Attributes:
        ink: (N, 1, S, S), 1 is ink.
        labels: (N,), of the generator that is to be adapted.
    """

    ink: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Reader:
    """A recogniser, and which of the generator's characters it reads.

    Attributes:
        network: frozen.
        labels: (classes of the generator,), its label of each; -1 is none.
    """

    network: Recogniser
    labels: Tensor

    def loss(self, ink: Tensor, labels: Tensor) -> Tensor:
        """What it cannot read of glyphs that are meant to be characters it knows, a scalar."""
        known = self.labels[labels]
        logits = self.network(ink[known >= 0])
        return reading_losses(logits, known[known >= 0]).mean()


class PlaceDiscriminator(nn.Module):
    """Scores of the places of a hand encoder's maps."""

    def __init__(self, encoder: HandEncoder, ink: Tensor) -> None:
        """Build the layers.

        Args:
            encoder: frozen.
            ink: some glyphs (N, 1, S, S), from which the maps' scales are taken.
        """
        super().__init__()
        self._encoder = (encoder,)  # no part of this network
        with torch.no_grad():
            maps = encoder.maps(ink)
        self._scales = [1 / float(part.float().square().mean().sqrt()) for part in maps]
        self.places = [part[0, 0].numel() for part in maps]
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, _HEAD_CHANNELS, kernel_size=3, padding=1),
                nn.LeakyReLU(_SLOPE),
                nn.Conv2d(_HEAD_CHANNELS, _HEAD_CHANNELS, kernel_size=3, padding=1),
                nn.LeakyReLU(_SLOPE),
                nn.Conv2d(_HEAD_CHANNELS, 1, kernel_size=1),
            )
            for channels in MAP_CHANNELS
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Scores of glyphs (B, 1, S, S), map after map: (B, places)."""
        maps = zip(self.heads, self._encoder[0].maps(ink), self._scales, strict=True)
        return torch.cat([head(part * scale).flatten(1) for head, part, scale in maps], dim=1)


class Adaptation:
    """A generator on its way to a person's hand.

    Attributes:
        generator: G, in evaluation mode: a hundred characters say nothing of its running moments.
        hand: the person's latent (latent features,).
    """

    def __init__(
        self,
        base: TrainedGenerator,
        sample: Sample,
        encoder: HandEncoder,
        reader: Reader,
        seed: int = 0,
    ) -> None:
        """Find the hand to begin with.

        Args:
            base: knows characters by what they look like; it stays as it is.
            sample: what the person has written.
            encoder: that teaches.
            reader: that teaches.
            seed: of all that is random.
        """
        if not isinstance(base.network, ProjectionGenerator):
            raise TypeError("only a projection generator has hands")
        self.generator = copy.deepcopy(base.network).eval().requires_grad_(True)
        self._sample, self._encoder, self._reader = sample, encoder, reader
        self._device = sample.ink.device
        self._precision = MixedPrecision(self._device)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._forms = fonts_of(base.network).hands
        self._direction = mean_direction(encoder.describe(sample.ink))
        self.hand = self._nearest_hand().requires_grad_()
        self._loss = LeastSquares(a=0.0, b=1.0, c=1.0)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            discriminator = PlaceDiscriminator(encoder, sample.ink)
        self._discriminator = discriminator.to(self._device)
        self._rates = (_GENERATOR_RATE, _LATENT_RATE)
        groups: list[dict[str, Any]] = [
            {"params": list(self.generator.parameters())},
            {"params": [self.hand]},
        ]
        self._generator_optimizer = torch.optim.Adam(groups, _GENERATOR_RATE, _BETAS)
        self._discriminator_optimizer = torch.optim.Adam(
            self._discriminator.parameters(), _DISCRIMINATOR_RATE, _BETAS
        )

    def run(self, on_step: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Take all steps, telling how many of them are done."""
        for step in range(_STEPS):
            share = min(1.0, (1 - step / _STEPS) / _DECAYING_SHARE)
            groups = self._generator_optimizer.param_groups
            for group, rate in zip(groups, self._rates, strict=True):
                group["lr"] = rate * share
            self._take_step()
            on_step(step + 1, _STEPS)
        self.generator.requires_grad_(False)
        take_hand(self.generator, self.hand.detach())

    def _take_step(self) -> None:
        forward = self._precision.forward

        # G(z, y): half of them of characters that the person has written
        rows = self._draw_rows(_BATCH // 2)
        others = self._draw_labels(_BATCH // 2)
        labels = torch.cat([self._sample.labels[rows], others])
        latents = stray(self.hand, self._draw_latents(_BATCH), self._forms)
        fake = _to_ink(forward(self.generator, latents, labels))

        # The discriminator's loss, on glyphs that are shifted a little
        real_seen = self._shift(self._sample.ink[self._draw_rows(_BATCH)])
        fake_seen = self._shift(fake)
        self._discriminator_optimizer.zero_grad()
        scores = forward(self._discriminator, torch.cat([real_seen, fake_seen.detach()]))
        loss = self._over_maps(lambda part: self._loss.discriminator(*part.chunk(2)), scores)
        self._precision.backward(loss)
        self._precision.update(self._discriminator_optimizer)

        # The generator's
        self._generator_optimizer.zero_grad()
        self._discriminator.requires_grad_(False)
        loss = self._over_maps(self._loss.generator, forward(self._discriminator, fake_seen))
        own = self._sample.ink[rows]
        for fold in _FOLDS:
            difference = F.avg_pool2d(fake[: len(rows)], fold) - F.avg_pool2d(own, fold)
            loss = loss + _LIKENESS_WEIGHT * difference.abs().mean()
        cosines = forward(self._encoder, fake) @ self._direction
        loss = loss + _HAND_WEIGHT * (1 - cosines.mean())
        loss = loss + _READING_WEIGHT * self._reader.loss(fake, labels)
        self._precision.backward(loss)
        if self.hand.grad is not None:
            self.hand.grad[: self._forms] = 0  # they choose the font, at the beginning
        self._precision.update(self._generator_optimizer)
        self._discriminator.requires_grad_(True)

    def _over_maps(self, loss: Callable[[Tensor], Tensor], scores: Tensor) -> Tensor:
        """A loss of the scores (B, places) of each map, added up."""
        ends = np.cumsum(self._discriminator.places).tolist()
        parts = [scores[:, start:end] for start, end in pairwise([0, *ends])]
        return torch.stack([loss(part) for part in parts]).sum()

    def _nearest_hand(self) -> Tensor:
        """The latent, of many, whose hand is most like the person's."""
        tried = self._draw_latents(_TRIED_A_FONT * self._forms)
        fonts = torch.arange(len(tried), device=self._device) % self._forms
        forms = tried[:, : self._forms].clamp(max=_FONT_MARGIN / 2)
        tried[:, : self._forms] = forms.scatter(1, fonts[:, None], _FONT_MARGIN)
        rows = torch.randperm(len(self._sample.labels), generator=self._random, device=self._device)
        rows = rows[:_TRIED_CHARACTERS]
        labels, own = self._sample.labels[rows], self._sample.ink[rows]
        fold = _FOLDS[0]
        unlike = []
        with torch.no_grad():
            for latent in tried:
                ink = _to_ink(
                    self._precision.forward(self.generator, latent.expand(len(rows), -1), labels)
                )
                difference = F.avg_pool2d(ink, fold) - F.avg_pool2d(own, fold)
                cosines = self._encoder(ink) @ self._direction
                unlike.append(4 * difference.abs().mean() - cosines.mean() / 4)
        return tried[int(torch.stack(unlike).argmin())].clone()

    def _draw_latents(self, count: int) -> Tensor:
        shape = (count, self.generator.latent_features)
        return torch.randn(shape, generator=self._random, device=self._device)

    def _draw_rows(self, count: int) -> Tensor:
        """Rows of the sample, at random: (count,)."""
        return torch.randint(
            len(self._sample.labels), (count,), generator=self._random, device=self._device
        )

    def _draw_labels(self, count: int) -> Tensor:
        """Labels that the recogniser reads, at random: (count,)."""
        known = torch.nonzero(self._reader.labels >= 0).flatten()
        chosen = torch.randint(len(known), (count,), generator=self._random, device=self._device)
        return known[chosen]

    def _shift(self, ink: Tensor) -> Tensor:
        """Shift glyphs by whole pixels, so that D learns strokes and not places by heart.

        To turn or scale them would smooth their edges, and hide speckles from D.
        """
        span = 2 * _SHIFT_PIXELS + 1
        shifts = torch.randint(
            span, (len(ink), 2), generator=self._random, device=self._device
        ).tolist()
        size = ink.shape[-1]
        padded = F.pad(ink, [_SHIFT_PIXELS] * 4)
        return torch.stack(
            [
                glyph[:, down : down + size, right : right + size]
                for glyph, (down, right) in zip(padded, shifts, strict=True)
            ]
        )


def _to_ink(pixels: Tensor) -> Tensor:
    """What a projection generator draws, in amounts of ink: 1 is ink."""
    return (1 - pixels) / 2
