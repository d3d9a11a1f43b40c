"""The command line: parse, call one function, show progress, turn known errors into one line.

The only place that prints. Heavy imports happen inside the command that needs them, so that
`--help` answers at once.
"""

import os
import sys

from rich.console import Console

from data_tools.errors import UserError
from hanzi_lsgan.cli import (  # noqa: F401 - each adds its command
    corpus,
    evaluate,
    generate,
    info,
    pack,
    paper,
    prepare,
    render,
    train,
)
from hanzi_lsgan.cli.app import app

EXIT_USER_ERROR = 2


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    try:
        app(_repeat_test(sys.argv[1:]))
    except UserError as error:
        # Of several processes that a launcher started, one speaks for all.
        if os.environ.get("RANK", "0") == "0":
            Console(stderr=True, highlight=False, emoji=False, soft_wrap=True).print(
                f"error: {error}", markup=False
            )
        sys.exit(EXIT_USER_ERROR)


def _repeat_test(arguments: list[str]) -> list[str]:
    """Let `--test A B` mean `--test A --test B`, since an option of the parser takes one value."""
    expanded: list[str] = []
    in_test = False
    for argument in arguments:
        if argument.startswith("-"):
            in_test = argument == "--test"
        elif in_test and expanded[-1] != "--test":
            expanded.append("--test")
        expanded.append(argument)
    return expanded
