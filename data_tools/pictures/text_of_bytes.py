"""The text of a table or a list, whatever its encoding."""

from collections.abc import Mapping

from data_tools.encodings import likeliest, some_of
from data_tools.hwdb.charset import is_hanzi

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_REMEDY = "write the file anew as UTF-8"


def text_of(data: bytes, where: str) -> str:
    """Decode UTF-8, UTF-16, or GBK, Big5 or Shift-JIS as older Windows writes them.

    Args:
        data: the whole file.
        where: what messages call it.

    Raises:
        UnicodeDecodeError: it is none of them.
        UserError: it may be in one as well as in another.
    """
    return _decoded(data, where)[1]


def encoding_line(data: bytes, where: str) -> str:
    """A line on the encoding of a text for which `text_of` had to find it; else an empty one.

    Raises:
        UnicodeDecodeError, UserError: as of `text_of`.
    """
    called, text = _decoded(data, where)
    if not called:
        return ""
    line = f"{where}: is read as {called} ({some_of({where: text})}), which it does not state"
    return f"{line}; if it is in another encoding, {_REMEDY}"


def _decoded(data: bytes, where: str) -> tuple[str, str]:
    """The encoding, where nothing states it, and the text."""
    if data.startswith(_UTF16_MARKS):
        return "", data.decode("utf-16")
    if b"\0" in data and len(data) % 2 == 0:
        return _utf16(data)
    try:
        return "", data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = likeliest({"": data}, where, "characters", _REMEDY)
        return ("GBK", data.decode("gb18030")) if found is None else (found[0], found[1][""])


def _utf16(data: bytes) -> tuple[str, str]:
    """Text in UTF-16 without its mark: of the two orders of bytes the one that makes sense."""
    texts: Mapping[str, str] = {
        one: data.decode(one, "replace") for one in ("utf-16-le", "utf-16-be")
    }
    best = max(texts, key=lambda one: sum(one.isascii() or is_hanzi(one) for one in texts[one]))
    return "UTF-16", data.decode(best)
