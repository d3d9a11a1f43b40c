"""The objectives: least squares of three labels, and the zero-centred gradient penalty R1."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LeastSquares:
    """The LSGAN objective (Mao et al., 2017, equation 2), as means over the batch.

        min_D  ½ E[(D(x) - b)²] + ½ E[(D(G(z)) - a)²]
        min_G  ½ E[(D(G(z)) - c)²]

    Attributes:
        a: what the discriminator is to say of generated images.
        b: what it is to say of real ones.
        c: what the generator wants it to say of generated ones.
    """

    a: float
    b: float
    c: float

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """The discriminator's loss, a scalar, from its scores (B,) of real and generated images."""
        real = (real_scores - self.b).square().mean()
        fake = (fake_scores - self.a).square().mean()
        return 0.5 * (real + fake)

    def generator(self, fake_scores: Tensor) -> Tensor:
        """The generator's loss, a scalar, from the scores (B,) of its images."""
        return 0.5 * (fake_scores - self.c).square().mean()


SCHEMES = {
    # Equation 9, the 0-1 binary coding: the generator wants its images taken for real.
    "0,1,1": LeastSquares(a=0.0, b=1.0, c=1.0),
    # Equation 8: b - c = 1 and b - a = 2 make the objective a Pearson χ² divergence.
    "-1,1,0": LeastSquares(a=-1.0, b=1.0, c=0.0),
}


def r1_penalty(real_scores: Tensor, real_images: Tensor) -> Tensor:
    """R1 = E[‖∇ₓ D(x)‖²] on real images (Mescheder et al., 2018), a scalar.

    The recipe multiplies it by γ / 2. The norm is that of one score's gradient with respect to all
    images it judged, a whole pack.

    Args:
        real_scores: (P,), one score a pack, each depending on its own images alone.
        real_images: (B, 1, S, S), requiring gradients.
    """
    (gradients,) = torch.autograd.grad(real_scores.sum(), real_images, create_graph=True)
    return gradients.square().sum() / len(real_scores)
