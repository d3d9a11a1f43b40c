"""`form`."""

from pathlib import Path
from typing import Annotated

import typer

from data_tools.characters import show_characters, take_characters
from data_tools.hwdb.standard_sets import form_characters, named_set
from data_tools.number_of import number_of
from hanzi_lsgan.cli.app import app, console

_DEFAULT_SET = "form-100"
_LONGEST_NAME = 24


@app.command()
def form(
    out: Annotated[Path, typer.Option(help="The PDF to write.")] = Path("form.pdf"),
    chars: Annotated[
        str,
        typer.Option(
            "--chars",
            help="form-30, form-100 or form-200, another set as gb2312-1, characters, or @FILE.",
        ),
    ] = _DEFAULT_SET,
    sheet: Annotated[str, typer.Option(help="A4 or Letter.")] = "A4",
) -> None:
    """Print a form to fill in by hand; `prepare --form` cuts photographs of it into a store."""
    from data_tools.files import replacing
    from data_tools.forms.printing import check_sheet, form_pdf, page_codes
    from data_tools.outputs import check_file

    target = check_file(out, (".pdf",), "form.pdf")
    chosen_sheet = check_sheet(sheet)
    characters, name = _characters(chars)
    codes = page_codes(characters, chosen_sheet)
    content = form_pdf(codes, name)
    with replacing(target) as unfinished:
        unfinished.write_bytes(content)
    pages = number_of(len(codes), "page")
    named = number_of(len(characters), "character")
    console.print(
        f"wrote {target}: {named} ({show_characters(characters)}) on "
        f"{pages} of {chosen_sheet.name}; fill it in, photograph each page whole, then: "
        "hanzi-lsgan prepare --form PHOTOGRAPHS --out mine.h5",
        soft_wrap=True,
    )


def _characters(text: str) -> tuple[str, str]:
    """Characters to print, each once, and what the page calls them."""
    name = text.removeprefix("@")
    if (standard := named_set(text)) is not None:
        ordered = "".join(sorted(standard))
        if name.lower().startswith("form-"):  # the most telling first
            ordered = form_characters(len(standard))
        return ordered, name
    cleaned = take_characters(text, "--chars").each_once()
    for remark in cleaned.remarks:
        console.print(remark, soft_wrap=True)
    if text.startswith("@") and len(text) > 1:
        return cleaned.characters, Path(name).name[:_LONGEST_NAME]
    some = cleaned.characters[:8]
    return cleaned.characters, some + ("…" if len(cleaned.characters) > len(some) else "")
