"""Where the writers of a store put each character, one measure for all of them."""

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.placement import HANZI_INK
from data_tools.glyphs.place import Place, is_place
from data_tools.hwdb.charset import is_hanzi
from data_tools.store.reader import Store
from data_tools.store.writers import Writer, rows_by

_FEWEST_HANZI = 5  # by which a writer's own size is known
_DECIMALS = 3


def mean_places(store: Store, writer: Writer | None = None) -> dict[str, Place]:
    """Mean place of each character in the train split, as `fonts/placement.py` measures them.

    Of one writer, where one is named, in both splits.

    Who writes small in his boxes does not write small on a page: squares are moved and enlarged
    so that a writer's hanzi fill them as the fonts' do. Writers of hardly any hanzi are left out,
    and characters whose places nobody knows.
    """
    if store.places is None:
        return {}
    within = rows_by(store, writer)
    places, labels, writers = store.places[within], store.labels[within], store.writers[within]
    known = np.isfinite(places).all(axis=1)
    hanzi = np.array([is_hanzi(character) for character in store.charset])[labels]
    sums = np.zeros((len(store.charset), 4))
    for one in np.unique(writers[known]):
        mine = known & (writers == one)
        if np.count_nonzero(mine & hanzi) >= _FEWEST_HANZI:
            np.add.at(sums, labels[mine], _in_usual_square(places[mine], places[mine & hanzi]))
        else:
            known &= ~mine
    counts = np.bincount(labels[known], minlength=len(sums))
    found = {}
    for label in np.flatnonzero(counts).tolist():
        left, top, right, bottom = (sums[label] / counts[label]).round(_DECIMALS).tolist()
        if is_place(place := (left, top, right, bottom)):  # which rounding may have taken away
            found[store.charset[label]] = place
    return found


def _in_usual_square(
    places: NDArray[np.float32], hanzi: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Places (N, 4) by the square that a writer's hanzi (M, 4) fill as those of fonts do."""
    starts, ends = hanzi[:, :2], hanzi[:, 2:]
    middle = np.median((starts + ends) / 2, axis=0)
    scale = HANZI_INK / np.median((ends - starts).mean(axis=1))
    moved: NDArray[np.float64] = (places - np.tile(middle, 2)) * scale + 0.5
    return moved
