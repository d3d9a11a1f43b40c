"""How a page looks: the sheet, what is printed on it, and how the hand fills it.

A preset is a commented TOML file in `configs/writing/`; the class here is the only place that knows
defaults and ranges.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

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
from data_tools.files import StrPath
from hanzi_lsgan.config_folder import config_folder

SheetName = Literal["A4", "A5", "B5", "Letter"]
Stationery = Literal["blank", "ruled", "squared", "tian", "mi"]

SHEETS_MM: dict[SheetName, tuple[float, float]] = {
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "B5": (176.0, 250.0),  # of ISO 216; the mainland's 16-mo is 185 × 260
    "Letter": (215.9, 279.4),
}
"""Width and height, upright."""

Margin = Annotated[float, Field(ge=0, le=200)]
Strength = Annotated[float, Field(ge=0, le=1)]


class WritingSettings(BaseModel):
    """Everything that a page is made by, but the text and the hand."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    sheet: SheetName = "A4"
    landscape: bool = False
    stationery: Stationery = "blank"
    margin_top_mm: Margin = 25.0
    margin_right_mm: Margin = 22.0
    margin_bottom_mm: Margin = 25.0
    margin_left_mm: Margin = 22.0
    character_mm: float = Field(9.0, ge=2, le=150)
    """Side of a character's square; of a printed square where there are some."""
    spacing: float = Field(0.0, ge=0, le=3)
    """Between characters, in squares; printed squares leave none."""
    line_spacing: float = Field(1.6, ge=1, le=6)
    """From line to line, in squares."""
    down: bool = False
    """Columns from right to left in the place of lines."""
    indent: int = Field(2, ge=0, le=10)
    """Squares before a paragraph, or as many as it has itself where that is more."""
    flush_first: bool = False
    """The first paragraph, a letter's address, begins at the margin."""
    right_last: int = Field(0, ge=0, le=10)
    """So many last paragraphs, a letter's signature and date, end at the far margin, and a line
    before them such as 你的朋友; empty ones do not count, sentences, wishes and the first are none
    of them. They stand on one sheet, and a line of the text with them."""
    copybook: bool = False
    """Each character fills a line: black once, then grey, to be traced."""
    ink: str = Field("#20202c", pattern="^#[0-9a-fA-F]{6}$")
    pressure: Strength = 0.4
    """How much the darkness and the width of strokes change from character to character."""
    jitter: Strength = 0.4
    """How far characters stray from their places and from one size."""
    drift: Strength = 0.4
    """How far a line wanders up and down."""
    tilt: float = Field(0.0, ge=-15, le=15)
    """Degrees by which lines climb, about their middle."""

    @property
    def sheet_mm(self) -> tuple[float, float]:
        """Width and height of the sheet as it lies."""
        width, height = SHEETS_MM[self.sheet]
        return (height, width) if self.landscape else (width, height)

    @property
    def squared(self) -> bool:
        """Whether the sheet has a printed square for each character."""
        return self.stationery in ("squared", "tian", "mi")

    @field_validator("*", mode="before")
    @classmethod
    def _number_or_name(cls, value: object, info: ValidationInfo) -> object:
        """A name as it is spelt here, in whatever case it came; no truth is a number."""
        spelt: dict[str | None, tuple[str, ...]] = {
            "sheet": get_args(SheetName),
            "stationery": get_args(Stationery),
        }
        if isinstance(value, str):
            named = (one for one in spelt.get(info.field_name, ()) if one.lower() == value.lower())
            return next(named, value)
        if isinstance(value, bool) and _range_of(info.field_name or ""):
            raise ValueError(f"{str(value).lower()} is no number")
        return value

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        width, height = self.sheet_mm
        room = (
            width - self.margin_left_mm - self.margin_right_mm,
            height - self.margin_top_mm - self.margin_bottom_mm,
        )
        if min(room) < self.character_mm:
            raise ValueError(
                f"margins leave {room[0]:g} × {room[1]:g} mm of the sheet, and a character takes "
                f"{self.character_mm:g} mm"
            )
        return self


def preset_names() -> list[str]:
    """The presets that come along."""
    return sorted(path.stem for path in _presets_folder().glob("*.toml"))


def load_settings(preset: StrPath | None = None, **overrides: object) -> WritingSettings:
    """Settings of a preset, some of them replaced.

    Args:
        preset: a name of `preset_names`, or a TOML file; the defaults if None.
        overrides: fields by name; None leaves what the preset has.

    Raises:
        UserError: there is no such preset, or a setting is unknown or outside its range.
    """
    values: dict[str, Any] = {}
    where = "write"
    if preset is not None:
        path = Path(preset)
        if path.suffix.lower() != ".toml":
            path = _presets_folder() / f"{preset}.toml"
        where = str(preset) or "--preset"
        values = _read(path, where)
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return WritingSettings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        if overrides.get(name) is not None:
            where = _option(name)
        elif name:
            problem = f"{name}: {problem}"
        known = get_args(SheetName if name == "sheet" else Stationery)
        remedy = _range_of(name) or "see `hanzi-lsgan write --help`"
        if first["type"] == "extra_forbidden":
            problem = f"{name}: there is no such setting"
            remedy = f"choose among {', '.join(WritingSettings.model_fields)}"
        if name in ("sheet", "stationery"):
            remedy = f"choose one of {', '.join(known)}"
        elif name == "ink":
            shown = values["ink"]
            problem = problem if not isinstance(shown, str) else f"{shown!r} is no colour"
            remedy = "write it as #rrggbb, such as #20202c"
        elif not name:
            remedy = "choose smaller margins or characters"
        raise UserError(join_message(where, problem, remedy)) from None


def _range_of(name: str) -> str:
    """What a setting may be, where it is a number."""
    field = WritingSettings.model_fields.get(name)
    bounds = [
        getattr(constraint, end)
        for end in ("ge", "le")
        for constraint in (field.metadata if field is not None else ())
        if hasattr(constraint, end)
    ]
    return f"give a number from {bounds[0]:g} to {bounds[1]:g}" if bounds else ""


def _option(name: str) -> str:
    """What the command calls a setting."""
    if name.startswith("margin"):
        return "--margin"
    return {"character_mm": "--size"}.get(name, f"--{name.replace('_', '-')}")


def _presets_folder() -> Path:
    return config_folder() / "writing"


def _read(path: Path, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # Notepad begins files with a mark
    except FileNotFoundError:
        remedy = f"choose one of {', '.join(preset_names())}, or name a .toml file"
        raise UserError(join_message(where, "there is no such preset", remedy)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = f"cannot be read as TOML ({error})"
        raise UserError(join_message(where, problem, "mend the file")) from None
