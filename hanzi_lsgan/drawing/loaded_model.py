"""A trained model as Python code meets it: load it, and let it draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.characters import clean_characters
from data_tools.errors import UserError, join_message
from data_tools.files import StrPath
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of
from hanzi_lsgan.drawing.in_square import put_in_square
from hanzi_lsgan.models import favourite_font, place_of
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.runs.trained_generator import TrainedGenerator


@dataclass(frozen=True)
class LoadedModel:
    """A trained model, ready to draw.

    Attributes:
        trained: its generator, and what is known of it.
    """

    trained: TrainedGenerator

    @property
    def charset(self) -> str:
        """The characters that it was trained on."""
        return self.trained.info.charset

    @property
    def size(self) -> int:
        """Side of an image in pixels."""
        return self.trained.info.model.size

    def draw(
        self, text: str, seed: int | np.integer = 0, *, in_square: bool = False
    ) -> NDArray[np.uint8]:
        """Draw each character of a text, all by one hand.

        Args:
            text: the characters, without what cannot be seen; a model with glyph embeddings draws
                unseen ones too.
            seed: decides the hand, 0 to 2^64 - 1; the same seed gives the same images.
            in_square: draw each where it stands in its square, a comma low and small; else its ink
                fills the image whatever it is.

        Returns:
            (N, S, S) uint8, 255 is background, in the order of the text.

        Raises:
            UserError: the model cannot draw some of the characters, there are none, or the seed is
                out of its range.
        """
        is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
        if not is_whole or not 0 <= seed < 2**64:
            raise UserError(join_message("seed", f"is {seed!r}", "give a whole number from 0"))
        text = clean_characters(text, "the text", self.trained.knows).characters
        trained = self.trained.with_unseen(text)
        labels = labels_of(text, trained.charset)
        latents = draw_latents(trained.network, 1, int(seed))
        images = np.concatenate(list(draw_images(trained.network, latents, labels)))
        if in_square:
            font = favourite_font(trained.network, latents[0])
            places = [place_of(trained.network, character, font) for character in text]
            images = np.stack([put_in_square(*one) for one in zip(images, places, strict=True)])
        return images


def load(run: StrPath | None = None, checkpoint: str | None = None) -> LoadedModel:
    """Load a trained model.

    Args:
        run: a run folder, or a packed one; by default the weights that come with the program.
        checkpoint: `best` or `last`; by default the best where checkpoints were scored.

    Raises:
        UserError: there is no such run or checkpoint, or its files are damaged.
    """
    return LoadedModel(RunFolder(SHIPPED if run is None else run).load_generator(checkpoint))
