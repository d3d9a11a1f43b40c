"""The conversion of `.gnt` files into one store: parallel, deterministic, atomic.

Two passes. The first lists the samples, so that the row of each is known before any is written; the
second writes each glyph straight to its place in the file, from any process and in any order. Held
are the list of samples and, up to a fixed size, glyphs that the first pass has drawn at once, so
that small inputs are read only once. The bytes do not depend on who worked.
"""

import importlib.metadata
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.charset import CharacterSet, parse_charset
from data_tools.compiled_glyphs import fit_glyphs
from data_tools.contact_sheet import contact_sheet_path, draw_contact_sheet
from data_tools.errors import UserError, join_message
from data_tools.files import flush, replacing, writable
from data_tools.glyphs import GlyphOptions
from data_tools.gnt import GntError, GntRecord, read_records
from data_tools.parallel import process_count, process_map
from data_tools.sample import FONT_DRAWN_PREFIX
from data_tools.sources import Member, find_members
from data_tools.store import Store
from data_tools.store_schema import SourceInfo, StoreHeader
from data_tools.store_writer import create_store, seal_store

OnProgress = Callable[[str, int, int], None]
"""Called with the phase (`scan` or `convert`), samples done in it so far, and the total or 0."""


@dataclass(frozen=True)
class PrepareResult:
    """What a conversion reports beside the store itself.

    Attributes:
        out: the store.
        contact_sheet: a PNG of samples from it.
        damaged: one line for each record or file left out because it is damaged.
        missing: characters asked for by name that no source holds, in order of code points.
    """

    out: Path
    contact_sheet: Path
    damaged: list[str]
    missing: str


@dataclass(frozen=True)
class _Scan:
    """What the first pass learns of a member: the code point of every readable sample.

    `sha256` and `bytes` cover all of it, or all that could be read.
    """

    member: Member
    codes: NDArray[np.uint32]
    sha256: str
    bytes: int
    damaged: list[str]


@dataclass
class _Memory:
    """Glyphs that this process has drawn in the first pass, for the second to put in place."""

    glyphs: dict[Member, list[NDArray[np.uint8]]] = field(default_factory=dict)
    glyph_bytes: int = 0
    is_full: bool = False

    def keep(self, member: Member, glyphs: list[NDArray[np.uint8]]) -> None:
        self.glyphs[member] = glyphs
        self.glyph_bytes += sum(batch.nbytes for batch in glyphs)

    def clear(self) -> None:
        self.glyphs.clear()
        self.glyph_bytes = 0
        self.is_full = False


_memory = _Memory()
_MEMORY_BYTES = 192 << 20  # of glyphs, in all processes together
_BATCH_BYTES = 1 << 20  # of records drawn by one call, and of what is drawn


@dataclass(frozen=True)
class _Placement:
    """Work of the second pass: the row of each readable sample of a member, -1 to leave it out."""

    scan: _Scan
    rows: NDArray[np.int64]


def prepare(
    sources: Sequence[Path],
    out: Path,
    *,
    test_sources: Sequence[Path] = (),
    glyph: GlyphOptions | None = None,
    charset: CharacterSet | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    force: bool = False,
    on_progress: OnProgress = lambda phase, done, total: None,
) -> PrepareResult:
    """Convert `.gnt` files, folders and zip archives into one store.

    Args:
        sources: train data, except where an official name marks the test split.
        out: the store to write; its folder is made. It appears whole or not at all.
        test_sources: sources of the test split.
        glyph: size, fit and margin; 64 pixels with the aspect kept by default.
        charset: which characters to keep; every hanzi by default.
        jobs: processes; all cores by default. The output does not depend on it.
        skip_bad: go on past damaged records instead of stopping at the first.
        force: replace an existing store.
        on_progress: told of samples done.

    Raises:
        UserError: a source is damaged or missing, nothing matches, or `out` cannot be written.
    """
    glyph = glyph or GlyphOptions()
    charset = charset or parse_charset("hanzi")
    check_out(out, force)
    members = find_members(sources, test_sources)
    processes = process_count(jobs, len(members))
    _memory.clear()  # what a call before may have left
    with replacing(out) as unfinished, process_map(processes) as parallel:
        scans = []
        scanned = 0
        scan_one = partial(
            _scan,
            glyph=glyph,
            charset=charset,
            skip_bad=skip_bad,
            memory_bytes=_MEMORY_BYTES // processes,
        )
        for scan in parallel(scan_one, members):
            scans.append(scan)
            scanned += len(scan.codes)
            on_progress("scan", scanned, 0)
        # The checksum orders members of one name, so that where they lie does not matter.
        scans.sort(key=lambda scan: (scan.member.name, scan.sha256))
        _refuse_copies(scans)

        header, columns, placements = _plan(scans, glyph, charset)
        first_image = create_store(unfinished, header, columns, _source_infos(placements))
        total = len(columns["labels"])
        done = 0
        convert = partial(_convert, out=unfinished, first_image=first_image, glyph=glyph)
        for converted in parallel(convert, placements):
            done += converted
            on_progress("convert", done, total)
        with ThreadPoolExecutor(max_workers=1) as disk:
            # The images reach the disk while their checksums are computed from memory.
            flushed = disk.submit(flush, unfinished)
            seal_store(unfinished)
            flushed.result()

    with Store(out) as store:
        sheet = draw_contact_sheet(store, contact_sheet_path(out))
    damaged = [line for scan in scans for line in scan.damaged]
    missing = "".join(sorted((charset.characters or frozenset()) - set(header.charset)))
    return PrepareResult(out, sheet, damaged, missing)


def check_out(out: Path, force: bool) -> None:
    """Make sure, before any work, that a store may be written.

    Raises:
        UserError: `out` is a folder, or exists and `force` is not set.
    """
    with writable(out):
        if out.is_dir():
            raise UserError(join_message(str(out), "is a folder", "name a file for --out"))
        if out.exists() and not force:
            remedy = "pass --force to replace it, or name another --out"
            raise UserError(join_message(str(out), "exists already", remedy))


def _scan(
    member: Member, glyph: GlyphOptions, charset: CharacterSet, skip_bad: bool, memory_bytes: int
) -> _Scan:
    """First pass over a member: its characters, checksum and damage, and glyphs while they fit."""
    characters: list[str] = []
    damaged: list[str] = []
    room = memory_bytes - _memory.glyph_bytes

    def note(error: GntError) -> None:
        damaged.append(f"{error.name}: byte {error.offset:,}: {error.problem}")

    def records_to_draw() -> Iterator[GntRecord]:
        nonlocal room
        for record in read_records(stream, member.name, note if skip_bad else None):
            characters.append(record.character)
            if not _memory.is_full and record.character in charset:
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
        else:
            if not _memory.is_full:
                _memory.keep(member, glyphs)
    codes = np.frombuffer("".join(characters).encode("utf-32-le"), np.uint32)
    return _Scan(member, codes, stream.sha256(), stream.bytes_read, damaged)


def _convert(placement: _Placement, out: Path, first_image: int, glyph: GlyphOptions) -> int:
    """Second pass over a member: put its glyphs into their rows; return how many."""
    rows = placement.rows[placement.rows >= 0].tolist()
    kept = _memory.glyphs.pop(placement.scan.member, None)
    glyphs = chain.from_iterable(_draw_again(placement, glyph) if kept is None else kept)
    with out.open("r+b", buffering=0) as file:
        for row, image in zip(rows, glyphs, strict=False):
            _write_at(file.fileno(), image.tobytes(), first_image + row * image.nbytes)
        for _ in glyphs:  # to the end of the source, where one that has grown is refused
            pass
    return len(rows)


def _draw_again(placement: _Placement, glyph: GlyphOptions) -> Iterator[NDArray[np.uint8]]:
    """Read a member once more and draw the samples that have a row, in batches."""
    rows = chain(placement.rows.tolist(), repeat(-1))
    records = zip(_records_again(placement.scan), rows, strict=False)
    for batch in _batches((record for record, row in records if row >= 0), glyph):
        yield fit_glyphs(batch, glyph)


def _records_again(scan: _Scan) -> Iterator[GntRecord]:
    """The records of the first pass once more.

    Raises:
        UserError: the source is not what it was; raised at its end.
    """
    with scan.member.open() as stream:
        try:
            yield from read_records(stream, scan.member.name, lambda error: None)
        except UserError:
            if not scan.damaged:  # the first pass let this damage through
                raise
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


def _write_at(descriptor: int, data: bytes, offset: int) -> None:
    # A nearly full disk takes a part; asking for the rest brings the error.
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _plan(
    scans: Sequence[_Scan], glyph: GlyphOptions, charset: CharacterSet
) -> tuple[StoreHeader, dict[str, NDArray[np.integer]], list[_Placement]]:
    """Decide the charset and the row of every sample, from the headers alone."""
    codes = np.concatenate([scan.codes for scan in scans])
    if not len(codes):
        raise UserError("the sources: no sample in them can be read; get the files again")
    # Counting code points finds those that occur in one pass, where sorting samples takes several.
    found = np.flatnonzero(np.bincount(codes))
    kept_codes = [code for code in found.tolist() if chr(code) in charset]
    if not kept_codes:
        some = "".join(map(chr, found[:10]))
        problem = f"no character of the input ({some} …) is among {charset.description}"
        raise UserError(join_message("--charset", problem, "choose another character set"))
    label_of_code = np.full(found[-1] + 1, -1)
    label_of_code[kept_codes] = np.arange(len(kept_codes))
    labels = label_of_code[codes]
    kept = labels >= 0
    counts = [len(scan.codes) for scan in scans]
    writers = np.repeat(np.arange(len(scans)), counts)
    splits = np.repeat([int(scan.member.split) for scan in scans], counts)

    # Samples already lie in order of source and record; a stable sort keeps that within a class.
    chosen = np.flatnonzero(kept)
    chosen = chosen[np.lexsort((labels[chosen], splits[chosen]))]
    rows = np.full(len(codes), -1, np.int64)
    rows[chosen] = np.arange(len(chosen))

    reason = "symbols" if charset.hanzi_only else "outside the character set"
    left_out = Counter({reason: int(np.count_nonzero(~kept))})
    left_out["damaged"] = sum(len(scan.damaged) for scan in scans)
    header = StoreHeader(
        charset="".join(map(chr, kept_codes)),
        glyph=glyph,
        font_drawn=any(_is_font_drawn(scan.member) for scan in scans),
        left_out={reason: count for reason, count in left_out.items() if count},
        tool_version=importlib.metadata.version("hanzi-lsgan"),
    )
    columns = {"labels": labels[chosen], "writers": writers[chosen], "splits": splits[chosen]}
    starts = np.cumsum([0, *counts])
    placements = [
        _Placement(scan, rows[start : start + count])
        for scan, start, count in zip(scans, starts[:-1], counts, strict=True)
    ]
    return header, columns, placements


def _is_font_drawn(member: Member) -> bool:
    return Path(member.inner or member.path).name.startswith(FONT_DRAWN_PREFIX)


def _source_infos(placements: Sequence[_Placement]) -> list[SourceInfo]:
    return [
        SourceInfo(
            name=placement.scan.member.name,
            sha256=placement.scan.sha256,
            bytes=placement.scan.bytes,
            samples=int(np.count_nonzero(placement.rows >= 0)),
        )
        for placement in placements
    ]


def _refuse_copies(scans: Sequence[_Scan]) -> None:
    """Two sources of the same bytes would count twice, or leak the test split into training."""
    firsts: dict[str, Member] = {}
    for scan in scans:
        first = firsts.setdefault(scan.sha256, scan.member)
        # Empty files, which only --skip-bad lets through, are no copies of each other.
        if first != scan.member and len(scan.codes):
            problem = f"holds the same bytes as {first.place}"
            raise UserError(join_message(scan.member.place, problem, "name one of the two"))
