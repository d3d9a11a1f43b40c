"""The one kind of error that a user can mend."""

_LONGEST_PROBLEM = 300  # what libraries say of a broken file can fill a screen


class UserError(Exception):
    """Something outside the program is wrong; the message is one line: what, where, the remedy.

    The command line prints the message without a traceback and exits with code 2. A programming
    mistake is never a `UserError`.
    """


def join_message(where: str, problem: str, remedy: str) -> str:
    """Put place, problem and remedy into one line that any terminal can show.

    Line breaks become spaces, and bytes of a file name that are no UTF-8 become escapes. What is
    wrong is cut where it is longer than 300 characters.
    """
    if len(problem) > _LONGEST_PROBLEM:
        problem = problem[:_LONGEST_PROBLEM] + " …"
    line = " ".join(f"{where}: {problem}; {remedy}".split())
    return line.encode(errors="backslashreplace").decode()
