"""The objectives: adversarial losses, two gradient penalties, reading losses and the choice loss.

Losses are means over the batch, but for reading losses, which are each sample's. x are real images,
G(z) generated ones, and D(x) is a score without bounds, which a sigmoid σ turns into a probability
where an objective speaks of one.
"""

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


class Minimax:
    """The first objective (Goodfellow et al., 2014, equation 1): sigmoid cross entropy.

        min_D  -E[log σ(D(x))] - E[log(1 - σ(D(G(z))))]
        min_G  E[log(1 - σ(D(G(z))))]

    With -log σ(t) = softplus(-t) and -log(1 - σ(t)) = softplus(t), no score overflows.
    """

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """The discriminator's loss, a scalar, from its scores (B,) of real and generated images."""
        return F.softplus(-real_scores).mean() + self.refusal(fake_scores)

    def refusal(self, scores: Tensor) -> Tensor:
        """Half of the discriminator's loss: -E[log(1 - σ(D(x)))] of what it is to refuse."""
        return F.softplus(scores).mean()

    def generator(self, fake_scores: Tensor) -> Tensor:
        """The generator's loss, a scalar, from the scores (B,) of its images."""
        return -F.softplus(fake_scores).mean()


class NonSaturating(Minimax):
    """Minimax with the generator's loss that does not vanish where D is sure (ibid., section 3).

    min_D  -E[log σ(D(x))] - E[log(1 - σ(D(G(z))))]
    min_G  -E[log σ(D(G(z)))]
    """

    def generator(self, fake_scores: Tensor) -> Tensor:
        """The generator's loss, a scalar, from the scores (B,) of its images."""
        return F.softplus(-fake_scores).mean()


class Wasserstein:
    """The Wasserstein distance of WGAN (Arjovsky et al., 2017), D being held to a slope of one.

        min_D  -E[D(x)] + E[D(G(z))]
        min_G  -E[D(G(z))]

    What holds it is `gradient_penalty` (Gulrajani et al., 2017).
    """

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """The discriminator's loss, a scalar, from its scores (B,) of real and generated images."""
        return -real_scores.mean() + self.refusal(fake_scores)

    def refusal(self, scores: Tensor) -> Tensor:
        """Half of the discriminator's loss: E[D(x)] of what it is to refuse."""
        return scores.mean()

    def generator(self, fake_scores: Tensor) -> Tensor:
        """The generator's loss, a scalar, from the scores (B,) of its images."""
        return -fake_scores.mean()


AdversarialLoss = LeastSquares | Minimax | NonSaturating | Wasserstein

SCHEMES = {
    # Equation 9, the 0-1 binary coding: the generator wants its images taken for real.
    "0,1,1": LeastSquares(a=0.0, b=1.0, c=1.0),
    # Equation 8: b - c = 1 and b - a = 2 make the objective a Pearson χ² divergence.
    "-1,1,0": LeastSquares(a=-1.0, b=1.0, c=0.0),
}


def r1_penalty(real_scores: Tensor, real_images: Tensor) -> Tensor:
    """R1 = E[‖∇ₓ D(x)‖²] on real images (Mescheder et al., 2018), a scalar.

    The recipe multiplies it by γ / 2. The norm is that of one score's gradient with respect to all
    images it judged, a whole pack. Where D normalises batches, it is that of all packs' scores.

    Args:
        real_scores: (P,), one score a pack.
        real_images: (B, C, S, S), requiring gradients.
    """
    (gradients,) = torch.autograd.grad(real_scores.sum(), real_images, create_graph=True)
    return gradients.square().sum() / len(real_scores)


def gradient_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """E[(‖∇ₓ D(x̂)‖ - 1)²] (Gulrajani et al., 2017, equation 3), a scalar.

    The recipe multiplies it by its weight λ. As in R1, the norm is that of one score's gradient
    with respect to all images it judged, a whole pack.

    Args:
        scores: (P,), one score a pack, each depending on its own images alone: under batch
            normalisation their sum may be level whatever D is, and the penalty says nothing.
        images: (B, C, S, S), what `interpolate` makes, requiring gradients.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    norms = torch.linalg.vector_norm(gradients.reshape(len(scores), -1), dim=1)
    penalty: Tensor = (norms - 1).square().mean()
    return penalty


def interpolate(real_images: Tensor, fake_images: Tensor, shares: Tensor) -> Tensor:
    """x̂ = ε x + (1 - ε) G(z): where `gradient_penalty` looks, between real and generated packs.

    Args:
        real_images: (B, C, S, S).
        fake_images: the same.
        shares: (P,), the ε ~ U(0, 1) of each pack of B / P neighbours.
    """
    of_image = shares.repeat_interleave(len(real_images) // len(shares))
    return fake_images.lerp(real_images, of_image.view(-1, *[1] * (real_images.dim() - 1)))


def reading_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """max(0, -log₂ p(y | x) - 1) · log 2 of a recogniser for each sample (B,): what it cannot read.

    A sample that is given even odds, and so is read rightly, costs nothing: there is no reward for
    drawing a character more clearly than that, which would leave one form of it.

    Args:
        logits: (B, classes) of generated samples.
        labels: (B,), what they are meant to be.
    """
    surprise = F.cross_entropy(logits.float(), labels, reduction="none")
    return (surprise - _EVEN_ODDS).relu()


def choice_loss(losses: Tensor, usual: Tensor, log_probabilities: Tensor) -> Tensor:
    """A scalar whose gradient is that of E[L] by the probabilities of what has been chosen.

    A choice has no derivative, but its probability has (Williams, 1992): ∇ E[L] =
    E[(L - L̄) ∇ log p], whatever L̄ is that does not depend on the choice; the mean of the others
    makes it less noisy.

    Args:
        losses: (P,), L of each pack, of which nothing but the value is used.
        usual: (P,), L̄.
        log_probabilities: (P,), log p of all that has been chosen for the pack.
    """
    return ((losses - usual).detach() * log_probabilities).mean()
