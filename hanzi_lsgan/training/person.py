"""From a store of what one person has written to a generator of that person's hand."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from data_tools.errors import UserError, join_message
from data_tools.glyphs.fit import BACKGROUND
from data_tools.hwdb.charset import is_hanzi
from data_tools.number_of import number_of
from data_tools.splits import Split
from data_tools.store.mean_places import mean_places
from data_tools.store.reader import Store
from data_tools.store.writers import LEAST_CHARACTERS, Writer, has_known_hands, rows_by
from hanzi_lsgan.drawing.images import draw_classes
from hanzi_lsgan.judging.hand_encoder import Likeness, load_hand_encoder, load_hand_judge
from hanzi_lsgan.judging.kept_recogniser import KeptRecogniser
from hanzi_lsgan.judging.recogniser import read_glyphs, to_ink
from hanzi_lsgan.models import Generator, take_hand
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.training.adaptation import Adaptation, Reader, Sample

_MOST_SAMPLES = 20_000  # a person has hardly written a third of them, and all are held as floats
_JUDGED = 200  # characters that the person has not written

OnSamples = Callable[[str, int, int], None]
"""Told of the phase, the samples done and their number."""


@dataclass(frozen=True)
class PersonsHand:
    """What has been learned of a person's hand.

    Attributes:
        trained: the adapted generator.
        samples: glyphs that it has learned from.
        left_out: characters of the store that the model cannot draw.
        blank: samples of the others that were left out, as there is no ink on them.
        judged: generated glyphs on which all that follows is measured, of characters that the
            person has not written.
        before: what the hand was that adaptation began with, the nearest that the model had.
        after: what it is.
    """

    trained: TrainedGenerator
    samples: int
    left_out: str
    blank: int
    judged: int
    before: "GeneratedHand"
    after: "GeneratedHand"


@dataclass(frozen=True)
class GeneratedHand:
    """Glyphs of a hand, judged.

    Attributes:
        likeness: to the person's own.
        readable: share that the recogniser that taught reads rightly.
    """

    likeness: Likeness
    readable: float


def learn_hand(
    base: TrainedGenerator,
    store: Store,
    recogniser: KeptRecogniser,
    *,
    writer: Writer | None = None,
    seed: int = 0,
    on_samples: OnSamples = lambda phase, done, total: None,
) -> PersonsHand:
    """Adapt a generator to a person who has written a store, or some of it.

    Args:
        base: knows characters by what they look like.
        store: what the person has written.
        recogniser: knows most of the base's characters.
        writer: who of the store's; by default all of the train split is taken for one person's.
        seed: of all that is random.
        on_samples: told of progress.

    Raises:
        UserError: the base knows characters by label alone, or the store has too few that it can
            draw, or more than one person writes, or cannot be read, or the recogniser has learned
            nothing that the person has not written.
    """
    check_person(base, store, writer)
    base, sample, left_out, blank = _read(base, store, writer)
    device = sample.ink.device
    # Marks are left alone: what fills its square with one stroke would teach D wrong widths.
    is_written = np.array([is_hanzi(character) for character in base.charset])
    reading = np.where(is_written, recogniser.labels_of(base.charset), -1)
    written = set(sample.labels.tolist())
    new = [label for label in np.flatnonzero(reading >= 0).tolist() if label not in written]
    if not new:
        problem = "what reads this model's characters knows none that the person has not written"
        remedy = "adapt weights, or a run of more characters"
        raise UserError(join_message("--from", problem, remedy))
    labels = np.random.default_rng(seed).permutation(new)[:_JUDGED].tolist()
    encoder = load_hand_encoder("teacher", device)
    adaptation = Adaptation(
        base,
        sample,
        encoder,
        Reader(recogniser.network, torch.from_numpy(reading).to(device)),
        seed,
    )
    nearest = copy.deepcopy(base.network)
    take_hand(nearest, adaptation.hand.detach().clone())
    adaptation.run(lambda done, total: on_samples("adapt", done, total))

    judge = load_hand_judge(device)

    def judged(generator: Generator) -> GeneratedHand:
        drawn = np.concatenate(list(draw_classes(generator, labels, 1, seed)))
        _, guesses = read_glyphs(recogniser.network, drawn)
        readable = float((guesses[:, 0] == reading[labels]).mean())
        return GeneratedHand(judge.compare(_ink(drawn, device), sample.ink), readable)

    return PersonsHand(
        trained=_of_person(base, adaptation, store, writer, len(sample.labels)),
        samples=len(sample.labels),
        left_out=left_out,
        blank=blank,
        judged=len(labels),
        before=judged(nearest),
        after=judged(adaptation.generator),
    )


def check_person(base: TrainedGenerator, store: Store, writer: Writer | None = None) -> None:
    """Make sure, before any work, that a generator can be adapted to who has written a store.

    The arguments are those of `learn_hand`.

    Raises:
        UserError: as of `learn_hand`, but for the recogniser.
    """
    if not base.draws_unseen:
        problem = "this model knows characters by label alone"
        remedy = "adapt weights, or a run with model.label_embedding = glyph"
        raise UserError(join_message("--from", problem, remedy))
    if writer is None and not store.rows_of(Split.TRAIN):
        problem = "has no train split: all of it is test"
        remedy = "take a writer of it with --writer, or prepare it without --test"
        raise UserError(join_message(str(store.path), problem, remedy))
    rows = rows_by(store, writer)
    if len(rows) > _MOST_SAMPLES:
        problem = f"has {len(rows):,} samples, more than one person writes"
        remedy = "take one writer with --writer, whom `hands --data` lists, or prepare less of it"
        raise UserError(join_message(str(store.path), problem, remedy))
    labels = store.labels[rows]
    written = {store.charset[label] for label in np.unique(labels).tolist()}
    if all(character in written for character in base.charset if is_hanzi(character)):
        problem = "this model knows no hanzi that the person has not written, to be judged by"
        remedy = "adapt weights, or a run of more characters"
        raise UserError(join_message("--from", problem, remedy))
    rows = rows[_drawable(base, store)[labels]]
    labels = store.labels[rows[_have_ink(store, rows)]]
    hanzi = sum(is_hanzi(store.charset[label]) for label in np.unique(labels).tolist())
    if hanzi < LEAST_CHARACTERS:
        by = "" if writer is None else f" by {writer.name}"
        problem = f"has {number_of(len(rows), 'sample')}{by} of characters that the model can draw"
        remedy = f"give at least {LEAST_CHARACTERS}, better 100"
        if writer is not None and has_known_hands(store):
            remedy = f"take a writer of at least {LEAST_CHARACTERS}: `hands --data` lists them"
        elif writer is not None:  # the folders of classes of one person's pictures, or the like
            remedy = "nobody in it wrote as many, so leave --writer out where all is by one person"
        if len(rows) >= LEAST_CHARACTERS:
            problem += f", with ink on {len(labels)} of them, which show {hanzi} different hanzi"
        raise UserError(join_message(str(store.path), problem, remedy))


def _read(
    base: TrainedGenerator, store: Store, writer: Writer | None
) -> tuple[TrainedGenerator, Sample, str, int]:
    """The base with all that the person wrote in its charset, his sample, and what is left out.

    Returns:
        Of what is left out the characters that the base cannot draw, and the number of samples
        without ink: they would teach that his hand is empty paper.
    """
    rows = rows_by(store, writer)
    drawable = _drawable(base, store)[store.labels[rows]]
    lacking = [store.charset[label] for label in store.labels[rows[~drawable]].tolist()]
    rows = rows[drawable]
    have_ink = _have_ink(store, rows)
    kept = [store.charset[label] for label in store.labels[rows[have_ink]].tolist()]
    base = base.with_unseen("".join(kept))
    place = {character: label for label, character in enumerate(base.charset)}
    device = next(base.network.parameters()).device
    labels = torch.tensor([place[character] for character in kept], device=device)
    glyphs = [store.images(range(row, row + 1)) for row in rows[have_ink].tolist()]
    images = _resized(np.concatenate(glyphs), base.info.model.size)
    sample = Sample(_ink(images, device), labels)
    return base, sample, "".join(dict.fromkeys(lacking)), int(np.count_nonzero(~have_ink))


def _drawable(base: TrainedGenerator, store: Store) -> NDArray[np.bool_]:
    """Which characters of a store's charset the base can draw."""
    return np.array([base.can_draw(character) for character in store.charset], bool)


def _have_ink(store: Store, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """On which of these rows there is any ink."""
    darkest = [int(store.images(range(row, row + 1)).min()) for row in rows.tolist()]
    return np.array(darkest, np.uint8) < BACKGROUND


def _resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Glyphs (N, S, S) at another size."""
    if images.shape[1] == size:
        return images
    grey = torch.from_numpy(images).unsqueeze(1).float()
    resized = F.interpolate(grey, (size, size), mode="bilinear", antialias=True)
    return resized.squeeze(1).round().to(torch.uint8).numpy()


def _ink(images: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Grey levels (N, S, S) as ink (N, 1, S, S)."""
    return to_ink(torch.from_numpy(images)).unsqueeze(1).to(device)


def _of_person(
    base: TrainedGenerator,
    adaptation: Adaptation,
    store: Store,
    writer: Writer | None,
    samples: int,
) -> TrainedGenerator:
    provenance = base.info.store.model_copy(
        update={
            "path": str(store.path.resolve()),
            "fingerprint": store.fingerprint,
            "train_samples": samples,
            "font_drawn": store.is_font_drawn("" if writer is None else writer.kind),
            "writer": "" if writer is None else writer.name,
        }
    )
    hand = tuple(adaptation.hand.detach().tolist())
    places = mean_places(store, writer)
    adaptation.generator.places = places
    info = base.info.model_copy(update={"hand": hand, "store": provenance, "places": places})
    return replace(base, network=adaptation.generator, info=info)
