"""The reference glyph as a picture: what a generator looks at while it draws a character.

A short vector says which known character is like this one; only a picture says where the strokes
are, and does so for characters that nobody ever trained on. But nobody's hand is the font's. So the
picture is bent first, in a way that follows from latent and character (a spatial transformer,
Jaderberg et al., 2015), and what is drawn after it is the generator's to learn.

Nobody writes a stroke twice alike either, and what modulates whole maps cannot move one stroke by
itself. So there may be noise at places (Karras et al., 2019), which bends the picture further, by
as much as the generator has learned that a hand strays, and is seen beside it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_tools.fonts.reference_glyphs import REFERENCE_SIZE_PIXELS
from hanzi_lsgan.models.layers import sample_images

_CONTROL_POINTS = 4  # a side of the square of points whose displacements bend a picture
_DISPLACEMENT = 0.05
"""Standard deviation of displacements before training, in half sides of the picture. Weights are as
many times larger: Adam moves all weights alike, and could else tear a picture apart in one step."""

_NOISE_CHANNELS = 4
"""Numbers of noise at each place: two move the ink there, and all four are seen."""
_STRAYING = 0.03
"""Standard deviation of what noise moves ink by before training, in half sides of the picture."""


class GlyphGuide(nn.Module):
    """Feature maps of a bent picture, for each of a generator's stages that is coarser than it.

    A stage sees all of the picture, blocks of pixels folded into channels. One as fine as the
    picture itself sees nothing: it would trace outlines.
    """

    def __init__(
        self,
        condition_features: int,
        first_side: int,
        channels: Sequence[int],
        noise_points: int = 0,
    ) -> None:
        """Build the layers.

        Args:
            condition_features: length of what bends a picture.
            first_side: of the first stage's maps, which doubles from stage to stage.
            channels: of the stages' maps.
            noise_points: a side of the square of places that have noise; 0: there is none.
        """
        super().__init__()
        self.noise_points = noise_points
        self.to_displacements = nn.Linear(condition_features, 2 * _CONTROL_POINTS**2)
        nn.init.normal_(self.to_displacements.weight, std=condition_features**-0.5)
        nn.init.zeros_(self.to_displacements.bias)
        sides = [first_side * 2**stage for stage in range(len(channels))]
        self.folds = [
            REFERENCE_SIZE_PIXELS // side for side in sides if side < REFERENCE_SIZE_PIXELS
        ]
        noise_channels = _NOISE_CHANNELS if noise_points else 0
        self.convolutions = nn.ModuleList(
            nn.Conv2d(fold**2 + noise_channels, width, kernel_size=3, padding=1, bias=False)
            for fold, width in zip(self.folds, channels, strict=False)
        )
        if noise_points:
            self.to_straying = nn.Linear(condition_features, 2)
            nn.init.zeros_(self.to_straying.weight)
            nn.init.ones_(self.to_straying.bias)

    @property
    def noise_features(self) -> int:
        """How many numbers of noise a picture takes."""
        return _NOISE_CHANNELS * self.noise_points**2

    @property
    def linears(self) -> list[nn.Linear]:
        """The layers that read the condition."""
        return [self.to_displacements, *([self.to_straying] if self.noise_points else [])]

    def forward(self, pictures: Tensor, condition: Tensor, noise: Tensor) -> list[Tensor]:
        """Feature maps (B, channels, side, side), stage by stage.

        Args:
            pictures: (B, 1, 32, 32).
            condition: (B, condition features).
            noise: (B, noise features), draws of N(0, 1).
        """
        field = _DISPLACEMENT * self.to_displacements(condition).float()
        fields = [field.view(-1, 2, _CONTROL_POINTS, _CONTROL_POINTS)]
        if not self.noise_points:
            bent = bend(pictures, *fields)
            seen = [F.pixel_unshuffle(bent, fold) for fold in self.folds]
        else:
            noise = noise.view(-1, _NOISE_CHANNELS, self.noise_points, self.noise_points)
            straying = _STRAYING * self.to_straying(condition).float()
            bent = bend(pictures, *fields, straying[:, :, None, None] * noise[:, :2])
            folded = [F.pixel_unshuffle(bent, fold) for fold in self.folds]
            seen = [torch.cat([maps, _resized(noise, maps.shape[-1])], dim=1) for maps in folded]
        return [
            convolve(maps.contiguous(memory_format=torch.channels_last))
            for maps, convolve in zip(seen, self.convolutions, strict=True)
        ]

    @torch.no_grad()
    def scale_noise(self, factor: float) -> None:
        """From now on noise counts as `factor` times itself."""
        if not self.noise_points:
            return
        self.to_straying.weight.mul_(factor)
        self.to_straying.bias.mul_(factor)
        for fold, convolve in zip(self.folds, self.convolutions, strict=True):
            convolve.get_parameter("weight")[:, fold**2 :].mul_(factor)


def bend(pictures: Tensor, *fields: Tensor) -> Tensor:
    """Move the ink of pictures (B, 1, S, S) by the sum of fields (B, 2, P, P) of P × P points.

    The outermost points are the outermost pixels; between points fields are interpolated. They say
    how far to the right and how far below the ink comes from, in half sides.
    """
    size = pictures.shape[-1]
    field = torch.stack([_resized(field, size) for field in fields]).sum(dim=0)
    centres = (torch.arange(size, device=field.device) * 2 + 1) / size - 1
    places = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), dim=-1)
    places = places + field.permute(0, 2, 3, 1)
    return sample_images(pictures, places, "border")


def _resized(maps: Tensor, side: int) -> Tensor:
    """Maps (B, C, P, P) whose outermost points are the outermost pixels: (B, C, side, side)."""
    return F.interpolate(maps, size=side, mode="bilinear", align_corners=True)
