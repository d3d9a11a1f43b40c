"""One labelled picture on its way out, whatever it comes from and goes into."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from data_tools.sources.writing_kinds import GENERATED, NAME_PREFIXES
from hanzi_lsgan.mark import MARK

_PNG_LEVEL = 1  # higher ones take twice as long for a tenth of the size

OnSamples = Callable[[int], None]
"""Told how many samples are written so far."""


class Sample(NamedTuple):
    """A picture of a character, or of a line, with what it reads.

    Attributes:
        image: (h, w) uint8, 255 is background.
        text: the character, or the line.
        folder: where a folder of pictures keeps it, such as `U+6C38_永`, or a page's name.
        writer: a name for whoever wrote it, that a file can have; empty where nobody knows.
        split: `train` or `test` where folders are to be divided so, else empty.
        is_line: whether it is a line rather than a character.
        kind: of writing, one of `NAME_PREFIXES`, if names of files are to tell it.
    """

    image: NDArray[np.uint8]
    text: str
    folder: str
    writer: str = ""
    split: str = ""
    is_line: bool = False
    kind: str = ""

    @property
    def comment(self) -> str:
        """What a file of its picture says of itself."""
        return MARK if self.kind == GENERATED else ""

    @property
    def origin(self) -> dict[str, str]:
        """Writer and split, as far as they are known, by what `prepare` calls their columns."""
        both = {"writer": self.writer, "split": self.split}
        return {name: value for name, value in both.items() if value}

    @property
    def name_prefix(self) -> str:
        """What names of its files begin with, by which `prepare` knows the kind."""
        return f"{NAME_PREFIXES[self.kind]}-" if self.kind else ""


def character_folder(character: str) -> str:
    """`U+4E09_三`; signs are left out, as some systems allow few of them in names."""
    return f"U+{ord(character):04X}_{character if character.isalnum() else ''}"


def png_bytes(image: NDArray[np.uint8], comment: str = "") -> bytes:
    """A picture (h, w) as a PNG with a comment in it; equal pictures give equal bytes."""
    stream = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    if comment:
        info.add_text("Comment", comment)
    Image.fromarray(image).save(stream, "PNG", compress_level=_PNG_LEVEL, pnginfo=info)
    return stream.getvalue()


def counted(samples: Iterable[Sample], on_samples: OnSamples) -> Iterator[Sample]:
    """The samples, each told of when the next is asked for: then it is written."""
    for written, sample in enumerate(samples, start=1):
        yield sample
        on_samples(written)
