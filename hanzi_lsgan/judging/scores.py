"""What an evaluation found, as `scores.json` holds it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_tools.files import replacing

Better = Literal["higher", "lower", "real"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Figure(_Record):
    """One figure of a generator.

    Attributes:
        name: as in the literature.
        meaning: what it is, in a sentence.
        better: which way is better; `real` where the value of real samples is best.
        value: of all generated samples together.
        spread: standard deviation of the values of each sampling seed alone.
        real: what real samples reach in place of generated ones.
        compared: which samples with which, and how many.
    """

    name: str
    meaning: str
    better: Better
    value: float
    spread: float | None
    real: float
    compared: str

    @property
    def shown(self) -> str:
        """The value as a person reads it."""
        spread = "" if self.spread is None else f" ± {self.spread:.1g}"
        return f"{self.value:.4g}{spread}"


class CharacterScore(_Record):
    """How one character comes out.

    Attributes:
        character: which.
        top1: share of its generated samples that are read as it.
        top5: share of those that have it among five guesses.
        real_top1: share of its real test samples that are read as it.
        read_as: what its generated samples are most often misread as; empty if never.
        misread: how many are.
        diversity: mean distance of two generated samples over that of two real ones.
        unseen: whether the generator was never trained on it.
    """

    character: str
    top1: float
    top5: float
    real_top1: float | None
    read_as: str
    misread: int
    diversity: float | None
    unseen: bool = False


class Scores(_Record):
    """An evaluation: of what, by what, and the figures."""

    tool_version: str
    run: str
    checkpoint: str
    images_seen: int
    store_fingerprint: str
    font_drawn: bool
    per_class: int
    seeds: tuple[int, ...]
    figures: tuple[Figure, ...]
    characters: tuple[CharacterScore, ...]

    def figure(self, name: str) -> Figure:
        """The figure of this name."""
        return next(figure for figure in self.figures if figure.name == name)

    def save(self, path: Path) -> None:
        """Write JSON.

        Raises:
            UserError: `path` cannot be written.
        """
        with replacing(path) as unfinished:
            unfinished.write_text(self.model_dump_json(indent=2) + "\n", "utf-8")
