"""The reference glyph as a picture: what a generator looks at while it draws a character.

A short vector says which known character is like this one; only a picture says where the strokes
are, and does so for characters that nobody ever trained on. But nobody's hand is the font's. So the
picture is bent first, in a way that follows from latent and character (a spatial transformer,
Jaderberg et al., 2015), and what is drawn after it is the generator's to learn.
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


class GlyphGuide(nn.Module):
    """Feature maps of a bent picture, for each of a generator's stages that is coarser than it.

    A stage sees all of the picture, blocks of pixels folded into channels. One as fine as the
    picture itself sees nothing: it would trace outlines.
    """

    def __init__(self, condition_features: int, first_side: int, channels: Sequence[int]) -> None:
        """Build the layers.

        Args:
            condition_features: length of what bends a picture.
            first_side: of the first stage's maps, which doubles from stage to stage.
            channels: of the stages' maps.
        """
        super().__init__()
        self.to_displacements = nn.Linear(condition_features, 2 * _CONTROL_POINTS**2)
        nn.init.normal_(self.to_displacements.weight, std=condition_features**-0.5)
        nn.init.zeros_(self.to_displacements.bias)
        sides = [first_side * 2**stage for stage in range(len(channels))]
        self.folds = [
            REFERENCE_SIZE_PIXELS // side for side in sides if side < REFERENCE_SIZE_PIXELS
        ]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(fold**2, width, kernel_size=3, padding=1, bias=False)
            for fold, width in zip(self.folds, channels, strict=False)
        )

    def forward(self, pictures: Tensor, condition: Tensor) -> list[Tensor]:
        """Feature maps (B, channels, side, side) of pictures (B, 1, 32, 32), stage by stage."""
        bent = bend(pictures, _DISPLACEMENT * self.to_displacements(condition).float())
        return [
            convolve(F.pixel_unshuffle(bent, fold).contiguous(memory_format=torch.channels_last))
            for fold, convolve in zip(self.folds, self.convolutions, strict=True)
        ]


def bend(pictures: Tensor, displacements: Tensor) -> Tensor:
    """Move the ink of pictures (B, 1, S, S) by displacements (B, 32) of 4 × 4 points.

    The outermost points are the outermost pixels; between points displacements are interpolated.
    They say how far to the right (first 16) and below (last 16) the ink comes from, in half sides.
    """
    size = pictures.shape[-1]
    field = displacements.view(-1, 2, _CONTROL_POINTS, _CONTROL_POINTS)
    field = F.interpolate(field, size=size, mode="bilinear", align_corners=True)
    centres = (torch.arange(size, device=field.device) * 2 + 1) / size - 1
    places = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), dim=-1)
    places = places + field.permute(0, 2, 3, 1)
    return sample_images(pictures, places, "border")
