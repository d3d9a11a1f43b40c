"""Archives that lie beside what they were unpacked to, and are taken once."""

import zlib
from collections.abc import Sequence
from pathlib import Path

from data_tools.pictures.decode import PictureError
from data_tools.pictures.part import read_picture_file
from data_tools.sources.stored import Collection, StoredFile


def without_unpacked(collections: Sequence[Collection]) -> tuple[list[Collection], list[str]]:
    """Leave out archives whose every picture lies unpacked in a folder, byte for byte.

    Args:
        collections: of one source: a folder and the archives in it, or a single one.

    Returns:
        Those to read, and a line on each that is left out.
    """
    kept: list[Collection] = []
    lines = []
    for one in collections:
        others = (other for other in collections if other is not one and other.base.is_dir())
        folder = None
        if one.pictures and not one.base.is_dir():
            folder = next((place for other in others if (place := _unpacked(one, other))), None)
        if folder is None:
            kept.append(one)
        else:
            lines.append(f"passed over: {one.place}, whose pictures lie unpacked in {folder}")
    return kept, lines


def _unpacked(archive: Collection, folder: Collection) -> str | None:
    """Where in a folder all of an archive's pictures are."""
    by_name = {file.name: file for file in folder.pictures}
    for names in _ways_to_unpack(archive.pictures):
        tail = f"/{names[0]}"
        for name in by_name:
            if f"/{name}".endswith(tail):
                start = name[: len(name) - len(names[0])]
                twins = [by_name.get(start + one) for one in names]
                if _are_twins(archive, folder.base, twins):
                    return f"{folder.place}/{start}".rstrip("/")
    return None


def _ways_to_unpack(pictures: Sequence[StoredFile]) -> list[list[str]]:
    """The archive's names, also without a folder that all share: some tools leave it away."""
    names = [file.name for file in pictures]
    tops = {name.partition("/")[0] for name in names}
    inner = [name.partition("/")[2] for name in names]
    return [names, inner] if len(tops) == 1 and all(inner) else [names]


def _are_twins(archive: Collection, folder: Path, twins: Sequence[StoredFile | None]) -> bool:
    pairs = list(zip(archive.pictures, twins, strict=True))
    if any(twin is None or twin.size != packed.size for packed, twin in pairs):
        return False
    try:
        return all(
            _checksum(archive.base, packed) == _checksum(folder, twin)
            for packed, twin in pairs
            if twin is not None
        )
    except PictureError:
        return False


def _checksum(base: Path, file: StoredFile) -> int:
    return file.packed.crc if file.packed else zlib.crc32(read_picture_file(base, file))
