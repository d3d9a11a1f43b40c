"""Which characters a generator can draw, and how it comes to know what they look like."""

from dataclasses import dataclass

from hanzi_lsgan.runs.trained_generator import TrainedGenerator


@dataclass(frozen=True)
class Coverage:
    """Characters by how a generator knows them, each once and in one of the four.

    Attributes:
        trained: it was trained on them.
        unseen: it was not, but the font of a hand shows how they are written.
        reference: it was not, and the reference font alone shows what they look like.
        missing: it cannot draw them.
    """

    trained: str
    unseen: str
    reference: str
    missing: str

    def parts(self) -> dict[str, str]:
        """The four by their names, in this order."""
        return {
            "trained": self.trained,
            "unseen": self.unseen,
            "reference": self.reference,
            "missing": self.missing,
        }


def cover(trained: TrainedGenerator, characters: str) -> Coverage:
    """Say how a generator knows each of these characters, in the order in which they first come."""
    parts: dict[str, list[str]] = {"trained": [], "unseen": [], "reference": [], "missing": []}
    taught = trained.taught
    for character in dict.fromkeys(characters):
        if character in taught:
            part = "trained"
        elif not trained.can_draw(character):
            part = "missing"
        else:
            part = "unseen" if trained.fonts.in_a_hand(character) else "reference"
        parts[part].append(character)
    return Coverage(**{name: "".join(part) for name, part in parts.items()})
