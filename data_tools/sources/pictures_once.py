"""Pictures that were named twice: for `--test` out of a folder of `sources`, or by mistake."""

from collections.abc import Sequence

from data_tools.errors import UserError, join_message
from data_tools.sources.stored import Collection, StoredFile


def pictures_once(collections: Sequence[Collection]) -> list[Collection]:
    """Take pictures that are named for the test split out of what holds them too.

    Raises:
        UserError: a picture is named twice for the same split.
    """
    if len(collections) < 2:
        return list(collections)
    seen: dict[str, Collection] = {}
    # Those that a person said the split of come first, and are not taken away.
    for collection in sorted(collections, key=lambda one: one.split is None):
        kept: list[StoredFile] = []
        base = collection.base.resolve()
        for picture in collection.pictures:
            other = seen.setdefault(f"{base}/{picture.name}", collection)
            if other is collection:
                kept.append(picture)
            elif (other.split is None) is (collection.split is None):
                place = f"{collection.place}/{picture.name}"
                problem = "the same picture is given twice"
                raise UserError(join_message(place, problem, "name each folder once"))
        collection.pictures = kept
    return [collection for collection in collections if collection.pictures]
