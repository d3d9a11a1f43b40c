"""What each process of a conversion does: two passes over members of the sources.

The first tells which characters a member holds, the second puts glyphs into rows of the store.
Pixels are unpacked, and drawn, in the first pass while there is memory to keep the glyphs, and else
in the second.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.forms.form_part import FormPart
from data_tools.glyphs.compiled import fit_glyphs
from data_tools.glyphs.fit import GlyphOptions
from data_tools.glyphs.place import UNKNOWN_PLACE, Place
from data_tools.hwdb.charset import CharacterSet
from data_tools.hwdb.gnt import GntRecord
from data_tools.pictures.array_part import ArrayPart
from data_tools.pictures.part import PicturePart
from data_tools.positions import write_at
from data_tools.sources.members import Member
from data_tools.store.store_part import StorePart

Source = Member | PicturePart | ArrayPart | FormPart | StorePart
"""What one process reads: a `.gnt` file, pictures of a writer, images of an array, a form, or what
a store has of a writer."""

_BATCH_BYTES = 1 << 20  # of records drawn by one call, and of what is drawn
_BACKGROUND = 255


OUTSIDE = -1
"""In place of a row: the sample's character is not among those asked for."""

DROPPED = -2
"""In place of a row: the sample is a copy of another."""


@dataclass(frozen=True)
class Scan:
    """What the first pass learns of a member: the code point of every readable sample.

    `keys` are checksums of the samples' widths and pixels, by which copies are found. `places`
    (N, 4) say where their ink stood; None where that is known of none. `sha256` and `bytes` cover
    all of the member, or all that could be read. `lost` counts the records that damage has cost, as
    well as can be told; `notes` what was seen of samples that were drawn.
    """

    member: Source
    codes: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    places: NDArray[np.float32] | None
    sha256: str
    bytes: int
    damaged: list[str]
    lost: int
    notes: Counter[str]


@dataclass(frozen=True)
class Placement:
    """Work of the second pass: each readable sample's row, or `OUTSIDE` or `DROPPED`."""

    scan: Scan
    rows: NDArray[np.int64]


@dataclass
class _Memory:
    """Glyphs that this process has drawn in the first pass, for the second to put in place."""

    glyphs: dict[Source, list[NDArray[np.uint8]]] = field(default_factory=dict)
    glyph_bytes: int = 0
    is_full: bool = False

    def keep(self, member: Source, glyphs: list[NDArray[np.uint8]]) -> None:
        self.glyphs[member] = glyphs
        self.glyph_bytes += sum(batch.nbytes for batch in glyphs)

    def clear(self) -> None:
        self.glyphs.clear()
        self.glyph_bytes = 0
        self.is_full = False


_memory = _Memory()


def forget_glyphs() -> None:
    """Drop what this process has kept, as of a conversion that was broken off."""
    _memory.clear()


def scan_members(
    members: Sequence[Source],
    glyph: GlyphOptions,
    charset: CharacterSet,
    skip_bad: bool,
    memory_bytes: int,
) -> list[Scan]:
    """First pass over some members.

    Args:
        members: to read.
        glyph: size, fit and margin.
        charset: whose glyphs are drawn at once.
        skip_bad: go on past damaged records instead of stopping at the first.
        memory_bytes: how much this process keeps of glyphs, those of earlier members included.

    Raises:
        UserError: a member is damaged or cannot be read.
    """
    return [_scan(member, glyph, charset, skip_bad, memory_bytes) for member in members]


def _scan(
    member: Source, glyph: GlyphOptions, charset: CharacterSet, skip_bad: bool, memory_bytes: int
) -> Scan:
    """First pass over a member: its characters, checksum and damage, and glyphs while they fit."""
    characters: list[str] = []
    checksums: list[int] = []
    places: list[Place] = []
    damaged: list[str] = []
    lost = 0
    room = memory_bytes - _memory.glyph_bytes

    def note(line: str, samples: int) -> None:
        nonlocal lost
        lost += samples
        damaged.append(line)

    def is_drawn(character: str) -> bool:
        return not _memory.is_full and character in charset

    def records_to_draw() -> Iterator[GntRecord]:
        nonlocal room
        for record, key, place in stream.samples(is_drawn, note if skip_bad else None):
            characters.append(record.character)
            checksums.append(key)
            places.append(place)
            if is_drawn(record.character):
                room -= glyph.size**2
                _memory.is_full = room < 0
                yield record

    with member.open() as stream:
        try:
            glyphs = [fit_glyphs(batch, glyph) for batch in _batches(records_to_draw(), glyph)]
        except UserError as error:
            if not skip_bad:
                raise
            damaged.append(str(error))
            lost += 1
        else:
            if not _memory.is_full:
                _memory.keep(member, glyphs)
    codes = np.frombuffer("".join(characters).encode("utf-32-le"), np.uint32)
    return Scan(
        member=member,
        codes=codes,
        keys=np.array(checksums, np.uint64),
        places=_known_places(places),
        sha256=stream.sha256(),
        bytes=stream.bytes_read,
        damaged=damaged,
        lost=lost,
        notes=stream.notes,
    )


def _known_places(places: list[Place]) -> NDArray[np.float32] | None:
    # Most sources know none: those of millions of samples would travel between processes.
    if all(place is UNKNOWN_PLACE for place in places):
        return None
    return np.array(places, np.float32)


@dataclass(frozen=True)
class Placed:
    """What the second pass reports: glyphs put into their rows, and notes on those drawn in it.

    `blank` counts those without ink by the names of their sources.
    """

    count: int
    notes: dict[Source, Counter[str]]
    blank: Counter[str]


def place_glyphs(
    placements: Sequence[Placement],
    out: Path,
    first_image: int,
    glyph: GlyphOptions,
    skip_bad: bool,
) -> Placed:
    """Second pass over some members.

    Args:
        placements: what to put where.
        out: a store that `create_store` has made.
        first_image: byte offset of its first image.
        glyph: size, fit and margin.
        skip_bad: go on past what was damaged in the first pass.

    Raises:
        UserError: a source is not what it was in the first pass.
        OSError: the store cannot be written.
    """
    done = 0
    notes: dict[Source, Counter[str]] = {}
    blank: Counter[str] = Counter()
    drawn: list[tuple[int, NDArray[np.uint8]]] = []
    with out.open("r+b", buffering=0) as file:

        def write(row: int, images: Iterable[NDArray[np.uint8]]) -> None:
            write_at(
                file.fileno(),
                b"".join(image.data for image in images),
                first_image + row * glyph.size**2,
            )

        for placement in placements:
            rows = placement.rows[placement.rows >= 0].tolist()
            done += len(rows)
            if (kept := _memory.glyphs.pop(placement.scan.member, None)) is not None:
                drawn_rows = placement.rows[placement.rows != OUTSIDE]
                are_blank = np.concatenate([_are_blank(batch) for batch in kept])
                blank[placement.scan.member.name] += int(are_blank[drawn_rows >= 0].sum())
                pairs = zip(drawn_rows.tolist(), chain.from_iterable(kept), strict=True)
                drawn += [(row, image) for row, image in pairs if row != DROPPED]
                continue
            noted = notes.setdefault(placement.scan.member, Counter())
            batches = _draw_again(placement, glyph, skip_bad, noted)
            counted = _counting_blank(batches, placement.scan.member.name, blank)
            glyphs = chain.from_iterable(counted)
            for row, image in zip(rows, glyphs, strict=False):
                write(row, [image])
            for _ in glyphs:  # to the end of the source, where one that has grown is refused
                pass
        for row, images in _neighbours(drawn):
            write(row, images)
    return Placed(done, notes, +blank)


def _counting_blank(
    batches: Iterable[NDArray[np.uint8]], name: str, blank: Counter[str]
) -> Iterator[NDArray[np.uint8]]:
    for batch in batches:
        blank[name] += int(_are_blank(batch).sum())
        yield batch


def _are_blank(glyphs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which glyphs (n, S, S) have no ink: (n,)."""
    return np.asarray(glyphs.min(axis=(1, 2)) == _BACKGROUND)


def _neighbours(
    placed: list[tuple[int, NDArray[np.uint8]]],
) -> Iterator[tuple[int, list[NDArray[np.uint8]]]]:
    """Images whose rows follow each other, with the first row: written at once they cost less."""
    placed.sort(key=lambda pair: pair[0])
    gaps = np.flatnonzero(np.diff([row for row, _ in placed], prepend=-2, append=-2) != 1)
    for start, end in pairwise(gaps.tolist()):
        yield placed[start][0], [image for _, image in placed[start:end]]


def _draw_again(
    placement: Placement, glyph: GlyphOptions, skip_bad: bool, notes: Counter[str]
) -> Iterator[NDArray[np.uint8]]:
    """Read a member once more and draw the samples that have a row, in batches."""
    rows = chain(placement.rows.tolist(), repeat(OUTSIDE))
    records = zip(_records_again(placement, skip_bad, notes), rows, strict=False)
    for batch in _batches((record for record, row in records if row >= 0), glyph):
        yield fit_glyphs(batch, glyph)


def _records_again(
    placement: Placement, skip_bad: bool, notes: Counter[str]
) -> Iterator[GntRecord]:
    """The records of the first pass once more.

    Raises:
        UserError: the source is not what it was; raised at its end.
    """
    scan = placement.scan
    wanted = set(map(chr, np.unique(scan.codes[placement.rows >= 0]).tolist()))
    with scan.member.open() as stream:
        try:
            ignore = (lambda line, samples: None) if skip_bad else None
            for record, *_ in stream.samples(wanted.__contains__, ignore):
                yield record
        except UserError:
            if not scan.damaged:  # the first pass let this damage through
                raise
    notes.update(stream.notes)
    if stream.sha256() != scan.sha256:
        problem = "changed while it was being read"
        remedy = "run it again once the file is complete"
        raise UserError(join_message(scan.member.name, problem, remedy))


def _batches(records: Iterable[GntRecord], glyph: GlyphOptions) -> Iterator[list[GntRecord]]:
    """Lists of records that take, with a glyph of each, little more than `_BATCH_BYTES`."""
    batch: list[GntRecord] = []
    batch_bytes = 0
    for record in records:
        batch.append(record)
        batch_bytes += len(record.pixels) + glyph.size**2
        if batch_bytes >= _BATCH_BYTES:
            yield batch
            batch, batch_bytes = [], 0
    yield batch
