"""A generator ready to draw: what it is, and which characters it can draw."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.fonts.reference_glyphs import has_reference_glyph
from data_tools.fonts.typefaces import KnownFonts, take_font
from data_tools.glyphs.place import Place, is_place
from data_tools.sources.writing_kinds import likeliest_kind
from hanzi_lsgan.models import Generator, fonts_of
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from hanzi_lsgan.models.projection import ProjectionGenerator
from hanzi_lsgan.recipe import ModelSettings

_MOST_CHARACTERS = 110_000  # Unicode has fewer hanzi
_MOST_KINDS = 1000
LEAST_SPREAD, MOST_SPREAD = 0.1, 3.0


class StoreProvenance(BaseModel):
    """Which store a run was trained on."""

    model_config = ConfigDict(frozen=True)
    path: str
    fingerprint: str
    train_samples: int
    font_drawn: bool
    writer: str = ""
    """Whom of a store by many a generator was adapted to."""


class ModelInfo(BaseModel):
    """What `model.json` holds: enough to build the generator and to name its labels."""

    model_config = ConfigDict(frozen=True)
    format_version: Literal[1] = 1
    tool_version: str
    model: ModelSettings
    charset: str = Field(min_length=1, max_length=_MOST_CHARACTERS)
    untaught: str = Field(default="", max_length=_MOST_CHARACTERS)
    """Those characters of the charset of which the store has no train sample."""
    kinds: tuple[str, ...] = Field(default=("",), min_length=1, max_length=_MOST_KINDS)
    untaught_kinds: tuple[str, ...] = Field(default=(), max_length=_MOST_KINDS)
    """Those kinds of writing of which the store has no train sample."""
    hand: tuple[float, ...] | None = None
    """The latent of the person whom the generator was adapted to."""
    store: StoreProvenance
    places: dict[str, Place] = Field(default={}, max_length=_MOST_CHARACTERS)
    """Where the writers of the store put characters, of those that it tells (`mean_places.py`)."""

    @field_validator("places")
    @classmethod
    def _have_a_size(cls, places: dict[str, Place]) -> dict[str, Place]:
        for character, place in places.items():
            if not is_place(place):
                raise ValueError(f"the place of {character[:1]} has no size or is far away")
        return places

    @field_validator("charset")
    @classmethod
    def _each_once(cls, charset: str) -> str:
        if len(set(charset)) != len(charset):
            raise ValueError("the charset names a character twice")
        return charset

    @property
    def taught_kinds(self) -> tuple[str, ...]:
        """The kinds of writing that it was trained on; some in any case."""
        taught = tuple(kind for kind in self.kinds if kind not in self.untaught_kinds)
        return taught or self.kinds

    @property
    def usual_kind(self) -> int:
        """The number of the kind that is drawn where nobody says."""
        taught = self.taught_kinds
        return self.kinds.index(taught[likeliest_kind(taught)])


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator ready to draw.

    Attributes:
        network: the averaged weights, in evaluation mode, on the GPU where there is one.
        info: of its run.
        charset: label i of the network is character i.
        images: real images that training had seen.
        checkpoint: which of the run's it is, `best` or `last`.
        recogniser: the file of one that came along with weights to give away, if one did.
    """

    network: Generator
    info: ModelInfo
    charset: str
    images: int
    checkpoint: str
    recogniser: Path | None = None

    @property
    def kind(self) -> str:
        """The kind of writing that it draws; without a name where it was taught but one."""
        return self.info.kinds[self.network.label_embedding.drawn_kind or 0]

    def of_kind(self, kind: str) -> Self:
        """The same generator drawing by another kind of writing.

        Raises:
            UserError: it was not taught that kind.
        """
        if kind not in self.info.taught_kinds or not kind:
            taught = ", ".join(filter(None, self.info.taught_kinds))
            problem = "this model was taught no such kind of writing"
            remedy = f"choose one of {taught}" if taught else "leave it out"
            raise UserError(join_message(f"--kind {kind}", problem, remedy))
        network = copy.deepcopy(self.network)
        network.label_embedding.drawn_kind = self.info.kinds.index(kind)
        return replace(self, network=network)

    def with_spread(self, factor: float) -> Self:
        """The same generator, whose hands lie so many times as far apart, 0.1 to 3.

        Raises:
            UserError: it has one person's hand, or its networks are the paper's or a DCGAN's, or
                the factor is out of its range.
        """
        if factor == 1:
            return self
        network = copy.deepcopy(self.network)
        where = f"--spread {factor:g}"
        if not LEAST_SPREAD <= factor <= MOST_SPREAD:
            remedy = f"give a number from {LEAST_SPREAD:g} to {MOST_SPREAD:g}"
            raise UserError(join_message(where, "is out of its range", remedy))
        if self.info.hand is not None:
            problem = "this model has the hand of one person, and no others"
            raise UserError(join_message(where, problem, "leave it out"))
        if not isinstance(network, ProjectionGenerator):
            problem = f"networks of the architecture {self.info.model.architecture} know no hands"
            remedy = "leave it out, or train with model.architecture = projection"
            raise UserError(join_message(where, problem, remedy))
        network.spread_latents(factor)
        return replace(self, network=network)

    @property
    def unseen(self) -> frozenset[str]:
        """Characters of the charset that it was not trained on."""
        return frozenset(self.charset) - self.taught

    @property
    def taught(self) -> frozenset[str]:
        """The characters that it was trained on."""
        return frozenset(self.info.charset) - frozenset(self.info.untaught)

    @property
    def drawable(self) -> str:
        """The charset without what no training sample has shown and it cannot draw by its glyph."""
        return "".join(character for character in self.charset if self.can_draw(character))

    @property
    def fonts(self) -> KnownFonts:
        """Those that it knows."""
        return fonts_of(self.network)

    @property
    def from_reference(self) -> frozenset[str]:
        """Those of the unseen characters that the reference font alone shows, and no hand's."""
        return frozenset(c for c in self.unseen if not self.fonts.in_a_hand(c))

    @property
    def remarks(self) -> dict[str, str]:
        """What a picture says of characters that it was not trained on: a word for each."""
        printed = self.from_reference
        return {c: "printed" if c in printed else "unseen" for c in self.unseen}

    @property
    def draws_unseen(self) -> bool:
        """Whether it was made to draw characters by what they look like."""
        return isinstance(self.network.label_embedding, GlyphEmbedding)

    def can_draw(self, character: str) -> bool:
        """Whether it knows a character by its label, or by its glyph where it was made for that."""
        return self._is_known(character) or (
            self.draws_unseen and has_reference_glyph(character, self.fonts)
        )

    def knows(self, character: str) -> bool:
        """Whether it can draw a character as it was trained on it, or as a hand's font shows it.

        A compatibility form that it does not know so, such as a full-width letter, is better drawn
        as the plain character that it does.
        """
        return self._is_known(character) or (self.draws_unseen and self.fonts.in_a_hand(character))

    def _is_known(self, character: str) -> bool:
        return character in self.charset and character not in self.info.untaught

    def relabelled(self, charset: str, where: str) -> Self:
        """The same generator with the labels of another charset.

        Args:
            charset: label i becomes character i.
            where: what messages call the source of the charset.

        Raises:
            UserError: it cannot draw some of the characters; one that knows characters by label
                can take no other charset at all.
        """
        if charset == self.charset:
            return self
        network = copy.deepcopy(self.network)
        if not isinstance(network.label_embedding, GlyphEmbedding):
            problem = f"has other characters ({len(charset):,}) than the model knows"
            remedy = f"name a store with just the model's {len(self.charset):,}"
            raise UserError(join_message(where, problem, remedy))
        if lacking := network.label_embedding.relabel(charset):
            shown = show_characters(lacking)
            problem = f"the reference font lacks {len(lacking):,} of the characters: {shown}"
            raise UserError(join_message(where, problem, "leave them out"))
        return replace(self, network=network, charset=charset)

    def with_reference(self, font: Path, *, last: bool = False) -> Self:
        """The same generator that looks up in a font of the user's what no hand has.

        Args:
            font: the file.
            last: it shows what the bundled reference font has not either, and nothing else.

        Raises:
            UserError: the file is no such font, or the generator knows characters by label alone.
        """
        network = copy.deepcopy(self.network)
        if not isinstance(network.label_embedding, GlyphEmbedding):
            problem = "this model knows characters by label and looks at no font"
            remedy = "leave it out, or train with --set model.label_embedding=glyph"
            raise UserError(join_message(f"--font {font}", problem, remedy))
        network.label_embedding.take_reference(take_font(font), last=last)
        return replace(self, network=network)

    def with_unseen(self, characters: str) -> Self:
        """Add characters that it was not trained on to the charset, if it knows them by glyph.

        Raises:
            UserError: no font has some of them, or it has a label for some that nothing taught it.
        """
        self.refuse_untaught(characters)
        new = "".join(dict.fromkeys(c for c in characters if c not in self.charset))
        if not new or not self.draws_unseen:
            return self
        return self.relabelled(self.charset + new, "--chars")

    def refuse_untaught(self, characters: str) -> None:
        """Make sure that it has learned what it knows by label alone.

        Raises:
            UserError: the store had no train sample of some characters.
        """
        labelled = [c for c in dict.fromkeys(characters) if c in self.charset]
        if lacking := [c for c in labelled if not self.can_draw(c)]:
            problem = f"the store had no train sample of {show_characters(lacking)} to learn from"
            remedy = "leave them out"
            if not self.draws_unseen:
                remedy += ", or train with --set model.label_embedding=glyph"
            raise UserError(join_message("--chars", problem, remedy))
