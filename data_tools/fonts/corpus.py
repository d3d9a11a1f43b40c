"""The sample corpus: labelled `.gnt` files of simulated writers, drawn from the bundled fonts.

It stands in for CASIA HWDB, which needs a licence, so that the same conversion and training run
without it. How one of its writers writes is in `simulated_hand.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.files import flush, writable
from data_tools.fonts.simulated_hand import (
    HANDS_OF_WRITERS,
    Hand,
    draw_sample,
    font_of_writer,
    sample_rng,
)
from data_tools.fonts.typefaces import Font, has_glyph, take_font
from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS, parse_charset, tag_of_character
from data_tools.hwdb.gnt import write_record
from data_tools.hwdb.standard_sets import named_set
from data_tools.parallel import process_count, process_map
from data_tools.replaced_folder import BESIDE, replacing_folder
from data_tools.sources.writing_kinds import FONT_DRAWN_PREFIX


@dataclass(frozen=True)
class CorpusSummary:
    """What `write_corpus` has written."""

    out: Path
    characters: int
    writers: int
    """How many were asked for; who has nothing to write has no file."""
    test_writers: int
    """Likewise."""
    samples: int
    """Records in all files together: a writer leaves out what his font lacks."""


def corpus_characters(charset: str, fonts: Sequence[Path] = ()) -> str:
    """The characters that a corpus for a character set has.

    The paper's 63 where no particular ones are asked for (`hanzi`, `all`). A standard set gives
    what the fonts can draw of it; characters named one by one stay, for `write_corpus` to check.

    Raises:
        UserError: `charset` is no character set.
    """
    characters = parse_charset(charset).characters
    if characters is None:
        return PAPER_FIGURE_CHARACTERS
    if named_set(charset) is not None:
        chosen = [take_font(font) for font in fonts] or HANDS_OF_WRITERS
        characters = frozenset(c for c in characters if any(has_glyph(font, c) for font in chosen))
    return "".join(sorted(characters))


def write_corpus(
    out: Path,
    *,
    characters: Sequence[str] = tuple(PAPER_FIGURE_CHARACTERS),
    writers: int = 400,
    test_writers: int | None = None,
    per_character: int | None = None,
    seed: int = 0,
    fonts: Sequence[Path] = (),
    jobs: int | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> CorpusSummary:
    """Write a corpus: a `.gnt` file for each writer who has something to write, in it a sample of
    each character that is his to write and that his font has.

    A sample depends on the seed, its writer's number and its character alone, so the bytes of a
    file do not change with the number of jobs, nor, if all write all, with how many others write.

    Args:
        out: the folder to make; `font-drawn-trn_gnt` and `font-drawn-tst_gnt` come in it.
        characters: what each writer writes of it, in code point order and without repetitions.
        writers: how many writers to train on, numbered from 1.
        test_writers: how many further writers to test on; a tenth as many if None, at least 1.
        per_character: so many of the writers to train on, drawn at random among those whose font
            has it, write each character, or all of these if they are fewer or it is None. Many
            writers who write a part each show more hands in as many samples.
        seed: another seed means other writers, 0 or more.
        fonts: files that writers write with, in the place of the hands' fonts.
        jobs: processes; one for each usable core if None.
        on_samples: called with the number of samples written so far.

    Raises:
        UserError: a number is too small, no font has a character or no writer such a font, a
            character has no GBK tag, or the folder is not empty or cannot be written. After any
            error the folder is as it was, since a part of the writers would look like all of them.
    """
    if test_writers is None:
        test_writers = max(1, writers // 10)
    _check_numbers(writers=writers, test_writers=test_writers)
    if per_character is not None:
        _check_numbers(per_character=per_character)
    if seed < 0:
        raise UserError(join_message("--seed", f"{seed} is negative", "give 0 or more"))
    chosen: Sequence[Font] = [take_font(font) for font in fonts] or HANDS_OF_WRITERS
    characters = _drawable(characters, writers, test_writers, chosen)
    parts = [f"{FONT_DRAWN_PREFIX}-{part}_gnt" for part in ("trn", "tst")]
    _refuse_used(out, parts)

    numbers = range(1, writers + test_writers + 1)
    shares = _share_out(characters, range(1, writers + 1), per_character, seed, chosen)
    everything = "".join(characters)
    with ExitStack() as stack:
        train, test = [stack.enter_context(replacing_folder(out / part)) for part in parts]
        stack.enter_context(writable(out))
        tasks = [
            (
                number,
                (train if number <= writers else test) / f"{FONT_DRAWN_PREFIX}-{number:04}.gnt",
                shares.get(number, everything),
            )
            for number in numbers
        ]
        with process_map(process_count(jobs, len(tasks))) as parallel:
            samples = 0
            for written in parallel(partial(_write_writer, seed, chosen), tasks):
                samples += written
                if on_samples is not None:
                    on_samples(samples)
    return CorpusSummary(out, len(characters), writers, test_writers, samples)


def _refuse_used(out: Path, parts: Sequence[str]) -> None:
    """Make sure that a folder is new or empty, but for what a killed process has left.

    Raises:
        UserError: there is something in it, or it is none.
    """
    left = {part + ending for part in parts for ending in BESIDE}
    with writable(out):
        if not out.exists() or (out.is_dir() and {path.name for path in out.iterdir()} <= left):
            return
    problem = "there is something already" if out.is_dir() else "this is not a folder"
    raise UserError(join_message(str(out), problem, "name a new or an empty folder"))


def _check_numbers(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            option = f"--{name.replace('_', '-')}"
            raise UserError(join_message(option, f"{number} is too few", "give at least 1"))


def _drawable(
    characters: Sequence[str], writers: int, test_writers: int, fonts: Sequence[Font]
) -> list[str]:
    """The characters in code point order, each once, if so many writers can write them."""
    if not characters:
        raise UserError(join_message("--charset", "no character is in it", "name at least one"))
    characters = sorted(set(characters))
    if lacking := [c for c in characters if not any(has_glyph(font, c) for font in fonts)]:
        some = show_characters(lacking, most=10)
        problem = f"the fonts cannot draw {len(lacking):,} of the characters: {some}"
        raise UserError(join_message("--charset", problem, "leave them out"))
    for character in characters:
        tag_of_character(character)
    used = {font_of_writer(number, fonts) for number in range(1, writers + 1)}
    if lacking := [c for c in characters if not any(has_glyph(font, c) for font in used)]:
        problem = f"no font of so few writers has {show_characters(lacking, most=10)}"
        raise UserError(
            join_message(f"--writers {writers}", problem, f"give at least {len(fonts)}")
        )
    numbers = range(writers + 1, writers + test_writers + 1)
    tested = {font_of_writer(number, fonts) for number in numbers}
    if not any(has_glyph(font, c) for font in tested for c in characters):
        problem = "no font of so few writers has any of the characters"
        remedy = f"give at least {len(fonts)}"
        raise UserError(join_message(f"--test-writers {test_writers}", problem, remedy))
    return characters


def _share_out(
    characters: Sequence[str],
    writers: range,
    per_character: int | None,
    seed: int,
    fonts: Sequence[Font],
) -> dict[int, str]:
    """The characters that each of some writers is to write, or none where all write all."""
    if per_character is None:
        return {}
    shares: dict[int, list[str]] = {number: [] for number in writers}
    font_of = {number: font_of_writer(number, fonts) for number in writers}
    for character in characters:
        having = {font for font in set(font_of.values()) if has_glyph(font, character)}
        able = [number for number, font in font_of.items() if font in having]
        order = sample_rng(seed, 0, character).permutation(len(able))  # no writer has number 0
        for place in order[:per_character].tolist():
            shares[able[place]].append(character)
    return {number: "".join(share) for number, share in shares.items()}


def _write_writer(
    seed: int, fonts: Sequence[Font], writer_path_characters: tuple[int, Path, str]
) -> int:
    """Write the file of one writer; how many samples it has."""
    writer, path, characters = writer_path_characters
    hand = Hand.of_writer(seed, writer, fonts)
    known = [character for character in characters if has_glyph(hand.font, character)]
    if not known:  # a file without records is no file
        return 0
    with path.open("wb") as stream:
        for character in known:
            rng = sample_rng(seed, writer, character)
            write_record(stream, character, draw_sample(character, hand, rng))
    flush(path)
    return len(known)
