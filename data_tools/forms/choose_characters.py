"""Which characters a form has by default: a few that show how a hand writes most others.

Chosen greedily, by a rule that knows nothing of radicals: a set is the better, the more alike to
some chosen one each frequent character is, in each of eight regions of its printed picture. A
region is a half or a quarter, so that a component counts where it stands. The list is data
(`form_characters.txt`); `python -m data_tools.forms.choose_characters` makes it again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from data_tools.fonts.typefaces import EM_PIXELS, REFERENCE, load_typeface
from data_tools.hwdb.standard_sets import FORM_CHARACTERS, gb2312_level_1, general_standard_level

COUNT = 200

_PICTURE_PIXELS = 24
_BLUR_PIXELS = 4  # of an em of 112: strokes a little apart are still alike
_HALF = _PICTURE_PIXELS // 2
_BOTH = slice(None)
_FIRST, _LAST = slice(None, _HALF), slice(_HALF, None)
_REGIONS = tuple(
    (rows, columns)
    for rows in (_BOTH, _FIRST, _LAST)
    for columns in (_BOTH, _FIRST, _LAST)
    if (rows, columns) != (_BOTH, _BOTH)
)


def choose(candidates: Sequence[str], count: int) -> str:
    """Choose characters greedily, the one first that alone stands best for all candidates.

    Args:
        candidates: to choose from and to stand for.
        count: how many, at most as many as there are candidates.
    """
    pictures = np.stack([_picture(character) for character in candidates])
    alike = [_alike(pictures[(_BOTH, *region)]) for region in _REGIONS]
    reached = np.zeros((len(_REGIONS), len(candidates)), np.float32)
    chosen: list[int] = []
    for _ in range(count):
        gains = np.zeros(len(candidates))
        for region, best in zip(alike, reached, strict=True):
            gains += np.maximum(region - best, 0).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        reached = np.maximum(reached, [region[chosen[-1]] for region in alike])
    return "".join(candidates[index] for index in chosen)


def _alike(parts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines of pictures (n, h, w) about their mean: (n, n), at most 1."""
    flat = parts.reshape(len(parts), -1)
    flat = flat - flat.mean(axis=0)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    cosines: NDArray[np.float32] = flat @ flat.T
    return cosines


def _picture(character: str) -> NDArray[np.float32]:
    """The printed form in its square, blurred."""
    canvas = Image.new("L", (EM_PIXELS, EM_PIXELS))
    font = load_typeface(REFERENCE, EM_PIXELS)
    mask = font.getmask(character)
    left, top = (EM_PIXELS - mask.size[0]) // 2, (EM_PIXELS - mask.size[1]) // 2
    canvas.paste(Image.frombytes("L", mask.size, bytes(mask)), (left, top))
    blurred = canvas.filter(ImageFilter.GaussianBlur(_BLUR_PIXELS))
    small = blurred.resize((_PICTURE_PIXELS, _PICTURE_PIXELS), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)


def frequent_characters() -> list[str]:
    """What the list is chosen from: level 1 of GB2312 and of the General Standard alike."""
    return sorted(gb2312_level_1() & general_standard_level(1))


if __name__ == "__main__":
    FORM_CHARACTERS.write_text(choose(frequent_characters(), COUNT) + "\n", "utf-8")
