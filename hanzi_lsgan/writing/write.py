"""A text, a hand and settings → pages, and pages → files."""

import unicodedata
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice

from data_tools.characters import CleanedText, clean_lines, show_characters
from data_tools.errors import UserError, join_message
from data_tools.fonts.installed import installed_font_with
from data_tools.parallel import process_count, process_map
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.mark import MARK
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing.characters import WrittenCharacter, write_characters
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.layout import ink_of, lay_out
from hanzi_lsgan.writing.outlines import Contour, trace
from hanzi_lsgan.writing.page_drawing import DrawnPage, check_tilt, draw_page, pressures
from hanzi_lsgan.writing.settings import WritingSettings
from hanzi_lsgan.writing.sheet_picture import SheetPicture

MOST_CHARACTERS = 50_000
"""That a text may have: a hundred sheets, and some gigabytes while they are drawn."""

_FEW = 200  # characters that one process traces faster than others can be started
_BOLDNESS = 0.5  # at full changes of pressure
_CHUNK = 50
_SHOWN_LINES = 3
_LEFTWARD = ("R", "AL")  # Hebrew, and Arabic, whose letters would stand apart too


@dataclass(frozen=True)
class Writing:
    """A text as it was written.

    Attributes:
        pages: in their order.
        facts: what the files say of themselves.
    """

    pages: tuple[DrawnPage, ...]
    facts: Mapping[str, str]


def clean_text(text: str, where: str, can_draw: Callable[[str], bool]) -> CleanedText:
    """A text as pages can hold it: cleaned as by `clean_lines`, its lines parted by line feeds.

    Raises:
        UserError: nothing is left to write, it is too long, marks compose with nothing, or it runs
            from right to left.
    """
    cleaned = clean_lines("\n".join(text.splitlines()), where, can_draw)
    kept = cleaned.whole()
    characters = ink_of(kept)
    if not characters:
        raise UserError(join_message(where, "no character is in it", "give a text to write"))
    if len(characters) > MOST_CHARACTERS:
        problem = f"has {len(characters):,} characters, more than {MOST_CHARACTERS:,}"
        raise UserError(join_message(where, problem, "write it in parts"))
    if leftward := [c for c in characters if unicodedata.bidirectional(c) in _LEFTWARD]:
        problem = f"{show_characters(leftward)} run from right to left, and pages do not"
        raise UserError(join_message(where, problem, "leave them out"))
    return CleanedText(kept, cleaned.remarks)


def write_text(
    trained: TrainedGenerator,
    text: str,
    hand: Hand,
    settings: WritingSettings,
    *,
    title: str = "",
    background: SheetPicture | None = None,
    best_of: BestOf | None = None,
    jobs: int | None = None,
    on_layout: Callable[[int], None] = lambda pages: None,
    on_characters: Callable[[str, int, int], None] = lambda phase, done, total: None,
) -> Writing:
    """Write a text by one hand.

    Args:
        trained: what draws.
        text: as `clean_text` leaves it; each line is a paragraph.
        hand: the writer.
        settings: of the pages.
        title: stands over the text.
        background: a picture of a sheet to write on.
        best_of: chooses among several drawings of each character where given.
        jobs: processes that trace outlines; one for each usable core if None.
        on_layout: told how many pages there will be, before anything is drawn.
        on_characters: told phase, characters done and of how many.

    Raises:
        UserError: the model cannot draw some of the characters, a copybook repeats them too often,
            or tilted lines leave the sheet.
    """
    refuse_undrawable(trained, title, "the title")
    refuse_undrawable(trained, text, "the text")
    characters = ink_of(title + text)
    known = trained.with_unseen(characters)
    pages = lay_out(text, settings, hand.place, title)
    if settings.copybook:
        _refuse_too_many(sum(len(line.characters) for page in pages for line in page.lines))
    check_tilt(pages, settings)
    on_layout(len(pages))
    written = []
    for one in write_characters(known, characters, hand, best_of=best_of):
        written.append(one)
        on_characters("writing", len(written), len(characters))
    levels = pressures(len(written), settings.pressure * _BOLDNESS, hand.seed)
    drawn = []
    with closing(_trace_all(written, levels, jobs, on_characters)) as all_traced:
        traced = enumerate(all_traced)
        for number, page in enumerate(pages):
            # One sheet's alone: once placed they are there anew, and all of a book's twice.
            outlines = dict(islice(traced, len({one.index for one in page.characters})))
            seed = hand.seed + number
            drawn.append(draw_page(page, outlines, settings, seed=seed, background=background))
    facts = {
        "title": title or characters[:20],
        "creator": f"hanzi-lsgan {version('hanzi-lsgan')}",
        "subject": f"{MARK}: nobody wrote this by hand",
    }
    return Writing(tuple(drawn), facts)


def _refuse_too_many(count: int) -> None:
    """Make sure that no copybook takes more memory than the longest text.

    Raises:
        UserError: it does.
    """
    if count > MOST_CHARACTERS:
        problem = f"has {count:,} characters with those to trace, more than {MOST_CHARACTERS:,}"
        raise UserError(join_message("the copybook", problem, "write it in parts"))


def undrawable(trained: TrainedGenerator, characters: str) -> str:
    """The characters of a text that cannot be drawn, each once."""
    return "".join(c for c in dict.fromkeys(ink_of(characters)) if not trained.can_draw(c))


def refuse_undrawable(trained: TrainedGenerator, text: str, where: str) -> None:
    """Make sure, before a page is begun, that all characters of a text can be drawn.

    Raises:
        UserError: some cannot; names an installed font that would do, if there is one.
    """
    if missing := undrawable(trained, text):
        problem = f"{len(missing):,} of the characters cannot be drawn: {show_characters(missing)}"
        problem += _lines_with(missing, text)
        if not trained.draws_unseen:
            remedy = "the model draws what it was trained on alone: write others"
        elif font := installed_font_with(missing):
            remedy = f"take them from {font} with --fallback, or name another font with --font"
        else:
            remedy = "no font here has all of them: name one that does with --font, or write others"
        raise UserError(join_message(where, problem, remedy))


def _lines_with(characters: str, text: str) -> str:
    """In which lines of a text characters are; nothing of a text of one line."""
    lines = text.splitlines()
    if len(lines) == 1:
        return ""
    numbers = [f"{n:,}" for n, line in enumerate(lines, start=1) if set(characters) & set(line)]
    shown = ", ".join(numbers[:_SHOWN_LINES]) + (" …" if len(numbers) > _SHOWN_LINES else "")
    return f" (line{'s' if len(numbers) > 1 else ''} {shown})"


def _trace_all(
    written: Sequence[WrittenCharacter],
    levels: Sequence[float],
    jobs: int | None,
    on_characters: Callable[[str, int, int], None],
) -> Generator[tuple[Contour, ...]]:
    pairs = list(zip(written, levels, strict=True))
    chunks = [pairs[i : i + _CHUNK] for i in range(0, len(pairs), _CHUNK)]
    count = 1 if len(pairs) <= _FEW else process_count(jobs, len(chunks))
    done = 0
    with process_map(count) as parallel:
        for traced in parallel(_trace_chunk, chunks):
            done += len(traced)
            on_characters("tracing", done, len(pairs))
            yield from traced


def _trace_chunk(pairs: Sequence[tuple[WrittenCharacter, float]]) -> list[tuple[Contour, ...]]:
    return [trace(written, level) for written, level in pairs]
