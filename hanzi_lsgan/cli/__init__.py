"""The command line: parse, call one function, show progress, turn known errors into one line.

The only place that prints. Heavy imports happen inside the command that needs them, so that
`--help` answers at once.
"""

import errno
import io
import os
import re
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import typer
from rich.console import Console

from data_tools.ended_by_signals import ended_by_signals
from data_tools.errors import UserError, join_message
from hanzi_lsgan.cli import (  # noqa: F401 - each adds its command
    adapt,
    corpus,
    coverage,
    evaluate,
    export,
    export_weights,
    form,
    generate,
    hands,
    info,
    lines,
    paper,
    prepare,
    render,
    train,
    write,
)
from hanzi_lsgan.cli.app import (
    ClosedPipeError,
    InterruptedByUserError,
    app,
    console,
    discard_output,
)

EXIT_USER_ERROR = 2
_PATHS = ("--out", "--run", "--data", "--test", "--from")
_REMEDIES = {
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EACCES: "check its permissions",
    errno.ENOSPC: "free space there",
    errno.EFBIG: "free space there",
}
"""For errors of the file system that nobody nearer to the file has answered."""
_FULL = (errno.ENOSPC, errno.EFBIG)
_HERE_IS_GONE = "the folder that you are in: has been deleted; change into another one"
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141
"""As a shell reports a program that the signal of a closed pipe ended."""

# The class above all that is wrong with arguments: typer has its own copy of click, older ones
# take the one that is installed.
_ArgumentError = typer.BadParameter.__mro__[2]


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    open_missing_output()
    show_any_text()
    console.quiet = console.stderr = False
    try:
        with ended_by_signals():
            code = _run(sys.argv[1:])
        flush_or_discard()
    except (ClosedPipeError, BrokenPipeError):
        discard_output()
        code = EXIT_CLOSED_PIPE
    except (KeyboardInterrupt, InterruptedByUserError, typer.Abort):
        _say("interrupted")
        code = EXIT_INTERRUPTED
    except SystemExit as end:
        if end.code == 1:  # of click, whose help nobody reads any more
            discard_output()
            code = EXIT_CLOSED_PIPE
        else:  # of a signal that asks to end
            with suppress(OSError):  # the terminal is gone
                _say("terminated")
            raise
    if code:
        sys.exit(code)


def open_missing_output() -> None:
    """Give a program that was started with an output closed, as by `>&-`, one to nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def flush_or_discard() -> None:
    """Write what waits for standard output; what cannot be written has been told of by now."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        discard_output()


def show_any_text() -> None:
    """Write what an encoding has no character for as an escape, rather than fail over it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    """Run a command; its exit code."""
    try:
        arguments = [_with_home(argument) for argument in arguments]
        _refuse_empty_paths(arguments)
        chosen = _common_first(_repeat_test(arguments)) or ["--help"]
        code = app(chosen, standalone_mode=False)
        sys.stdout.flush()  # by which a full disk is found
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        raise
    except UserError as error:
        _say(f"error: {_HERE_IS_GONE if _is_here_gone() else error}")
    except OSError as error:
        _say(f"error: {_HERE_IS_GONE if _is_here_gone() else _describe_of_system(error)}")
    except (MemoryError, RuntimeError) as error:
        if not _is_want_of_memory(error):
            raise
        _say("error: there is not enough memory for this; ask for less at a time")
    except Exception as error:
        if not isinstance(error, _ArgumentError):
            raise
        _say(f"error: {_describe(error)}")
    return EXIT_USER_ERROR


def _say(line: str) -> None:
    # Of several processes that a launcher started, one speaks for all.
    if os.environ.get("RANK", "0") == "0":
        stderr = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
        stderr.print(line)


def _is_here_gone() -> bool:
    """Whether the folder has been deleted from which names without a folder are read."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _describe_of_system(error: OSError) -> str:
    """What the file system finds wrong, in one line."""
    where = str(error.filename or "the system")
    if error.filename is None and error.errno in _FULL:
        where = "standard output"
    remedy = _REMEDIES.get(error.errno or 0, "see to it")
    return join_message(where, f"fails ({error.strerror or error})", remedy)


def _describe(error: Exception) -> str:
    """What is wrong with the arguments, in one line, and where to read on."""
    message: str = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "hanzi-lsgan"
    # "Invalid value for '--rows': 0 is not in the range" begins with the option itself here.
    named = re.fullmatch(r"Invalid value for '(.+?)'(?: / '.*?')?: (.*)", message, re.DOTALL)
    where, problem = named.groups() if named else (command, message)
    return join_message(where, problem.rstrip("."), f"see `{command} --help`")


def _is_want_of_memory(error: Exception) -> bool:
    """Whether there was not enough memory, by what Python, numpy and torch say then."""
    words = ("allocate memory", "out of memory", "DefaultCPUAllocator")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _refuse_empty_paths(arguments: list[str]) -> None:
    """Find what an unset variable of a shell leaves: an empty path would mean this folder."""
    for option, value in pairwise([*arguments, "-"]):
        if option in [f"{name}=" for name in _PATHS] or (option in _PATHS and not value):
            problem, remedy = "is empty", "give a path, or leave the option out"
            raise UserError(join_message(option.rstrip("="), problem, remedy))
    for before, value in pairwise(arguments):
        if not value and not before.startswith("-"):
            where = f"hanzi-lsgan {arguments[0]}"
            raise UserError(join_message(where, "an argument is empty", "give it, or leave it out"))


def _with_home(argument: str) -> str:
    """An option whose value begins with `~/`, which shells replace only where a word begins."""
    option, equals, value = argument.partition("=")
    if option.startswith("--") and value.startswith("~/"):
        return f"{option}{equals}{Path(value).expanduser()}"
    return argument


def _common_first(arguments: list[str]) -> list[str]:
    """Let `--quiet` stand after the command too."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--quiet" not in arguments[:end]:
        return arguments
    kept = [argument for argument in arguments[:end] if argument != "--quiet"]
    return ["--quiet", *kept, *arguments[end:]]


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
