"""Numbers of things, as messages say them."""


def number_of(count: int, one: str, many: str = "") -> str:
    """So many of what is called `one`; others than 1 are `many`, by default `one` with an s."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {many or one + 's'}"
