"""Characters of a text, written by a hand: images fitted to their ink, and where each stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from data_tools.fonts.placement import Placement
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_pairs, labels_of
from hanzi_lsgan.drawing.in_square import ink_box, ink_level, pixels_to_square
from hanzi_lsgan.models.hand_latents import DEPARTURE
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing.dashes import BARS, level
from hanzi_lsgan.writing.even_ink import even_ink
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.specks import without_specks
from hanzi_lsgan.writing.whole_signs import BOX, RINGS, SOLID, SQUARE, close, fill, fill_square

_HAZE = 240  # grey levels above it are no ink
_AT_ONCE = 256  # characters, of which several drawings each are few megabytes


@dataclass(frozen=True)
class WrittenCharacter:
    """One character as a hand has written it.

    Attributes:
        character: what it is.
        image: (S, S) uint8, 255 is background; the ink fills it whatever the character.
        place: where the ink stands in the character's square, and how wide that is.
    """

    character: str
    image: NDArray[np.uint8]
    place: Placement

    @classmethod
    def by(cls, hand: Hand, character: str, image: NDArray[np.uint8]) -> Self:
        """What a hand has drawn (S, S), at its place: no specks, level bars, rings without gaps."""
        clean = without_specks(image, hand.dot_count(character))
        if character in BARS:
            clean = level(clean)
        elif character in SOLID:
            clean = fill_square(clean) if character == SQUARE else fill(clean)
        elif character in RINGS:
            clean = close(clean, straight=character == BOX)
        return cls(character, clean, hand.place(character))

    @cached_property
    def ink_level(self) -> float:
        """The grey level halfway between the hand's ink and the background, where strokes end."""
        return ink_level(self.image)

    @cached_property
    def ink_box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the ink in pixels; the middle one where there is none."""
        return ink_box(self.image)

    @cached_property
    def without_haze(self) -> Image.Image:
        """The image, the faint grey that networks leave where there is no ink made white."""
        return Image.fromarray(np.where(self.image > _HAZE, np.uint8(255), self.image))

    def pixels_to_square(self) -> tuple[float, float, float, float]:
        """Across, along, right, down: by which pixels become places in the character's square."""
        return pixels_to_square(self.ink_box, self.place)


def write_characters(
    trained: TrainedGenerator,
    characters: str,
    hand: Hand,
    *,
    departure: float = DEPARTURE,
    best_of: BestOf | None = None,
) -> Iterator[WrittenCharacter]:
    """Write each character of a text by one hand.

    Args:
        trained: what draws; characters that it was not trained on are to be added before
            (`TrainedGenerator.with_unseen`).
        characters: without white space.
        hand: the writer.
        departure: see `Hand.latents`.
        best_of: chooses among several drawings of each character, which depart each in its own way.

    Yields:
        The characters in their order.

    Raises:
        UserError: the model cannot draw some of them, or there are none.
    """
    labels = torch.tensor(labels_of(characters, trained.charset))
    for start in range(0, len(characters), _AT_ONCE):
        places = range(start, min(start + _AT_ONCE, len(characters)))
        tries = [
            _draw(trained, hand if number == 0 else hand.again(number), places, departure, labels)
            for number in range(1 if best_of is None else best_of.candidates)
        ]
        images = tries[0]
        if best_of is not None:
            images = best_of.choose(np.stack(tries, axis=1), labels[start : places.stop].numpy())
        for place, image in zip(places, images, strict=True):
            yield WrittenCharacter.by(hand, characters[place], even_ink(image))


def _draw(
    trained: TrainedGenerator, hand: Hand, places: range, departure: float, labels: torch.Tensor
) -> NDArray[np.uint8]:
    """The characters at some places of a text: (len(places), S, S)."""
    latents = hand.latents(places, departure)
    chosen = labels[places.start : places.stop]
    return np.concatenate(
        list(draw_pairs(trained.network, latents, torch.arange(len(places)), chosen))
    )
