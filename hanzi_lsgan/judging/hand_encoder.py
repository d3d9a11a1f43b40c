"""Whose hand a glyph is in: a small network, and how alike two hands are by it.

It has learned to tell simulated writers of the font corpus apart, each from single glyphs of
characters that all of them write, and describes a hand by a direction: glyphs of one hand lie close
together, whatever the characters. Two of them come with the weights, of different writers: one
teaches `adapt`, the other says afterwards what came of it (`benchmarks/hand_encoders.py`).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from data_tools.errors import UserError, join_message

SIZE = 64
"""Side in pixels of the glyphs that it sees; others are resampled."""

FEATURES = 96
MAP_CHANNELS = (24, 48, 96, 128)
ENCODERS = Path(__file__).parent / "hand_encoders.safetensors"

Role = Literal["teacher", "judge"]
"""Which of the two encoders that come along."""

_LAST_CHANNELS = 192
_LEAST_VARIANCE = 1e-4
_AT_ONCE = 256


class HandEncoder(nn.Module):
    """The direction of a glyph's hand, of length 1, and the maps on the way to it."""

    def __init__(self) -> None:
        super().__init__()
        before = (1, *MAP_CHANNELS)
        after = (*MAP_CHANNELS, _LAST_CHANNELS)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(i, o, kernel, stride, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(o),
                nn.ReLU(),
            )
            for i, o, kernel, stride in zip(
                before, after, (5, 3, 3, 3, 3), (2, 2, 1, 2, 2), strict=True
            )
        )
        self.to_features = nn.Linear(2 * _LAST_CHANNELS, FEATURES)

    def maps(self, ink: Tensor) -> list[Tensor]:
        """Maps at 32, 16, 16 and 8 pixels a side of glyphs (B, 1, S, S), ink being 1."""
        if ink.shape[-1] != SIZE:
            ink = F.interpolate(ink, (SIZE, SIZE), mode="bilinear", antialias=True)
        found = [ink.contiguous(memory_format=torch.channels_last)]
        for stage in self.stages[: len(MAP_CHANNELS)]:
            found.append(stage(found[-1]))
        return found[1:]

    def forward(self, ink: Tensor) -> Tensor:
        """Directions (B, 96) of glyphs (B, 1, S, S), ink being 1."""
        maps = self.stages[-1](self.maps(ink)[-1]).float()
        deviation = (maps.var(dim=(2, 3)) + _LEAST_VARIANCE).sqrt()
        # How strokes are on the whole, and how they differ; where they are is the character's.
        described = torch.cat([maps.mean(dim=(2, 3)), deviation], dim=1)
        return F.normalize(self.to_features(described).float(), dim=1)

    @torch.no_grad()
    def describe(self, ink: Tensor) -> Tensor:
        """Directions of any number of glyphs: (N, 96)."""
        starts = range(0, len(ink), _AT_ONCE)
        return torch.cat([self(ink[start : start + _AT_ONCE]) for start in starts])


def mean_direction(directions: Tensor) -> Tensor:
    """The direction (96,) of a hand from those of its glyphs (N, 96)."""
    return F.normalize(directions.mean(dim=0), dim=0)


@dataclass(frozen=True)
class Likeness:
    """How alike some glyphs are to a person's own, beside other glyphs of that person's.

    Distances are 1 - cos of the angle between a glyph's direction and the person's.

    Attributes:
        attributed: share of the glyphs that are taken for the person's, of twenty hands.
        own_attributed: share of the person's own that are.
        distance: of the glyphs, on average.
        own_distance: of the person's own.
        other_distance: of glyphs of other hands.
    """

    attributed: float
    own_attributed: float
    distance: float
    own_distance: float
    other_distance: float

    @property
    def way(self) -> float:
        """How far from others to the person's own glyphs they are: 1 is as near as his own."""
        return (self.other_distance - self.distance) / (self.other_distance - self.own_distance)


@dataclass(frozen=True)
class HandJudge:
    """An encoder, and hands among which to find one.

    Attributes:
        encoder: frozen.
        others: directions (hands, glyphs, 96) of glyphs of nineteen other hands.
    """

    encoder: HandEncoder
    others: Tensor

    @cached_property
    def _other_hands(self) -> Tensor:
        return torch.stack([mean_direction(directions) for directions in self.others])

    def compare(self, generated: Tensor, own: Tensor) -> Likeness:
        """How alike glyphs are to a person's own.

        Args:
            generated: (N, 1, S, S), ink being 1.
            own: (M, 1, S, S) of the person's, at least two. Each is compared with the others.
        """
        drawn, written = self.encoder.describe(generated), self.encoder.describe(own)
        person = mean_direction(written)
        rest = F.normalize(written.sum(dim=0) - written, dim=1)
        of_rest = (written * rest).sum(dim=1)
        return Likeness(
            attributed=self._share(drawn, drawn @ person),
            own_attributed=self._share(written, of_rest),
            distance=float(1 - (drawn @ person).mean()),
            own_distance=float(1 - of_rest.mean()),
            other_distance=float(1 - (self.others @ person).mean()),
        )

    def _share(self, directions: Tensor, cosines: Tensor) -> float:
        """Share of glyphs that lie nearer to the person than to any other hand."""
        nearest_other = (directions @ self._other_hands.T).amax(dim=1)
        return float((cosines > nearest_other).float().mean())


def load_hand_encoder(role: Role, device: torch.device) -> HandEncoder:
    """One of the two encoders that come along, frozen."""
    return _load(role, device)[0]


def load_hand_judge(device: torch.device) -> HandJudge:
    """What judges hands."""
    encoder, others = _load("judge", device)
    return HandJudge(encoder, others)


def _load(role: Role, device: torch.device) -> tuple[HandEncoder, Tensor]:
    encoder = HandEncoder()
    try:
        tensors = {name: value.to(device) for name, value in load_file(ENCODERS).items()}
        prefix = f"{role}."
        encoder.load_state_dict(
            {
                name.removeprefix(prefix): value.float() if value.is_floating_point() else value
                for name, value in tensors.items()
                if name.startswith(prefix)
            }
        )
        others = F.normalize(tensors["others"].float(), dim=2)
    except (SafetensorError, RuntimeError, OSError, KeyError) as error:
        problem = f"holds no encoder of hands ({error})"
        raise UserError(join_message(str(ENCODERS), problem, "install hanzi-lsgan again")) from None
    encoder = encoder.to(device).to(memory_format=torch.channels_last)
    return encoder.eval().requires_grad_(False), others
