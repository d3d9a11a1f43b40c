"""What words and numbers of the West are made of, which take their own width and no squares."""

_RANGES = (
    ("!", "~"),
    ("\u00a1", "\u052f"),  # Latin, Greek, Cyrillic, and signs such as ±, °, ²
    ("\u1e00", "\u1fff"),
    ("\u2030", "\u2034"),  # ‰, ′, ″
    ("\u2070", "\u209f"),  # raised and lowered digits
    ("\u20a0", "\u20bf"),  # currencies
    ("\u2212", "\u2212"),  # minus
)
BETWEEN_NAMES = "·"
"""As in 列奥纳多·达·芬奇: of no words of the West, though it lies among their signs."""


def is_western(character: str) -> bool:
    """Whether a character is a letter of Latin, Greek or Cyrillic, a digit, or a sign with such."""
    return character != BETWEEN_NAMES and any(low <= character <= high for low, high in _RANGES)
