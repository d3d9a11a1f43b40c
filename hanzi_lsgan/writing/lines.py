"""Texts → labelled lines, each by a hand, in as many processes as wanted."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, islice

import numpy as np
import torch

from data_tools.parallel import process_count, process_map
from hanzi_lsgan.drawing.images import draw_pairs, labels_of, mix_seed
from hanzi_lsgan.export.line_files import LabelledLine
from hanzi_lsgan.export.sample import png_bytes
from hanzi_lsgan.mark import MARK
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing.characters import WrittenCharacter
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.line_degradations import Degradations, degrade
from hanzi_lsgan.writing.line_setting import Habit, set_line

_LINES_A_TASK = 64  # so many characters that batches are full
_REUSING_LINES_A_TASK = 4096  # of a hand, all of whose characters each process then draws
_MOST_HANDS = 10**9


@dataclass(frozen=True)
class LineSettings:
    """How lines are written.

    Attributes:
        seed: decides all.
        down: columns.
        hands: of how many hands each line is one, those that `hands` shows first; None where
            each has its own.
        lines_a_hand: that a hand writes one after the other.
        reuse: draw each character once for these lines, and bend it a little where it comes again.
        degradations: of the pictures.
    """

    seed: int = 0
    down: bool = False
    hands: int | None = None
    lines_a_hand: int = 1
    reuse: bool = False
    degradations: Degradations = field(default_factory=Degradations)


@dataclass(frozen=True)
class _Task:
    """Lines in a row, whose characters are drawn together.

    Attributes:
        first: the number of the first line; a hand's first but where a hand has several tasks.
        texts: of the lines.
        before: how many characters the first line's hand has written in earlier tasks.
        repertoire: all that the hand writes, in its tasks too; empty where it has one task, or does
            not reuse what it has drawn.
    """

    first: int
    texts: tuple[str, ...]
    before: int = 0
    repertoire: str = ""


def draw_lines(
    trained: TrainedGenerator,
    texts: Sequence[str],
    settings: LineSettings,
    *,
    jobs: int | None = None,
) -> Generator[LabelledLine, None, None]:
    """Write each text as a line; the number of processes changes nothing.

    Args:
        trained: what draws.
        texts: none empty.
        settings: of the lines.
        jobs: processes; one for each usable core if None, and one alone where a GPU draws.

    Yields:
        Lines in their order; to be closed where not all are wanted, which ends the processes.

    Raises:
        UserError: the model cannot draw some of the characters.
    """
    characters = _each_once(texts)
    known = trained.with_unseen(characters)
    labels_of(characters, known.charset)
    tasks = list(_tasks(texts, settings))
    on_cpu = next(known.network.parameters()).device.type == "cpu"
    count = process_count(jobs, len(tasks)) if on_cpu else 1
    with process_map(count) as parallel:
        # To each process once, as it takes longer to send than a line to write.
        list(parallel(partial(_hold, settings=settings), [known] * count))
        for lines in parallel(_write_task, tasks):
            yield from lines


def _tasks(texts: Sequence[str], settings: LineSettings) -> Iterator[_Task]:
    """Several hands' lines in one task, or a hand's in several: none may fill the memory."""
    most = _REUSING_LINES_A_TASK if settings.reuse else _LINES_A_TASK
    hands_a_task = -(-_LINES_A_TASK // settings.lines_a_hand)
    step = hands_a_task * settings.lines_a_hand
    for first in range(0, len(texts), step):
        lines = texts[first : first + step]
        if settings.lines_a_hand <= most:
            yield _Task(first, tuple(lines))
            continue
        repertoire = _each_once(lines) if settings.reuse else ""
        before = 0
        for start in range(0, len(lines), most):
            part = tuple(lines[start : start + most])
            yield _Task(first + start, part, before, repertoire)
            if not settings.reuse:  # where a repertoire is drawn from its beginning each time
                before += len("".join(part).replace(" ", ""))


def _each_once(texts: Sequence[str]) -> str:
    """The characters of texts but spaces, each where it comes first."""
    return "".join(dict.fromkeys("".join(texts))).replace(" ", "")


_held: list[tuple[TrainedGenerator, LineSettings]] = []
_kept: dict[int, list[WrittenCharacter]] = {}
"""What the last hand of several tasks has drawn to reuse, by the number of its lines' block."""


def _hold(trained: TrainedGenerator, settings: LineSettings) -> None:
    _held[:] = [(trained, settings)]
    _kept.clear()


def _write_task(task: _Task) -> list[LabelledLine]:
    trained, settings = _held[0]
    numbered = enumerate(task.texts, start=task.first)
    blocks = [
        (block, list(lines))
        for block, lines in groupby(numbered, lambda line: line[0] // settings.lines_a_hand)
    ]
    hands = [_hand(trained, block, settings) for block, _ in blocks]
    # What a hand draws: each character of its lines in its place, or each once.
    drawn = ["".join(text for _, text in lines).replace(" ", "") for _, lines in blocks]
    if settings.reuse:
        drawn = [task.repertoire or _each_once(characters) for characters in drawn]
    with _one_thread():
        block = blocks[0][0]
        if block in _kept:
            characters = _kept[block]
        else:
            # A repertoire is drawn whole: then no image hangs on which task a process has first.
            characters = list(_write(trained, [hand for _, hand in hands], drawn, task.before))
            _kept.clear()
            if task.repertoire:
                _kept[block] = characters
        everything = iter(characters)
        result = []
        for (_, lines), (number, _), of_hand in zip(blocks, hands, drawn, strict=True):
            written = list(islice(everything, len(of_hand)))
            by_character = {one.character: one for one in written}
            in_order = iter(written)
            take = by_character.__getitem__ if settings.reuse else lambda c, i=in_order: next(i)
            for line, text in lines:
                chosen = [None if c == " " else take(c) for c in text]
                result.append(_finish(line, text, chosen, number, settings))
    return result


def _hand(trained: TrainedGenerator, block: int, settings: LineSettings) -> tuple[int, Hand]:
    """The number of the hand of a block of lines, and the hand."""
    seed = mix_seed(settings.seed, block)
    number = seed % (settings.hands or _MOST_HANDS)
    return number, Hand.named(trained.network, str(number), seed)


def _write(
    trained: TrainedGenerator, hands: Sequence[Hand], drawn: Sequence[str], before: int
) -> Iterator[WrittenCharacter]:
    """All characters of all hands, in full batches.

    Args:
        trained: what draws.
        hands: the writers.
        drawn: what each writes.
        before: how many characters the first of them has written already.
    """
    labels = labels_of("".join(drawn), trained.charset)
    starts = [before, *[0] * (len(hands) - 1)]
    latents = torch.cat(
        [
            hand.latents(range(start, start + len(characters)))
            for hand, characters, start in zip(hands, drawn, starts, strict=True)
        ]
    )
    rows = torch.arange(len(labels))
    batches = draw_pairs(trained.network, latents, rows, torch.tensor(labels))
    images = (image for batch in batches for image in batch)
    for hand, characters in zip(hands, drawn, strict=True):
        for character in characters:
            yield WrittenCharacter.by(hand, character, next(images))


def _finish(
    line: int,
    text: str,
    written: Sequence[WrittenCharacter | None],
    hand: int,
    settings: LineSettings,
) -> LabelledLine:
    rng = np.random.default_rng((settings.seed, line))
    result = set_line(written, Habit.of_hand(hand), rng, down=settings.down)
    result = degrade(result, settings.degradations, rng)
    height, width = result.image.shape
    most = np.array([width, height, width, height])
    outward = np.concatenate([np.floor(result.boxes[:, :2]), np.ceil(result.boxes[:, 2:])], axis=1)
    boxes = np.clip(outward, 0, most).astype(int).tolist()
    characters = text.replace(" ", "")
    facts = {"hand": hand, "width": width, "height": height, "made_by": MARK}
    return LabelledLine(
        png_bytes(result.image, MARK),
        text,
        tuple((c, tuple(box)) for c, box in zip(characters, boxes, strict=True)),
        facts,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute in one thread: processes are what shares the work here."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
