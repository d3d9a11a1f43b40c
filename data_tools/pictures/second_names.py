"""Files that lie under several names: the one that tells most is left."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from data_tools.pictures.found_characters import OTHER_NAME, Found
from data_tools.pictures.metadata import Told
from data_tools.sources.split_names import split_of_names
from data_tools.splits import Split


def take_telling_names(
    paths: Sequence[str], found: list[Found], told: Told, first_names: Mapping[str, str]
) -> str | None:
    """Leave of each file the name that tells most, and say which others there are."""
    places: dict[str, list[int]] = {}
    for place, path in enumerate(paths if first_names else ()):
        places.setdefault(first_names.get(path, path), []).append(place)

    def telling(place: int) -> tuple[bool, bool, bool]:
        row = told.of_pictures[place]
        named = None if row is None else row.named_split
        named = named or split_of_names(PurePosixPath(paths[place]).parts)
        is_test = named is not None and named.split is Split.TEST
        return found[place].character is not None, named is not None, is_test

    others = []
    for of_file in places.values():
        best = max(of_file, key=telling)  # the first of those
        if len({found[place].character for place in of_file} - {None}) > 1:
            found[best] = Found(None, "names of one file say different characters")
        others += [place for place in of_file if place != best]
    for place in others:
        found[place] = OTHER_NAME
    if not others:
        return None
    count = f"{len(others):,} second name" + ("s" if len(others) > 1 else "")
    return f"passed over: {count} of pictures ({paths[min(others)]}{', …' * (len(others) > 1)})"
