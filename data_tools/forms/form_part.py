"""What one writer has written on forms, as `prepare` reads it beside other sources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from isal.isal_zlib import adler32, crc32
from numpy.typing import NDArray

from data_tools.glyphs.place import Place
from data_tools.hwdb.gnt import GntRecord
from data_tools.sources.sample_stream import SampleStream
from data_tools.sources.samples import Sample
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split


@dataclass(frozen=True)
class FormPart:
    """The characters of one writer, cut out already.

    Attributes:
        name: of the writer.
        path: the photograph or folder that names him.
        named_split: train or test, and what said so.
        samples: characters, their bitmaps, (height, width) with 255 as background, and where their
            ink stands in the box.
    """

    name: str
    path: Path
    named_split: NamedSplit
    samples: tuple[tuple[str, NDArray[np.uint8], Place], ...] = field(compare=False, repr=False)
    number: ClassVar[int] = 0  # it is read in one part

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return str(self.path)

    @property
    def writer(self) -> str:
        """The writer's name."""
        return self.name

    @property
    def split(self) -> Split:
        """Train or test."""
        return self.named_split.split

    def open(self) -> "FormStream":
        """The samples for one reading."""
        return FormStream(self)


class FormStream(SampleStream):
    """Samples of a part; `bytes_read` and `notes` as of other sources."""

    def __init__(self, part: FormPart) -> None:
        super().__init__()
        self._part = part

    def samples(
        self,
        is_wanted: Callable[[str], bool],
        on_bad: Callable[[str, int], None] | None = None,
    ) -> Iterator[Sample]:
        """The samples in order; what was damaged was found when they were cut."""
        for number, (character, bitmap, place) in enumerate(self._part.samples):
            data = bitmap.tobytes()
            height, width = bitmap.shape
            self._digest.update(f"{character}{width} ".encode())
            self._digest.update(data)
            self.bytes_read += len(data)
            key = crc32(data, width) << 32 | adler32(data)
            record = GntRecord(number, character, width, height, memoryview(data))
            yield Sample(record, key, place)
