"""The conversion of `.gnt` files into one store: parallel, deterministic, atomic.

Two passes (`passes.py`). The first lists the samples, so that the row of each is known before any
is written; the second writes each glyph straight to its place in the file, from any process and in
any order. Held are the list of samples and, up to a fixed size, glyphs that the first pass has
drawn at once, so that small inputs are read only once. The bytes do not depend on who worked.
"""

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.files import flush, replacing, writable
from data_tools.fonts.corpus import FONT_DRAWN_PREFIX
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.charset import CharacterSet, parse_charset
from data_tools.parallel import process_count, process_map
from data_tools.sources.members import Member, find_members
from data_tools.store.contact_sheet import contact_sheet_path, draw_contact_sheet
from data_tools.store.passes import Placement, Scan, forget_glyphs, place_glyphs, scan_members
from data_tools.store.reader import Store
from data_tools.store.schema import SourceInfo, StoreHeader
from data_tools.store.writer import StoreFacts, compress_store, create_store, seal_store

Item = TypeVar("Item")

_MEMORY_BYTES = 192 << 20  # of glyphs kept between the passes, in all processes together
_BUNDLES_A_PROCESS = 16  # so many that none waits long for the others at the end

OnProgress = Callable[[str, int, int], None]
"""Called with the phase (`scan`, `convert`, `compress`), samples done in it, and the total or 0."""


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


def prepare(
    sources: Sequence[Path],
    out: Path,
    *,
    test_sources: Sequence[Path] = (),
    glyph: GlyphOptions | None = None,
    charset: CharacterSet | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    compress: bool = False,
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
        compress: make the file small, to give away; until then it takes the room of both.
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
    forget_glyphs()
    with (
        replacing(out) as unfinished,
        _images_beside(unfinished, compress) as images,
        process_map(processes) as parallel,
    ):
        scans: list[Scan] = []
        scanned = 0
        scan_bundle = partial(
            scan_members,
            glyph=glyph,
            charset=charset,
            skip_bad=skip_bad,
            memory_bytes=_MEMORY_BYTES // processes,
        )
        for bundle in parallel(scan_bundle, _bundles(members, processes)):
            scans += bundle
            scanned += sum(len(scan.codes) for scan in bundle)
            on_progress("scan", scanned, 0)
        # The checksum orders members of one name, so that where they lie does not matter.
        scans.sort(key=lambda scan: (scan.member.name, scan.sha256))
        _refuse_copies(scans)

        header, columns, placements = _plan(scans, glyph, charset)
        facts = StoreFacts(header, columns, _source_infos(placements))
        first_image = create_store(images, facts)
        total = len(columns["labels"])
        done = 0
        place_bundle = partial(place_glyphs, out=images, first_image=first_image, glyph=glyph)
        for placed in parallel(place_bundle, _bundles(placements, processes)):
            done += placed
            on_progress("convert", done, total)
        if compress:
            compress_store(
                images,
                first_image,
                unfinished,
                facts,
                threads=process_count(jobs, total),
                on_images=lambda done: on_progress("compress", done, total),
            )
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


@contextmanager
def _images_beside(unfinished: Path, compress: bool) -> Iterator[Path]:
    """Where the glyphs are put in place: the store itself, or a file to be compressed into it."""
    if not compress:
        yield unfinished
        return
    images = unfinished.with_name(f"{unfinished.name}.images")
    try:
        yield images
    finally:
        images.unlink(missing_ok=True)


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


def _bundles(items: Sequence[Item], processes: int) -> list[Sequence[Item]]:
    """Neighbours in bundles: to hand over each by itself would cost the workers' time."""
    length = max(1, len(items) // (processes * _BUNDLES_A_PROCESS))
    return [items[start : start + length] for start in range(0, len(items), length)]


def _plan(
    scans: Sequence[Scan], glyph: GlyphOptions, charset: CharacterSet
) -> tuple[StoreHeader, dict[str, NDArray[np.integer]], list[Placement]]:
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
        Placement(scan, rows[start : start + count])
        for scan, start, count in zip(scans, starts[:-1], counts, strict=True)
    ]
    return header, columns, placements


def _is_font_drawn(member: Member) -> bool:
    return Path(member.inner or member.path).name.startswith(FONT_DRAWN_PREFIX)


def _source_infos(placements: Sequence[Placement]) -> list[SourceInfo]:
    return [
        SourceInfo(
            name=placement.scan.member.name,
            sha256=placement.scan.sha256,
            bytes=placement.scan.bytes,
            samples=int(np.count_nonzero(placement.rows >= 0)),
        )
        for placement in placements
    ]


def _refuse_copies(scans: Sequence[Scan]) -> None:
    """Two sources of the same bytes would count twice, or leak the test split into training."""
    firsts: dict[str, Member] = {}
    for scan in scans:
        first = firsts.setdefault(scan.sha256, scan.member)
        # Empty files, which only --skip-bad lets through, are no copies of each other.
        if first != scan.member and len(scan.codes):
            problem = f"holds the same bytes as {first.place}"
            raise UserError(join_message(scan.member.place, problem, "name one of the two"))
