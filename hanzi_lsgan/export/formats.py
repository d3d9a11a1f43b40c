"""Which form samples are written in, and writing them there: whole, or not at all."""

import json
import os
import re
from collections.abc import Iterable
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.files import replacing
from data_tools.hwdb.charset import has_tag
from data_tools.number_of import number_of
from data_tools.outputs import check_file, check_folder
from data_tools.replaced_folder import replacing_folder
from data_tools.sources.writing_kinds import NAME_PREFIXES
from hanzi_lsgan.export.gnt_files import write_gnt, write_gnt_folder
from hanzi_lsgan.export.image_folder import write_image_folder
from hanzi_lsgan.export.lmdb_folder import write_lmdb
from hanzi_lsgan.export.parquet_file import write_parquet
from hanzi_lsgan.export.sample import OnSamples, Sample
from hanzi_lsgan.export.tar_shards import write_tar, write_tar_shards

FACTS = "export.json"
"""In every folder that is written: what is in it, and the mark by which `--force` knows it."""

# The names of files right inside folders that are written here, and what systems put into any.
_OWN_FILES = re.compile(
    r"export\.json|metadata\.jsonl|label\.txt|boxes\.jsonl|(data|lock)\.mdb|\d{6,}\.tar|.+\.gnt"
    r"|\..+|Thumbs\.db|desktop\.ini"
)
_PREFIXES = "|".join(NAME_PREFIXES.values())
_OWN_FILES_BELOW = re.compile(rf"{_OWN_FILES.pattern}|(({_PREFIXES})-)?\d{{5,}}\.png")
_PACKAGES = {"lmdb": ("lmdb", "lmdb"), "parquet": ("pyarrow", "parquet")}  # and their extras


class Format(StrEnum):
    """What samples can be written as."""

    GNT = "gnt"
    IMAGES = "images"
    LMDB = "lmdb"
    TAR = "tar"
    PARQUET = "parquet"


def choose_format(out: Path, named: str | None) -> Format:
    """The format that a user names, or that of the suffix of `out`; pictures without a suffix.

    Raises:
        UserError: there is no such format, it does not suit the suffix, or its package is missing.
    """
    suffix = out.suffix.lower()
    of_suffix = {f".{known}": known for known in Format if known is not Format.IMAGES}
    if named is not None and named not in list(Format):
        known = ", ".join(Format)
        raise UserError(join_message(f"--format {named}", "there is no such", f"choose {known}"))
    chosen = Format(named) if named is not None else of_suffix.get(suffix, Format.IMAGES)
    if suffix in of_suffix and of_suffix[suffix] != chosen:
        remedy = f"name --out without {out.suffix}, or leave --format out"
        problem = f"does not suit --out {out}"
        raise UserError(join_message(f"--format {named}", problem, remedy))
    if suffix not in of_suffix and not is_folder_suffix(suffix):
        files = ", ".join(f"FILE{known}" for known in of_suffix)
        remedy = f"name {files}, or a folder without such a suffix for PNGs"
        problem = f"samples are not written as {out.suffix}"
        raise UserError(join_message(f"--out {out}", problem, remedy))
    if chosen is Format.PARQUET and suffix != ".parquet":
        remedy = "name --out FILE.parquet"
        raise UserError(join_message(f"--out {out}", "Parquet is written as one file", remedy))
    if chosen in _PACKAGES:
        package, extra = _PACKAGES[chosen]
        if find_spec(package) is None:
            remedy = f"pip install 'hanzi-lsgan[{extra}]'"
            raise UserError(join_message(f"--out {out}", f"needs {package}", remedy))
    return chosen


def is_folder_suffix(suffix: str) -> bool:
    """Whether a folder may be named so: without a suffix, or with a version such as `.v2` or `.5`.

    A name such as fake.zip would become a folder that looks like something else.
    """
    return not suffix or re.fullmatch(r"\.v?\d+", suffix) is not None


def is_one_file(out: Path, chosen: Format) -> bool:
    """Whether samples go into one file there, rather than into a folder."""
    return chosen is not Format.LMDB and out.suffix.lower() == f".{chosen}"


def check_out(out: Path, chosen: Format, force: bool) -> Path:
    """Make sure, before any work, that samples may be written.

    Returns:
        Where to write: the target where `out` is a link.

    Raises:
        UserError: `out` exists and may not be replaced, or cannot be written.
    """
    if is_one_file(out, chosen):
        target = check_file(out)
        used = target.exists()
    else:
        target = check_folder(out)
        used = target.is_dir() and any(target.iterdir())
        if force and used and not (target / FACTS).is_file():
            problem = "holds other things than samples written here"
            raise UserError(join_message(f"--out {out}", problem, "name another folder"))
        if force and (others := _others_in(target)):
            problem = f"holds {others[0]} beside its samples, which --force would remove too"
            remedy = "move it away, or name another folder"
            raise UserError(join_message(f"--out {out}", problem, remedy))
        if Path.cwd().is_relative_to(whole := target.resolve()):
            problem = "is the folder that you are in"
            if whole != Path.cwd():
                problem = "holds the folder that you are in"
            raise UserError(join_message(f"--out {out}", problem, "name another one"))
    if used and not force:
        remedy = "pass --force to replace it, or another --out"
        raise UserError(join_message(f"--out {out}", "exists already", remedy))
    return target


def _others_in(folder: Path) -> list[str]:
    """Files that somebody has put beside the samples of a folder, such as a store made of them."""
    others = []
    for parent, _, names in os.walk(folder):
        below = Path(parent).relative_to(folder)
        own = _OWN_FILES_BELOW if below.parts else _OWN_FILES
        others += [(below / name).as_posix() for name in names if not own.fullmatch(name)]
    return sorted(others)


def check_tags(characters: str, chosen: Format) -> None:
    """Make sure, before any work, that a `.gnt` file can hold the characters, if it is one.

    Raises:
        UserError: a character has no tag.
    """
    if chosen is not Format.GNT:
        return
    if lacking := [character for character in characters if not has_tag(character)]:
        problem = f"{number_of(len(lacking), 'character')} without a GBK tag, as .gnt files need: "
        remedy = "leave them out, or choose another format"
        raise UserError(join_message("--chars", problem + show_characters(lacking), remedy))


def write_samples(
    samples: Iterable[Sample],
    out: Path,
    chosen: Format,
    *,
    force: bool = False,
    on_samples: OnSamples = lambda samples: None,
) -> int:
    """Write samples into a file or a folder, which appears whole or not at all.

    Equal samples give equal bytes.

    Args:
        samples: taken one at a time.
        out: as `choose_format` takes it.
        chosen: the format.
        force: replace an existing file, or a folder that was written here.
        on_samples: told how many are written.

    Returns:
        The number of samples written.

    Raises:
        UserError: `out` may not be replaced or cannot be written, a character has no place in the
            format, or there is no sample.
    """
    target = check_out(out, chosen, force)
    if is_one_file(out, chosen):
        write = {Format.GNT: write_gnt, Format.TAR: write_tar, Format.PARQUET: write_parquet}
        with replacing(target) as unfinished:
            written = write[chosen](samples, unfinished, on_samples)
            _refuse_none(written, out)
        return written
    into = {
        Format.GNT: write_gnt_folder,
        Format.IMAGES: write_image_folder,
        Format.LMDB: write_lmdb,
        Format.TAR: write_tar_shards,
    }
    with replacing_folder(target) as folder:
        written = into[chosen](samples, folder, on_samples)
        _refuse_none(written, out)
        facts = {"made_by": "hanzi-lsgan export", "format": str(chosen), "samples": written}
        (folder / FACTS).write_text(json.dumps(facts) + "\n")
    return written


def _refuse_none(written: int, out: Path) -> None:
    if not written:
        problem = "there is no sample to write"
        raise UserError(join_message(f"--out {out}", problem, "choose other characters"))
