"""What goes into a store and where, decided before any glyph is put in its place."""

import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.charset import CharacterSet
from data_tools.pictures.part import PicturePart
from data_tools.sources.members import Member
from data_tools.sources.writing_kinds import FONT, GENERATED, WritingKinds, kind_told_by
from data_tools.store.copies import (
    copied_file_lines,
    copied_sample_lines,
    find_copied_samples,
    split_off_copies,
    stored_source_lines,
)
from data_tools.store.passes import DROPPED, OUTSIDE, Placement, Scan, Source
from data_tools.store.schema import PLACES, SourceInfo, StoreHeader
from data_tools.store.store_part import StorePart


@dataclass(frozen=True)
class Plan:
    """What goes into the store, and where.

    `placements` has one entry for each scan, in their order; `members` are those kept; `copies` are
    lines on what is there more than once.
    """

    header: StoreHeader
    columns: dict[str, NDArray[Any]]
    sources: list[SourceInfo]
    placements: list[Placement]
    members: list[Source]
    copies: list[str]


def plan_store(
    scans: Sequence[Scan],
    glyph: GlyphOptions,
    charset: CharacterSet,
    drop_copies: bool,
    kinds: WritingKinds,
) -> Plan:
    """Decide the charset and the row of every sample, from the headers alone."""
    kept_scans, copied_files = split_off_copies(scans)
    codes = np.concatenate([scan.codes for scan in kept_scans])
    if not len(codes):
        raise _nothing_read(scans)
    # Counting code points finds those that occur in one pass, where sorting samples takes several.
    found = np.flatnonzero(np.bincount(codes))
    kept_codes = [code for code in found.tolist() if chr(code) in charset]
    if not kept_codes:
        some = "".join(map(chr, found[:10]))
        problem = f"no character of the input ({some} …) is among {charset.description}"
        remedy = "choose another character set"
        if all(chr(code) in "0123456789" for code in found):
            remedy = (
                "if these are numbers of classes, put classes.txt with `number character` on each "
                f"line beside the pictures; if they are digits, {remedy}"
            )
        raise UserError(join_message("--charset", problem, remedy))
    label_of_code = np.full(found[-1] + 1, -1)
    label_of_code[kept_codes] = np.arange(len(kept_codes))
    labels = label_of_code[codes]
    counts = [len(scan.codes) for scan in kept_scans]
    sources = [list(parts) for _, parts in groupby(kept_scans, key=_source_of)]
    per_source = [sum(len(scan.codes) for scan in parts) for parts in sources]
    writers = np.repeat(np.arange(len(sources)), per_source)
    splits = np.repeat([int(scan.member.split) for scan in kept_scans], counts)

    outside = labels < 0
    keys = np.concatenate([scan.keys for scan in kept_scans])
    copied = find_copied_samples(codes, keys, splits, ~outside)
    dropped = copied.is_copy & drop_copies
    # Samples already lie in order of source and record; a stable sort keeps that within a class.
    chosen = np.flatnonzero(~(outside | dropped))
    chosen = chosen[np.lexsort((labels[chosen], splits[chosen]))]
    rows = np.where(outside, OUTSIDE, DROPPED)
    rows[chosen] = np.arange(len(chosen))

    reason = "symbols" if charset.hanzi_only else "outside the character set"
    left_out = Counter({reason: int(np.count_nonzero(outside))})
    left_out["damaged"] = sum(scan.lost for scan in scans)
    left_out["copies"] = int(np.count_nonzero(dropped))
    members = [parts[0].member for parts in sources]
    kind_of_each = [_kind_of(member, kinds) for member in members]
    # Else they are of one kind that nobody has named.
    is_told = len(set(kind_of_each)) > 1 or GENERATED in kind_of_each or kinds != WritingKinds()
    header = StoreHeader(
        charset="".join(map(chr, kept_codes)),
        glyph=glyph,
        font_drawn=FONT in kind_of_each or FONT in map(_told_by_name, members),
        left_out={reason: count for reason, count in left_out.items() if count},
        tool_version=importlib.metadata.version("hanzi-lsgan"),
        kinds=kind_of_each if is_told else (),
    )
    starts = np.cumsum(counts)[:-1]
    rows_of = {
        id(scan): part for scan, part in zip(kept_scans, np.split(rows, starts), strict=True)
    }
    columns: dict[str, NDArray[Any]] = {
        "labels": labels[chosen],
        "writers": writers[chosen],
        "splits": splits[chosen],
    }
    if any(scan.places is not None for scan in kept_scans):
        places = np.concatenate([_places_of(scan) for scan in kept_scans])[chosen]
        if np.isfinite(places).any():
            columns[PLACES] = places
    return Plan(
        header=header,
        columns=columns,
        sources=[
            _source_info(parts, np.concatenate([rows_of[id(scan)] for scan in parts]))
            for parts in sources
        ],
        # Copies keep their place, so that processes find the glyphs that they keep.
        placements=[
            Placement(scan, rows_of.get(id(scan), np.full(len(scan.codes), DROPPED)))
            for scan in scans
        ],
        members=members,
        copies=[
            *copied_file_lines(copied_files),
            *stored_source_lines([(parts[0].member, _checksum(parts)) for parts in sources]),
            *copied_sample_lines(copied, drop_copies),
        ],
    )


def in_order(scans: Sequence[Scan], kinds: WritingKinds) -> list[Scan]:
    """Scans by the kind and the name of their source, whose parts follow each other.

    The checksum orders sources of one name, so that where they lie does not matter.
    """
    by_source: dict[tuple[object, ...], list[Scan]] = {}
    for scan in scans:
        by_source.setdefault(_source_of(scan), []).append(scan)
    order = sorted(
        by_source.values(),
        key=lambda parts: (
            _kind_of(parts[0].member, kinds),
            parts[0].member.name,
            _checksum(parts),
        ),
    )
    return [scan for parts in order for scan in sorted(parts, key=lambda scan: scan.member.number)]


def _source_of(scan: Scan) -> tuple[object, ...]:
    """What tells a source from others: a file, or one writer's pictures in a folder or archive."""
    member = scan.member
    if isinstance(member, Member | StorePart):
        return (member,)
    if isinstance(member, PicturePart):
        return (member.name, member.origin, member.split)
    return (member.name, member.path, member.split)


def _checksum(parts: Sequence[Scan]) -> str:
    """That of a file, or of all that one writer wrote."""
    if len(parts) == 1:
        return parts[0].sha256
    ordered = sorted(parts, key=lambda scan: scan.member.number)
    return hashlib.sha256("".join(scan.sha256 for scan in ordered).encode()).hexdigest()


def _nothing_read(scans: Sequence[Scan]) -> UserError:
    """What to say where all was left out for damage: what the first of it was."""
    lines = [line for scan in scans for line in scan.damaged]
    if not lines:
        return UserError("the sources: no sample in them can be read; get the files again")
    more = f" (and {len(lines) - 1:,} more)" if len(lines) > 1 else ""
    return UserError(f"the sources: no sample in them can be read: {lines[0]}{more}")


def _places_of(scan: Scan) -> NDArray[np.float32]:
    """Where each sample's ink stood (N, 4), NaN where that is not known."""
    if scan.places is None:
        return np.full((len(scan.codes), 4), np.nan, np.float32)
    return scan.places


def _kind_of(member: Source, kinds: WritingKinds) -> str:
    own = member.kind if isinstance(member, StorePart) else ""
    return kinds.kind_of(member.place, own=own, told=_told_by_name(member))


def _told_by_name(member: Source) -> str:
    by_name = isinstance(member, Member | PicturePart | StorePart)
    return kind_told_by(member.name) if by_name else ""


def _source_info(parts: Sequence[Scan], rows: NDArray[np.int64]) -> SourceInfo:
    return SourceInfo(
        name=parts[0].member.name,
        sha256=_provenance(parts),
        bytes=sum(scan.bytes for scan in parts),
        samples=int(np.count_nonzero(rows >= 0)),
    )


def _provenance(parts: Sequence[Scan]) -> str:
    """The checksum of what was first read: of a store's source, of what that was made of.

    So a store that was made of stores still tells what is a copy of its sources.
    """
    member = parts[0].member
    return member.sha256 if isinstance(member, StorePart) else _checksum(parts)
