"""The networks, by the names that recipes use."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from data_tools.fonts.placement import Placement, place_by
from data_tools.fonts.typefaces import FIRST_HANDS, PLAINEST, KnownFonts
from hanzi_lsgan.models.dcgan import DcganDiscriminator, DcganGenerator, map_widths
from hanzi_lsgan.models.label_embedding import GlyphEmbedding, LabelEmbedding
from hanzi_lsgan.models.paper import PaperDiscriminator, PaperGenerator
from hanzi_lsgan.models.projection import ProjectionDiscriminator, ProjectionGenerator
from hanzi_lsgan.recipe import DcganModel, ModelSettings, PaperModel, ProjectionModel

Generator = PaperGenerator | DcganGenerator | ProjectionGenerator
Discriminator = PaperDiscriminator | DcganDiscriminator | ProjectionDiscriminator


def build_generator(
    model: ModelSettings,
    charset: str,
    kinds: int = 1,
    *,
    fit: bool = True,
    free: str | None = None,
) -> Generator:
    """The generator that a recipe describes, with fresh weights from torch's random state.

    Labels say a character and one of so many kinds of writing (`models/label_embedding.py`).
    Without `fit` it is only good for loading weights into it, and is there sooner. Where weights
    are loaded next, `free` are the characters to which they give a free row (`GlyphEmbedding`).
    """
    if isinstance(model, PaperModel):
        return PaperGenerator(len(charset), kinds)
    if isinstance(model, DcganModel):
        return DcganGenerator(
            LabelEmbedding(len(charset), model.label_features, 1.0, kinds),
            model.latent_features,
            model.channels,
            size=model.size,
            image_channels=model.image_channels,
            batch_norm=model.generator_normalisation == "batch",
        )
    embedding = _build_embedding(model, charset, model.label_features, kinds, fit, free)
    return ProjectionGenerator(
        embedding,
        model.latent_features,
        model.generator_channels,
        model.noise_points,
        model.hands_by_kind,
    )


def build_discriminator(
    model: ModelSettings, charset: str, kinds: int = 1, *, free: str | None = None
) -> Discriminator:
    """The discriminator that a recipe describes, with fresh weights from torch's random state.

    `kinds` and `free` are those of `build_generator`.
    """
    if isinstance(model, PaperModel):
        return PaperDiscriminator(len(charset), kinds)
    if isinstance(model, DcganModel):
        features = map_widths(model.channels, model.size)[0]
        return DcganDiscriminator(
            LabelEmbedding(len(charset), features, 1.0, kinds),
            model.channels,
            size=model.size,
            image_channels=model.image_channels,
            batch_norm=model.discriminator_normalisation == "batch",
        )
    embedding = _build_embedding(model, charset, model.score_features, kinds, True, free)
    return ProjectionDiscriminator(
        embedding,
        model.pack_size,
        model.discriminator_channels,
        batch_norm=model.discriminator_normalisation == "batch",
        sees_pictures=model.discriminator_sees_pictures,
    )


def fonts_of(generator: Generator) -> KnownFonts:
    """The fonts that a generator knows; as many elements of the latent choose among the hands'."""
    embedding = generator.label_embedding
    return embedding.fonts if isinstance(embedding, GlyphEmbedding) else KnownFonts(FIRST_HANDS)


def noise_of(generator: Generator) -> int:
    """How many of a latent's last elements are another for each character that a hand writes.

    They are noise at places. A person's are as he writes: `adapt` has learned them with the rest.
    """
    if not isinstance(generator, ProjectionGenerator) or generator.hand is not None:
        return 0
    return generator.noise_features


def hand_of(generator: Generator) -> Tensor | None:
    """The latent (latent features,) of the person whom a generator was adapted to, if to one."""
    return generator.hand if isinstance(generator, ProjectionGenerator) else None


def take_hand(generator: Generator, hand: Tensor) -> None:
    """Let a generator draw its latents around one hand's (latent features,).

    Raises:
        ValueError: it is no generator of hands, or the latent is of another length.
    """
    if not isinstance(generator, ProjectionGenerator) or hand.shape != (generator.latent_features,):
        raise ValueError(f"a hand of {len(hand)} numbers for a generator that takes no such")
    generator.hand = hand.to(generator.project.weight.device)


def place_of(generator: Generator, character: str, font: int = PLAINEST) -> Placement:
    """Where a character stands in its square: as the writers put it whom a generator has learned.

    Args:
        generator: knows where (`Generator.places`), or else its fonts do.
        character: to place.
        font: index of the font whose forms of characters are drawn.

    Raises:
        UserError: no font has the character.
    """
    return place_by(character, generator.places, font, fonts_of(generator))


@contextmanager
def drawing_kind(generator: Generator, kind: int) -> Iterator[None]:
    """Let a generator draw by a kind of writing meanwhile; its labels say characters alone then."""
    embedding = generator.label_embedding
    before, embedding.drawn_kind = embedding.drawn_kind, kind
    try:
        yield
    finally:
        embedding.drawn_kind = before


def favourite_font(generator: Generator, latent: Tensor) -> int:
    """Index of the font whose forms of characters a latent (latent features,) has."""
    return int(latent[: fonts_of(generator).hands].argmax())


def _build_embedding(
    model: ProjectionModel,
    charset: str,
    features: int,
    kinds: int,
    fit: bool,
    free: str | None,
) -> LabelEmbedding | GlyphEmbedding:
    if model.label_embedding == "glyph":
        return GlyphEmbedding(
            charset, features, KnownFonts(model.hands), kinds=kinds, fit=fit, free=free
        )
    return LabelEmbedding(len(charset), features, 1.0, kinds)
