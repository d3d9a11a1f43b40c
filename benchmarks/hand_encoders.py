"""Make the two encoders of hands that come along, and say how well they tell hands apart.

    python -m benchmarks.hand_encoders --out hanzi_lsgan/judging/hand_encoders.safetensors

Each learns from so many simulated writers of its own, which characters of GB2312's first level they
write by chance. They are tried on writers that neither has seen: how often a single glyph is taken
for its own writer's, of twenty. It takes a quarter of an hour on one core.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from data_tools.fonts.simulated_hand import HANDS_OF_WRITERS, font_of_writer, write_glyph
from data_tools.fonts.typefaces import has_glyph
from data_tools.glyphs.fit import GlyphOptions, default_margin
from data_tools.hwdb.standard_sets import STANDARD_SETS
from data_tools.parallel import process_count, process_map
from hanzi_lsgan.acceleration import MixedPrecision, keep_freed_memory, process_state
from hanzi_lsgan.judging.hand_encoder import FEATURES, SIZE, HandEncoder, mean_direction
from hanzi_lsgan.judging.recogniser import to_ink

_FIRST_WRITER = 800_000  # of no corpus
_CHARACTERS = 500
_GLYPHS_A_WRITER = 48
_TRIED_WRITERS = 100
_HANDS = 20
_BATCH = 128
_RATE = 2e-3
_WEIGHT_DECAY = 0.02
_WARM_UP_SHARE = 0.15
_SCALE = 20.0  # of cosines, as logits

Glyphs = NDArray[np.uint8]


def main() -> None:
    """Write glyphs, train both, try both and save them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hand_encoders")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--writers", type=int, default=800)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--jobs", type=int)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    writers = arguments.writers
    count = 2 * writers + _TRIED_WRITERS
    # Writers of one font in a row, whose strokes are then at hand.
    numbers = sorted(range(count), key=lambda number: number % len(HANDS_OF_WRITERS))
    with process_map(process_count(arguments.jobs, count)) as parallel:
        glyphs = dict(zip(numbers, parallel(_write, numbers), strict=True))
    tried = torch.stack([_ink(glyphs[number]) for number in range(2 * writers, count)])
    tensors: dict[str, Tensor] = {}
    for seed, role in enumerate(("teacher", "judge")):
        own = np.stack([glyphs[number] for number in range(seed * writers, (seed + 1) * writers)])
        encoder = _train(own, arguments.steps, seed)
        directions = torch.stack([encoder.describe(one) for one in tried])
        print(f"{role}: {_share_of_twenty(directions):.1%} of glyphs taken for their writer's")
        tensors |= {f"{role}.{name}": _small(v) for name, v in encoder.state_dict().items()}
        if role == "judge":
            tensors["others"] = _small(directions[: _HANDS - 1])
    save_file(tensors, arguments.out)


def _write(number: int) -> Glyphs:
    """What a writer writes: (48, 64, 64)."""
    characters = sorted(STANDARD_SETS["gb2312-1"]())
    chosen = np.random.default_rng(0).permutation(len(characters))[:_CHARACTERS].tolist()
    writer = _FIRST_WRITER + number
    font = font_of_writer(writer)
    known = [characters[index] for index in chosen if has_glyph(font, characters[index])]
    written = np.random.default_rng(number).permutation(len(known))[:_GLYPHS_A_WRITER].tolist()
    options = GlyphOptions(SIZE, "aspect", default_margin(SIZE, "aspect"))
    return np.stack([write_glyph(known[index], writer, options) for index in written])


def _ink(glyphs: Glyphs) -> Tensor:
    """Grey levels (N, S, S) as ink (N, 1, S, S)."""
    return to_ink(torch.from_numpy(glyphs)).unsqueeze(1)


def _train(glyphs: Glyphs, steps: int, seed: int) -> HandEncoder:
    """An encoder of the hands of writers (writers, glyphs, S, S).

    A glyph's direction is to be nearest that of its writer, which is learned too.
    """
    device = process_state().device
    precision = MixedPrecision(device)
    torch.manual_seed(seed)
    encoder = HandEncoder().to(device).to(memory_format=torch.channels_last)
    hands = nn.Parameter(torch.randn(len(glyphs), FEATURES, device=device) / 10)
    optimizer = torch.optim.AdamW([*encoder.parameters(), hands], _RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _RATE, total_steps=steps, pct_start=_WARM_UP_SHARE
    )
    random = np.random.default_rng(seed)
    for _ in range(steps):
        writers = random.integers(len(glyphs), size=_BATCH)
        rows = random.integers(glyphs.shape[1], size=_BATCH)
        directions = precision.forward(encoder, _ink(glyphs[writers, rows]).to(device))
        logits = _SCALE * directions @ F.normalize(hands, dim=1).T
        loss = F.cross_entropy(logits, torch.from_numpy(writers).to(device))
        optimizer.zero_grad()
        precision.backward(loss)
        precision.update(optimizer)
        schedule.step()
    return encoder.cpu().eval().requires_grad_(False)


def _share_of_twenty(directions: Tensor, groups: int = 30) -> float:
    """Share of glyphs nearest to their own of twenty hands, by the other half of each's glyphs."""
    random = np.random.default_rng(0)
    half = directions.shape[1] // 2
    right = []
    for _ in range(groups):
        chosen = directions[random.permutation(len(directions))[:_HANDS]]
        hands = torch.stack([mean_direction(one[:half]) for one in chosen])
        nearest = (chosen[:, half:] @ hands.T).argmax(dim=2)
        right.append((nearest == torch.arange(_HANDS)[:, None]).float().mean())
    return float(torch.stack(right).mean())


def _small(values: Tensor) -> Tensor:
    return values.half().contiguous() if values.is_floating_point() else values


if __name__ == "__main__":
    main()
