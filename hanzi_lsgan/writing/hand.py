"""A hand: one person's way of writing, never the same twice and still the same person's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from data_tools.errors import UserError, join_message
from data_tools.fonts.glyph_dots import dot_count
from data_tools.fonts.placement import Placement, place_by
from data_tools.fonts.typefaces import KnownFonts
from data_tools.glyphs.place import Place
from hanzi_lsgan.drawing.images import draw_latents, mix_seed
from hanzi_lsgan.models import Generator, fonts_of, hand_of, noise_of
from hanzi_lsgan.models.hand_latents import DEPARTURE, stray

_FURTHER_TIMES = 1 << 40  # no text has a place of such a number
_NAME = re.compile(r"\d{1,9}(\+\d{1,9})*")


@dataclass(frozen=True)
class Hand:
    """One person's way of writing.

    Attributes:
        latent: (latent features,), on the CPU.
        fonts: that its model knows; as many elements as there are hands choose among them.
        seed: of what makes each character differ from the hand's others.
        noise: how many of the latent's last elements are another for each character.
        places: where the writers whom the model has learned put characters, if that is known.
    """

    latent: Tensor
    fonts: KnownFonts
    seed: int
    noise: int = 0
    places: Mapping[str, Place] = field(default_factory=dict)

    @classmethod
    def named(cls, generator: Generator, name: str, seed: int = 0) -> Self:
        """The hand of a number, such as `7`, or one between several, such as `7+12`.

        All hands of a generator that was adapted to a person are that person's; numbers say how
        often it has written before.

        Args:
            generator: whose latents to take.
            name: numbers from 0, joined by `+`.
            seed: 0 or more; another one writes the same hand anew.

        Raises:
            UserError: it is no such name.
        """
        if not _NAME.fullmatch(name):
            problem = f"{name!r} is no hand"
            if all(part.isdigit() and part.isascii() for part in name.split("+")):
                problem = f"{name} is too large: hands go up to 999,999,999"
            raise UserError(join_message("--hand", problem, "give a number such as 7, or 7+12"))
        numbers = [int(number) for number in name.split("+")]
        if (own := hand_of(generator)) is not None:
            return cls._of(generator, own.cpu(), mix_seed(seed, numbers[0]))
        latents = torch.cat([draw_latents(generator, 1, number) for number in numbers])
        # As long as the latents of the hands it lies between: their mean would be too ordinary.
        latent = latents.mean(dim=0)
        length = latents.norm(dim=1).mean()
        latent = latent * (length / latent.norm().clamp(min=1e-6))
        return cls._of(generator, latent, mix_seed(seed, numbers[0]))

    @classmethod
    def _of(cls, generator: Generator, latent: Tensor, seed: int) -> Self:
        return cls(latent, fonts_of(generator), seed, noise_of(generator), generator.places)

    @property
    def font(self) -> int:
        """Index of the font whose forms of characters it writes."""
        return int(self.latent[: self.fonts.hands].argmax())

    def place(self, character: str) -> Placement:
        """Where the hand puts a character in its square.

        Raises:
            UserError: no font has it.
        """
        return place_by(character, self.places, self.font, self.fonts)

    def dot_count(self, character: str) -> int:
        """How many dots a character has, as the hand's font has it.

        Another font shows it where the hand's lacks it, as of `place`.
        """
        font = self.fonts.font_of(character, self.font)
        return 0 if font is None else dot_count(font, character)

    def again(self, number: int) -> Self:
        """The same hand that writes everything another time, the n-th."""
        return replace(self, seed=mix_seed(self.seed, _FURTHER_TIMES + number))

    def latents(self, places: range, departure: float = DEPARTURE) -> Tensor:
        """A latent for each place of a text: (len(places), latent features).

        Args:
            places: counted from the beginning of the text; a place has the same latent whatever
                stands beside it.
            departure: 0, every 的 is the same, to 1, each character has a hand of its own.
        """
        draws = torch.empty(len(places), len(self.latent))
        for row, place in enumerate(places):
            random = torch.Generator().manual_seed(mix_seed(self.seed, place))
            draws[row] = torch.randn(len(self.latent), generator=random)
        return stray(self.latent, draws, self.fonts.hands, self.noise, departure)
