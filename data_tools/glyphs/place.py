"""Where a sample's ink stood in the square that its writer was given."""

Place = tuple[float, float, float, float]
"""Left, top, right and bottom of the ink, of the square's side; ink that leaves the square lies
below 0 or above 1."""

UNKNOWN_PLACE: Place = (float("nan"),) * 4
"""Of a sample whose source holds nothing but its ink, as HWDB's do."""

_MOST_SIDES = 10.0


def is_place(place: Place) -> bool:
    """Whether ink can be there: it has a size, and lies not ten sides and more from its square."""
    left, top, right, bottom = place
    return -_MOST_SIDES < left < right < _MOST_SIDES and -_MOST_SIDES < top < bottom < _MOST_SIDES
