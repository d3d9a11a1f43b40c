"""An evaluation as one HTML file: figures, what was misread as what, best and worst rows."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image

from data_tools.files import replacing
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import load_rows
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.judging.judge import Judge
from hanzi_lsgan.judging.look_alikes import shapes_of
from hanzi_lsgan.judging.recogniser import read_glyphs
from hanzi_lsgan.judging.scores import CharacterScore, Scores
from hanzi_lsgan.models import Generator

_WORST_CHARACTERS = 12
_MISREAD_SHOWN = 6
_DRAWN_TO_FIND_MISREAD = 200
_BACKGROUND = 255
_REAL_SHOWN = 4
_ROW_CHARACTERS = 12
_ROWS = 2
_SEED = 0
_SCALE = 2


@dataclass(frozen=True)
class _Misread:
    """A generated sample, as a data URI, and the character it was read as."""

    image: str
    read_as: str


@dataclass(frozen=True)
class _Confusion:
    """A character that is read badly; images are data URIs.

    Attributes:
        score: of the character.
        misread: generated samples that were misread.
        real: real samples of the character.
        mistaken_for: real samples of what it is most often misread as, if of anything.
    """

    score: CharacterScore
    misread: list[_Misread]
    real: str
    mistaken_for: str | None


def write_report(
    path: Path, scores: Scores, generator: Generator, judge: Judge, store: Store
) -> None:
    """Write the report of an evaluation, with every picture inside it.

    Raises:
        UserError: `path` cannot be written, or the store cannot be read.
    """
    ranked = sorted(scores.characters, key=lambda score: score.top1)
    characters = "".join(score.character for score in ranked)
    page = _environment().get_template("report.html.jinja")
    text = page.render(
        scores=scores,
        ranked=ranked,
        confusions=[
            _confusion(score, generator, judge, store) for score in ranked[:_WORST_CHARACTERS]
        ],
        best_rows=_rows(characters[::-1][:_ROW_CHARACTERS], generator, scores.kind, store),
        worst_rows=_rows(characters[:_ROW_CHARACTERS], generator, scores.kind, store),
    )
    with replacing(path) as unfinished:
        unfinished.write_text(text, "utf-8")


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hanzi_lsgan.judging", ""),
        autoescape=select_autoescape(["jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _confusion(
    score: CharacterScore, generator: Generator, judge: Judge, store: Store
) -> _Confusion:
    charset = judge.charset
    label = charset.index(score.character)
    images = draw_class(generator, label, _DRAWN_TO_FIND_MISREAD, _SEED)
    _, guesses = read_glyphs(judge.recogniser, images)
    shapes = shapes_of(charset)
    wrong = np.flatnonzero(shapes[guesses[:, 0]] != shapes[label])[:_MISREAD_SHOWN]
    misread = [
        _Misread(_data_uri(Image.fromarray(images[index])), charset[guesses[index, 0]])
        for index in wrong.tolist()
    ]
    mistaken_for = charset.index(score.read_as) if score.read_as else None
    return _Confusion(
        score,
        misread,
        real=_real_samples(label, judge, store),
        mistaken_for=None if mistaken_for is None else _real_samples(mistaken_for, judge, store),
    )


def _real_samples(label: int, judge: Judge, store: Store) -> str:
    """The first test samples of a character side by side."""
    size = judge.recogniser.size
    rows = store.rows_of_class(Split.TEST, label, judge.kind)[:_REAL_SHOWN]
    if not rows:
        rows = store.rows_of_class(Split.TRAIN, label, judge.kind)[:_REAL_SHOWN]
    if not rows:  # known by other kinds of writing alone
        return _data_uri(Image.new("L", (size, size), _BACKGROUND))
    return _data_uri(Image.fromarray(np.concatenate(list(load_rows(store, rows, size)), axis=1)))


def _rows(characters: str, generator: Generator, kind: str, store: Store) -> str:
    picture = render_comparison(
        generator,
        store.charset,
        characters,
        store=store,
        kind=kind,
        rows=_ROWS,
        seed=_SEED,
        scale=_SCALE,
    )
    return _data_uri(picture)


def _data_uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
