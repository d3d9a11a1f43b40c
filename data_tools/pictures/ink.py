"""Which way round a picture is, and a background that is exactly white.

A character may be dark on light or light on dark, and its picture cut so close that the border is
all ink. What most pictures of a source show decides, and a picture with a border all of one kind
and little of the other decides for itself. Backgrounds that are exactly 255 are left as they are;
others (scans, photographs with shadows) are divided out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.glyphs.fit import BACKGROUND
from data_tools.pictures.decode import Picture, border
from data_tools.pictures.levelling import level
from data_tools.pictures.practice_paper import has_printed_lines

Ink = Literal["auto", "dark", "light"]

_LEAST_CONTRAST = 24  # grey levels between ink and background; below, a picture shows nothing
_CLEAR_CONTRAST = 64
_WIDEST_DOT = 8  # pixels
_CLEAR_VOTES = 4
_ALL = 0.99  # of a border: one stray pixel of a hundred is dust
_LITTLE_INK = 0.3  # strokes of a pen take 5 to 30 % of a picture with a margin
_MOST = 0.75
_FEWEST_FRAMED = 8
_MOST_FRAMED = 0.6  # of pictures; of characters alone, one in twenty has a frame of its own
_HAZE_FROM = 240  # JPEG leaves up to 15 levels of it around strokes on white


def check_ink(ink: str) -> Ink:
    """Take a word for a way to see ink.

    Raises:
        UserError: it is none.
    """
    for known in get_args(Ink):
        if ink == known:
            return cast(Ink, known)
    raise UserError(f"--ink {ink}: no such ink; choose dark, light or auto")


@dataclass(frozen=True)
class Ground:
    """What most pictures of a source show.

    Attributes:
        light_ink: light ink on dark.
        clean: a background exactly white.
        framed: a printed frame or grid with the character.
    """

    light_ink: bool = False
    clean: bool = True
    framed: bool = False


class Levelled(NamedTuple):
    """A picture as `.gnt` holds it: 255 is background, 0 the darkest ink.

    `turned` tells whether it was light on dark, `levelled` whether its background was not white.
    """

    grey: NDArray[np.uint8]
    turned: bool
    levelled: bool


@dataclass(frozen=True)
class Votes:
    """How many pictures show light ink, dark ink, a clean background, another, and frames."""

    light: int = 0
    dark: int = 0
    clean: int = 0
    other: int = 0
    framed: int = 0

    def __add__(self, more: "Votes") -> "Votes":
        return Votes(
            self.light + more.light,
            self.dark + more.dark,
            self.clean + more.clean,
            self.other + more.other,
            self.framed + more.framed,
        )

    @property
    def are_clear(self) -> bool:
        """Whether they decide what ink is, however others vote."""
        most = max(self.light, self.dark)
        return most >= _CLEAR_VOTES and most >= _MOST * (self.light + self.dark)

    def ground(self, ink: Ink) -> Ground:
        """What the majority shows; without one dark ink on clean white, as `.gnt` files have it."""
        light = self.light > self.dark if ink == "auto" else ink == "light"
        all_votes = self.clean + self.other
        framed = all_votes >= _FEWEST_FRAMED and self.framed >= _MOST_FRAMED * all_votes
        return Ground(light, clean=self.clean >= self.other, framed=framed)


def survey(pictures: Iterable[Picture], ink: Ink = "auto") -> Votes:
    """Let some pictures of a source vote on what they have in common."""
    votes = Votes()
    for grey in (picture.grey for picture in pictures):
        if _contrast(grey) < _LEAST_CONTRAST:
            continue
        light = _light_ink(grey) if ink == "auto" else ink == "light"
        upright = BACKGROUND - grey if light else grey
        clean = _is_clean(upright)
        framed = has_printed_lines(upright if clean else level(upright))
        votes += Votes(light is True, light is False, clean, not clean, framed)
    return votes


def on_white(picture: Picture, ground: Ground, ink: Ink = "auto") -> Levelled:
    """Turn a picture to dark ink on white.

    Args:
        picture: as `decode` returns it.
        ground: of its source, for pictures that do not tell by themselves.
        ink: what the user insists on.

    Returns:
        A picture of the same size whose background is exactly 255. Dark ink on a clean white
        background stays as it is, byte for byte, but for the haze of a lossy format.
    """
    grey = picture.grey
    if ink != "light" and not picture.lossy and _is_plain(grey):
        return Levelled(grey, False, False)
    if _contrast(grey) < _LEAST_CONTRAST:  # all background or all ink, and no telling which
        upright = BACKGROUND - grey if ground.light_ink else grey
        is_scan = not ground.clean and upright.mean() > BACKGROUND / 2
        # Cut to its ink, a dot or 一 may be ink all over, but hardly what is as high as wide.
        is_stroke = min(grey.shape) < _WIDEST_DOT or max(grey.shape) >= 2 * min(grey.shape)
        is_background = is_scan or (_contrast(grey) == 0 and not is_stroke)
        blank = _whiten(upright, 0) if is_background else upright
        return Levelled(blank, ground.light_ink, bool((blank != upright).any()))
    surely_light = _surely_light_ink(grey)
    light = ground.light_ink
    if ink != "auto":
        light = ink == "light"
    elif surely_light is not None:
        light = surely_light
    upright = BACKGROUND - grey if light else grey
    if _is_clean(upright):
        if not picture.lossy:
            return Levelled(upright, light, False)
        return Levelled(_whiten(upright, _HAZE_FROM), light, False)
    # Cut close to its ink, a clean picture may show no background to judge by.
    if ground.clean and surely_light is None:
        return Levelled(upright, light, False)
    return Levelled(level(upright), light, True)


def _contrast(grey: NDArray[np.uint8]) -> int:
    return int(grey.max()) - int(grey.min())


def _light_ink(grey: NDArray[np.uint8]) -> bool | None:
    """Whether the border is nearer to the dark parts of the whole than to the light ones."""
    if _contrast(grey) < _LEAST_CONTRAST:
        return None
    dark, light = np.percentile(grey, (5, 95))
    edge = float(np.median(border(grey)))
    whole = float(grey.mean())
    nearer_dark = edge - dark < light - edge
    mostly_dark = whole - dark < light - whole
    return bool(nearer_dark) if nearer_dark == mostly_dark else None


def _surely_light_ink(grey: NDArray[np.uint8]) -> bool | None:
    """The same where the border is all background and the ink is little; else None."""
    lowest, highest = int(grey.min()), int(grey.max())
    if highest - lowest < _CLEAR_CONTRAST:
        return None
    middle = (lowest + highest + 1) // 2
    edge = border(grey)
    light_border = np.count_nonzero(edge >= middle) / edge.size
    light_share = np.count_nonzero(grey >= middle) / grey.size
    if light_border >= _ALL and 1 - light_share <= _LITTLE_INK:
        return False
    if light_border <= 1 - _ALL and light_share <= _LITTLE_INK:
        return True
    return None


def _is_clean(grey: NDArray[np.uint8]) -> bool:
    """Whether the background is exactly 255, at the border or, where ink fills that, anywhere."""
    if grey.max() != BACKGROUND:
        return False
    middle = (int(grey.min()) + BACKGROUND + 1) // 2
    part = border(grey)
    light = int(np.count_nonzero(part >= middle))
    if light <= part.size // 4:
        part = grey
        light = int(np.count_nonzero(part >= middle))
    return int(np.count_nonzero(part == BACKGROUND)) >= _MOST * light


def _is_plain(grey: NDArray[np.uint8]) -> bool:
    """Whether a little ink lies on exact white inside a margin: most pictures, told soonest."""
    if np.count_nonzero(grey == BACKGROUND) < (1 - _LITTLE_INK) * grey.size:
        return False
    sides = (grey[0], grey[-1], grey[:, 0], grey[:, -1])
    return all(side.min() == BACKGROUND for side in sides)


def _whiten(grey: NDArray[np.uint8], lightest_ink: int) -> NDArray[np.uint8]:
    return np.where(grey >= lightest_ink, np.uint8(BACKGROUND), grey)
