"""One table for the objectives: same networks, same store, same images seen, several seeds.

Beside it stand the published figures (Mao et al., 2019, tables of FID and of Inception Scores),
which are of other data, other networks and other features: only the order can be compared. D has
no batch normalisation in any row, since WGAN-GP's penalty is of single images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.judged import Examiner, check_store
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.stability import training_overrides
from hanzi_lsgan.papers.stand_ins import font_drawn_store
from hanzi_lsgan.papers.trials import Trial

OVERRIDES = {
    "NS-GAN": ("objective.loss=non-saturating",),
    "WGAN-GP": ("objective.loss=wasserstein-gp",),
    "LSGAN (0, 1, 1)": ("objective.loss=least-squares", 'objective.labels="0,1,1"'),
    "LSGAN (−1, 1, 0)": ("objective.loss=least-squares", 'objective.labels="-1,1,0"'),
}
"""What sets an objective apart in a recipe."""

PUBLISHED_DATA = ("LSUN", "Cat", "ImageNet", "CIFAR-10")
PUBLISHED_FID = {
    "NS-GAN": (28.04, 15.81, 74.15, 35.25),
    "WGAN-GP": (22.77, 29.03, 62.05, 40.83),
    "LSGAN (0, 1, 1)": (27.21, 15.46, 72.54, 36.46),
    "LSGAN (−1, 1, 0)": (21.55, 14.28, 68.95, 35.19),
}
PUBLISHED_SCORES = (
    "Inception Score on CIFAR-10, published: DCGAN 6.16 (reported), 6.22 (the authors' own), LSGAN "
    "6.47. StudioGAN's LSGAN on CIFAR-10: Inception Score 5.54, FID 67.2."
)

_OTHER_DATA = (
    "OTHER DATA: published FID (Mao et al., 2019), of other networks, data and features; only the "
    "order of its rows can be compared with ours."
)

REAL = "real samples"

_SIZE = 32
_COLOURS = ("#1f618d", "#1e8449", "#c0392b", "#e59866")


@dataclass(frozen=True)
class Settings:
    """Data, networks and how long each is trained.

    Attributes:
        seeds: runs of each objective.
        data: a store, or empty for font-drawn characters; or a folder with CIFAR-10.
        inception: file of Inception's weights, for CIFAR-10.
        characters: how many font-drawn ones.
        writers: simulated ones of each.
        channels: of the networks' widest maps, in pixels.
        batch_size: real samples a step.
        kimg: thousand real samples that each run sees.
        samples: of CIFAR-10 that are compared, and as many generated ones.
        brief_steps: of a judge that is trained in seconds; 0 takes the store's own.
    """

    seeds: int = 3
    data: str = ""
    inception: str = ""
    characters: int = 10
    writers: int = 200
    channels: int = 32
    batch_size: int = 64
    kimg: float = 250
    samples: int = 10_000
    brief_steps: int = 0


FULL = Settings()
QUICK = Settings(
    seeds=1,
    characters=4,
    writers=40,
    channels=8,
    batch_size=32,
    kimg=2,
    samples=32,
    brief_steps=100,
)


def recipe_overrides(name: str, settings: Settings, seed: int) -> list[str]:
    """The recipe's settings for an objective of `OVERRIDES` and a seed."""
    return [
        *training_overrides(settings.channels, settings.batch_size, settings.kimg, seed),
        "model.discriminator_normalisation=none",
        *OVERRIDES[name],
    ]


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train each objective with each seed on characters, and judge them.

    Raises:
        UserError: matplotlib is missing, the store does not suit, or the folder holds something
            else or cannot be written.
    """
    check_store(settings.data, _SIZE)
    record = sitting.begin("table", settings)
    store = (
        Path(settings.data)
        if settings.data
        else font_drawn_store(
            record.folder / "characters.h5",
            PAPER_FIGURE_CHARACTERS[: settings.characters],
            settings.writers,
            _SIZE,
            "aspect",
        )
    )
    examiners: list[Examiner] = []

    def examiner() -> Examiner:
        if not examiners:
            examiners.append(Examiner.of_store(sitting, store, _SIZE, settings.brief_steps))
        return examiners[0]

    def examine(name: str, seed: int) -> Row:
        folder = record.folder / "runs" / f"{list(OVERRIDES).index(name)}-{seed}"
        overrides = recipe_overrides(name, settings, seed)
        trial = Trial(folder, "dcgan32", store, overrides, settings.kimg)
        return trial.train_and_examine(sitting, examiner())

    compare(sitting, record, settings, examine, lambda: examiner().examine_real())
    columns = {
        "frechet": "Fréchet distance",
        "readability": "readability",
        "diversity": "diversity",
        "recogniser_score": "recogniser's score",
    }
    note = (
        "Fréchet distance in the features of the store's recogniser, to its test split; its score "
        "is the Inception Score's formula with its posterior."
    )
    draw_bars(record, "frechet", "Fréchet distance, recogniser's features")
    return summarise(record, settings, columns, note)


def compare(
    sitting: Sitting,
    record: Record,
    settings: Settings,
    examine: Callable[[str, int], Row],
    examine_real: Callable[[], Row],
) -> None:
    """Get the figures of real samples, then of each objective and seed."""
    pieces = [(name, seed) for seed in range(settings.seeds) for name in OVERRIDES]
    parts = [REAL, *(f"{name}, seed {seed}" for name, seed in pieces)]

    def compute(index: int) -> list[Row]:
        of: Row = {"objective": REAL, "seed": ""}
        if index == 0:
            return [of | examine_real()]
        name, seed = pieces[index - 1]
        of = {"objective": name, "seed": seed}
        return [of | examine(name, seed)]

    sitting.work(record, parts, compute)


def summarise(record: Record, settings: Settings, columns: dict[str, str], note: str) -> Summary:
    """Our figures with the published ones beside them."""
    rows: list[tuple[str, ...]] = []
    for name in (*OVERRIDES, REAL):
        of = [row for row in record.rows() if row["objective"] == name]
        ours = (
            mean_and_spread([float(row[column]) for row in of if column in row])
            for column in columns
        )
        published = PUBLISHED_FID.get(name)
        others = (f"{value:g}" for value in published) if published else ("",) * 4
        rows.append((name, *ours, *others))
    return Summary(
        f"Same networks, same data, {settings.kimg:g} thousand real samples each",
        (
            "objective",
            *columns.values(),
            *(f"other data: {data}" for data in PUBLISHED_DATA),
        ),
        rows,
        (note, _OTHER_DATA, PUBLISHED_SCORES),
    )


def draw_bars(record: Record, quantity: str, title: str) -> None:
    """Our figures as bars with each seed's as a dot, and the published ones in a panel apart."""
    with drawing(record.folder, 1, 2, width=9.6, height=3.4) as (_, (ours, published)):
        for place, (name, colour) in enumerate(zip(OVERRIDES, _COLOURS, strict=True)):
            values = [
                float(row[quantity])
                for row in record.rows()
                if row["objective"] == name and quantity in row
            ]
            if values:
                ours.bar(place, float(np.mean(values)), color=colour, alpha=0.6)
                ours.plot([place] * len(values), values, "o", color="#333333", markersize=3)
            places = np.arange(len(PUBLISHED_DATA)) + 0.2 * (place - 1.5)
            published.bar(places, PUBLISHED_FID[name], 0.2, color=colour, label=name)
        ours.set_xticks(range(len(OVERRIDES)), list(OVERRIDES), fontsize=8)
        ours.set(title=f"here: {title}")
        published.set_xticks(range(len(PUBLISHED_DATA)), list(PUBLISHED_DATA))
        published.set(title="published, OTHER data and features: FID")
        published.legend()
