"""The directory of a zip archive, checked before anything in it is inflated.

Nothing is ever unpacked under a name that an archive gives, so no name can lead anywhere.
"""

import zipfile
from collections import Counter
from pathlib import Path

from data_tools.errors import UserError, join_message

MAX_RATIO = 250
"""A member may inflate to this many times its packed size: HWDB's reach 3 (measured on 381 of
them), and deflate itself can do 1,032."""

MAX_ARCHIVE_BYTES = 256 << 30
"""What all members of one archive may inflate to, far beyond any archive of HWDB."""

SMALL_BYTES = 1 << 20
"""An empty page packs well: below this, any ratio is harmless."""

_REMEDY = "get the archive from its source again"
_JOIN_REMEDY = "join the parts in their order into one file, or get the archive again"


def read_directory(path: Path, place: str) -> list[zipfile.ZipInfo]:
    """List the files in an archive, from its directory alone.

    Args:
        path: of the archive.
        place: what messages call it.

    Raises:
        UserError: a name occurs twice, or what the directory says would inflate beyond `MAX_RATIO`
            or `MAX_ARCHIVE_BYTES`.
        zipfile.BadZipFile, OSError and others that `zipfile` raises on damage.
    """
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.header_offset < 0 for entry in entries):  # as in the last part of a split one
        cut_off = "lacks its beginning, as the last part of a split archive does"
        raise UserError(join_message(place, cut_off, _JOIN_REMEDY))
    for entry in entries:
        if problem := _problem(entry):
            raise UserError(join_message(f"{place}/{entry.filename}", problem, _REMEDY))
    for name, times in Counter(entry.filename for entry in entries).most_common(1):
        if times > 1:
            problem = f"is in the archive {times} times"
            raise UserError(join_message(f"{place}/{name}", problem, _REMEDY))
    total = sum(entry.file_size for entry in entries)
    if total > MAX_ARCHIVE_BYTES:
        problem = f"says that it inflates to {total:,} bytes; the limit is {MAX_ARCHIVE_BYTES:,}"
        raise UserError(join_message(place, problem, _REMEDY))
    return entries


def _problem(entry: zipfile.ZipInfo) -> str | None:
    """What is wrong with a member, going by the directory."""
    if entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
        return (
            f"says that {entry.compress_size:,} bytes inflate to {entry.file_size:,}; the limit is "
            f"{MAX_RATIO} times as many"
        )
    return None
