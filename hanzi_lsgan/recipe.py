"""Settings of a training run: typed, checked, read from TOML and written to it.

A recipe is one commented TOML file in `configs/`. The classes here are the only place that knows
defaults and ranges.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from data_tools.errors import UserError, join_message
from data_tools.fonts.typefaces import FIRST_HANDS, HANDS
from hanzi_lsgan.config_folder import config_folder
from hanzi_lsgan.losses import (
    SCHEMES,
    AdversarialLoss,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
)

Channels = Annotated[int, Field(ge=8, le=1024, multiple_of=8)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Normalisation = Literal["batch", "none"]

_ARCHITECTURES = ("paper28", "dcgan", "projection")
_WASSERSTEIN_PENALTY_WEIGHT = 10.0  # λ of Gulrajani et al., 2017
_LEAST_SCORE_SAMPLES = 2  # one has no covariance
_LARGEST_TEACHER_PIXELS = 32  # cheap beside the networks, also at 64 pixels


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, values: object) -> object:
        """Pydantic takes true for 1: `train.seed=true` would train with another seed than said."""
        for name, value in values.items() if isinstance(values, dict) else ():
            field = cls.model_fields.get(name)
            parts = value if isinstance(value, list | tuple) else (value,)
            if field and field.annotation is not bool and any(isinstance(p, bool) for p in parts):
                raise ValueError(f"{name} should be no true or false")
        return values


class PaperModel(_Settings):
    """The original networks at 28 × 28; nothing about them can be set."""

    architecture: Literal["paper28"]

    @property
    def discriminator_normalisation(self) -> Normalisation:
        """How the discriminator's maps are normalised."""
        return "batch"

    @property
    def pack_size(self) -> int:
        """Samples of one class that the discriminator judges together."""
        return 1

    @property
    def size(self) -> int:
        """Side of an image in pixels."""
        return 28

    @property
    def image_channels(self) -> int:
        """1: grey."""
        return 1


class DcganModel(_Settings):
    """The networks of DCGAN, with a label; the papers' experiments take their normalisation away.

    `channels` is the width of the maps at half the image's side; it doubles down to 4 × 4.
    """

    architecture: Literal["dcgan"]
    size: Literal[32, 64] = 32
    image_channels: Literal[1, 3] = 1
    latent_features: int = Field(128, ge=1, le=4096)
    label_features: int = Field(128, ge=1, le=4096)
    channels: Annotated[int, Field(ge=8, le=256, multiple_of=8)] = 64
    generator_normalisation: Normalisation = "batch"
    discriminator_normalisation: Normalisation = "batch"

    @property
    def pack_size(self) -> int:
        """Samples of one class that the discriminator judges together."""
        return 1


class ProjectionModel(_Settings):
    """The default networks, at a side of 4 · 2^(number of channels - 1) pixels."""

    architecture: Literal["projection"]
    latent_features: int = Field(128, ge=1, le=4096)
    label_embedding: Literal["learned", "glyph"] = "learned"
    # Runs that were begun when there were no more do not say how many they know.
    hands: int = Field(FIRST_HANDS, ge=1, le=len(HANDS))
    # So do those that were begun before there was noise, before kinds of writing preferred hands,
    # and before discriminators saw pictures.
    noise_points: int = Field(0, ge=0, le=16)
    hands_by_kind: bool = False
    discriminator_sees_pictures: bool = False
    discriminator_normalisation: Normalisation = "none"
    label_features: int = Field(128, ge=1, le=4096)
    score_features: int = Field(256, ge=1, le=4096)
    pack_size: int = Field(4, ge=1, le=16)
    generator_channels: tuple[Channels, ...] = Field(min_length=2, max_length=6)
    discriminator_channels: tuple[Channels, ...] = Field(min_length=2, max_length=6)

    @model_validator(mode="after")
    def _same_size(self) -> "ProjectionModel":
        if len(self.generator_channels) != len(self.discriminator_channels):
            raise ValueError(
                "generator_channels and discriminator_channels must be equally many, one entry for "
                "each side from 4 pixels to the image's"
            )
        for name in ("noise_points", "discriminator_sees_pictures"):
            if getattr(self, name) and self.label_embedding != "glyph":
                raise ValueError(f'{name} needs label_embedding = "glyph", which has pictures')
        return self

    @property
    def size(self) -> int:
        """Side of an image in pixels."""
        return int(4 * 2 ** (len(self.generator_channels) - 1))

    @property
    def image_channels(self) -> int:
        """1: grey."""
        return 1


ModelSettings = Annotated[
    PaperModel | DcganModel | ProjectionModel, Field(discriminator="architecture")
]


class ObjectiveSettings(_Settings):
    """The losses: which, labels a, b, c of least squares, and the weights of what is added."""

    loss: Literal["least-squares", "non-saturating", "minimax", "wasserstein-gp"] = "least-squares"
    labels: tuple[Finite, Finite, Finite] = (0.0, 1.0, 1.0)
    r1_gamma: float = Field(0.0, ge=0, le=1000)
    r1_every: int = Field(8, ge=1, le=1000)
    gradient_penalty_weight: float = Field("auto", ge=0, le=1000, validate_default=True)
    wrong_label_weight: float = Field(0.0, ge=0, le=1000)
    reading_weight: float = Field(0.0, ge=0, le=1000)
    augmentation_target: float = Field(0.0, ge=0, lt=1)
    augmentation_start: float = Field(0.0, ge=0, le=0.8)

    @field_validator("labels", mode="before")
    @classmethod
    def _scheme_by_name(cls, value: object) -> object:
        if isinstance(value, str):
            if value not in SCHEMES:
                known = " or ".join(f'"{name}"' for name in SCHEMES)
                raise ValueError(f"no scheme has this name; write {known}, or three numbers")
            scheme = SCHEMES[value]
            return (scheme.a, scheme.b, scheme.c)
        return value

    @field_validator("gradient_penalty_weight", mode="before")
    @classmethod
    def _weight_by_loss(cls, value: object, info: ValidationInfo) -> object:
        if value == "auto":
            wanted = info.data.get("loss") == "wasserstein-gp"
            return _WASSERSTEIN_PENALTY_WEIGHT if wanted else 0.0
        return value

    @model_validator(mode="after")
    def _penalty_in_its_name(self) -> "ObjectiveSettings":
        if self.loss == "wasserstein-gp" and self.gradient_penalty_weight == 0:
            raise ValueError("objective.gradient_penalty_weight must not be 0 for wasserstein-gp")
        return self

    @model_validator(mode="after")
    def _augmentation_by_labels(self) -> "ObjectiveSettings":
        if self.augmentation_target > 0 and self.loss != "least-squares":
            raise ValueError("objective.augmentation_target must be 0 but for least squares")
        if self.augmentation_start > 0 and self.augmentation_target == 0:
            raise ValueError("objective.augmentation_start must be 0 where augmentation_target is")
        return self

    @property
    def adversarial_loss(self) -> AdversarialLoss:
        """The losses of both networks."""
        match self.loss:
            case "least-squares":
                return LeastSquares(*self.labels)
            case "non-saturating":
                return NonSaturating()
            case "minimax":
                return Minimax()
            case "wasserstein-gp":
                return Wasserstein()


class TrainSettings(_Settings):
    """How long, how fast, and from which seed."""

    batch_size: int = Field(64, ge=2, le=65536)
    kimg: float = Field(20000, gt=0, le=1e9)
    optimizer: Literal["adam", "rmsprop"] = "adam"
    discriminator_steps: int = Field(1, ge=1, le=100)
    generator_learning_rate: float = Field(2e-4, gt=0, le=1)
    discriminator_learning_rate: float = Field(2e-4, gt=0, le=1)
    decay_kimg: float = Field(0, ge=0, le=1e9)
    adam_beta1: float = Field(0.5, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    ema_half_life_kimg: float = Field(10, ge=0, le=1e6)
    precision: Literal["auto", "bf16", "fp16", "no"] = "auto"
    seed: int = Field(0, ge=0, lt=2**32)
    tick_kimg: float = Field(10, gt=0, le=1e6)
    tick_seconds: float = Field(5, ge=0, le=1e5)
    checkpoint_minutes: float = Field(5, gt=0, le=1e5)
    score_samples: int = Field(0, ge=0, le=1_000_000)

    @field_validator("score_samples")
    @classmethod
    def _enough_to_compare(cls, samples: int) -> int:
        if 0 < samples < _LEAST_SCORE_SAMPLES:
            raise ValueError(f"should be 0, for no scores, or at least {_LEAST_SCORE_SAMPLES}")
        return samples


class DataSettings(_Settings):
    """Where the samples lie while training goes on."""

    residence: Literal["auto", "memory", "device", "stream"] = "auto"
    class_balance: bool = False


class Recipe(_Settings):
    """All settings of a run."""

    model: ModelSettings
    objective: ObjectiveSettings = ObjectiveSettings()
    train: TrainSettings = TrainSettings()
    data: DataSettings = DataSettings()

    @property
    def teacher_size(self) -> int:
        """Side in pixels at which a teacher reads: larger images are halved for it."""
        return min(self.model.size, _LARGEST_TEACHER_PIXELS)

    @model_validator(mode="after")
    def _whole_packs(self) -> "Recipe":
        if self.train.batch_size % self.model.pack_size:
            raise ValueError(
                f"train.batch_size = {self.train.batch_size} is not a multiple of "
                f"model.pack_size = {self.model.pack_size}"
            )
        return self

    @model_validator(mode="after")
    def _slopes_of_single_scores(self) -> "Recipe":
        """The penalty is on the slope of each score alone, which batch normalisation mixes.

        What one image gains the others lose, so that the sum of scores may be level whatever D is
        (Gulrajani et al., 2017, section 4).
        """
        weight = self.objective.gradient_penalty_weight
        if weight > 0 and self.model.discriminator_normalisation == "batch":
            rule = 'must be 0 unless model.discriminator_normalisation = "none"'
            if isinstance(self.model, PaperModel):
                rule = "must be 0 for the original networks, which normalise batches"
            asked = " (wasserstein-gp has 10)" if self.objective.loss == "wasserstein-gp" else ""
            raise ValueError(f"objective.gradient_penalty_weight {rule}{asked}")
        return self

    @model_validator(mode="after")
    def _default_networks_alone(self) -> "Recipe":
        if isinstance(self.model, ProjectionModel):
            return self
        if self.objective.wrong_label_weight > 0:
            raise ValueError("objective.wrong_label_weight must be 0 for the original networks")
        if self.objective.reading_weight > 0 and self.model.image_channels != 1:
            raise ValueError("objective.reading_weight must be 0 for images with colours")
        return self


def recipe_names() -> list[str]:
    """Names of the recipes that come with the program."""
    return sorted(path.stem for path in config_folder().glob("*.toml"))


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply `section.key=value` overrides to it.

    Args:
        name_or_path: a name such as `quick32`, or the path of a TOML file.
        overrides: values in TOML's notation; a bare word counts as a string.

    Raises:
        UserError: no such recipe, no valid TOML, or a key or value that is not allowed.
    """
    path = Path(name_or_path)
    if path.suffix.lower() != ".toml":
        path = config_folder() / f"{name_or_path}.toml"
    try:
        text = path.read_text(encoding="utf-8-sig")  # Notepad begins files with a mark
    except FileNotFoundError:
        known = ", ".join(recipe_names())
        remedy = f"name one of {known}, or the path of a .toml file"
        raise UserError(join_message(name_or_path, "there is no such recipe", remedy)) from None
    except (OSError, UnicodeDecodeError) as error:
        remedy = "name a readable TOML file"
        raise UserError(join_message(str(path), f"cannot be read ({error})", remedy)) from None
    values = parse_toml(text, where=str(path), remedy="mend it")
    for override in overrides:
        _apply_override(values, override)
    return parse_recipe(values, where=path.name)


def parse_toml(text: str, where: str, remedy: str) -> dict[str, Any]:
    """Read TOML that comes from outside; `where` is what messages call its source.

    Raises:
        UserError: it is none.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers too long, of brackets too deep
        raise UserError(join_message(where, f"is no valid TOML ({error})", remedy)) from None


def parse_recipe(values: dict[str, Any], where: str) -> Recipe:
    """Check settings that come from outside; `where` is what messages call their source.

    Raises:
        UserError: names each key that is unknown or out of its range.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise UserError(
            join_message(where, _describe(error), "correct the recipe or --set")
        ) from None


def _describe(error: ValidationError) -> str:
    """What pydantic found, with keys as a recipe writes them."""
    problems = []
    for detail in error.errors(include_url=False):
        # The name of a union's variant stands in the path of what is wrong inside it.
        place = [str(part) for part in detail["loc"] if part not in _ARCHITECTURES]
        key = ".".join(place) or "recipe"
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            problems.append(f"{key} is no setting")
        elif detail["type"] == "missing":
            problems.append(f"{key} is missing")
        elif detail["type"] == "value_error" and isinstance(detail["input"], dict):
            problems.append(message)  # a rule about several keys names them itself
        elif isinstance(detail["input"], dict):
            problems.append(f"{key}: {message}")
        else:
            problems.append(f"{key}: {message} (got {detail['input']!r:.60})")
    return ", ".join(problems)


def _apply_override(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (separator and dot and section and name):
        remedy = "write it as section.key=value, such as train.batch_size=128"
        raise UserError(join_message(f"--set {override}", "is no setting", remedy))
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number of thousands of digits
        value = text.strip()
    table = values.setdefault(section, {})
    if not isinstance(table, dict):
        raise UserError(join_message(f"--set {override}", f"{section} is no section", "check it"))
    table[name] = value


def recipe_to_toml(recipe: Recipe) -> str:
    """Write a recipe, with every default spelled out, so that `load_recipe` reads the same back."""
    return tomli_w.dumps(recipe.model_dump(mode="json"))
