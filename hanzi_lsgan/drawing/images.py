"""Run folder, characters and a seed → images."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from hanzi_lsgan.models import Generator, noise_of
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from hanzi_lsgan.models.projection import NORMALS_AT_ONCE

_BATCH = 64  # small enough that the maps of a batch stay in a CPU's cache


def labels_of(characters: str, charset: str) -> list[int]:
    """The label of each character.

    Raises:
        UserError: lists the characters that the model does not know.
    """
    index = {character: label for label, character in enumerate(charset)}
    unknown = "".join(
        dict.fromkeys(character for character in characters if character not in index)
    )
    if unknown:
        shown = show_characters(unknown)
        problem = f"{len(unknown)} of these are unknown to the model: {shown}"
        remedy = f"it knows {len(charset):,} by label; leave the others out, or train with "
        remedy += "--set model.label_embedding=glyph, which draws characters by what they look like"
        raise UserError(join_message("--chars", problem, remedy))
    if not characters:
        raise UserError(join_message("--chars", "no character is given", "name at least one"))
    return [index[character] for character in characters]


def draw_latents(generator: Generator, count: int, seed: int) -> Tensor:
    """Draw `count` latents from a seed alone, on the CPU: (count, latent features).

    Of more latents the first are the same.
    """
    whole = -(-count // NORMALS_AT_ONCE) * NORMALS_AT_ONCE
    return generator.sample_latents(whole, torch.Generator().manual_seed(seed))[:count]


def draw_images(
    generator: Generator, latents: Tensor, labels: Sequence[int]
) -> Iterator[NDArray[np.uint8]]:
    """Draw every label with every latent, all labels of the first latent first.

    A latent is one hand, whose noise at places lies differently for each character: one and the
    same would bend all that a hand writes alike. It depends on latent and character alone.

    Args:
        generator: in evaluation mode, so that no image depends on its batch.
        latents: (L, latent features) on any device; each is one hand.
        labels: of the characters.

    Yields:
        Batches (n, S, S) uint8, 255 is background, of L * len(labels) images in all.
    """
    device = next(generator.parameters()).device
    latents, index = latents.to(device), torch.tensor(labels, device=device)
    total = len(latents) * len(labels)
    for start in range(0, total, _BATCH):
        # A batch at a time: a number for each of millions of images would fill the memory.
        chosen = torch.arange(start, min(start + _BATCH, total), device=device)
        drawn = index[chosen % len(labels)]
        hands = _with_own_noise(generator, latents[chosen // len(labels)], drawn)
        yield _draw_batch(generator, hands, drawn)


def _with_own_noise(generator: Generator, latents: Tensor, labels: Tensor) -> Tensor:
    """Latents (B, latent features) whose noise at places is in an order of each label's character.

    A person's is left as he writes.
    """
    embedding, noise = generator.label_embedding, noise_of(generator)
    if not noise or not isinstance(embedding, GlyphEmbedding):
        return latents
    orders = torch.empty((len(labels), noise), dtype=torch.int64)
    for row, label in enumerate(embedding.characters_of(labels).tolist()):
        random = torch.Generator().manual_seed(ord(embedding.charset[label]))
        torch.randperm(noise, generator=random, out=orders[row])
    moved = latents[:, -noise:].gather(1, orders.to(latents.device))
    return torch.cat([latents[:, :-noise], moved], dim=1)


def draw_pairs(
    generator: Generator, latents: Tensor, rows: Tensor, labels: Tensor
) -> Iterator[NDArray[np.uint8]]:
    """Draw image i from row `rows[i]` of the latents and label `labels[i]`.

    Yields:
        Batches (n, S, S) uint8, 255 is background, of len(rows) images in all.
    """
    device = next(generator.parameters()).device
    latents, rows, labels = latents.to(device), rows.to(device), labels.to(device)
    for start in range(0, len(rows), _BATCH):
        chosen = slice(start, start + _BATCH)
        yield _draw_batch(generator, latents[rows[chosen]], labels[chosen])


def _draw_batch(generator: Generator, latents: Tensor, labels: Tensor) -> NDArray[np.uint8]:
    with torch.inference_mode():
        images = generator(latents, labels)
    return to_uint8(images, generator.pixel_range)


def draw_class(generator: Generator, label: int, count: int, seed: int) -> NDArray[np.uint8]:
    """Draw one character `count` times as `draw_classes` does: (count, S, S) uint8."""
    return np.concatenate(list(draw_classes(generator, [label], count, seed)))


def draw_classes(
    generator: Generator, labels: Sequence[int], count: int, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Draw each character `count` times, one character after the other, each with its own latents.

    The latents depend on seed and label, so those of two characters are independent.

    Yields:
        Batches (n, S, S) uint8, 255 is background, of count * len(labels) images in all.
    """
    classes = max(1, _BATCH // count)  # a few samples of one character would be a small batch
    for start in range(0, len(labels), classes):
        chosen = labels[start : start + classes]
        latents = [draw_latents(generator, count, mix_seed(seed, label)) for label in chosen]
        rows = torch.arange(count * len(chosen))
        yield from draw_pairs(
            generator, torch.cat(latents), rows, torch.tensor(chosen).repeat_interleave(count)
        )


def mix_seed(seed: int, number: int) -> int:
    """A seed for the n-th of many draws; numpy's mixing keeps neighbours unrelated."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0])


def to_uint8(images: Tensor, pixel_range: tuple[float, float]) -> NDArray[np.uint8]:
    """Turn a network's pixels (N, 1, S, S) into grey levels (N, S, S), 255 is background."""
    low, high = pixel_range
    grey = (images.squeeze(1).float() - low) * (255 / (high - low))
    levels: NDArray[np.uint8] = grey.round().clamp(0, 255).to(torch.uint8).numpy(force=True)
    return levels


def to_pixels(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """Turn grey levels, uint8, into a network's pixels, float32: the inverse of `to_uint8`."""
    low, high = pixel_range
    return images.float() * ((high - low) / 255) + low
