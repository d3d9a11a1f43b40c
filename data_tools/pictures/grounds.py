"""The ground that the pictures of each source lie on, as a few of them show it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from data_tools.pictures.decode import Picture, PictureError, decode
from data_tools.pictures.ink import Ground, Ink, Votes, survey
from data_tools.pictures.part import read_picture_file
from data_tools.sources.stored import Collection

_SURVEYED = 120  # pictures of a source that vote on what they have in common
_SURVEYED_PIXELS = 1 << 24


def grounds_of(of_source: Mapping[Path, Sequence[Collection]], ink: Ink) -> dict[Path, Ground]:
    """What the pictures of each source have in common; few of them do as those of all sources."""
    votes = {source: survey(_some(collections), ink) for source, collections in of_source.items()}
    together = sum(votes.values(), Votes())
    return {
        source: (own if own.are_clear else together).ground(ink) for source, own in votes.items()
    }


def _some(collections: Sequence[Collection]) -> Iterator[Picture]:
    """Some of the pictures, chosen by chance, but always the same."""
    files = [(one.base, file) for one in collections for file in one.pictures]
    pixels = 0
    for base, file in random.Random(0).sample(files, min(_SURVEYED, len(files))):
        with suppress(PictureError):  # what is damaged is said when its turn comes
            picture = decode(read_picture_file(base, file))
            pixels += picture.grey.size
            yield picture
        if pixels > _SURVEYED_PIXELS:
            return
