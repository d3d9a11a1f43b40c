"""What a source holds beside samples, and how that is said: once a kind, with a count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_tools.errors import UserError, join_message
from data_tools.sources.kinds import CLUTTER, Kind

_NAMED = 3
_SOURCES = "name .gnt files, folders or archives that hold some"


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
    if len(passed_over) == 1 and (first.place == place or first.said):
        return first.error()
    said = ", ".join(f"{kind.count(len(kinds[kind]))} ({_names(kinds[kind])})" for kind in telling)
    problem = f"no .gnt file is in it, but {said}"
    return UserError(join_message(place, problem, telling[0].remedy or _SOURCES))


def _by_kind(passed_over: Iterable[PassedOver]) -> dict[Kind, list[PassedOver]]:
    kinds: dict[Kind, list[PassedOver]] = {}
    for one in sorted(passed_over, key=lambda one: one.place):
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def _names(some: Sequence[PassedOver]) -> str:
    shown = [one.place for one in some[:_NAMED]]
    return ", ".join([*shown, "…"] if len(some) > _NAMED else shown)
