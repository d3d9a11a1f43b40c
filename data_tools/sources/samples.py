"""A sample of a source, be it a record of a `.gnt` file or a picture."""

from typing import NamedTuple

from data_tools.glyphs.place import UNKNOWN_PLACE, Place
from data_tools.hwdb.gnt import GntRecord


class Sample(NamedTuple):
    """A sample, a checksum of 64 bits by which copies are found, and where its ink stood."""

    record: GntRecord
    key: int
    place: Place = UNKNOWN_PLACE
