"""Names in an archive that does not tell their encoding: UTF-8, GBK, Big5 or Shift-JIS.

In a zip archive a name without the mark for UTF-8 is in code page 437, as the format has it, or in
whatever the machine that packed it used, which only all names together tell; in a tar archive it is
in UTF-8 or in that.
"""

import zipfile
from collections.abc import Collection, Mapping, Sequence

from data_tools.encodings import all_in, likeliest, some_of

_REMEDY = "unpack it and name the folder"


def decoded_names(entries: Sequence[zipfile.ZipInfo], place: str) -> tuple[list[str], str]:
    """The names of an archive's files as they are meant.

    Args:
        entries: of the whole archive.
        place: what messages call it.

    Returns:
        The name of each, and a line on their encoding where nothing states it, else an empty one.

    Raises:
        UserError: the names may as well be in one encoding as in another.
    """
    codes = {entry.filename: code for entry in entries if (code := _code(entry)) is not None}
    names, line = _decoded(codes, place)
    return [names.get(entry.filename, entry.filename) for entry in entries], line


def decoded_tar_names(names: Collection[str], place: str) -> tuple[dict[str, str], str]:
    """The names in a tar archive as they are meant, by those that `tarfile` gives.

    Returns:
        Those that are another, where not all are UTF-8, and a line on their encoding.

    Raises:
        UserError: the names may as well be in one encoding as in another.
    """
    if all(map(_is_text, names)):
        return {}, ""
    codes = {one: one.encode(errors="surrogateescape") for one in names if not one.isascii()}
    return _decoded(codes, place)


def _is_text(name: str) -> bool:
    """Whether no byte stands in a name that is no UTF-8."""
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _code(entry: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name that needs an encoding and states none."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return None
    try:
        return entry.filename.encode("cp437")
    except UnicodeEncodeError:  # the archive has the name in Unicode beside
        return None


def _decoded(codes: Mapping[str, bytes], place: str) -> tuple[dict[str, str], str]:
    if (names := all_in("utf-8", codes)) is not None:
        return names, ""
    found = likeliest(codes, place, "names", _REMEDY)
    if found is None:
        called, names = "UTF-8 or GBK", {name: _alone(name, code) for name, code in codes.items()}
    else:
        called, names = found
    if all(name == decoded for name, decoded in names.items()):
        return names, ""
    line = (
        f"{place}: names are read as {called} ({some_of(names)}), which the archive does not state"
    )
    return names, f"{line}; if they are in another encoding, {_REMEDY}"


def _alone(name: str, code: bytes) -> str:
    for encoding in ("utf-8", "gbk"):
        try:
            return code.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
