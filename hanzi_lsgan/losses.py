"""The objectives: least squares of three labels, the gradient penalty R1, and the reading loss."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_EVEN_ODDS = math.log(2)  # surprise at a character that was given a probability of one half


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
        return 0.5 * real + self.refusal(fake_scores)

    def refusal(self, scores: Tensor) -> Tensor:
        """Half of the discriminator's loss: ½ E[(D(x) - a)²] of what it is to refuse."""
        return 0.5 * (scores - self.a).square().mean()

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


def reading_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """E[max(0, -log₂ p(y | x) - 1)] · log 2 of a recogniser, a scalar: what it cannot read.

    A sample that is given even odds, and so is read rightly, costs nothing: there is no reward for
    drawing a character more clearly than that, which would leave one form of it.

    Args:
        logits: (B, classes) of generated samples.
        labels: (B,), what they are meant to be.
    """
    surprise = F.cross_entropy(logits.float(), labels, reduction="none")
    return (surprise - _EVEN_ODDS).relu().mean()
