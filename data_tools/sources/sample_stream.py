"""What one reading of any source has in common: bytes are counted and summed up on the way."""

import hashlib
from collections import Counter
from types import TracebackType
from typing import Self


class SampleStream:
    """Samples of a source, read forward; to be used in a `with` statement.

    Attributes:
        bytes_read: how many so far.
        notes: what is counted of pictures; nothing of other sources.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.bytes_read = 0
        self.notes: Counter[str] = Counter()

    def sha256(self) -> str:
        """The checksum of everything read so far, in hexadecimal."""
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing stays open."""
