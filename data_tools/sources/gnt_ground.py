"""The ground of `.gnt` samples, where it is not the white due: how it is seen, mended and said."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data_tools.hwdb.gnt import GntRecord
from data_tools.pictures.decode import border
from data_tools.pictures.levelling import level

GNT_TURNED = ".gnt samples light on dark"
GNT_LEVELLED = ".gnt samples on grey"
"""What is counted of `.gnt` files."""

_LEAST_CHARACTERS = 3
_MOST = 0.5
_MOST_OF_ONE = 0.7
_DARK = 64
_LEAST_GREY = 192
_FEW = 0.1
_SHOWN = 3


def are_light_on_dark(records: Sequence[GntRecord]) -> bool:
    """Whether samples lie on a dark ground, where exact white is due.

    Ink takes a third of a bitmap at most, but for characters such as 一 and 田: where there are few
    others, only what is about as wide as high counts, and must have the ground at its border too.
    """
    shown = [one.bitmap for one in records if int(np.ptp(one.bitmap)) > _DARK]
    most = _MOST
    if len({one.character for one in records}) < _LEAST_CHARACTERS:
        most = _MOST_OF_ONE
        shown = [one for one in shown if max(one.shape) < 2 * min(one.shape)]
        if sum(float(np.mean(border(one) < _DARK)) for one in shown) < _MOST * len(shown):
            return False
    grounds = [float(np.mean(one < _DARK)) for one in shown]
    return bool(grounds) and sum(grounds) / len(grounds) > most


def turned(record: GntRecord) -> GntRecord:
    """A sample that is light on dark the other way round, on exact white."""
    upright = 255 - record.bitmap
    if np.count_nonzero(upright == 255) < _MOST * upright.size:
        upright = level(upright)
    return _with(record, upright)


def are_on_grey(records: Sequence[GntRecord]) -> bool:
    """Whether most samples lie on a light grey, and hardly one has any of the exact white due."""
    shown = [one.bitmap for one in records if int(np.ptp(one.bitmap)) > _DARK]
    grey = sum(_LEAST_GREY <= int(np.median(one)) < 255 for one in shown)
    white = sum(int(one.max()) == 255 for one in shown)
    return grey > _MOST * len(shown) and white < _FEW * len(shown)


def levelled(record: GntRecord) -> GntRecord:
    """A sample that is on grey on exact white."""
    return _with(record, level(record.bitmap))


def _with(record: GntRecord, bitmap: NDArray[np.uint8]) -> GntRecord:
    return record._replace(pixels=memoryview(bitmap.tobytes()))


def ground_lines(noted: Mapping[str, Counter[str]]) -> list[str]:
    """Which `.gnt` files were not dark ink on exact white; a line of each kind."""
    kinds = {
        GNT_TURNED: ("light on dark", "turned", "; --ink dark leaves them"),
        GNT_LEVELLED: ("on a grey ground", "levelled", ""),
    }
    lines = []
    for kind, (found, done, remedy) in kinds.items():
        if names := sorted(name for name, counts in noted.items() if counts[kind]):
            some = ", ".join([*names[:_SHOWN], "…"] if len(names) > _SHOWN else names)
            files = "1 .gnt file" if len(names) == 1 else f"{len(names):,} .gnt files"
            as_due = "not as the format has it, and"
            lines.append(f"ink: {files} {found}, {as_due} {done} ({some}){remedy}")
    return lines
