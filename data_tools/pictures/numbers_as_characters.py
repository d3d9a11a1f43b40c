"""Numbers by which folders or files are named, read as characters where no list has them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from data_tools.errors import join_message
from data_tools.pictures.found_characters import FOLDERS, UNTOLD, Found, UntoldError, of_number
from data_tools.pictures.names import NumberScheme, is_number, schemes_of

_HEX_STEM = re.compile(r"([0-9a-fA-F]{4,5})(?:[-_][0-9]{1,6})?")
_LEAST_HEX_FILES = 8  # with different numbers; that nearly all be hanzi is one in 10,000 by chance


def read_numbers(paths: Sequence[str], found: list[Found], where: str) -> None:
    """Read the numbers of folders, or of files, as characters where nothing else tells."""
    numbered = {
        place: number
        for place, (path, known) in enumerate(zip(paths, found, strict=True))
        if known is UNTOLD and (number := _number_of(PurePosixPath(path))) is not None
    }
    numbers = set(numbered.values())
    schemes = schemes_of(numbers)
    if len(schemes) != 1 and _read_numbers_of_files(paths, found, where):
        return
    if numbered and len(schemes) != 1 and not any(known.character for known in found):
        raise _unreadable_numbers(numbers, schemes, where)
    for place, number in numbered.items():
        if len(schemes) == 1:
            found[place] = of_number(number, schemes[0])
        else:
            found[place] = Found(None, "its folder is a number that no list of classes has")


def _read_numbers_of_files(paths: Sequence[str], found: list[Found], where: str) -> bool:
    """Read files named by hexadecimal numbers, as `6c38.png` and `6c38_2.png`, and say whether.

    So many that it is no chance, and all whose character is told by nothing, or by one folder
    around them all.

    Raises:
        UntoldError: they may be read in several ways, and nothing else tells.
    """
    shown = {(known.character, known.by) for known in found if known.character}
    are_in_one = len(shown) == 1 and {by for _, by in shown} == {FOLDERS}
    numbers = {}
    for place, (path, known) in enumerate(zip(paths, found, strict=True)):
        if known is UNTOLD or (are_in_one and known.character):
            match = _HEX_STEM.fullmatch(PurePosixPath(path).stem)
            if match is None:
                return False
            numbers[place] = match[1]
    names = set(numbers.values())
    schemes = [one for one in schemes_of(names) if one.base == 16]
    if len(names) < _LEAST_HEX_FILES or not schemes:
        return False
    if len(schemes) > 1:
        if shown:
            return False
        raise _unreadable_numbers(names, schemes, where, "files")
    for place, number in numbers.items():
        by = f"files named by {schemes[0].description}"
        found[place] = Found(schemes[0].read(number), by)
    return True


def codes_not_read(paths: Sequence[str], found: Sequence[Found]) -> Iterable[str]:
    """A line on files in a folder for one character whose names are code points of others.

    So few may be called so by chance; nothing tells whether that folder is a class.
    """
    shown = {(known.character, known.by) for known in found if known.character}
    matches = [_HEX_STEM.fullmatch(PurePosixPath(path).stem) for path in paths]
    if len(shown) != 1 or {by for _, by in shown} != {FOLDERS} or None in matches:
        return
    numbers = [match[1] for match in matches if match is not None]
    schemes = [one for one in schemes_of(set(numbers)) if one.base == 16]
    ((character, _),) = shown
    others = [
        (path, number, other)
        for path, number in zip(paths, numbers, strict=True)
        if len(schemes) == 1 and (other := schemes[0].read(number)) not in (None, character)
    ]
    if others:
        path, number, other = min(others)
        name = PurePosixPath(path).name
        count = f" ({len(others):,} such pictures)" if len(others) > 1 else ""
        yield (
            f"{path}: is {character} by its folder, and {other} if names of files are "
            f"{schemes[0].description}{count}; if those are right, call it "
            f"{other}{name.removeprefix(number)}"
        )


def _number_of(path: PurePosixPath) -> str | None:
    """The nearest folder that is named by a number."""
    return next((name for name in reversed(path.parts[:-1]) if is_number(name)), None)


def _unreadable_numbers(
    numbers: set[str], schemes: Sequence[NumberScheme], where: str, of_what: str = "folders"
) -> UntoldError:
    some = ", ".join(sorted(numbers)[:3]) + (" …" if len(numbers) > 3 else "")
    if schemes:
        ways = " or ".join(f"{one.description} ({_example(one, numbers)})" for one in schemes)
        problem = f"the {of_what}' numbers may be {ways}"
        return UntoldError(join_message(where, problem, "say it in a classes.txt or labels.json"))
    problem = f"folders are numbered ({some}) and no list says which characters they hold"
    remedy = "put classes.txt, char_dict.json or labels.json beside them, or name them 永"
    return UntoldError(join_message(where, problem, remedy))


def _example(scheme: NumberScheme, numbers: set[str]) -> str:
    number = min(numbers)
    return f"{number} is {scheme.read(number)}"
