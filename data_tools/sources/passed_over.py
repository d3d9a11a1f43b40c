"""What a source holds beside samples, and how that is said: once a kind, with a count."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from data_tools.errors import UserError, join_message
from data_tools.sources.kinds import CLUTTER, LMDB, OTHER, PARQUET, TEXT, UNPACKABLE, Kind
from data_tools.sources.mendable_errors import ARCHIVE_REMEDY

_NAMED = 3
_SOURCES = "name .gnt files, folders or archives that hold some"

DAMAGED = Kind("a damaged archive", "damaged archives", ARCHIVE_REMEDY)
DAMAGED_TABLE = Kind(
    "a table of pictures that cannot be read",
    "tables of pictures that cannot be read",
    "get the file again",
)
ENCRYPTED = Kind(
    "an encrypted file",
    "encrypted files",
    "unpack the archive with its password and name the folder",
)
UNREADABLE = Kind(
    "a file that cannot be read", "files that cannot be read", "check the path and its permissions"
)
SPECIAL = Kind(
    "neither a file nor a folder",
    "devices and pipes",
    "name .gnt files, folders or archives",
)
EMPTY_ARCHIVE = Kind(
    "an empty archive", "empty archives", "name an archive of .gnt files, such as Gnt1.0Test.zip"
)
TOO_DEEP = Kind(
    "an archive in an archive in an archive",
    "archives in archives in archives",
    "unpack the outer one and name the folder",
)


_EXTRAS = {PARQUET: "parquet", LMDB: "lmdb"}


def lacking_package(kind: Kind, package: str) -> Kind:
    """What files of a kind are where the package that reads them is not installed."""
    return Kind(
        f"{kind.one}, which needs {package}",
        f"{kind.many}, which need {package}",
        f"pip install 'hanzi-lsgan[{_EXTRAS[kind]}]'",
    )


@dataclass(frozen=True)
class PassedOver:
    """A file that is no source of samples.

    Attributes:
        place: where a person finds it.
        kind: what it is.
        said: the whole line that says what is wrong with it, where its kind does not.
    """

    place: str
    kind: Kind
    said: str = ""

    def error(self) -> UserError:
        """What to say of it where it was named by itself."""
        if self.said:
            return UserError(self.said)
        return UserError(
            join_message(self.place, f"is {self.kind.one}", self.kind.remedy or _SOURCES)
        )


def archive_of(inside: Sequence[PassedOver], place: str) -> PassedOver:
    """An archive in which there is nothing to read, named for what most of it is."""
    kinds = Counter(one.kind for one in inside if one.kind not in CLUTTER)
    if not kinds:
        return PassedOver(place, EMPTY_ARCHIVE)
    telling = [kind for kind, _ in kinds.most_common() if kind.remedy]
    kind = telling[0] if telling else kinds.most_common(1)[0][0]
    first = next(one for one in inside if one.kind == kind)
    if first.said:
        return replace(first, place=place)
    return PassedOver(place, _archive_kind(kind))


def _archive_kind(kind: Kind) -> Kind:
    return Kind(f"an archive of {kind.many}", f"archives of {kind.many}", kind.remedy)


def passed_over_lines(passed_over: Iterable[PassedOver]) -> list[str]:
    """One line a kind: how many, the first of them by name, and the way on."""
    lines = []
    for kind, some in _by_kind(passed_over).items():
        said = [one.said for one in some if one.said]
        if said:
            lines += [f"passed over: {line}" for line in said[:_NAMED]]
            if len(said) > _NAMED:
                lines.append(f"passed over: {kind.count(len(said) - _NAMED)} more")
            continue
        line = f"passed over: {kind.count(len(some))}"
        if kind not in CLUTTER:
            line += f" ({_names(some)})"
        lines.append(f"{line}; {kind.remedy}" if kind.remedy else line)
    return lines


def nothing_found(place: str, passed_over: Sequence[PassedOver]) -> UserError:
    """What to say of a source that holds no samples, going by what it does hold."""
    kinds = _by_kind(passed_over)
    telling = [kind for kind in kinds if kind.remedy] or list(kinds)
    if not telling:
        return UserError(join_message(place, "no .gnt file is in it", _SOURCES))
    # Where one thing alone stands in the way, what is wrong with it says the most.
    first = kinds[telling[0]][0]
    is_alone = sum(len(kinds[kind]) for kind in telling) == 1
    if is_alone and (first.place == place or first.said):
        return first.error()
    said = ", ".join(f"{kind.count(len(kinds[kind]))} ({_names(kinds[kind])})" for kind in telling)
    expected = ".gnt file" if telling[0] in (OTHER, TEXT, *UNPACKABLE) else "sample that is read"
    problem = f"no {expected} is in it, but {said}"
    return UserError(join_message(place, problem, telling[0].remedy or _SOURCES))


def _by_kind(passed_over: Iterable[PassedOver]) -> dict[Kind, list[PassedOver]]:
    kinds: dict[Kind, list[PassedOver]] = {}
    for one in sorted(passed_over, key=lambda one: one.place):
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def _names(some: Sequence[PassedOver]) -> str:
    shown = [one.place for one in some[:_NAMED]]
    return ", ".join([*shown, "…"] if len(some) > _NAMED else shown)
