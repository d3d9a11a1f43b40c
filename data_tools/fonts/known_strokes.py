"""Strokes of 9,565 hanzi as they are written: their order and their directions are known.

The lines run through the middle of a printed 楷体's strokes (`kaiti-strokes/README.md`). A skeleton
tells neither where a pen sets down nor which stroke comes next, nor what of two strokes that touch
is one.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).parent / "kaiti-strokes" / "kaiti-strokes.npz"
_UNITS_EM = 256


@lru_cache(maxsize=1)
def known_strokes() -> "KnownStrokes":
    """Those that come along."""
    with np.load(_FILE) as file:
        return KnownStrokes(*(file[name] for name in ("characters", "strokes", "points", "places")))


class KnownStrokes:
    """Lines of characters, stroke by stroke."""

    def __init__(
        self,
        characters: NDArray[np.uint32],
        strokes: NDArray[np.uint8],
        points: NDArray[np.uint8],
        places: NDArray[np.uint8],
    ) -> None:
        """Take what the file holds.

        Args:
            characters: (C,) code points, in order.
            strokes: (C,), how many each has.
            points: (sum of `strokes`,), how many each stroke has, at least 2.
            places: (sum of `points`, 2), x to the right and y below, in 1/256 em.
        """
        self._index = {chr(code): number for number, code in enumerate(characters.tolist())}
        self._first_stroke = np.concatenate([[0], np.cumsum(strokes, dtype=np.int64)])
        self._first_point = np.concatenate([[0], np.cumsum(points, dtype=np.int64)])
        self._places = places

    def __contains__(self, character: str) -> bool:
        return character in self._index

    def of(self, character: str) -> list[NDArray[np.float64]]:
        """The strokes of a character in the order of writing, each (N, 2) from begin to end, in em.

        Raises:
            KeyError: it is none of these.
        """
        number = self._index[character]
        first, end = self._first_stroke[number], self._first_stroke[number + 1]
        bounds = self._first_point[first : end + 1]
        scaled = self._places[bounds[0] : bounds[-1]] / _UNITS_EM
        return np.split(scaled, bounds[1:-1] - bounds[0])
