"""Telling a store that is damaged from one that another program has opened, packed or added to."""

import json
from dataclasses import dataclass
from pathlib import Path

import h5py

from data_tools.store.schema import (
    ATTRIBUTES,
    CHECKSUM_ATTRIBUTES,
    COLUMNS,
    END_MARK,
    ENDING_BYTES,
    PLACES,
    attribute_digests,
    datasets,
    digest,
    fingerprint,
    frame_digest,
    image_bytes,
    read_text,
)

_UNREADABLE = (OSError, LookupError, TypeError, ValueError, RuntimeError)


@dataclass(frozen=True)
class Verification:
    """What the checksums of a store tell.

    Attributes:
        damaged: names of the data sets and attributes that are not what they were, or of HDF5's own
            structures around them.
        sealed: whether the file is, byte for byte, the one that `prepare` has made.
        added: names of data sets and attributes that another program has put in.
    """

    damaged: list[str]
    sealed: bool
    added: list[str]


def verify(path: Path, file: h5py.File) -> Verification:
    """Compare every checksum in a store with what it is of; the file is at `path`."""
    damaged = [dataset.name for dataset in datasets(file) if _is_damaged(dataset)]
    damaged += [f"attribute {name}" for name in _damaged_attributes(file)]
    if not damaged and fingerprint(file) != read_text(file.attrs, "sha256"):
        damaged.append("the attributes")
    end = max(0, path.stat().st_size - ENDING_BYTES)
    with path.open("rb") as whole:
        whole.seek(end)
        ending = whole.read()
    sealed = ending == END_MARK + frame_digest(path, end, image_bytes(file))
    # HDF5 cuts the mark off when it opens a file for writing, so that one with it was left alone.
    if not damaged and not sealed and ending.startswith(END_MARK):
        damaged.append("the frame around the data sets")
    return Verification(damaged, sealed and not damaged, [] if sealed else _added(file))


def _is_damaged(dataset: h5py.Dataset) -> bool:
    try:
        return read_text(dataset.attrs, "sha256") != digest(dataset)
    except _UNREADABLE:
        return True


def _damaged_attributes(file: h5py.File) -> list[str]:
    """Attributes that differ from their own checksums, which stores of older programs lack."""
    if "attributes_sha256" not in file.attrs:
        return []
    try:
        expected = json.loads(read_text(file.attrs, "attributes_sha256"))
        found = attribute_digests(file)
        return [name for name in ATTRIBUTES if expected.get(name) != found.get(name)]
    except (*_UNREADABLE, AttributeError):
        return ["attributes_sha256"]


def _added(file: h5py.File) -> list[str]:
    own = ("images", "sources", PLACES, *COLUMNS)
    names = [f"/{name}" for name in file if name not in own]
    known = (*ATTRIBUTES, *CHECKSUM_ATTRIBUTES)
    return names + [f"attribute {name}" for name in file.attrs if name not in known]
