"""What was named twice: for `--test` out of a folder of `sources`, or by mistake."""

from collections.abc import Sequence
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.sources.members import Member
from data_tools.sources.split_choice import TEST_OPTION
from data_tools.sources.stored import Collection


def members_once(members: Sequence[Member]) -> list[Member]:
    """The members in order, those for `--test` taken out of folders that hold them too.

    Raises:
        UserError: one is named twice for the same split.
    """
    by_file: dict[tuple[Path, tuple[int, int] | None], Member] = {}
    for member in sorted(members):
        # Not by where it is read: what is packed is unpacked anew each time that it is found.
        file = (Path(member.place).resolve(), member.span)
        other = by_file.setdefault(file, member)
        if other is member:
            continue
        are_options = [one.named_split.name == TEST_OPTION for one in (other, member)]
        if all(are_options) or not any(are_options):
            problem = "the same source is given twice"
            raise UserError(join_message(member.place, problem, "name each file once"))
        by_file[file] = member if are_options[1] else other
    return sorted(by_file.values())


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
        are_kept = []
        # Not by where they are read: what is packed is unpacked anew each time that it is found.
        base = Path(collection.place).resolve()
        for picture in collection.pictures:
            other = seen.setdefault(f"{base}/{picture.name}", collection)
            are_kept.append(other is collection)
            if other is not collection and (other.split is None) is (collection.split is None):
                place = f"{collection.place}/{picture.name}"
                problem = "the same picture is given twice"
                raise UserError(join_message(place, problem, "name each folder once"))
        if not all(are_kept):
            collection.keep(are_kept)
    sources = {collection.source for collection in collections if collection.pictures}
    return [collection for collection in collections if collection.source in sources]
