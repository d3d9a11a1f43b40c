"""`--chars` of every command that takes it."""

from typing import TYPE_CHECKING, Annotated

import typer

from data_tools.characters import take_characters
from data_tools.hwdb.standard_sets import STANDARD_SETS, expand_set
from hanzi_lsgan.cli.app import console

if TYPE_CHECKING:
    from hanzi_lsgan.runs.trained_generator import TrainedGenerator

CharactersOption = Annotated[
    str | None,
    typer.Option("--chars", help="Characters to draw, @FILE of UTF-8 text, or a set as @gb2312-1."),
]


def read_characters(text: str, trained: "TrainedGenerator", *, as_set: bool = False) -> str:
    """The characters that a user names, with a line for each thing that is not as it was written.

    Args:
        text: of `--chars`.
        trained: decides which form of a character is known.
        as_set: each once.

    Raises:
        UserError: there is none, or the text cannot be read.
    """
    if text.lower() in STANDARD_SETS:
        line = f"--chars {text}: its letters are drawn; the set of this name is @{text}"
        console.print(line, soft_wrap=True)
    cleaned = take_characters(expand_set(text), "--chars", trained.knows)
    if as_set:
        cleaned = cleaned.each_once()
    for remark in cleaned.remarks:
        console.print(remark, soft_wrap=True)
    return cleaned.characters
