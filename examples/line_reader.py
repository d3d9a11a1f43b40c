"""Train a reader of lines on some lines, and test it on others, both as `hanzi-lsgan lines` writes:

    python examples/line_reader.py TRAIN TEST STEPS

A few convolutions and a BiLSTM, trained by CTC (Graves et al., 2006) on sixteen lines a step. TRAIN
and TEST are folders with a `label.txt`, or LMDB environments. Characters that TRAIN lacks count as
read wrongly.
"""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

HEIGHT, BATCH = 32, 16
RATE = 2e-3  # at most, and down to nothing at the end
SHIFT = 3  # pixels up or down at most: no row is special

Line = tuple[Tensor, str]


def load(path: Path) -> list[Line]:
    """Pictures (1, 32, w) in [0, 1], 1 is ink, and their texts without spaces."""
    if (path / "label.txt").exists():
        rows = (path / "label.txt").read_text("utf-8").splitlines()
        pairs = [row.split("\t") for row in rows]
        return [prepare((path / name).read_bytes(), text) for name, text in pairs]
    import lmdb

    with lmdb.open(str(path), readonly=True, lock=False) as store, store.begin() as entries:
        count = int(entries.get(b"num-samples"))
        keys = [(f"image-{n:09}".encode(), f"label-{n:09}".encode()) for n in range(1, count + 1)]
        return [prepare(entries.get(i), entries.get(t).decode()) for i, t in keys]


def prepare(png: bytes, text: str) -> Line:
    """A picture at the height that the reader takes, as wide as it is then."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    width = max(round(picture.width * HEIGHT / picture.height), 8)
    pixels = np.asarray(picture.resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)
    return torch.from_numpy(1 - pixels / 255)[None], text.replace(" ", "")


class Reader(nn.Module):
    """Pictures → logits of each character, and of none, at each fourth column."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for after, pool in ((16, (2, 2)), (48, (2, 2)), (96, (2, 1)), (160, (2, 1))):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.MaxPool2d(pool)]
            layers += [nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        self.look = nn.Sequential(*layers)
        self.read = nn.LSTM(2 * before, 160, bidirectional=True, batch_first=True)
        self.name = nn.Linear(320, classes + 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 1, 32, w) → (B, w / 4, classes + 1)."""
        pictures = pictures.contiguous(memory_format=torch.channels_last)  # faster on a CPU
        maps = self.look(pictures)  # (B, 160, 2, w / 4)
        columns, _ = self.read(maps.flatten(1, 2).transpose(1, 2))
        logits: Tensor = self.name(columns)
        return logits


def stack(pictures: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Pictures as wide as the widest, and the columns that each has of the reader's."""
    width = max(picture.shape[2] for picture in pictures)
    widths = torch.tensor([picture.shape[2] // 4 for picture in pictures])
    padded = [F.pad(picture, (0, width - picture.shape[2])) for picture in pictures]
    return torch.stack(padded), widths


def distance(one: str, other: str) -> int:
    """How many characters must be put in, left out or changed."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, start=1):
        corner, row[0] = row[0], number
        for place, opposite in enumerate(other, start=1):
            change = corner + (character != opposite)
            corner, row[place] = row[place], min(change, row[place] + 1, row[place - 1] + 1)
    return row[-1]


def evaluate(model: Reader, lines: list[Line], charset: str) -> tuple[float, float]:
    """Share of characters right (1 - edit distance / length), and of lines."""
    model.eval()
    lines = in_order(lines)  # as little padding as in training
    wrong = whole = total = 0
    with torch.inference_mode():
        for start in range(0, len(lines), BATCH):
            some = lines[start : start + BATCH]
            pictures, widths = stack([picture for picture, _ in some])
            best = model(pictures).argmax(dim=2)
            for row, width, (_, text) in zip(best, widths.tolist(), some, strict=True):
                seen = torch.unique_consecutive(row[:width]).tolist()
                read = "".join(charset[label - 1] for label in seen if label)
                wrong, total = wrong + distance(read, text), total + len(text)
                whole += read == text
    model.train()
    return 1 - wrong / total, whole / len(lines)


def in_order(lines: list[Line]) -> list[Line]:
    """Lines, the shortest first."""
    return sorted(lines, key=lambda line: line[0].shape[2])


def batches(lines: list[Line], steps: int) -> Iterator[list[Line]]:
    """Lines at random, in batches of lines about as long, so that little of one is padding."""
    ordered = in_order(lines)
    for start in torch.randint(max(len(ordered) - 4 * BATCH + 1, 1), (steps,)).tolist():
        near = ordered[start : start + 4 * BATCH]
        yield [near[i] for i in torch.randperm(len(near))[:BATCH].tolist()]


def shifted(picture: Tensor) -> Tensor:
    """A picture somewhat higher or lower."""
    rows = int(torch.randint(-SHIFT, SHIFT + 1, ()))
    return F.pad(picture, (0, 0, rows, -rows))


def main(train_path: Path, test_path: Path, steps: int) -> None:
    """Train, and say how well lines are read."""
    torch.manual_seed(0)
    train, test = load(train_path), load(test_path)
    charset = "".join(sorted({c for _, text in train for c in text}))
    label = {character: number for number, character in enumerate(charset, start=1)}
    model = Reader(len(charset)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), RATE)
    started, total = time.monotonic(), 0.0
    for step, chosen in enumerate(batches(train, steps), start=1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, step / 100, 2 * (1 - step / (steps + 1)))
        pictures, widths = stack([shifted(picture) for picture, _ in chosen])
        labels = torch.tensor([label[c] for _, text in chosen for c in text])
        lengths = torch.tensor([len(text) for _, text in chosen])
        scores = model(pictures).log_softmax(dim=2).transpose(0, 1)
        loss = F.ctc_loss(scores, labels, widths, lengths, zero_infinity=True)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
        if step % (every := max(steps // 20, 1)) == 0:
            passed = time.monotonic() - started
            print(f"{passed:.0f} s, {step} steps: mean loss {total / every:.3f}", flush=True)
            total = 0.0
    for name, lines in (("train", train[:500]), ("test", test)):
        characters, whole = evaluate(model, lines, charset)
        print(f"{name}: {characters:.1%} of characters, {whole:.1%} of {len(lines):,} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
