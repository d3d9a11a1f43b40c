"""What kind of writing a source is: by pen, by brush, drawn by a font, or as a person names it.

A model that is told the kind can learn the forms of characters from one kind and the ink and habits
from another.
"""

import re
from collections.abc import Sequence
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


def likeliest_kind(kinds: Sequence[str]) -> int:
    """Which kind is meant where nobody says: `pen` if it is among them, else the first."""
    return kinds.index(PEN) if PEN in kinds else 0


_NAME = re.compile(r"[^\W\d_][\w-]{0,31}")
_OPTION = "--kind"


@dataclass(frozen=True)
class WritingKinds:
    """What a person says of sources.

    Attributes:
        of_all: the kind of sources that nothing else is said of; None where they tell themselves.
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

    def kind_of(self, place: str, *, own: str = "", font_drawn: bool) -> str:
        """The kind of what lies at a place; the nearest of folders that something is said of tells.

        Args:
            place: where a person finds it: a file, or what an archive holds.
            own: what it says of itself, as a store does.
            font_drawn: whether it is a stand-in that a font has drawn.
        """
        path = Path(place).resolve()
        around = [path, *path.parents]
        named = {named.resolve(): kind for named, kind in self.of_places}
        told = next((named[one] for one in around if one in named), self.of_all)
        return told or own or (FONT if font_drawn else PEN)
