"""The default networks: a small conditional GAN whose discriminator judges packs of one class.

Generator: the latent and Φ(y) together modulate every stage by conditional batch normalisation.
Where Φ knows what the character looks like, the stages also see a picture of it, and noise that
moves each of its strokes by itself.
Discriminator: a projection discriminator (Miyato and Koyama, 2018) that sees several samples of one
class at once, as channels (PacGAN, Lin et al., 2018): a generator that draws a character always the
same way is found out, which no judgement of single images can do. It may see a picture of the
character too: it meets each of thousands too rarely to know how theirs stray from it.

The side of the image is 4 · 2^(number of stages). Pixels lie in [-1, 1].
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_tools.glyphs.place import Place
from hanzi_lsgan.models.glyph_picture import GlyphGuide
from hanzi_lsgan.models.hand_latents import stray
from hanzi_lsgan.models.label_embedding import GlyphEmbedding, LabelEmbedding
from hanzi_lsgan.models.layers import (
    BatchNorm2d,
    ConditionalBatchNorm2d,
    exactly,
    normalise_apart,
)

_FIRST_SIDE_PIXELS = 4
_SLOPE = 0.2

# Of the pictures that a discriminator sees at 8 and at 16 pixels. Finer maps know no label, so that
# a pack under a wrong one costs little.
_PICTURE_FOLDS = (4, 2)

# Background is exactly white, which tanh comes to only at infinity: what passes the range is cut.
_OVERSHOOT = 1.05

NORMALS_AT_ONCE = 16
"""Torch draws as many normal numbers; the last of other counts depend on where they end."""
_PREFERENCE_SCALE = 10.0
"""A kind of writing may come to prefer a hand ten times to another within a short training, which
Adam's rate for weights would not allow."""


class ProjectionGenerator(nn.Module):
    """G(z, y) with a transposed convolution for each doubling of the side."""

    pixel_range = (-1.0, 1.0)
    places: Mapping[str, Place] = MappingProxyType({})
    hand: Tensor | None

    def __init__(
        self,
        label_embedding: LabelEmbedding | GlyphEmbedding,
        latent_features: int,
        channels: Sequence[int],
        noise_points: int = 0,
        hands_by_kind: bool = False,
    ) -> None:
        """Build the network.

        Args:
            label_embedding: Φ.
            latent_features: length of what of z modulates whole maps.
            channels: of the maps at 4 × 4, 8 × 8 and so on up to the size of the image.
            noise_points: of `GlyphGuide`, whose noise is the rest of z.
            hands_by_kind: whether kinds of writing, where there are several, come to prefer some of
                the hands whose pictures are shown.
        """
        super().__init__()
        condition_features = latent_features + label_embedding.features
        first = channels[0]
        self.modulating_features = self.latent_features = latent_features
        self.label_embedding = label_embedding
        self.project = nn.Linear(condition_features, first * _FIRST_SIDE_PIXELS**2)
        self.project_norm = ConditionalBatchNorm2d(first, condition_features)
        # A kernel of twice the stride covers every pixel equally often: no checkerboard.
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1, bias=False)
            for before, after in pairwise(channels)
        )
        self.norms = nn.ModuleList(
            ConditionalBatchNorm2d(after, condition_features) for after in channels[1:]
        )
        self.to_pixels = nn.Conv2d(channels[-1], 1, kernel_size=3, padding=1)
        if isinstance(label_embedding, GlyphEmbedding):
            self.glyph_guide = GlyphGuide(
                condition_features, _FIRST_SIDE_PIXELS, channels, noise_points
            )
            self.latent_features += self.glyph_guide.noise_features
            if hands_by_kind and label_embedding.kinds > 1:
                self.hand_preferences = nn.Embedding(label_embedding.kinds, self._forms)
                nn.init.zeros_(self.hand_preferences.weight)
        self.register_buffer("hand", None, persistent=False)

    def sample_latents(self, count: int, random: torch.Generator) -> Tensor:
        """Draw z ~ N(0, 1): (count, latent_features), on the device of `random`.

        A generator that was adapted to one person draws them around his `hand`; one that draws by
        one of several kinds of writing, as that kind prefers.
        """
        kind, width = self.label_embedding.drawn_kind, self.latent_features
        chooses = self.has_preferences and kind is not None and self.hand is None
        if chooses:  # lots lie beside each latent, so that of more latents the first are the same
            width = math.ceil((width + self._forms) / NORMALS_AT_ONCE) * NORMALS_AT_ONCE
        drawn = torch.randn((count, width), generator=random, device=random.device)
        latents, lots = drawn[:, : self.latent_features], drawn[:, self.latent_features :]
        if self.hand is not None:
            return stray(self.hand.to(random.device), latents, self._forms)
        if kind is not None and chooses:
            kinds = torch.full((count,), kind, device=random.device)
            return self.prefer_hands(latents, kinds, lots[:, : self._forms])
        return latents

    def prefer_hands(self, latents: Tensor, kinds: Tensor, lots: Tensor) -> Tensor:
        """Latents that choose hands as their kinds prefer them, and are else as they were.

        The greatest of a latent's first elements is that of the hand which it chooses. That changes
        places with the element of the greatest b_i - log(-log Φ(lot_i)): of hand i with the
        probability softmax(b)_i (Gumbel, 1954), whatever the latent is.

        Args:
            latents: (B, latent_features) of N(0, 1).
            kinds: (B,).
            lots: (B, hands) of N(0, 1).
        """
        gumbel = -torch.log(-torch.special.log_ndtr(lots))
        preferred = self._preferences(kinds).detach().to(lots.device) + gumbel
        chosen = preferred.argmax(dim=1, keepdim=True)
        greatest = latents[:, : self._forms].argmax(dim=1, keepdim=True)
        moved = latents.scatter(1, greatest, latents.gather(1, chosen))
        return moved.scatter(1, chosen, latents.gather(1, greatest))

    def log_probability(self, latents: Tensor, kinds: Tensor) -> Tensor:
        """Of the hand of each latent (B, latent_features), as its kind prefers hands: (B,)."""
        chosen = latents[:, : self._forms].argmax(dim=1, keepdim=True)
        return F.log_softmax(self._preferences(kinds), dim=1).gather(1, chosen).squeeze(1)

    @property
    def has_preferences(self) -> bool:
        """Whether kinds of writing prefer some hands to others."""
        return hasattr(self, "hand_preferences")

    def _preferences(self, kinds: Tensor) -> Tensor:
        rows: Tensor = self.hand_preferences(kinds.to(self.hand_preferences.weight.device))
        return _PREFERENCE_SCALE * rows

    @torch.no_grad()
    def spread_latents(self, factor: float) -> None:
        """From now on z counts as `factor` · z, but for the choice among fonts, which stays.

        More than 1 draws hands that lie farther apart, less than 1 the more ordinary ones: the
        truncation of Brock et al. (2019) and its opposite.
        """
        norms = [part for part in self.modules() if isinstance(part, ConditionalBatchNorm2d)]
        readers = [self.project, *(norm.scale_and_shift for norm in norms)]
        if isinstance(self.label_embedding, GlyphEmbedding):
            readers.extend(self.glyph_guide.linears)
            self.glyph_guide.scale_noise(factor)
        for linear in readers:
            linear.weight[:, : self.modulating_features] *= factor

    @property
    def noise_features(self) -> int:
        """How many of a latent's last elements are noise at places."""
        return self.latent_features - self.modulating_features

    @property
    def _forms(self) -> int:
        """How many of a latent's first elements choose among fonts."""
        embedding = self.label_embedding
        return embedding.fonts.hands if isinstance(embedding, GlyphEmbedding) else 0

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Draw images (B, 1, S, S) in [-1, 1] from latents (B, latent_features) and labels (B,)."""
        modulating = latents[:, : self.modulating_features]
        condition = torch.cat([modulating, self.label_embedding(labels)], dim=1)
        maps = self.project(condition).unflatten(1, (-1, _FIRST_SIDE_PIXELS, _FIRST_SIDE_PIXELS))
        maps = maps.contiguous(memory_format=torch.channels_last)
        guides = self._guides(latents, labels, condition)
        maps = F.relu(self.project_norm(_add(maps, guides, 0), condition))
        for stage, (double, norm) in enumerate(zip(self.doublings, self.norms, strict=True), 1):
            maps = F.relu(norm(_add(double(maps), guides, stage), condition))
        return (_OVERSHOOT * torch.tanh(self.to_pixels(maps))).clamp(-1, 1)

    def _guides(self, latents: Tensor, labels: Tensor, condition: Tensor) -> list[Tensor]:
        """What is added to the maps of the first stages, for as many as there is something."""
        if not isinstance(self.label_embedding, GlyphEmbedding):
            return []
        # The latent has a favourite among the fonts, as a writer has among the forms of characters.
        hands = latents[:, : self._forms].argmax(dim=1)
        pictures = self.label_embedding.pictures(labels, hands)
        noise = latents[:, self.modulating_features :]
        guides: list[Tensor] = self.glyph_guide(pictures, condition, noise)
        return guides


def _extend(values: Tensor, count: int) -> Tensor:
    """Values (N, …) and as many of the first again as `count` are more: (count, …)."""
    missing = count - len(values)
    return torch.cat([values, values[:missing]]) if missing else values


def _add(maps: Tensor, guides: list[Tensor], stage: int) -> Tensor:
    return maps + guides[stage] if stage < len(guides) else maps


class ProjectionDiscriminator(nn.Module):
    """D(x₁ … x_p, y) = w · h + Φ(y) · h / √n, where h are n features of a pack of p images."""

    def __init__(
        self,
        label_embedding: LabelEmbedding | GlyphEmbedding,
        pack_size: int,
        channels: Sequence[int],
        *,
        batch_norm: bool = False,
        sees_pictures: bool = False,
    ) -> None:
        """Build the network.

        Args:
            label_embedding: Φ; h is as long as Φ(y).
            pack_size: samples of one class that are judged together.
            channels: of the maps at the size of the image, half of it and so on down to 4 × 4.
            batch_norm: whether maps are normalised, all but the first.
            sees_pictures: whether it sees what the character looks like beside a pack; Φ must know.
        """
        super().__init__()
        self.pack_size = pack_size
        features = label_embedding.features
        self.label_embedding = label_embedding
        self.from_pixels = nn.Conv2d(pack_size, channels[0], kernel_size=3, padding=1)
        self.halvings = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1, bias=not batch_norm)
            for before, after in pairwise(channels)
        )
        self.norms = nn.ModuleList(BatchNorm2d(after) for after in channels[1:] if batch_norm)
        self.to_features = nn.Linear(channels[-1] * _FIRST_SIDE_PIXELS**2, features)
        self.to_score = nn.Linear(features, 1)
        stages = reversed(range(1, len(self.halvings)))  # from 8 pixels up to half of the image
        folds = zip(stages, _PICTURE_FOLDS, strict=False) if sees_pictures else ()
        self._picture_folds = dict(folds)
        self.picture_convolutions = nn.ModuleList(
            nn.Conv2d(fold**2, channels[stage], kernel_size=3, padding=1, bias=False)
            for stage, fold in self._picture_folds.items()
        )

    def forward(self, images: Tensor, labels: Tensor, wrong_labels: Tensor | None = None) -> Tensor:
        """Score packs of images (k·B, 1, S, S), k batches that share the labels (B,).

        Neighbours in a pack have one label, so B is a multiple of p = `pack_size`: (k·B / p,).
        With `wrong_labels` (B / p,) the packs of the first batch are scored under these as well:
        ((k + 1)·B / p,). Each batch is normalised by statistics of its own.
        """
        batches = len(images) // len(labels)
        pack_labels = labels[:: self.pack_size].repeat(batches)
        if wrong_labels is not None:
            pack_labels = torch.cat([pack_labels, wrong_labels])
        pictures = self._pictures(pack_labels)
        maps = images.view(-1, self.pack_size, *images.shape[2:])
        maps = maps.contiguous(memory_format=torch.channels_last)
        maps = F.leaky_relu(self.from_pixels(maps), _SLOPE)
        batch_packs = len(labels) // self.pack_size
        for stage, halve in enumerate(self.halvings, 1):
            maps = halve(maps)
            if stage in pictures:
                # From where labels are seen on, a pack under two labels goes two ways.
                maps = _extend(maps, len(pack_labels)) + pictures[stage]
            if self.norms:
                maps = normalise_apart(self.norms[stage - 1], maps, len(maps) // batch_packs)
            maps = F.leaky_relu(maps, _SLOPE)
        features = F.leaky_relu(self.to_features(maps.flatten(1)), _SLOPE)
        features = _extend(features, len(pack_labels))
        return exactly(self._score, features, self.label_embedding(pack_labels))

    def _pictures(self, labels: Tensor) -> dict[int, Tensor]:
        """What is added to the maps of those stages that see what labels (P,) look like."""
        embedding = self.label_embedding
        if not self._picture_folds or not isinstance(embedding, GlyphEmbedding):
            return {}
        pictures = embedding.pictures(labels, embedding.fonts.regular)
        stages = zip(self._picture_folds.items(), self.picture_convolutions, strict=True)
        return {
            stage: convolve(
                F.pixel_unshuffle(pictures, fold).contiguous(memory_format=torch.channels_last)
            )
            for (stage, fold), convolve in stages
        }

    def _score(self, features: Tensor, label_vectors: Tensor) -> Tensor:
        """w · h + Φ(y) · h / √n of features and label vectors (P, n): (P,)."""
        projection = (features * label_vectors).sum(dim=1)
        scores: Tensor = self.to_score(features).squeeze(1) + projection / features.shape[1] ** 0.5
        return scores
