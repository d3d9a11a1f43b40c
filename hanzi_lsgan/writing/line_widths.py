"""What takes less of a line than a whole square, where no squares are printed."""

NARROW = 0.62
"""Of a square, which a comma and its like take."""

NARROW_MARKS = frozenset("，。、！？：；")
"""A comma and its like."""

SPACE = 0.3
"""Of a square, which white space takes."""
