"""The figure of characters: real above generated, by the original networks and schedule.

Figure 8 of Mao et al., 2017: a conditional LSGAN, 3,740 classes, 63 of them shown. The schedule
is a million steps, which takes days on a CPU, so each sitting trains for as long as it may, judges
what it has, and draws it; the next one goes on.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
from data_tools.store.reader import Store
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.models import Generator
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.judged import Examiner, check_store
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread
from hanzi_lsgan.papers.sitting import Sitting, Unfinished
from hanzi_lsgan.papers.stand_ins import font_drawn_store
from hanzi_lsgan.papers.trials import Trial
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training.signals import noted_signals

_DOTS_PER_INCH = 100
_FIGURES = ("readability", "diversity", "frechet", "recogniser_score")


@dataclass(frozen=True)
class Settings:
    """Data and recipe.

    Attributes:
        seeds: runs, one after the other; the first is drawn.
        data: a store, or empty for font-drawn characters.
        recipe: its name; another than the original's shows the same figure of it.
        characters: how many are drawn, the figure's first and then others of the store, and how
            many font-drawn ones there are.
        writers: simulated ones of each.
        kimg: thousand real samples in all; 0 takes the recipe's.
        rows: real rows, and generated ones.
        brief_steps: of a judge that is trained in seconds; 0 takes the store's own.
    """

    seeds: int = 1
    data: str = ""
    recipe: str = "paper28"
    characters: int = len(PAPER_FIGURE_CHARACTERS)
    writers: int = 200
    kimg: float = 0
    rows: int = 1
    brief_steps: int = 0


FULL = Settings()
QUICK = Settings(characters=6, writers=30, kimg=0.64, brief_steps=100)


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train for this sitting, judge, and draw the characters.

    Raises:
        UserError: matplotlib is missing, the store does not suit the recipe, or the folder holds
            something else or cannot be written.
    """
    recipe = load_recipe(settings.recipe)
    size = recipe.model.size
    check_store(settings.data, size)
    record = sitting.begin("hanzi", settings)
    store = (
        Path(settings.data)
        if settings.data
        else font_drawn_store(
            record.folder / "characters.h5",
            PAPER_FIGURE_CHARACTERS[: settings.characters],
            settings.writers,
            size,
            "stretch" if size == 28 else "aspect",
        )
    )
    kimg = settings.kimg or recipe.train.kimg
    trials = [
        Trial(
            record.folder / f"run-{seed}",
            settings.recipe,
            store,
            ["train.score_samples=0", f"train.seed={seed}"],
            kimg,
        )
        for seed in range(settings.seeds)
    ]
    with noted_signals() as sitting.signals:
        ended = [not sitting.over and _train(sitting, trial) for trial in trials]
        sitting.finished = all(ended)
        if (generator := trials[0].generator()) is not None:
            _draw(record, generator, store, settings)
        if not sitting.signals:  # the judge may have to be trained first, which takes minutes
            _judge(sitting, record, trials, size, settings)
    record.close(record.parts)
    return _summarise(record, settings)


def _judge(
    sitting: Sitting, record: Record, trials: list[Trial], size: int, settings: Settings
) -> None:
    """Add the figures of what each run draws now, beside those of real samples."""
    try:
        examiner = Examiner.of_store(sitting, trials[0].store, size, settings.brief_steps)
    except Unfinished:
        return
    if not record.has("real samples"):
        of: Row = {"of": "real samples", "seed": "", "images": ""}
        record.add("real samples", [of | examiner.examine_real()])
    for seed, trial in enumerate(trials):
        if (generator := trial.generator()) is None:
            continue
        images = trial.images_seen()
        if not record.has(part := f"seed {seed}, {images} images"):
            of = {"of": settings.recipe, "seed": seed, "images": images}
            record.add(part, [of | examiner.examine(generator)])


def _train(sitting: Sitting, trial: Trial) -> bool:
    """Train for this sitting; whether the schedule came to its end."""
    try:
        return trial.train(sitting)
    except Unfinished:
        return False


def _draw(record: Record, generator: Generator, path: Path, settings: Settings) -> None:
    with Store(path) as store:
        known = "".join(c for c in PAPER_FIGURE_CHARACTERS if c in store.charset)
        others = "".join(c for c in store.charset if c not in known)
        characters = (known + others)[: settings.characters]
        page = render_comparison(
            generator, store.charset, characters, store=store, rows=settings.rows, seed=0
        )
    width, height = page.width / _DOTS_PER_INCH, page.height / _DOTS_PER_INCH
    with drawing(record.folder, 1, 1, width=width, height=height) as (_, (axis,)):
        axis.set_axis_off()
        axis.imshow(np.asarray(page), cmap="gray", vmin=0, vmax=255, interpolation="none")


def _summarise(record: Record, settings: Settings) -> Summary:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in record.rows():
        groups.setdefault((str(row["of"]), str(row["images"])), []).append(row)
    rows: list[tuple[str, ...]] = [
        (of, images, *(mean_and_spread([float(row[name]) for row in group]) for name in _FIGURES))
        for (of, images), group in groups.items()
    ]
    schedule = load_recipe(settings.recipe).train.kimg
    return Summary(
        "Characters by the original networks and schedule"
        if settings.recipe == "paper28"
        else f"Characters by the recipe {settings.recipe}",
        ("of", "images seen", "readability", "diversity", "Fréchet", "recogniser's score"),
        rows,
        (f"A row a sitting; the schedule is {schedule:,.0f} thousand images.",),
    )
