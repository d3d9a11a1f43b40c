"""Small pictures of made-up characters for the tests of `data_tools.pictures`."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def draw_character(seed: int, side: int = 24) -> NDArray[np.uint8]:
    """Dark strokes with a margin on exact white, other strokes for another seed."""
    random = np.random.default_rng(seed)
    page = np.full((side, side), 255, np.uint8)
    for _ in range(3):
        row, column = random.integers(4, side - 6, 2)
        shade = random.integers(20, 110)
        if random.random() < 0.5:
            page[row : row + 2, 4 : side - 4] = shade
        else:
            page[4 : side - 4, column : column + 2] = shade
    return page


def picture_bytes(picture: NDArray[Any] | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The file of a picture."""
    stream = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(stream, kind, **options)
    return stream.getvalue()


def write_picture(path: Path, picture: NDArray[Any], **options: Any) -> Path:
    """Write a PNG, whose folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(picture, **options))
    return path
