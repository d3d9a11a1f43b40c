"""What lines read: the lines of a text, or characters drawn by lot."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from data_tools.characters import clean_lines, show_characters
from data_tools.errors import UserError, join_message

_SHOWN_LINES = 3


@dataclass(frozen=True)
class LineTexts:
    """What lines are to read.

    Attributes:
        texts: each one line, without white space at its ends, never empty.
        left_out: lines of the source that have characters which cannot be drawn, or marks that
            compose with nothing.
        remarks: what was changed that a user may not expect.
    """

    texts: tuple[str, ...]
    left_out: int
    remarks: tuple[str, ...]


def lines_of_text(
    text: str,
    most: int,
    can_draw: Callable[[str], bool],
    *,
    where: str = "the text",
    skip_unknown: bool = False,
) -> LineTexts:
    """Cut a text into lines that can be written.

    Args:
        text: each of its lines is one, or several of at most `most` characters; white space within
            becomes one space.
        most: characters of a line, spaces included.
        can_draw: whether a character can be drawn.
        where: what messages call the text.
        skip_unknown: leave lines out that have other characters, where else they are named.

    Raises:
        UserError: no line is left, a character cannot be drawn, or marks compose with nothing.
    """
    cleaned = clean_lines(text, where, can_draw)
    if cleaned.stray and not skip_unknown:
        raise next(iter(cleaned.stray.values()))
    texts: list[str] = []
    unknown: dict[int, str] = {}
    for number, source in enumerate(cleaned.lines, start=1):
        line = " ".join(source.split())
        lacking = "".join(dict.fromkeys(c for c in line if c != " " and not can_draw(c)))
        if lacking:
            unknown[number] = lacking
        else:
            texts += _cut(line, most)
    if unknown and not skip_unknown:
        raise UserError(_describe_unknown(unknown, where))
    left_out = len(unknown) + len(cleaned.stray)
    if not texts:
        problem = "no line that can be drawn is in it" if left_out else "no character is in it"
        raise UserError(join_message(where, problem, "give a text, or draw lots with --sample"))
    return LineTexts(tuple(texts), left_out, cleaned.remarks)


def _cut(line: str, most: int) -> Iterable[str]:
    while line:
        yield line[:most].rstrip()
        line = line[most:].lstrip()


def _describe_unknown(unknown: dict[int, str], where: str) -> str:
    shown = [
        f"line {number:,}: {show_characters(characters)}"
        for number, characters in list(unknown.items())[:_SHOWN_LINES]
    ]
    more = " …" if len(unknown) > _SHOWN_LINES else ""
    lines = f"{len(unknown):,} line{'s have' if len(unknown) > 1 else ' has'}"
    problem = f"{lines} characters that cannot be drawn ({'; '.join(shown)}{more})"
    return join_message(where, problem, "write others, or leave such lines out by --skip-unknown")


def sampled_lines(
    characters: str, count: int, most: int, seed: int, *, balance: bool = False
) -> tuple[str, ...]:
    """Draw lines by lot, of 1 to `most` characters, each length equally often.

    Args:
        characters: to choose among, each equally likely.
        count: of the lines.
        most: characters of a line.
        seed: decides all.
        balance: each character equally often, or once more than another at most.
    """
    rng = np.random.default_rng((seed, count))
    lengths = rng.integers(1, most + 1, count)
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    if balance:
        rounds = -(-total // len(characters))
        drawn = np.concatenate([rng.permutation(len(characters)) for _ in range(rounds)])[:total]
    else:
        drawn = rng.integers(0, len(characters), total)
    stream = "".join(characters[index] for index in drawn.tolist())
    starts = (ends - lengths).tolist()
    return tuple(stream[start:end] for start, end in zip(starts, ends.tolist(), strict=True))
