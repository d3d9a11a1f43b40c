"""Φ(y): from a label to the short vector that conditions a network.

Two of them. `LabelEmbedding` is the paper's learned projection of a one-hot label: each class has a
row of its own, which nothing but its own samples teach. `GlyphEmbedding` projects what the
character looks like, so that similar characters have similar vectors from the start, and a
character that was never trained on has one too. It can also show the character as a picture
(`glyph_picture.py`).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.fonts.reference_glyphs import (
    REFERENCE_SIZE_PIXELS,
    has_reference_glyph,
    reference_glyph,
)
from data_tools.fonts.typefaces import ALL_FONTS, PLAINEST, KnownFonts, has_ink

CODE_FEATURES = 512
"""Length of a glyph's code; of 5,717 glyphs' variance, 99 % is in the first 512 of 1,024."""

FREE_ROWS = "label_embedding.free_codes"
"""Their name in the weights of a network."""

_PIXELS = REFERENCE_SIZE_PIXELS**2
_BLANK = np.zeros((REFERENCE_SIZE_PIXELS, REFERENCE_SIZE_PIXELS), np.uint8)
_NO_VARIANCE = 1e-9  # of ink, which is 0 to 1


class _Embedding(nn.Module):
    """What both have in common: a label may also say by what kind of writing a character is.

    Where there are K kinds, label i · K + k is character i written by kind k, and Φ(i, k) is
    Φ(i) + E(k): one model learns the forms of characters from all kinds, and from each its ink and
    habits. A network that draws is told the kind once; its labels then say the character alone.
    """

    def __init__(self, features: int, kinds: int, std: float) -> None:
        super().__init__()
        self.features = features
        self.kinds = kinds
        self.drawn_kind: int | None = None
        if kinds > 1:
            self.kind_vectors = nn.Embedding(kinds, features)
            nn.init.normal_(self.kind_vectors.weight, std=std)

    def characters_of(self, labels: Tensor) -> Tensor:
        """Which characters labels (B,) mean."""
        if self.kinds == 1 or self.drawn_kind is not None:
            return labels
        return labels // self.kinds

    def kinds_of(self, labels: Tensor) -> Tensor:
        """By which kinds of writing labels (B,) mean characters."""
        if self.drawn_kind is not None:
            return torch.full_like(labels, self.drawn_kind)
        return labels % self.kinds

    def _with_kind(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Add E(k) to the vectors (B, features) of the labels' characters."""
        if self.kinds == 1:
            return vectors
        with_kind: Tensor = vectors + self.kind_vectors(self.kinds_of(labels))
        return with_kind


class LabelEmbedding(_Embedding):
    """Φ(y) = W y + b: the learned projection of a one-hot label.

    A linear layer on a one-hot vector is a table look-up and a bias, which is how it is computed
    here; the cost of a step does not grow with the number of classes.
    """

    def __init__(self, classes: int, features: int, std: float, kinds: int = 1) -> None:
        super().__init__(features, kinds, std)
        self.table = nn.Embedding(classes, features)
        self.bias = nn.Parameter(torch.zeros(features))
        nn.init.normal_(self.table.weight, std=std)

    def forward(self, labels: Tensor) -> Tensor:
        """Map labels (B,) int64 to Φ(y): (B, features)."""
        vectors: Tensor = self.table(self.characters_of(labels)) + self.bias
        return self._with_kind(vectors, labels)


class GlyphEmbedding(_Embedding):
    """Φ(y) = W c(y) + b: the learned projection of a reference glyph's code.

    c(y) = C (g(y) - m), with g(y) the pixels of the glyph, m their mean over the training classes
    and C their principal components, all scaled alike so that an element of c(y) has a mean square
    of 1: distances of codes are distances of glyphs. C and m are fixed and kept with the weights. A
    character that no font had when training began has a free row in place of c(y), and keeps it.

    Training draws all glyphs at once. A network that only draws takes each when it is first needed:
    thousands of glyphs would take longer than the drawing.
    """

    mean: Tensor
    components: Tensor
    glyphs: Tensor
    codes: Tensor
    free_row: Tensor

    def __init__(
        self,
        charset: str,
        features: int,
        fonts: KnownFonts = ALL_FONTS,
        *,
        kinds: int = 1,
        fit: bool = True,
        free: str | None = None,
    ) -> None:
        """Fit the code to a charset and start from random projections.

        Args:
            charset: label i is character i.
            features: length of Φ(y).
            fonts: that show it pictures.
            kinds: of writing.
            fit: False where weights are loaded next, which bring the fitted code.
            free: the characters with a free row where weights are known to have them, see
                `free_characters`; by default those that no font draws.
        """
        super().__init__(features, kinds, std=1.0)
        self.fonts = fonts
        self._free = free_characters(charset) if free is None else free
        mean, components = torch.zeros(_PIXELS), torch.zeros(CODE_FEATURES, _PIXELS)
        if fit:
            mean, components = map(torch.tensor, _principal_components(charset, self._free, fonts))
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)
        self.free_codes = nn.Parameter(torch.randn(len(self._free), CODE_FEATURES))
        self.projection = nn.Linear(CODE_FEATURES, features)
        nn.init.normal_(self.projection.weight, std=CODE_FEATURES**-0.5)
        nn.init.zeros_(self.projection.bias)
        self.register_buffer("glyphs", torch.empty(0), persistent=False)
        self.register_buffer("codes", torch.empty(0), persistent=False)
        self.register_buffer("free_row", torch.empty(0), persistent=False)
        self._take_charset(charset)
        # Codes follow from the components, which loaded weights replace.
        self.register_load_state_dict_post_hook(_recode)  # type: ignore[no-untyped-call]

    def take_reference(self, font: Path, *, last: bool = False) -> None:
        """Let a font show what no hand has, before the bundled one or, as the last, after it."""
        if last:
            self.fonts = replace(self.fonts, fallback=font)
        else:
            self.fonts = replace(self.fonts, reference=font)
        self._take_charset(self.charset)

    def relabel(self, charset: str) -> str:
        """Let label i mean character i of another charset, whether trained on or not.

        Returns:
            The characters that no font has and training did not have; where there are some,
            labels stay as they were.
        """
        known = set(self.charset)
        lacking = "".join(
            c
            for c in charset
            if c not in known and c not in self._free and not has_reference_glyph(c, self.fonts)
        )
        if not lacking:
            self._take_charset(charset)
        return lacking

    def _take_charset(self, charset: str) -> None:
        # Where a font draws a character, find says -1.
        free_row = np.array([self._free.find(character) for character in charset])
        device = self.mean.device
        self.charset = charset
        self.free_row = torch.from_numpy(free_row).to(device)
        # Rows are filled when they are first needed.
        shape = (len(charset), self.fonts.hands, _PIXELS)
        self.glyphs = torch.empty(shape, dtype=torch.uint8, device=device)
        self.codes = torch.empty((len(charset), CODE_FEATURES), device=device)
        self._drawn: list[set[int]] = [set() for _ in range(self.fonts.hands)]
        self._coded: set[int] = set()

    def all_codes(self) -> Tensor:
        """The codes of the whole charset: (classes, 512)."""
        self._encode(self._missing(self._coded))
        return self.codes

    def forward(self, labels: Tensor) -> Tensor:
        """Map labels (B,) int64 to Φ(y): (B, features)."""
        characters = self.characters_of(labels)
        self._encode(self._missing(self._coded, characters))
        codes = self.codes[characters]
        if self._free:
            rows = self.free_row[characters].unsqueeze(1)
            codes = torch.where(rows >= 0, self._free_codes(characters), codes)
        return self._with_kind(self.projection(codes), labels)

    def pictures(self, labels: Tensor, hands: Tensor | int) -> Tensor:
        """The reference glyphs of labels (B,): (B, 1, 32, 32), ink from 0 to 1.

        Where a character has a free row, in place of its glyph stands what has that for a code.

        Args:
            labels: (B,).
            hands: (B,), whose font draws each, or whose draws all, less than `fonts.hands`.
        """
        labels = self.characters_of(labels)
        for hand in range(self.fonts.hands) if isinstance(hands, Tensor) else (hands,):
            if len(ready := self._drawn[hand]) < len(self.charset):
                chosen = None
                if not self.training:
                    chosen = labels[hands == hand] if isinstance(hands, Tensor) else labels
                self._draw(self._missing(ready, chosen), hand)
        pixels = self.glyphs[labels, hands].float() / 255
        if self._free:
            # Components are orthogonal and equally long, so their transpose undoes them.
            square_length = self.components.square().sum(dim=1).amax().clamp(min=_NO_VARIANCE)
            inked = self.mean + self._free_codes(labels) @ self.components / square_length
            pixels = torch.where(self.free_row[labels].unsqueeze(1) >= 0, inked, pixels)
        return pixels.view(-1, 1, REFERENCE_SIZE_PIXELS, REFERENCE_SIZE_PIXELS)

    def _free_codes(self, labels: Tensor) -> Tensor:
        """The free rows of labels (B,), and anything for labels that have none: (B, 512)."""
        return self.free_codes[self.free_row[labels].clamp(min=0)]

    def _missing(self, ready: set[int], labels: Tensor | None = None) -> list[int]:
        """What of these labels is not ready yet, of all in training or where none are named."""
        if len(ready) == len(self.charset):
            return []
        if self.training or labels is None:
            return sorted(set(range(len(self.charset))) - ready)
        return sorted(set(labels.tolist()) - ready)

    def _encode(self, labels: list[int]) -> None:
        """Fill rows of `codes`."""
        if not labels:
            return
        centred = self._ink(labels, PLAINEST).astype(np.float32) / 255 - self.mean.numpy(force=True)
        # In numpy, which no autocast reaches: a code is as exact whenever it is taken.
        codes = torch.from_numpy(centred @ self.components.numpy(force=True).T)
        self.codes[labels] = codes.to(self.codes.device)
        self._coded.update(labels)

    def _draw(self, labels: list[int], hand: int) -> None:
        """Fill rows of `glyphs` of one font."""
        if labels:
            ink = torch.from_numpy(self._ink(labels, hand))
            self.glyphs[labels, hand] = ink.to(self.glyphs.device)
            self._drawn[hand].update(labels)

    def _ink(self, labels: list[int], hand: int) -> NDArray[np.uint8]:
        """The glyphs of labels by one font: (len(labels), 1024)."""
        return np.array([self._glyph(self.charset[label], hand) for label in labels]).reshape(
            -1, _PIXELS
        )

    def _glyph(self, character: str, hand: int) -> NDArray[np.uint8]:
        if character in self._free:
            return _BLANK
        glyph = reference_glyph(character, hand, self.fonts)
        if glyph is None:
            problem = (
                f"the reference font lacks {show_characters(character)}, and so do the weights"
            )
            raise UserError(join_message("model.json", problem, "take the files of one run"))
        return glyph


def free_characters(charset: str, rows: int | None = None) -> str:
    """The characters of a charset that have free rows, in its order.

    Args:
        charset: of the weights.
        rows: how many free rows the weights have, which says by what rule they were begun: until
            there was a reference font, all that the plainest hand's font lacks had one. By default,
            those of weights that begin now: what no font draws.

    Raises:
        ValueError: no weights of this charset have so many.
    """
    if rows == 0:  # to look each up takes a third of a second for thousands
        return ""
    free = "".join(c for c in charset if not has_reference_glyph(c))
    if rows is not None and rows != len(free):
        free = "".join(c for c in charset if not has_ink(PLAINEST, c))
        if rows != len(free):
            raise ValueError(f"{rows} free rows, {len(free)} characters without a glyph")
    return free


def free_of(weights: Mapping[str, Tensor], charset: str) -> str | None:
    """The characters that have free rows in a network's weights; None if it has no such embedding.

    Raises:
        ValueError: no weights of this charset have so many free rows.
    """
    rows = weights.get(FREE_ROWS)
    return None if rows is None else free_characters(charset, len(rows))


def _recode(embedding: nn.Module, incompatible: object) -> None:
    """What follows loading weights."""
    if isinstance(embedding, GlyphEmbedding):
        embedding._take_charset(embedding.charset)


@lru_cache(maxsize=1)
def _principal_components(
    charset: str, free: str, fonts: KnownFonts
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean (1024,) and scaled principal components (512, 1024) of a charset's glyphs.

    Free characters are left out. Both networks of a run ask for the same. Components beyond the
    rank are zero: a glyph that there was no training on may have something there, which no weight
    has learned to use.
    """
    glyphs_by_font = (reference_glyph(c, PLAINEST, fonts) for c in charset if c not in free)
    drawn = [glyph.ravel() for glyph in glyphs_by_font if glyph is not None]
    glyphs = np.array(drawn, np.float64).reshape(-1, _PIXELS) / 255
    mean = glyphs.mean(axis=0) if len(glyphs) else np.zeros(_PIXELS)
    centred = glyphs - mean
    variances, vectors = np.linalg.eigh(centred.T @ centred / max(1, len(glyphs)))
    variances, components = variances[::-1][:CODE_FEATURES], vectors.T[::-1][:CODE_FEATURES]
    components = np.where(variances[:, None] > _NO_VARIANCE, components, 0)
    kept = variances.sum()
    scale = (CODE_FEATURES / kept) ** 0.5 if kept > 0 else 0.0
    return mean.astype(np.float32), (components * scale).astype(np.float32)
