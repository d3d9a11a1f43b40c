"""The networks, by the names that recipes use."""

from hanzi_lsgan.config import ModelSettings, PaperModel
from hanzi_lsgan.models.paper import PaperDiscriminator, PaperGenerator
from hanzi_lsgan.models.projection import ProjectionDiscriminator, ProjectionGenerator

Generator = PaperGenerator | ProjectionGenerator
Discriminator = PaperDiscriminator | ProjectionDiscriminator


def build_generator(model: ModelSettings, classes: int) -> Generator:
    """The generator that a recipe describes, with fresh weights from torch's random state."""
    if isinstance(model, PaperModel):
        return PaperGenerator(classes)
    return ProjectionGenerator(
        classes, model.latent_features, model.label_features, model.generator_channels
    )


def build_discriminator(model: ModelSettings, classes: int) -> Discriminator:
    """The discriminator that a recipe describes, with fresh weights from torch's random state."""
    if isinstance(model, PaperModel):
        return PaperDiscriminator(classes)
    return ProjectionDiscriminator(
        classes, model.pack_size, model.score_features, model.discriminator_channels
    )
