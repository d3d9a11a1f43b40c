"""Samples that are in the sources more than once, as whole files and as single records.

HWDB1.1 was released twice, and archives lie beside what they were unpacked to. A copy counts its
writer twice; one in train of a sample in test spoils what the test split says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.sources.members import Member
from data_tools.splits import Split
from data_tools.store.passes import Scan, Source
from data_tools.store.store_part import StorePart

_NAMED = 3


def split_off_copies(scans: Sequence[Scan]) -> tuple[list[Scan], list[tuple[Source, Source]]]:
    """Of files that hold the same bytes keep one: for test if any of them is, else the first.

    Args:
        scans: in order of their names.

    Returns:
        The scans to keep, in order, and each copy with the member that stands for it.
    """
    kept: dict[str, Scan] = {}
    # Empty files, which only --skip-bad lets through, are no copies of each other.
    for scan in sorted(scans, key=lambda scan: scan.member.split is not Split.TEST):
        if _may_be_copy(scan):
            kept.setdefault(scan.sha256, scan)
    copies = [
        (scan.member, kept[scan.sha256].member)
        for scan in scans
        if _may_be_copy(scan) and kept[scan.sha256] is not scan
    ]
    taken_out = {id(scan) for scan in scans if _may_be_copy(scan)} - set(map(id, kept.values()))
    return [scan for scan in scans if id(scan) not in taken_out], copies


def copied_file_lines(copies: Sequence[tuple[Source, Source]]) -> list[str]:
    """What to say of whole files that were taken once."""
    lines = []
    for is_leak, where in ((False, "taken once"), (True, "in train and test, taken for test only")):
        some = [pair for pair in copies if (pair[0].split is not pair[1].split) is is_leak]
        if some:
            shown = ", ".join(f"{copy.place} of {kept.place}" for copy, kept in some[:_NAMED])
            more = ", …" if len(some) > _NAMED else ""
            what = "copy of a file" if len(some) == 1 else "copies of files"
            lines.append(f"passed over: {len(some):,} {what}, {where} ({shown}{more})")
    return lines


def stored_source_lines(sources: Sequence[tuple[Source, str]]) -> list[str]:
    """What to say of sources that a store was made of and that are there once more.

    Their glyphs in a store may be fitted otherwise, so that no comparison of pixels finds them.

    Args:
        sources: each with its checksum.
    """
    seen: dict[str, Source] = {}
    pairs = []
    for source, sha256 in sources:
        known = {sha256, source.sha256} if isinstance(source, StorePart) else {sha256}
        others = [seen[one] for one in known if one in seen and seen[one].path != source.path]
        if others and any(isinstance(one, StorePart) for one in (source, *others)):
            pairs.append((source, others[0]))
        for one in known:
            seen.setdefault(one, source)
    if not pairs:
        return []
    leaks = sum(source.split is not other.split for source, other in pairs)
    where = f", {leaks:,} of them in train and in test" if leaks else ""
    named = ", ".join(f"{source.name} is {other.name}" for source, other in pairs[:_NAMED])
    more = ", …" if len(pairs) > _NAMED else ""
    what = "1 source is" if len(pairs) == 1 else f"{len(pairs):,} sources are"
    remedy = "name the store or what it was made of, not both"
    return [f"copies: {what} there twice, in a store too{where} ({named}{more}); {remedy}"]


def _may_be_copy(scan: Scan) -> bool:
    """Whether it is a whole file; pictures are compared one by one, and archives of them before."""
    return isinstance(scan.member, Member) and len(scan.codes) > 0


@dataclass(frozen=True)
class CopiedSamples:
    """Samples with the same label and pixels as another.

    Attributes:
        is_copy: (N,) for each sample whether another stands for it: one for test if there is any,
            else the first.
        leaks: how many of the copies are in train and have their like in test.
    """

    is_copy: NDArray[np.bool_]
    leaks: int


def find_copied_samples(
    codes: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    splits: NDArray[np.integer],
    wanted: NDArray[np.bool_],
) -> CopiedSamples:
    """Find samples that are there more than once.

    Args:
        codes: (N,) code points.
        keys: (N,) checksums of width and pixels. Two different samples of one character share one
            with a chance of 2^-64, so in all of HWDB with one in ten thousand million.
        splits: (N,) train or test.
        wanted: (N,) which samples the store is for.
    """
    order = np.flatnonzero(wanted)
    # The sort is stable: of equal ones the first stays the first.
    order = order[np.lexsort((splits[order] != Split.TEST, keys[order], codes[order]))]
    same = (np.diff(codes[order]) == 0) & (np.diff(keys[order]) == 0)
    behind_its_like = np.concatenate([[False], same])
    is_copy = np.zeros(len(codes), bool)
    is_copy[order] = behind_its_like
    # The first of each run of the same stands for all of it.
    firsts = np.flatnonzero(~behind_its_like)
    stands_for = order[firsts[np.cumsum(~behind_its_like) - 1]]
    leaks = np.count_nonzero(splits[order] != splits[stands_for])
    return CopiedSamples(is_copy, int(leaks))


def copied_sample_lines(copied: CopiedSamples, dropped: bool) -> list[str]:
    """What to say of samples that are there more than once."""
    count = np.count_nonzero(copied.is_copy)
    if not count:
        return []
    where = f", {copied.leaks:,} of them in train of one in test" if copied.leaks else ""
    what = "1 sample has" if count == 1 else f"{count:,} samples have"
    remedy = "left out" if dropped else "--drop-copies leaves them out"
    return [f"copies: {what} the pixels and label of another{where}; {remedy}"]
