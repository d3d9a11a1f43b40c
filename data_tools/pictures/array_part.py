"""Some images of an EMNIST or Kuzushiji file, as `prepare` reads them."""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from isal.isal_zlib import adler32, crc32
from numpy.typing import NDArray

from data_tools.glyphs.fit import BACKGROUND
from data_tools.hwdb.gnt import GntRecord
from data_tools.pictures.arrays import ArrayFile, pair_arrays, read_array
from data_tools.pictures.class_lists import MAX_LIST_BYTES, is_class_list
from data_tools.pictures.decode import Picture
from data_tools.pictures.ink import Ground, Ink, on_white, survey
from data_tools.pictures.part import DRAWN, LEVELLED, OF_BITS, TURNED
from data_tools.sources.members import Member
from data_tools.sources.sample_stream import SampleStream
from data_tools.sources.samples import Sample
from data_tools.sources.split_names import NamedSplit
from data_tools.sources.stored import Collection, read_beside
from data_tools.splits import Split

_PART_IMAGES = 5000
_SURVEYED = 120


@dataclass(frozen=True)
class ArrayPart:
    """Neighbouring images of a file, all of which count as one writer's.

    Attributes:
        array: the file, with the characters of these images only.
        number: of the part.
        named_split: train or test, and what said so.
        ground: what most images of the file show.
        ink: what the user insists on.
    """

    array: ArrayFile = field(compare=False, repr=False)
    name: str
    number: int
    named_split: NamedSplit
    ground: Ground
    ink: Ink

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return self.array.images.place

    @property
    def path(self) -> Path:
        """The file on the disk."""
        return self.array.images.path

    @property
    def writer(self) -> str:
        """Nothing tells writers apart: the file stands for them."""
        return self.name

    @property
    def split(self) -> Split:
        """Train or test."""
        return self.named_split.split

    def open(self) -> "ArrayStream":
        """The images for one reading."""
        return ArrayStream(self)

    def images(self) -> NDArray[np.uint8]:
        """(count, height, width)."""
        start = self.number * _PART_IMAGES
        return _upright(self.array, slice(start, start + len(self.array.characters)))


class ArrayStream(SampleStream):
    """Samples of a part, read forward; `bytes_read` and `notes` as of other sources."""

    def __init__(self, part: ArrayPart) -> None:
        super().__init__()
        self._part = part

    def samples(
        self,
        is_wanted: Callable[[str], bool],
        on_bad: Callable[[str, int], None] | None = None,
    ) -> Iterator[Sample]:
        """Read the images in order; none can be damaged by itself.

        Raises:
            UserError: the file cannot be read.
        """
        images = self._part.images()
        start = self._part.number * _PART_IMAGES
        for number, image in enumerate(images, start):
            character = self._part.array.characters[number - start]
            data = image.tobytes()
            self._digest.update(data)
            self._digest.update((character or "").encode())
            self.bytes_read += len(data)
            if character is None:
                continue
            grey = image
            if is_wanted(character):
                picture = Picture(image, lossy=False, pages=1)
                grey, turned, levelled = on_white(picture, self._part.ground, self._part.ink)
                self.notes.update({DRAWN: 1, TURNED: int(turned), LEVELLED: int(levelled)})
                self.notes[OF_BITS] += int(self._part.array.of_bits)
            height, width = grey.shape
            pixels = memoryview(grey.tobytes())
            key = crc32(data) << 32 | adler32(data)
            yield Sample(GntRecord(number, character, width, height, pixels), key)


def array_parts(
    members: Sequence[Member],
    beside: Sequence[Collection],
    ink: Ink,
    alone: Sequence[Set[str]] = (),
) -> tuple[list[ArrayPart], list[str]]:
    """Files of many images as parts to read, and lines on what was found and passed over.

    Args:
        members: files of images and of labels.
        beside: folders and archives with lists of classes.
        ink: what the user insists on.
        alone: places of the files in each source that holds nothing else.

    Raises:
        UserError: labels are missing or mean nothing known, or a file is damaged, in a source that
            would give nothing.
    """
    lists = {
        f"{one.name}/{file.name}": read_beside(one, file, MAX_LIST_BYTES)
        for one in beside
        for file in one.beside
        if is_class_list(file.name) and file.size <= MAX_LIST_BYTES
    }
    parts = []
    notes = []
    arrays, errors = pair_arrays(members, lists)
    usable = {array.images.place for array in arrays}
    for places in alone:
        wrong = [error for place, error in errors.items() if place in places]
        if wrong and usable.isdisjoint(places):
            raise wrong[0]
    for array in arrays:
        count = len(array.characters)
        some = _upright(array, slice(None, None, max(1, count // _SURVEYED)))
        ground = survey((Picture(image, False, 1) for image in some), ink).ground(ink)
        for number, start in enumerate(range(0, count, _PART_IMAGES)):
            some_characters = array.characters[start : start + _PART_IMAGES]
            part = replace(array, characters=some_characters)
            name = array.images.name
            parts.append(ArrayPart(part, name, number, array.named_split, ground, ink))
        notes.append(f"images: {count:,} of {array.images.place}, which count as one writer's")
        if untold := array.characters.count(None):
            problem = "their numbers are in no list of classes"
            notes.append(f"left out: {untold:,} images of {array.images.place}: {problem}")
    notes += [f"passed over: {error}" for error in errors.values()]
    return parts, notes


def _upright(array: ArrayFile, chosen: slice) -> NDArray[np.uint8]:
    images: NDArray[np.uint8] = read_array(array.images, 3)[chosen]
    if array.of_bits:
        images = images * BACKGROUND
    return images.swapaxes(1, 2) if array.is_transposed else images
