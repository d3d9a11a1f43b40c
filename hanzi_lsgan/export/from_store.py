"""The samples of a store."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.sources.writing_kinds import NAME_PREFIXES, PEN, kind_told_by
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.export.sample import Sample, character_folder

_BLOCK_ROWS = 1024


def store_samples(
    store: Store, splits: Sequence[Split], characters: str | None = None
) -> Iterator[Sample]:
    """The glyphs of a store as they are, in the order of its rows.

    Args:
        store: must stay open meanwhile.
        splits: of the store; with more than one, folders are divided by them.
        characters: only these; all by default.
    """
    kept = set(store.charset if characters is None else characters)
    told = [_kind_to_tell(number, store) for number in range(len(store.sources))]
    writers = [_writer_name(number, store, kind) for number, kind in enumerate(told)]
    for split in splits:
        name = split.name.lower() if len(splits) > 1 else ""
        for label, character in enumerate(store.charset):
            if character not in kept:
                continue
            folder = character_folder(character)
            rows = store.rows_of_class(split, label)
            for start in range(0, len(rows), _BLOCK_ROWS):
                block = rows[start : start + _BLOCK_ROWS]
                for row, image in zip(block, store.images(block), strict=True):
                    source = store.writers[row]
                    yield Sample(image, character, folder, writers[source], name, kind=told[source])


def count_samples(store: Store, splits: Sequence[Split], characters: str | None = None) -> int:
    """How many samples `store_samples` gives.

    Raises:
        UserError: a character is not in the store, or there is no sample.
    """
    kept = store.charset if characters is None else characters
    labels = {character: label for label, character in enumerate(store.charset)}
    if lacking := [character for character in kept if character not in labels]:
        problem = f"{show_characters(lacking)} not in {store.path}"
        raise UserError(join_message("--chars", problem, "leave them out"))
    wanted = [labels[character] for character in set(kept)]
    total = sum(int(store.counts(split)[wanted].sum()) for split in splits)
    if not total:
        named = " and ".join(split.name.lower() for split in splits)
        problem, remedy = f"has no sample in {named}", "choose another --split"
        if characters is not None:
            problem = f"has no sample of these characters in {named}"
            remedy = "choose another --split or --chars"
        raise UserError(join_message(str(store.path), problem, remedy))
    return total


def kinds_not_told(store: Store, splits: Sequence[Split], one_file: str = "") -> list[str]:
    """Kinds of writing of samples whose files' names tell `prepare` another kind.

    Args:
        store: whose samples were written.
        splits: of the store.
        one_file: the name of the file that all are in; by default there are names of writers.
    """
    lost = set()
    for split in splits:
        rows = store.rows_of(split)
        for number in np.unique(store.writers[rows.start : rows.stop]).tolist():
            told = _kind_to_tell(number, store)
            own = (store.header.kinds[number] if store.header.kinds else told) or PEN
            if own != ((kind_told_by(one_file) if one_file else told) or PEN):
                lost.add(own)
    return sorted(lost)


def _kind_to_tell(number: int, store: Store) -> str:
    """The kind of a source that names can tell: by its own name, else as the store has it."""
    own = store.header.kinds[number] if store.header.kinds else ""
    return kind_told_by(store.sources[number].name) or (own if own in NAME_PREFIXES else "")


def _writer_name(number: int, store: Store, told: str) -> str:
    """`0012-1001-c`: the number keeps files of one name in different sources apart.

    One of a kind that names tell begins with what `prepare` knows it by: `font-drawn-0012-0001`.
    """
    name = PurePosixPath(store.sources[number].name).stem
    if told:
        rest = name.removeprefix(NAME_PREFIXES[told]).removeprefix("-")
        return "-".join(filter(None, (NAME_PREFIXES[told], f"{number:04}", rest)))
    return f"{number:04}-{name}"
