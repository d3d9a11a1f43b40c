"""One picture of a store, so that a person sees at a glance what is in it."""

from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.files import replacing
from data_tools.splits import Split
from data_tools.store.reader import Store

_COLUMNS = 24
_ROWS = 10
_GAP_PIXELS = 2


def contact_sheet_path(store_path: Path) -> Path:
    """Where the contact sheet of a store lies: `hanzi.h5` has `hanzi.contact.png` beside it."""
    return store_path.with_name(f"{store_path.stem}.contact.png")


def draw_contact_sheet(store: Store, path: Path) -> Path:
    """Draw up to 24 characters, evenly spread over the charset, with up to 10 samples each.

    A column is a character, its samples evenly spread over the writers of the train split, or of
    the test split where the store has no other.

    Raises:
        UserError: `path` cannot be written.
    """
    split = Split.TRAIN if len(store.rows_of(Split.TRAIN)) else Split.TEST
    present = np.flatnonzero(store.counts(split))
    labels = present[_spread(len(present), _COLUMNS)]
    cell = store.size + _GAP_PIXELS
    sheet = Image.new("L", (cell * len(labels) + _GAP_PIXELS, cell * _ROWS + _GAP_PIXELS), 255)
    for column, label in enumerate(labels):
        rows = store.rows_of_class(split, int(label))
        for line, index in enumerate(_spread(len(rows), _ROWS)):
            glyph = store.images(rows[index : index + 1])[0]
            place = (_GAP_PIXELS + column * cell, _GAP_PIXELS + line * cell)
            sheet.paste(Image.fromarray(glyph), place)
    with replacing(path) as unfinished:
        sheet.save(unfinished, format="PNG", compress_level=1)
    return path


def _spread(available: int, wanted: int) -> list[int]:
    """Up to `wanted` indices, evenly spread over `available`."""
    chosen = np.linspace(0, available - 1, min(available, wanted)).round()
    return [int(index) for index in chosen]
