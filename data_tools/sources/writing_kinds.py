"""What kind of writing a source is: by pen, brush, font, a model, or as a person names it.

A model that is told the kind can learn the forms of characters from one kind and the ink and habits
from another.
"""

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from data_tools.errors import UserError, join_message

PEN = "pen"
"""What a source is that nobody says anything of."""

FONT = "font"
"""What font-drawn stand-ins are."""

FONT_DRAWN_PREFIX = "font-drawn"
"""Names of stand-in files begin with it, so that nobody takes their figures for those of HWDB."""


GENERATED = "generated"
"""What samples are that a model has drawn; names of their files begin with it and a hyphen."""

NAME_PREFIXES = {FONT: FONT_DRAWN_PREFIX, GENERATED: GENERATED}
"""By the kinds that names of files tell, what they begin with."""

_GENERATED_NAME = re.compile(rf"{GENERATED}(-|\.|$)")


def is_font_drawn(name: str) -> bool:
    """Whether a source's name, at the end of its path or of that in an archive, is a stand-in's."""
    return name.rpartition("/")[2].startswith(FONT_DRAWN_PREFIX)


def kind_told_by(name: str) -> str:
    """The kind of writing that a source's name tells as `is_font_drawn` does; empty for others."""
    if is_font_drawn(name):
        return FONT
    return GENERATED if _GENERATED_NAME.match(name.rpartition("/")[2]) else ""


def likeliest_kind(kinds: Sequence[str]) -> int:
    """Which kind is meant where nobody says: `pen` if it is among them, else the first."""
    return kinds.index(PEN) if PEN in kinds else 0


_NAME = re.compile(r"[^\W\d_][\w-]{0,31}")
_OPTION = "--kind"


@dataclass(frozen=True)
class WritingKinds:
    """What a person says of sources.

    Attributes:
        of_all: the kind of all sources, font-drawn and generated ones too, but those of a place
            that is named and those whose store has a kind for them; None where they tell
            themselves.
        of_places: kinds of files, folders and archives.
    """

    of_all: str | None = None
    of_places: tuple[tuple[Path, str], ...] = ()

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Self:
        """Take arguments such as `pen=archives/` or `brush`.

        Raises:
            UserError: one is no name, or says again what another has said.
        """
        of_all: str | None = None
        of_places: dict[Path, str] = {}
        for argument in arguments:
            name, equals, path = argument.partition("=")
            if not _NAME.fullmatch(name) or (equals and not path):
                problem = f"{argument!r} names no kind"
                raise UserError(join_message(_OPTION, problem, "give pen=PATH, or pen for all"))
            if not equals and of_all is None:
                of_all = name
            elif equals and (place := Path(path)) not in of_places:
                of_places[place] = name
            else:
                problem = f"{argument!r} says again what another {_OPTION} has said"
                raise UserError(join_message(_OPTION, problem, "name each source once"))
        return cls(of_all, tuple(of_places.items()))

    @property
    def places(self) -> list[Path]:
        """The files, folders and archives that are named."""
        return [place for place, _ in self.of_places]

    def kind_of(self, place: str, *, own: str = "", told: str = "") -> str:
        """The kind of what lies at a place; the nearest of folders that something is said of tells.

        Args:
            place: where a person finds it: a file, or what an archive holds.
            own: what it says of itself, as a store does.
            told: what its name tells, as `kind_told_by` knows.
        """
        named = {path.resolve(): kind for path, kind in self.of_places}
        named |= {_absolute(path): kind for path, kind in self.of_places}
        said = next((named[one] for one in _around(place) if one in named), own)
        return said or self.of_all or told or PEN

    def check_all_tell(self, places: Collection[str]) -> None:
        """Make sure that something is read from each of the files, folders and archives.

        Args:
            places: where sources lie, as of `kind_of`.

        Raises:
            UserError: nothing is read from one of them.
        """
        for path in self.places:
            if not any(lies_in(place, path) for place in places):
                problem, remedy = "nothing is read from there", "name a source, or what holds some"
                raise UserError(join_message(f"{_OPTION} {path}", problem, remedy))


def lies_in(place: str | Path, path: Path) -> bool:
    """Whether a place is a file or folder or lies in it, by their names or by where links lead."""
    return not {_absolute(path), path.resolve()}.isdisjoint(_around(place))


def _around(place: str | Path) -> list[Path]:
    """A place and the folders around it, the nearest first: by its names, then by its links."""
    both = (_absolute(place), Path(place).resolve())
    return [one for path in both for one in (path, *path.parents)]


def _absolute(path: str | Path) -> Path:
    """Where a path lies by its own names, wherever links in it lead."""
    return Path(os.path.abspath(path))  # noqa: PTH100  # pathlib leaves `..` in
