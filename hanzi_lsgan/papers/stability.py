"""Training without normalisation, and on data that hardly varies: which objective still succeeds.

Figure 6 of Mao et al., 2017, takes batch normalisation from G, trained by Adam, and from both
networks, trained by RMSProp; the later article adds data of small variance. Here that is done with
DCGAN's networks on characters. A run succeeds where the judge reads its samples and they vary.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS
from data_tools.store.reader import Store
from hanzi_lsgan.papers.figure import drawing
from hanzi_lsgan.papers.judged import Examiner, check_store
from hanzi_lsgan.papers.record import Record, Row, Summary, mean_and_spread, success_share
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.stand_ins import font_drawn_store, small_variance_store
from hanzi_lsgan.papers.trials import Trial

_SIZE = 32
_LOSSES = {
    "least squares (0, 1, 1)": "least-squares",
    "non-saturating": "non-saturating",
}


@dataclass(frozen=True)
class Condition:
    """What is made hard.

    Attributes:
        name: in tables.
        overrides: of the recipe.
        digits: whether the data are digits of small variance.
    """

    name: str
    overrides: tuple[str, ...] = ()
    digits: bool = False


_NO_NORM_G = "model.generator_normalisation=none"
_NO_NORM_D = "model.discriminator_normalisation=none"
CONDITIONS = (
    Condition("normalised, Adam"),
    Condition("none in G, Adam", (_NO_NORM_G,)),
    Condition("none in G and D, RMSProp", (_NO_NORM_G, _NO_NORM_D, "train.optimizer=rmsprop")),
    Condition("digits of small variance", digits=True),
)


@dataclass(frozen=True)
class Settings:
    """Data, networks and how long each is trained.

    Attributes:
        seeds: runs of each condition and loss.
        data: a store, or empty for font-drawn characters.
        characters: how many font-drawn ones.
        writers: simulated ones of each, and samples of each digit.
        channels: of the networks' widest maps, in pixels.
        batch_size: real samples a step.
        kimg: thousand real samples that each run sees.
        brief_steps: of a judge that is trained in seconds; 0 takes the store's own.
        readable: readability that a success has at least.
        varied: diversity that it has at least, 1 being that of real samples.
    """

    seeds: int = 3
    data: str = ""
    characters: int = 10
    writers: int = 200
    channels: int = 32
    batch_size: int = 64
    kimg: float = 250
    brief_steps: int = 0
    readable: float = 0.5
    varied: float = 0.25


FULL = Settings()
QUICK = Settings(
    seeds=1, characters=4, writers=40, channels=8, batch_size=32, kimg=2, brief_steps=100
)


def run(sitting: Sitting, settings: Settings = FULL) -> Summary:
    """Train each condition with each loss and seed, judge, and draw the first seed's samples.

    Raises:
        UserError: matplotlib is missing, the store does not suit, or the folder holds something
            else or cannot be written.
    """
    check_store(settings.data, _SIZE)
    record = sitting.begin("stability", settings)
    pieces = [
        (condition, loss, seed)
        for seed in range(settings.seeds)
        for condition in CONDITIONS
        for loss in _LOSSES
    ]
    parts = [f"{condition.name}, {loss}, seed {seed}" for condition, loss, seed in pieces]
    stores = _stores(record, settings)
    examiners: dict[bool, Examiner] = {}

    def compute(index: int) -> list[Row]:
        condition, loss, seed = pieces[index]
        digits = condition.digits
        if digits not in examiners:
            examiners[digits] = Examiner.of_store(
                sitting, stores[digits], _SIZE, settings.brief_steps
            )
        trial = _trial(record, settings, condition, loss, seed, stores[digits])
        of: Row = {"condition": condition.name, "loss": loss, "seed": seed}
        found = trial.train_and_examine(sitting, examiners[digits])
        readable = float(found["readability"]) >= settings.readable
        success = readable and float(found["diversity"]) >= settings.varied
        return [of | {"success": int(success)} | found]

    sitting.work(record, parts, compute)
    _draw(record, settings, stores)
    return _summarise(record, settings)


def _stores(record: Record, settings: Settings) -> dict[bool, Path]:
    """The store of characters, and that of digits of small variance."""
    return {
        False: Path(settings.data)
        if settings.data
        else font_drawn_store(
            record.folder / "characters.h5",
            PAPER_FIGURE_CHARACTERS[: settings.characters],
            settings.writers,
            _SIZE,
            "aspect",
        ),
        True: small_variance_store(record.folder / "digits.h5", settings.writers, _SIZE),
    }


def _trial(
    record: Record, settings: Settings, condition: Condition, loss: str, seed: int, store: Path
) -> Trial:
    number = CONDITIONS.index(condition)
    return Trial(
        folder=record.folder / "runs" / f"{number}-{_LOSSES[loss]}-{seed}",
        recipe="dcgan32",
        store=store,
        overrides=[
            *training_overrides(settings.channels, settings.batch_size, settings.kimg, seed),
            f"objective.loss={_LOSSES[loss]}",
            *condition.overrides,
        ],
        kimg=settings.kimg,
    )


def training_overrides(channels: int, batch_size: int, kimg: float, seed: int) -> list[str]:
    """Settings of a trial of DCGAN's networks that no condition changes."""
    return [
        f"model.channels={channels}",
        f"train.batch_size={batch_size}",
        f"train.kimg={kimg}",
        f"train.ema_half_life_kimg={kimg / 20}",
        f"train.tick_kimg={kimg / 2}",
        f"train.seed={seed}",
        "train.score_samples=0",
    ]


def _summarise(record: Record, settings: Settings) -> Summary:
    rows: list[tuple[str, ...]] = []
    for condition in CONDITIONS:
        for loss in _LOSSES:
            of = [
                row
                for row in record.rows()
                if row["condition"] == condition.name and row["loss"] == loss
            ]
            successes = sum(int(row["success"]) for row in of)
            means = (
                mean_and_spread([float(row[name]) for row in of if name in row])
                for name in ("readability", "diversity", "frechet")
            )
            rows.append((condition.name, loss, success_share(successes, len(of)), *means))
    return Summary(
        f"Runs that succeed, after {settings.kimg:g} thousand real samples each",
        ("condition", "loss", "success (95 % interval)", "readability", "diversity", "Fréchet"),
        rows,
        (
            f"Success: readability of at least {settings.readable:g}, diversity (real: 1) of at "
            f"least {settings.varied:g}. "
            "Fréchet distance in the features of the store's recogniser.",
        ),
    )


def _draw(record: Record, settings: Settings, stores: dict[bool, Path]) -> None:
    columns, rows = 8, 4
    with drawing(record.folder, len(_LOSSES), len(CONDITIONS), width=11, height=3.6) as (_, axes):
        for line, loss in enumerate(_LOSSES):
            for column, condition in enumerate(CONDITIONS):
                axis = axes[line * len(CONDITIONS) + column]
                axis.set(xticks=[], yticks=[])
                axis.grid(visible=False)
                if line == 0:
                    axis.set_title(condition.name)
                if column == 0:
                    axis.set_ylabel(loss)
                store = stores[condition.digits]
                with Store(store) as opened:
                    shown = min(columns, len(opened.charset))
                trial = _trial(record, settings, condition, loss, 0, store)
                picture = trial.grid(shown, rows)
                blank = np.full((rows * _SIZE, shown * _SIZE), 255, np.uint8)
                axis.imshow(blank if picture is None else picture, cmap="gray", vmin=0, vmax=255)
