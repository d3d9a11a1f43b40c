"""The conversion of `.gnt` files into one store: parallel, deterministic, atomic.

Two passes (`passes.py`). The first lists the samples, so that the row of each is known before any
is written; the second writes each glyph straight to its place in the file, from any process and in
any order. Held are the list of samples and, up to a fixed size, glyphs that the first pass has
drawn at once, so that small inputs are read only once. The bytes do not depend on who worked.
"""

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from data_tools.sources.find import find_members
from data_tools.sources.members import Member
from data_tools.sources.passed_over import passed_over_lines
from data_tools.sources.split_choice import give_writers_to_test, split_lines
from data_tools.store.contact_sheet import contact_sheet_path, draw_contact_sheet
from data_tools.store.copies import (
    copied_file_lines,
    copied_sample_lines,
    find_copied_samples,
    split_off_copies,
)
from data_tools.store.passes import (
    DROPPED,
    OUTSIDE,
    Placement,
    Scan,
    forget_glyphs,
    place_glyphs,
    scan_members,
)
from data_tools.store.reader import Store
from data_tools.store.schema import SourceInfo, StoreHeader
from data_tools.store.writer import create_store, seal_store

Item = TypeVar("Item")

_MEMORY_BYTES = 192 << 20  # of glyphs kept between the passes, in all processes together
_BUNDLES_A_PROCESS = 16  # so many that none waits long for the others at the end

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
        notes: what made the test split, what was passed over and what is there twice, a line each.
    """

    out: Path
    contact_sheet: Path
    damaged: list[str]
    missing: str
    notes: list[str]


def prepare(
    sources: Sequence[Path],
    out: Path,
    *,
    test_sources: Sequence[Path] = (),
    test_writers: float | None = None,
    glyph: GlyphOptions | None = None,
    charset: CharacterSet | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    drop_copies: bool = False,
    force: bool = False,
    on_progress: OnProgress = lambda phase, done, total: None,
) -> PrepareResult:
    """Convert `.gnt` files, folders and archives into one store.

    Args:
        sources: train data, except where a name tells the test split.
        out: the store to write; its folder is made. It appears whole or not at all.
        test_sources: sources of the test split.
        test_writers: a share of the train split's writers to move to the test split.
        glyph: size, fit and margin; 64 pixels with the aspect kept by default.
        charset: which characters to keep; every hanzi by default.
        jobs: processes; all cores by default. The output does not depend on it.
        skip_bad: go on past damaged records instead of stopping at the first.
        drop_copies: of samples with the same label and pixels keep one.
        force: replace an existing store.
        on_progress: told of samples done.

    Raises:
        UserError: a source is damaged or missing, nothing matches, or `out` cannot be written.
    """
    glyph = glyph or GlyphOptions()
    charset = charset or parse_charset("hanzi")
    check_out(out, force)
    with find_members(sources, test_sources, skip_bad) as found:
        members = found.members
        if test_writers is not None:
            members = give_writers_to_test(members, test_writers)
        processes = process_count(jobs, len(members))
        forget_glyphs()
        with replacing(out) as unfinished, process_map(processes) as parallel:
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

            plan = _plan(scans, glyph, charset, drop_copies)
            first_image = create_store(unfinished, plan.header, plan.columns, plan.sources)
            total = len(plan.columns["labels"])
            done = 0
            place_bundle = partial(
                place_glyphs, out=unfinished, first_image=first_image, glyph=glyph
            )
            for placed in parallel(place_bundle, _bundles(plan.placements, processes)):
                done += placed
                on_progress("convert", done, total)
            with ThreadPoolExecutor(max_workers=1) as disk:
                # The images reach the disk while their checksums are computed from memory.
                flushed = disk.submit(flush, unfinished)
                seal_store(unfinished)
                flushed.result()

    with Store(out) as store:
        sheet = draw_contact_sheet(store, contact_sheet_path(out))
    return PrepareResult(
        out=out,
        contact_sheet=sheet,
        damaged=[line for scan in scans for line in scan.damaged],
        missing="".join(sorted((charset.characters or frozenset()) - set(plan.header.charset))),
        notes=[
            *split_lines(plan.members, found.uncertain),
            *passed_over_lines(found.passed_over),
            *plan.copies,
        ],
    )


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


@dataclass(frozen=True)
class _Plan:
    """What goes into the store, and where.

    `placements` has one entry for each scan, in their order; `members` are those kept; `copies` are
    lines on what is there more than once.
    """

    header: StoreHeader
    columns: dict[str, NDArray[np.integer]]
    sources: list[SourceInfo]
    placements: list[Placement]
    members: list[Member]
    copies: list[str]


def _plan(
    scans: Sequence[Scan], glyph: GlyphOptions, charset: CharacterSet, drop_copies: bool
) -> _Plan:
    """Decide the charset and the row of every sample, from the headers alone."""
    kept_scans, copied_files = split_off_copies(scans)
    codes = np.concatenate([scan.codes for scan in kept_scans])
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
    counts = [len(scan.codes) for scan in kept_scans]
    writers = np.repeat(np.arange(len(kept_scans)), counts)
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
    header = StoreHeader(
        charset="".join(map(chr, kept_codes)),
        glyph=glyph,
        font_drawn=any(_is_font_drawn(scan.member) for scan in kept_scans),
        left_out={reason: count for reason, count in left_out.items() if count},
        tool_version=importlib.metadata.version("hanzi-lsgan"),
    )
    starts = np.cumsum(counts)[:-1]
    rows_of = {
        id(scan): part for scan, part in zip(kept_scans, np.split(rows, starts), strict=True)
    }
    return _Plan(
        header=header,
        columns={"labels": labels[chosen], "writers": writers[chosen], "splits": splits[chosen]},
        sources=[_source_info(scan, rows_of[id(scan)]) for scan in kept_scans],
        # Copies keep their place, so that processes find the glyphs that they keep.
        placements=[
            Placement(scan, rows_of.get(id(scan), np.full(len(scan.codes), DROPPED)))
            for scan in scans
        ],
        members=[scan.member for scan in kept_scans],
        copies=[
            *copied_file_lines(copied_files),
            *copied_sample_lines(copied, drop_copies),
        ],
    )


def _is_font_drawn(member: Member) -> bool:
    return Path(member.inner or member.path).name.startswith(FONT_DRAWN_PREFIX)


def _source_info(scan: Scan, rows: NDArray[np.int64]) -> SourceInfo:
    return SourceInfo(
        name=scan.member.name,
        sha256=scan.sha256,
        bytes=scan.bytes,
        samples=int(np.count_nonzero(rows >= 0)),
    )
