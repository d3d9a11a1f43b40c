"""The conversion of `.gnt` files into one store: parallel, deterministic, atomic.

Two passes (`passes.py`). The first lists the samples, so that the row of each is known (`plan.py`)
before any is written; the second writes each glyph straight to its place in the file, from any
process and in any order. Held are the list of samples and, up to a fixed size, glyphs that the
first pass has drawn at once, so that small inputs are read only once. The bytes do not depend on
who worked.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from data_tools.errors import UserError, join_message
from data_tools.files import StrPath, flush, replacing, writable
from data_tools.forms.form_part import FormPart
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.charset import CharacterSet, parse_charset
from data_tools.hwdb.gnt_mistakes import have_swapped_tags
from data_tools.parallel import process_count, process_map
from data_tools.pictures.array_part import ArrayPart, array_parts
from data_tools.pictures.gather import Gathered, gather_pictures
from data_tools.pictures.ink import check_ink
from data_tools.pictures.levelled_sheet import draw_levelled_sheet, levelled_sheet_path, noted_lines
from data_tools.pictures.part import PicturePart
from data_tools.pictures.writers import parse_writer_pattern
from data_tools.sources.find import find_members
from data_tools.sources.found import Found
from data_tools.sources.gnt_ground import ground_lines
from data_tools.sources.members import Member
from data_tools.sources.passed_over import passed_over_lines
from data_tools.sources.split_choice import (
    TEST_WRITERS_OPTION,
    both_splits_lines,
    give_writers_to_test,
    split_lines,
)
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.store.contact_sheet import contact_sheet_path, draw_contact_sheet
from data_tools.store.passes import Scan, Source, forget_glyphs, place_glyphs, scan_members
from data_tools.store.plan import in_order, plan_store
from data_tools.store.reader import Store
from data_tools.store.store_part import StorePart, store_parts
from data_tools.store.writer import StoreFacts, compress_store, create_store, seal_store

Item = TypeVar("Item")

_MEMORY_BYTES = 192 << 20  # of glyphs kept between the passes, in all processes together
# What `--out` of other commands, or a slip in the order of names, makes of a store's name.
_OTHER_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".gnt", ".zip", ".tar", ".gz", ".tgz", ".lmdb", ".parquet", ".toml")
)
_NAMED = 3
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
        notes: what made the test split, what was passed over, what is there twice and what holds
            nothing, a line each.
    """

    out: Path
    contact_sheet: Path
    damaged: list[str]
    missing: str
    notes: list[str]


def _each(sources: StrPath | Sequence[StrPath]) -> list[Path]:
    """What a notebook gives as a list, or as one."""
    return [Path(one) for one in ([sources] if isinstance(sources, str | os.PathLike) else sources)]


def prepare(
    sources: Sequence[StrPath],
    out: StrPath,
    *,
    test_sources: Sequence[StrPath] = (),
    test_writers: float | None = None,
    ink: str = "auto",
    writer_pattern: str | None = None,
    glyph: GlyphOptions | None = None,
    charset: CharacterSet | None = None,
    jobs: int | None = None,
    skip_bad: bool = False,
    compress: bool = False,
    drop_copies: bool = False,
    forms: Sequence[FormPart] = (),
    kinds: WritingKinds | None = None,
    force: bool = False,
    on_progress: OnProgress = lambda phase, done, total: None,
) -> PrepareResult:
    """Convert `.gnt` files, folders and archives into one store.

    Args:
        sources: train data, except where a name tells the test split; a store that is named keeps
            its own splits. None where there are forms.
        out: the store to write; its folder is made. It appears whole or not at all.
        test_sources: sources of the test split.
        test_writers: a share of the train split's writers to move to the test split.
        ink: of pictures: `dark` on light, `light` on dark, or `auto` to let them tell; also a
            `.gnt` file, which should be dark, may then tell that it is light.
        writer_pattern: a regular expression that finds a picture's writer in its path; each folder
            of pictures counts as one otherwise.
        glyph: size, fit and margin; 64 pixels with the aspect kept by default.
        charset: which characters to keep; every hanzi by default.
        jobs: processes; all cores by default. The output does not depend on it.
        skip_bad: go on past damaged records instead of stopping at the first.
        compress: make the file small, to give away; meanwhile it needs room for the images twice.
        drop_copies: of samples with the same label and pixels keep one.
        forms: what writers wrote on forms, in the place of sources.
        kinds: of writing, as far as sources do not tell themselves: font-drawn stand-ins do.
        force: replace an existing store.
        on_progress: told of samples done.

    Raises:
        UserError: a source is damaged or missing, nothing matches, or `out` cannot be written.
    """
    glyph = glyph or GlyphOptions()
    charset = charset or parse_charset("hanzi")
    kinds = kinds or WritingKinds()
    chosen_ink = check_ink(ink)
    pattern = None if writer_pattern is None else parse_writer_pattern(writer_pattern)
    out = Path(out)
    check_out(out, force)
    named = _each(sources), _each(test_sources)
    with nullcontext(Found()) if forms else find_members(*named, skip_bad) as found:
        pictures = gather_pictures(found.collections, ink=chosen_ink, writer_pattern=pattern)
        arrays, array_notes = array_parts(found.arrays, found.beside, chosen_ink, found.lone_arrays)
        stores, store_notes = store_parts(found.stores, glyph)
        if writer_pattern is not None and not found.collections:
            raise _no_picture("--writer-pattern")
        if chosen_ink == "light" and not (found.collections or arrays):
            raise _no_picture("--ink light")
        if chosen_ink == "dark":
            found.members = [replace(member, is_dark=True) for member in found.members]
        members: list[Source] = [*found.members, *pictures.parts, *arrays, *forms, *stores]
        damaged = [one.place for one in found.passed_over if one.said]
        kinds.check_all_tell([*(member.place for member in members), *damaged])
        if test_writers is not None:
            _check_writers(pictures, stores)
            members = give_writers_to_test(members, test_writers)
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
            _check_tags(scans)
            scans = in_order(scans, kinds)
            plan = plan_store(scans, glyph, charset, drop_copies, kinds)
            facts = StoreFacts(plan.header, plan.columns, plan.sources)
            first_image = create_store(images, facts)
            total = len(plan.columns["labels"])
            done = 0
            place_bundle = partial(
                place_glyphs,
                out=images,
                first_image=first_image,
                glyph=glyph,
                skip_bad=skip_bad,
            )
            notes = {scan.member: scan.notes for scan in scans}
            blank: Counter[str] = Counter()
            for placed in parallel(place_bundle, _bundles(plan.placements, processes)):
                done += placed.count
                notes |= placed.notes
                blank += placed.blank
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

        of_pictures = {m: noted for m, noted in notes.items() if isinstance(m, PicturePart)}
        levelled = draw_levelled_sheet(of_pictures, levelled_sheet_path(out))
    with Store(out) as store:
        sheet = draw_contact_sheet(store, contact_sheet_path(out))
    return PrepareResult(
        out=out,
        contact_sheet=sheet,
        damaged=[line for scan in scans for line in scan.damaged],
        missing="".join(sorted((charset.characters or frozenset()) - set(plan.header.charset))),
        notes=[
            *split_lines(plan.members, {*found.uncertain, *pictures.uncertain}),
            *both_splits_lines(one for one in plan.members if _has_writer(one, pictures)),
            *found.notes,
            *pictures.notes,
            *array_notes,
            *store_notes,
            *noted_lines(notes.values(), levelled),
            *ground_lines({member.name: notes[member] for member in plan.members}),
            *passed_over_lines(one for one in found.passed_over if one.place not in pictures.used),
            *plan.copies,
            *_blank_lines(blank),
        ],
    )


def _blank_lines(blank: Counter[str]) -> list[str]:
    """How many samples hold no ink, and in which sources."""
    if not blank:
        return []
    names = sorted(blank)
    some = ", ".join([*names[:_NAMED], "…"] if len(names) > _NAMED else names)
    count = blank.total()
    return [f"blank: {count:,} sample{'s' if count > 1 else ''} without any ink ({some})"]


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
        UserError: `out` is a folder, has a name of another kind of file, or exists and `force` is
            not set.
    """
    if out.suffix.lower() in _OTHER_SUFFIXES:
        problem = f"{out.suffix} is the name of another kind of file"
        raise UserError(join_message(f"--out {out}", problem, "a store is named .h5"))
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


def _check_tags(scans: Iterable[Scan]) -> None:
    """Make sure that no `.gnt` file, nor all of a source together, has its tags' bytes swapped.

    Raises:
        UserError: one has, so that most labels would be wrong.
    """
    characters: dict[str, set[str]] = {}
    for scan in scans:
        if isinstance(scan.member, Member):
            found = set(map(chr, np.unique(scan.codes).tolist()))
            characters.setdefault(scan.member.name, set()).update(found)
            characters.setdefault(scan.member.name.partition("/")[0], set()).update(found)
    for name, found in sorted(characters.items()):
        if have_swapped_tags(found):
            problem = "the tags have their low byte first, so that most name other characters"
            remedy = "swap bytes 4 and 5 of each record, counted from 0: 一 is D2 BB"
            raise UserError(join_message(name, problem, remedy))


def _no_picture(option: str) -> UserError:
    problem = "no picture is among the sources, and it says nothing of others"
    return UserError(join_message(option, problem, "leave it out"))


def _has_writer(member: Source, pictures: Gathered) -> bool:
    """Whether a source is one person's, as its name says."""
    if isinstance(member, PicturePart):
        return pictures.has_writers
    if isinstance(member, StorePart):
        return member.has_writers
    return not isinstance(member, ArrayPart)


def _check_writers(pictures: Gathered, stores: Sequence[StorePart]) -> None:
    """Make sure that no source is a character, before writers are given to the test split.

    Raises:
        UserError: the folders of pictures are, or those that a store was made of.
    """
    if not pictures.has_writers:
        problem = f"the folders of pictures, such as {pictures.parts[0].name}, are characters"
        remedy = "tell the writers apart with --writer-pattern, or name test folders with --test"
        raise UserError(join_message(TEST_WRITERS_OPTION, problem, remedy))
    if of_classes := [store for store in stores if not store.has_writers]:
        problem = f"the sources of a store, such as {of_classes[0].name}, are characters"
        remedy = "make it anew of its pictures with --writer-pattern, or name a store with --test"
        raise UserError(join_message(TEST_WRITERS_OPTION, problem, remedy))
