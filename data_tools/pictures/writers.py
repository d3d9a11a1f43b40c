"""Who wrote a picture: a pattern that finds the writer in its path, else each folder is one."""

import re

from data_tools.errors import UserError, join_message

_OPTION = "--writer-pattern"
_REMEDY = r"write one such as 'writer_(\d+)' or '(?P<writer>[^/]+)/[^/]+$'"


def parse_writer_pattern(text: str) -> re.Pattern[str]:
    """Turn what a user writes into a pattern with a group that catches the writer.

    Raises:
        UserError: it is no regular expression, or has no group.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        problem = f"{text!r} is no regular expression ({error})"
        raise UserError(join_message(_OPTION, problem, _REMEDY)) from None
    if not pattern.groups:
        raise UserError(join_message(_OPTION, f"{text!r} has no group", _REMEDY))
    return pattern


def writer_in(pattern: re.Pattern[str], path: str) -> str | None:
    """The writer whom a path names by the group `writer`, or the first; None where it does not."""
    if (match := pattern.search(path)) is None:
        return None
    return match["writer" if "writer" in pattern.groupindex else 1] or None
