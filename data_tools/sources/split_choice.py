"""Which writers are the test split, and what a person is told of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from data_tools.errors import UserError, join_message
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split

TEST_OPTION = "--test"
TEST_WRITERS_OPTION = "--test-writers"
_NAMED = 3
_HOW_TO_NAME = (
    f"name it with {TEST_OPTION}, or give a share of the writers to it with "
    f"{TEST_WRITERS_OPTION} 0.1"
)


def check_share(share: float) -> None:
    """Make sure that a share of the writers leaves some for either split.

    Raises:
        UserError: it is not between 0 and 1.
    """
    if not 0 < share < 1:
        problem = "is no share of the writers"
        remedy = "pass a number between 0 and 1, such as 0.1"
        raise UserError(join_message(f"{TEST_WRITERS_OPTION} {share:g}", problem, remedy))


class _Written(Protocol):
    """A dataclass of what has a writer and a split: a `.gnt` file, or pictures."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str: ...
    @property
    def named_split(self) -> NamedSplit: ...
    @property
    def split(self) -> Split: ...
    @property
    def writer(self) -> str: ...


Written = TypeVar("Written", bound=_Written)


def give_writers_to_test(members: Sequence[Written], share: float) -> list[Written]:
    """Move a share of the train split's writers to the test split.

    A writer is chosen by the hash of the name alone, so that it is the same whatever other data are
    there, and all its files go together. Of two writers or more at least one is chosen, and one is
    left.

    Raises:
        UserError: there is one writer only.
    """
    check_share(share)
    train = {member.writer for member in members if member.split is Split.TRAIN}
    if len(train) < 2:
        problem = f"cannot part {len(train)} writer" + ("s" if not train else "")
        remedy = f"name sources of two or more (one .gnt file is one writer), or {TEST_OPTION}"
        raise UserError(join_message(TEST_WRITERS_OPTION, problem, remedy))
    order = sorted(train, key=_place_of)
    chosen = [writer for writer in order if _place_of(writer) < share]
    chosen = chosen[: len(order) - 1] or order[:1]
    named = NamedSplit(Split.TEST, f"{TEST_WRITERS_OPTION} {share:g}")
    taken = set(chosen)
    return [
        replace(member, named_split=named)
        if member.split is Split.TRAIN and member.writer in taken
        else member
        for member in members
    ]


def _place_of(writer: str) -> float:
    """A number from 0 to 1 that the writer's name draws."""
    digest = hashlib.sha256(writer.encode(errors="surrogateescape")).digest()
    return float(int.from_bytes(digest[:8], "big") / 2**64)


def split_lines(members: Iterable[_Written], uncertain: Iterable[str]) -> list[str]:
    """What made members the test split; where a split is missing, that and the way on."""
    files: dict[Split, dict[str, int]] = {split: {} for split in Split}
    for member in members:
        names = files[member.split]
        names[member.named_split.name] = names.get(member.named_split.name, 0) + 1
    lines = []
    by_name = []
    for name, count in sorted(files[Split.TEST].items()):
        if name.startswith(TEST_OPTION):
            lines.append(f"test by {name}: {_files(count)}")
        else:
            by_name.append(f"{name} ({_files(count)})")
    if by_name:
        more = f" and {len(by_name) - _NAMED:,} more" if len(by_name) > _NAMED else ""
        lines.insert(0, f"test by name: {', '.join(by_name[:_NAMED])}{more}")
    lines += [
        f"not certain: {name} may mean the test split and is taken for train; if it is, name it "
        f"with {TEST_OPTION}"
        for name in sorted(set(uncertain))[:_NAMED]
    ]
    if not files[Split.TEST]:
        lines.append(f"no test split: no name tells one; {_HOW_TO_NAME}")
    if not files[Split.TRAIN]:
        lines.append("no train split: all of it is test")
    return lines


def both_splits_lines(members: Iterable[_Written]) -> list[str]:
    """Which writers are in both splits, as far as their names tell; a line, or none."""
    named: dict[Split, dict[str, str]] = {split: {} for split in Split}
    for member in members:
        named[member.split].setdefault(member.writer, member.name)
    both = [name for writer, name in named[Split.TRAIN].items() if writer in named[Split.TEST]]
    if not both:
        return []
    some = ", ".join([*both[:_NAMED], "…"] if len(both) > _NAMED else both)
    return [f"writers in both splits: {len(both):,} ({some})"]


def _files(count: int) -> str:
    return f"{count:,} file" + ("s" if count > 1 else "")
