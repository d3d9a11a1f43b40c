"""What an evaluation found, as `scores.json` holds it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from data_tools.files import replacing

_ROUNDING = 1e-12
"""An error below it is that of adding up, where all resamplings agree."""

Better = Literal["higher", "lower", "real"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Figure(_Record):
    """One figure of a generator.

    Attributes:
        name: as in the literature, where it is what the literature means by it.
        meaning: what it is, in a sentence.
        better: which way is better; `real` where the value of real samples is best.
        value: of the generated samples.
        error: standard error of the value; None where there are too few samples for one.
        real: what real samples reach in place of generated ones; None where there are none.
        real_error: standard error of that.
        compared: which samples with which, and how many.
    """

    name: str
    meaning: str
    better: Better
    value: float
    error: float | None
    real: float | None
    real_error: float | None
    compared: str

    @property
    def shown(self) -> str:
        """The value as a person reads it."""
        return _with_error(self.value, self.error)

    @property
    def real_shown(self) -> str:
        """What real samples reach, as a person reads it."""
        return "" if self.real is None else _with_error(self.real, self.real_error)


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
    """An evaluation: of what, by what, the figures, and those left out by name with the reason.

    `kind` is that of the writing where a model was taught several. One of the `look_alikes` that is
    read as another of its group is read rightly. `not_judged` are characters of which the store has
    no train sample, so that no recogniser has learned to read them.
    """

    tool_version: str
    run: str
    checkpoint: str
    kind: str = ""
    images_seen: int
    store_fingerprint: str
    font_drawn: bool
    per_class: int
    seeds: tuple[int, ...]
    look_alikes: tuple[str, ...] = ()
    not_judged: str = ""
    figures: tuple[Figure, ...]
    left_out: dict[str, str]
    characters: tuple[CharacterScore, ...]

    @property
    def not_measured(self) -> list[str]:
        """A line for each reason for which figures were left out, with their names."""
        return [
            f"{', '.join(names)}: {reason}"
            for reason, names in names_by_reason(self.left_out).items()
        ]

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


def _with_error(value: float, error: float | None) -> str:
    if error is None:
        return f"{value:.4g}"
    return f"{value:.4g} ± {error:.1g}" if error > _ROUNDING else f"{value:.4g} ± 0"


def names_by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    """Figures left out, by name with the reason: the names of each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        names.setdefault(reason, []).append(name)
    return names
