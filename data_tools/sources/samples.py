"""A sample of a source, be it a record of a `.gnt` file or a picture."""

from typing import NamedTuple

from data_tools.hwdb.gnt import GntRecord


class Sample(NamedTuple):
    """A sample and a checksum of 64 bits, by which copies are found."""

    record: GntRecord
    key: int
