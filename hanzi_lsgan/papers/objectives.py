"""The objectives that the papers compare, by the names that tables and figures give them."""

from dataclasses import dataclass
from typing import Literal

from hanzi_lsgan.losses import (
    SCHEMES,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
)

Loss = LeastSquares | Minimax | NonSaturating | Wasserstein
Penalty = Literal["none", "between", "around", "r1"]


@dataclass(frozen=True)
class Objective:
    """A loss, with what is added to it.

    Attributes:
        name: in tables.
        colour: in figures.
        loss: of both networks.
        penalty: on D's slope: `between` real and generated samples as in WGAN-GP, `around` real
            ones as in LSGAN-GP, `r1` at real ones, or none.
    """

    name: str
    colour: str
    loss: Loss
    penalty: Penalty = "none"


LEAST_SQUARES = Objective("least squares (0, 1, 1)", "#c0392b", SCHEMES["0,1,1"])
PEARSON = Objective("least squares (−1, 1, 0)", "#e59866", SCHEMES["-1,1,0"])
NON_SATURATING = Objective("non-saturating", "#1f618d", NonSaturating())
MINIMAX = Objective("minimax", "#7fb3d5", Minimax())
WGAN_GP = Objective("WGAN-GP", "#1e8449", Wasserstein(), "between")
LSGAN_GP = Objective("LSGAN-GP", "#7d3c98", SCHEMES["0,1,1"], "around")
LSGAN_R1 = Objective("LSGAN + R1", "#b7950b", SCHEMES["0,1,1"], "r1")
