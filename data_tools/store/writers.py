"""Who wrote the samples of a store, by the names of its sources.

Sources of one name are one person's halves for train and test, unless two of them are in one split:
then nothing tells whether several people are called alike.
"""

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.splits import Split
from data_tools.store.reader import Store

LEAST_CHARACTERS = 10
"""By fewer nobody's hand is known."""

_NAMED = 5  # writers, in an error


@dataclass(frozen=True)
class Writer:
    """Whoever wrote a source, or one in each split.

    Attributes:
        source_name: of the sources, as the store has it.
        number: from 1, among several writers whose sources have one name; 0 where no other has it.
        kind: of writing; without a name where all are of one kind.
        sources: their indices.
        characters: how many different ones of his the store has.
    """

    source_name: str
    number: int
    kind: str
    sources: tuple[int, ...]
    characters: int

    @property
    def name(self) -> str:
        """What nobody else of the store is called."""
        return f"{self.source_name} ({self.number})" if self.number else self.source_name


def writers_of(store: Store) -> list[Writer]:
    """All writers of a store, who wrote most characters first."""
    kinds = store.header.kinds or [""] * len(store.sources)
    named: dict[tuple[str, str], list[int]] = {}
    for number, (source, kind) in enumerate(zip(store.sources, kinds, strict=True)):
        named.setdefault((source.name, kind), []).append(number)
    in_split = np.unique(np.stack([store.writers, store.splits]), axis=1)
    splits_of = [set(in_split[1, in_split[0] == number]) for number in range(len(store.sources))]
    groups: list[tuple[str, str, list[int]]] = []
    for (name, kind), sources in named.items():
        splits = Counter(split for number in sources for split in splits_of[number])
        if all(times == 1 for times in splits.values()):
            groups.append((name, kind, sources))
        else:
            groups += [(name, kind, [number]) for number in sources]
    of_source = np.empty(len(store.sources), np.int64)
    for writer, (_, _, sources) in enumerate(groups):
        of_source[sources] = writer
    written = np.unique(np.stack([of_source[store.writers], store.labels]), axis=1)
    counts = np.bincount(written[0], minlength=len(groups)).tolist()
    times = Counter(name for name, _, _ in groups)
    given: Counter[str] = Counter()
    found = []
    for (name, kind, sources), count in zip(groups, counts, strict=True):
        given[name] += 1
        number = given[name] if times[name] > 1 else 0
        found.append(Writer(name, number, kind, tuple(sources), count))
    return sorted(found, key=lambda writer: (-writer.characters, writer.source_name, writer.number))


def has_known_hands(store: Store) -> bool:
    """Whether any writer of a store has written enough for his hand to be known.

    Where nothing names the writers of pictures, each folder counts as one, be it of one character.
    """
    return writers_of(store)[0].characters >= LEAST_CHARACTERS


def find_writer(store: Store, name: str) -> Writer:
    """The writer of a name: a source's, or the end of its path, with its ending or without.

    Raises:
        UserError: there is none of that name, or several.
    """
    writers = writers_of(store)
    found = [writer for writer in writers if name in (writer.name, writer.source_name)]
    if not found:
        found = [
            writer
            for writer in writers
            if _ends_with(writer.source_name, name) or _ends_with(writer.name, name)
        ]
    if len(found) == 1:
        return found[0]
    named = ", ".join(dict.fromkeys(writer.name for writer in found or writers[:_NAMED]))
    if found:
        problem = f"{store.path} has {len(found)} of this name"
        remedy = f"say which: {named}"
    else:
        problem = f"{store.path} has nobody of this name"
        command = f"hanzi-lsgan hands --data {shlex.quote(str(store.path))}"
        remedy = f"take one that `{command}` lists, such as {named}"
    raise UserError(join_message(f"--writer {name}", problem, remedy))


def rows_by(store: Store, writer: Writer | None) -> NDArray[np.intp]:
    """The rows that a writer wrote, of both splits; without one, all of the train split."""
    if writer is None:
        rows = store.rows_of(Split.TRAIN)
        return np.arange(rows.start, rows.stop)
    return np.flatnonzero(np.isin(store.writers, writer.sources))


def _ends_with(path: str, name: str) -> bool:
    """Whether a name is that of a path's last part or parts, with its ending or without."""
    whole = str(PurePosixPath(path).with_suffix(""))
    return any(f"/{given}".endswith(f"/{name}") for given in (path, whole))
