"""What a camera, a scanner and a sheet do to a line, each with a strength; boxes go along."""

import io
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms.v2 import functional as V  # type: ignore[import-untyped]

from hanzi_lsgan.writing.line_setting import OUTWARD, SetLine

_MOST_PULL = 0.12  # of the height, by which corners move inward
_MOST_BLUR_PIXELS = 1.3
_WORST_JPEG_QUALITY, _BEST_JPEG_QUALITY = 15, 95
_MOST_SHADOW = 0.55
_MOST_SPREAD_PIXELS = 1.2


@dataclass(frozen=True)
class Degradations:
    """Strengths from 0, none, to 1; each line gets a part of each, by lot.

    Attributes:
        bleed: ink that runs into the sheet.
        perspective: a sheet seen from the side.
        texture: grain, stains and tone of the sheet.
        shadow: light from one side.
        blur: a lens out of focus.
        jpeg: compression.
    """

    bleed: float = 0.5
    perspective: float = 0.5
    texture: float = 0.5
    shadow: float = 0.5
    blur: float = 0.5
    jpeg: float = 0.5

    @classmethod
    def none(cls) -> "Degradations":
        """All strengths 0."""
        return cls(**{field.name: 0.0 for field in fields(cls)})


def degrade(line: SetLine, strengths: Degradations, rng: np.random.Generator) -> SetLine:
    """Degrade a line: first its ink, then the sheet, then the light, the lens and the file.

    Args:
        line: on white.
        strengths: of each kind.
        rng: of this line; what one kind draws does not depend on the strengths of others.

    Returns:
        The line; boxes still cover all ink, in a picture of the same size.
    """
    shares = rng.uniform(0, 1, len(fields(Degradations)))
    part = replace(
        strengths,
        **{
            field.name: getattr(strengths, field.name) * float(share)
            for field, share in zip(fields(Degradations), shares, strict=True)
        },
    )
    own = dict(zip([field.name for field in fields(part)], rng.spawn(len(shares)), strict=True))
    if part.bleed:
        line = _bleed(line, part.bleed, own["bleed"])
    if part.perspective:
        line = _perspective(line, part.perspective, own["perspective"])
    image = line.image
    if part.texture:
        image = _texture(image, part.texture, own["texture"])
    if part.shadow:
        image = _shadow(image, part.shadow, own["shadow"])
    boxes = line.boxes
    if part.blur:
        sigma = 0.3 + _MOST_BLUR_PIXELS * part.blur
        reach = int(np.ceil(2 * sigma))
        tensor = torch.from_numpy(image.copy())[None]
        image = V.gaussian_blur(tensor, [2 * reach + 1] * 2, [sigma])[0].numpy()
        boxes = boxes + reach * OUTWARD
    if part.jpeg:
        quality = _BEST_JPEG_QUALITY - (_BEST_JPEG_QUALITY - _WORST_JPEG_QUALITY) * part.jpeg
        image = _compress(image, round(quality))
    return SetLine(image, boxes)


def _compress(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    # By Pillow, since torchvision gives its own coders up.
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _bleed(line: SetLine, strength: float, rng: np.random.Generator) -> SetLine:
    """Let strokes run outward, here more and there less."""
    darkness = torch.from_numpy(255 - line.image.astype(np.float32))[None]
    sigma = 0.3 + _MOST_SPREAD_PIXELS * strength
    reach = int(np.ceil(2 * sigma))
    spread = V.gaussian_blur(darkness, [2 * reach + 1] * 2, [sigma])[0].numpy()
    wet = 0.7 + 0.3 * _clouds(line.image.shape, 12, rng)
    run = np.maximum(darkness[0].numpy(), spread * (1 + 0.8 * strength * wet))
    image = (255 - np.clip(run, 0, 255)).round().astype(np.uint8)
    return SetLine(image, line.boxes + reach * OUTWARD)


def _perspective(line: SetLine, strength: float, rng: np.random.Generator) -> SetLine:
    """Pull the four corners inward, each by its own way."""
    height, width = line.image.shape
    begin = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    pull = rng.uniform(0, 2 * _MOST_PULL * strength * min(height, width), (4, 2))
    end = begin + inward * pull
    # A homography of eight unknowns: x' (g x + h y + 1) = a x + b y + c, and y' likewise.
    rows, targets = [], []
    for (x, y), (new_x, new_y) in zip(begin.tolist(), end.tolist(), strict=True):
        rows.append([x, y, 1, 0, 0, 0, -new_x * x, -new_x * y])
        rows.append([0, 0, 0, x, y, 1, -new_y * x, -new_y * y])
        targets += [new_x, new_y]
    forward = np.append(np.linalg.solve(rows, targets), 1).reshape(3, 3)
    back = np.linalg.inv(forward)
    # Ink light on black: what lies outside is black, and white would be mixed with it.
    image = (
        255
        - V.perspective(
            torch.from_numpy(255 - line.image)[None],
            None,
            None,
            interpolation=V.InterpolationMode.BILINEAR,
            fill=[0.0],
            coefficients=(back / back[2, 2]).ravel()[:8].tolist(),
        )[0].numpy()
    )
    left, top, right, bottom = line.boxes.T
    corners = np.array([[left, right, right, left], [top, top, bottom, bottom]])  # (2, 4, N)
    mapped = np.einsum("ij,jkn->ikn", forward, np.concatenate([corners, np.ones_like(corners[:1])]))
    x, y = mapped[:2] / mapped[2]
    boxes = np.stack([x.min(0), y.min(0), x.max(0), y.max(0)], axis=1)
    return SetLine(image, boxes + OUTWARD)  # between pixels, ink spreads by one


def _texture(
    image: NDArray[np.uint8], strength: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Give the sheet a tone, stains and grain; ink lies on it."""
    tone = 1 - 0.35 * strength * rng.uniform(0.2, 1)
    stains = 0.12 * strength * _clouds(image.shape, 40, rng)
    fibres = 0.05 * strength * _clouds(image.shape, 3, rng)
    grain = 0.04 * strength * rng.standard_normal(image.shape, np.float32)
    sheet = tone - stains + fibres + grain
    seen: NDArray[np.uint8] = np.clip(image * sheet, 0, 255).round().astype(np.uint8)
    return seen


def _shadow(
    image: NDArray[np.uint8], strength: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Darken towards one side, with an edge somewhere that is soft."""
    height, width = image.shape
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:height, 0:width]
    along = np.cos(angle) * columns / width + np.sin(angle) * rows / height
    softness = rng.uniform(0.05, 0.5)
    middle = rng.uniform(along.min(), along.max())
    shade = 1 / (1 + np.exp(-(along - middle) / softness))
    lit = image * (1 - _MOST_SHADOW * strength * shade)
    seen: NDArray[np.uint8] = lit.round().astype(np.uint8)
    return seen


def _clouds(
    shape: tuple[int, ...], cell_pixels: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Smooth noise (height, width) of mean 0 and deviation about 1."""
    height, width = shape
    cells = (height // cell_pixels + 2, width // cell_pixels + 2)
    coarse = torch.from_numpy(rng.standard_normal((1, 1, *cells), np.float32))
    smooth = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True)
    clouds: NDArray[np.float32] = smooth[0, 0].numpy()
    return clouds
