"""What was counted of pictures, and a sheet that shows them before and after."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.files import replacing
from data_tools.pictures.decode import PictureError, decode
from data_tools.pictures.ink import on_white
from data_tools.pictures.part import (
    DRAWN,
    FIRST_PAGE,
    LEVELLED,
    OF_BITS,
    TURNED,
    PicturePart,
)

_COLUMNS = 6
_PAIRS = 24
_CELL_PIXELS = 96
_GAP_PIXELS = 6
_FRAME_LEVEL = 160


def levelled_sheet_path(store_path: Path) -> Path:
    """Where the sheet of a store lies: `hanzi.h5` has `hanzi.levelled.png` beside it."""
    return store_path.with_name(f"{store_path.stem}.levelled.png")


def draw_levelled_sheet(notes: Mapping[PicturePart, Counter[str]], path: Path) -> Path | None:
    """Draw up to 24 pictures as they came and, beside them, as they went into the store.

    Args:
        notes: what was counted of each source.
        path: the PNG to write. One that an earlier store left there goes.

    Returns:
        The path, or None where no picture was turned or levelled.

    Raises:
        UserError: `path` cannot be written.
    """
    parts = [part for part, counted in notes.items() if counted[TURNED] or counted[LEVELLED]]
    if not parts:
        path.unlink(missing_ok=True)
        return None
    chosen = np.linspace(0, len(parts) - 1, min(len(parts), _PAIRS)).round().astype(int)
    share = -(-_PAIRS // len(chosen))
    pairs = [pair for index in chosen for pair in _changed(parts[index], share)][:_PAIRS]
    columns = min(_COLUMNS, len(pairs))
    width, height = 2 * _CELL_PIXELS + _GAP_PIXELS, _CELL_PIXELS + _GAP_PIXELS
    size = (columns * width + _GAP_PIXELS, -(-len(pairs) // columns) * height + _GAP_PIXELS)
    sheet = Image.new("L", size, _FRAME_LEVEL)
    for number, pair in enumerate(pairs):
        left = _GAP_PIXELS + number % columns * width
        top = _GAP_PIXELS + number // columns * height
        for index, grey in enumerate(pair):
            image = Image.fromarray(grey)
            image.thumbnail((_CELL_PIXELS, _CELL_PIXELS))
            sheet.paste(image, (left + index * _CELL_PIXELS, top))
    with replacing(path) as unfinished:
        sheet.save(unfinished, format="PNG", compress_level=1)
    return path


def _changed(part: PicturePart, most: int) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """The first pictures of a part that are not as they came, before and after."""
    pairs: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
    for file, _ in part.pictures:
        try:
            picture = decode(part.read(file))
        except PictureError:  # left out, and said so
            continue
        after, turned, levelled = on_white(picture, part.ground, part.ink)
        if turned or levelled:
            pairs.append((picture.grey, after))
        if len(pairs) == most:
            break
    return pairs


def noted_lines(notes: Iterable[Counter[str]], sheet: Path | None) -> list[str]:
    """What to say of pictures that are not in the store as they came."""
    total: Counter[str] = Counter()
    for counted in notes:
        total.update(counted)
    if not total[DRAWN]:
        return []
    lines = [
        f"ink: {_pictures(total[DRAWN] - total[TURNED])} dark on light, {total[TURNED]:,} light on "
        "dark and turned; --ink dark or --ink light insists"
    ]
    if total[LEVELLED]:
        lines.append(f"background: {_pictures(total[LEVELLED])} not on exact white, and levelled")
    if sheet is not None:
        lines.append(f"before and after: {sheet}")
    if total[FIRST_PAGE]:
        lines.append(f"pages: {_pictures(total[FIRST_PAGE])} with several, the first is taken")
    if total[OF_BITS]:
        lines.append(
            f"levels: {_pictures(total[OF_BITS])} of 0 and 1 alone, taken for black and white"
        )
    return lines


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"
