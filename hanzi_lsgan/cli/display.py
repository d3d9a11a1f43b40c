"""Tables and progress bars of the command line; nothing here prints."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from data_tools.fonts.typefaces import KnownFonts
from data_tools.hwdb.standard_sets import STANDARD_SETS
from data_tools.number_of import number_of
from data_tools.store.reader import Store
from data_tools.store.summary import summarise

if TYPE_CHECKING:  # torch takes seconds to import, and preparing data needs none of it
    from hanzi_lsgan.judging.scores import Scores
    from hanzi_lsgan.runs.folder import RunFolder
    from hanzi_lsgan.training.dry_run import Cost
    from hanzi_lsgan.training.loop import Saved, Tick
    from hanzi_lsgan.training.person import PersonsHand


_WORST_SHOWN = 8


def format_bytes(count: float) -> str:
    """A number of bytes as a person reads it: 1536 is `1.5 KiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1024
    raise AssertionError("unreachable")


def store_table(store: Store) -> Table:
    """Everything that `prepare` and `info` say of a store."""
    summary = summarise(store)
    header = store.header
    table = Table(title=str(store.path), title_justify="left", show_header=False)
    if header.font_drawn:
        in_part = "in part a " if len(store.kinds) > 1 else ""
        table.add_row("kind", f"{in_part}font-drawn stand-in, not handwriting")
    table.add_row("files", f"{summary.files:,} ({format_bytes(summary.source_bytes)})")
    table.add_row("classes", f"{len(store.charset):,}")
    for name, split in summary.splits.items():
        low, middle, high = split.per_class
        table.add_row(
            name,
            f"{number_of(split.samples, 'sample')}, "
            f"{number_of(split.classes, 'class', 'classes')}, "
            f"{number_of(split.writers, 'writer')}; "
            f"a class has {low:,} to {high:,}, median {middle:,g}",
        )
    if summary.kinds:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary.kinds.items())
        table.add_row("kinds of writing", f"{kinds} (samples)")
    if summary.placed:
        placed = number_of(summary.placed, "sample")
        table.add_row("in their squares", f"{placed}, placed as they were written")
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in header.left_out.items())
    table.add_row("left out", left_out or "nothing")
    glyph = header.glyph
    table.add_row("glyphs", f"{glyph.size} pixels, {glyph.fit}, margin {glyph.margin}")
    packed = summary.stored_bytes
    compressed = "" if packed is None else f", compressed to {format_bytes(packed)}"
    table.add_row("images", format_bytes(summary.image_bytes) + compressed)
    table.add_row("fingerprint", store.fingerprint[:16])
    return table


def run_table(run: "RunFolder") -> Table:
    """What `info` says of a run folder."""
    info = run.info()
    table = Table(title=str(run.path), title_justify="left", show_header=False)
    table.add_row("networks", f"{info.model.architecture}, {info.model.size} pixels")
    table.add_row("classes", f"{len(info.charset):,}")
    if info.model.architecture == "projection" and info.model.label_embedding == "glyph":
        shown = "as a hand's font shows them, else by the printed form of the reference font: "
        shown += ", ".join(_printed(info.charset, KnownFonts(info.model.hands)))
        table.add_row("other characters", f"{shown} (hanzi-lsgan coverage SET names them)")
    if kinds := ", ".join(filter(None, info.kinds)):
        table.add_row("kinds of writing", kinds)
    kind = ""
    if info.store.font_drawn:
        in_part = "in part " if len(info.kinds) > 1 else ""
        kind = f" ({in_part}font-drawn, not handwriting)"
    did = "trained on" if info.hand is None else "adapted to"
    samples = number_of(info.store.train_samples, "sample")
    table.add_row(did, f"{samples} of {info.store.path}{kind}")
    for name, path in (("last checkpoint", run.generator), ("best checkpoint", run.best)):
        if path.exists():
            scored = "frechet" in run.metadata(path)
            distance = f"{run.number(path, 'frechet'):.2f}" if scored else ""
            score = f", Fréchet {distance} to the train split" if scored else ""
            table.add_row(name, f"{run.number(path, 'images'):,.0f} images seen{score}")
    return table


def _printed(charset: str, fonts: KnownFonts) -> list[str]:
    """How many of the large sets no hand shows, so that a model draws their printed form."""
    known = frozenset(charset)
    return [
        f"{sum(not fonts.in_a_hand(c) for c in STANDARD_SETS[name]() - known):,} of {name}"
        for name in ("gb2312", "general-standard", "big5-1")
    ]


def cost_table(cost: "Cost") -> Table:
    """What a recipe costs, for `train --dry-run`."""
    table = Table("", "generator", "discriminator", title="networks", title_justify="left")
    table.add_row(
        "parameters", f"{cost.generator_parameters:,}", f"{cost.discriminator_parameters:,}"
    )
    macs = (cost.generator_macs / 1e6, cost.discriminator_macs / 1e6)
    table.add_row("multiply-adds an image", *(f"{count:,.1f} M" for count in macs))
    table.add_row("loss after a step", *(f"{loss:.3f}" for loss in reversed(cost.losses)))
    table.add_section()
    table.add_row("weights and optimizers", format_bytes(cost.state_bytes))
    table.add_row("samples in memory", format_bytes(cost.samples_bytes))
    table.add_row("peak of this process", format_bytes(cost.peak_bytes))
    table.add_row("second step", f"{cost.step_seconds * 1000:,.0f} ms")
    return table


def scores_table(scores: "Scores") -> Table:
    """The figures of an evaluation, for `evaluate`."""
    title = f"{scores.run}, {scores.checkpoint} checkpoint, {scores.images_seen:,} images seen"
    title += f", by {scores.kind}" if scores.kind else ""
    table = Table("figure", title=title, title_justify="left")
    table.add_column("generated", justify="right")
    table.add_column("real", justify="right")
    table.add_column("best is")
    table.add_column("samples", style="dim")
    for figure in scores.figures:
        table.add_row(figure.name, figure.shown, figure.real_shown, figure.better, figure.compared)
    worst = sorted(scores.characters, key=lambda score: score.top1)[:_WORST_SHOWN]
    named = ", ".join(
        f"{score.character} {score.top1:.0%}" + (f" ({score.read_as})" if score.misread else "")
        for score in worst
    )
    table.caption = f"read worst (most often taken for): {named}"
    table.caption += "".join(f"\nleft out: {line}" for line in scores.not_measured)
    if scores.look_alikes:
        table.caption += f"\none reading, as they look alike: {' '.join(scores.look_alikes)}"
    if scores.font_drawn:
        table.caption += "\nreal here is a font-drawn stand-in, not handwriting"
    return table


def likeness_table(learned: "PersonsHand") -> Table:
    """How alike a hand is to the person's who was to be learned, for `adapt`."""
    before, after = learned.before.likeness, learned.after.likeness
    title = f"{learned.judged} characters that the person has not written"
    table = Table("figure", title=title, title_justify="left")
    for column in ("generated", "own", "before"):
        table.add_column(column, justify="right")
    own = f"{after.own_attributed:.1%}"
    table.add_row(
        "taken for this person, of twenty hands",
        f"{after.attributed:.1%}",
        own,
        f"{before.attributed:.1%}",
    )
    table.add_row(
        f"distance to this person (others {after.other_distance:.2f})",
        f"{after.distance:.3f}",
        f"{after.own_distance:.3f}",
        f"{before.distance:.3f}",
    )
    table.add_row("way from others to this person", f"{after.way:.0%}", "100%", f"{before.way:.0%}")
    readable = [f"{hand.readable:.1%}" for hand in (learned.after, learned.before)]
    table.add_row("read rightly, by what taught it", readable[0], "", readable[1])
    table.caption = (
        f"own: each of the {learned.samples} samples beside the others; "
        "before: the nearest hand that the model had"
    )
    return table


def describe_tick(tick: "Tick") -> str:
    """One line for a tick of training."""
    return (
        f"{tick.images / 1000:,.0f} kimg  D {tick.discriminator_loss:.3f}  "
        f"G {tick.generator_loss:.3f}  {tick.images_per_second:,.0f} images/s"
    )


def describe_saved(saved: "Saved") -> str:
    """One line for a checkpoint."""
    line = f"checkpoint at {saved.images / 1000:,.0f} kimg"
    if saved.score is None:
        return line
    figures = f"readability {saved.score.readability:.1%}, Fréchet {saved.score.frechet:.2f}"
    rank = ", the best so far" if saved.best else ""
    return f"{line}: {figures}{rank} ({saved.score.score_seconds:.1f} s)"


def samples_progress(console: Console) -> Progress:
    """A bar for work that is counted in samples, with their rate and the time left."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<8}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def training_progress(console: Console) -> Progress:
    """A bar for training, whose description carries the losses."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        expand=True,
    )


def text_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table of texts as they are, in which nothing is markup and nothing is cut."""
    table = Table(title=title or None, title_justify="left")
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def parts_progress(console: Console) -> Progress:
    """Bars for work that comes in parts."""
    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
