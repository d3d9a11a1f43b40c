"""A store as a data set of PyTorch, for those who train something of their own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from data_tools.errors import UserError, join_message
from data_tools.files import StrPath
from data_tools.splits import Split
from data_tools.store.reader import Store, StoreError

_BLOCK_ROWS = 1024

Transform = Callable[[Tensor], Any]


class GlyphDataset(Dataset[tuple[Any, int]]):
    """Glyphs and labels of one split, each as `(tensor, label)`.

    The tensor is (1, S, S) float32 in [0, 1], 1 is background, or what `transform` makes of it.
    Workers may be forked or spawned, and the object may be pickled: each process opens the store
    for itself. Images in one piece are mapped into memory and shared by all processes; those of a
    compressed store are loaded into memory once, which forked workers share.

    Attributes:
        charset: label i is character i.
        classes: the same as a list, as torchvision has it.
        class_to_idx: label of each character.
        targets: (N,) int64, the label of each row.
        transform: called with each tensor.
    """

    def __init__(
        self, store: StrPath, split: str = "train", transform: Transform | None = None
    ) -> None:
        """Open a store.

        Args:
            store: its path.
            split: `train`, `test` or `all`.
            transform: called with each tensor; of torchvision's `transforms.v2`, for example.

        Raises:
            UserError: there is no such store, no such split, or it has no sample.
        """
        splits = {"train": [Split.TRAIN], "test": [Split.TEST], "all": list(Split)}
        if split not in splits:
            problem, remedy = "there is no such split", f"choose {', '.join(splits)}"
            raise UserError(join_message(f"split {split!r}", problem, remedy))
        self.transform = transform
        with Store(store) as opened:
            self._path = opened.path.resolve()
            self._fingerprint = opened.fingerprint
            ranges = [opened.rows_of(part) for part in splits[split]]
            self._rows = range(ranges[0].start, ranges[-1].stop)
            if not self._rows:
                remedy = "prepare it with --test" if split == "test" else "choose another split"
                raise StoreError(opened.path, f"has no {split} split", remedy)
            self.charset = opened.charset
            labels = opened.labels[self._rows.start : self._rows.stop]
            self.targets = torch.from_numpy(labels.astype(np.int64))
            self._images: NDArray[np.uint8] | None = self._load(opened)

    @property
    def classes(self) -> list[str]:
        """Character i is that of label i."""
        return list(self.charset)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The label of each character."""
        return {character: label for label, character in enumerate(self.charset)}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self):,}")
        glyph = torch.from_numpy(np.array(self._all_images()[index]))
        image = glyph.unsqueeze(0).float().div_(255)
        label = int(self.targets[index])
        return (image if self.transform is None else self.transform(image)), label

    def _all_images(self) -> NDArray[np.uint8]:
        """Images of the split (N, S, S), opened by this process if no other left them here."""
        if self._images is None:
            with Store(self._path) as store:
                if store.fingerprint != self._fingerprint:
                    problem = "has been replaced since the data set was made"
                    raise StoreError(self._path, problem, "make the data set again")
                self._images = self._load(store)
        return self._images

    def _load(self, store: Store) -> NDArray[np.uint8]:
        mapped = store.mapped_images()
        if mapped is not None:
            return mapped[self._rows.start : self._rows.stop]
        images = np.empty((len(self._rows), store.size, store.size), np.uint8)
        for start in range(0, len(images), _BLOCK_ROWS):
            rows = self._rows[start : start + _BLOCK_ROWS]
            images[start : start + len(rows)] = store.images(rows)
        return images

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_images": None}  # gigabytes, perhaps


def dataset(
    store: StrPath, split: str = "train", transform: Transform | None = None
) -> GlyphDataset:
    """A store as a `torch.utils.data.Dataset`; the same as `GlyphDataset`."""
    return GlyphDataset(store, split, transform)
