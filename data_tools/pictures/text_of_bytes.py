"""The text of a table or a list, whatever its encoding."""

from data_tools.encodings import likeliest


def text_of(data: bytes, where: str) -> str:
    """Decode UTF-8, UTF-16 with its mark, or GBK, Big5 or Shift-JIS as older Windows writes them.

    Args:
        data: the whole file.
        where: what messages call it.

    Raises:
        UnicodeDecodeError: it is none of them.
        UserError: it may be in one as well as in another.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = likeliest({"": data}, where, "characters", "write the file anew as UTF-8")
        return data.decode("gb18030") if found is None else found[1][""]
