"""Characters that nobody can tell apart once their glyphs are fitted to their own ink.

In a line of text, size and place tell 0 from o and a comma from an apostrophe. A store holds each
glyph without them. So one that is read as another of its group is read rightly.
"""

import unicodedata
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hanzi_lsgan.judging.recogniser import Reading

LOOK_ALIKES = (
    "0Oo〇。",
    "1Il|丨",
    "-—_一",
    "+十",
    ".·",
    ",'‘’",
    "`、",
    '"“”〃',
    "<〈",
    ">〉",
    "[〔",
    "]〕",
    *("Cc", "Kk", "Pp", "Ss", "Uu", "Vv", "Ww", "Xx", "Yy", "Zz"),
)
"""Groups beside those of a character and its full-width form, such as ! and ！."""

_FIRST_OF_GROUP = {character: group[0] for group in LOOK_ALIKES for character in group}


def shapes_of(charset: str) -> NDArray[np.int64]:
    """A number for what each label looks like (classes,), the same for those that look alike."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(_shape(c), label) for label, c in enumerate(charset)])


def forgive_look_alikes(reading: Reading, charset: str) -> Reading:
    """A reading that has the right label where it had one that looks alike."""
    shapes = shapes_of(charset)
    alike = shapes[reading.guesses] == shapes[reading.labels][:, None]
    guesses: NDArray[np.int32] = np.where(alike, reading.labels[:, None], reading.guesses)
    return replace(reading, guesses=guesses.astype(np.int32))


def look_alikes_of(charset: str) -> list[str]:
    """The groups of a charset's characters of which it has more than one."""
    groups: dict[str, str] = {}
    for character in charset:
        shape = _shape(character)
        groups[shape] = groups.get(shape, "") + character
    return [group for group in groups.values() if len(group) > 1]


def _shape(character: str) -> str:
    """What stands for all characters that look like this one."""
    plain = unicodedata.normalize("NFKC", character)
    return _FIRST_OF_GROUP.get(plain, plain)
