"""Text files in whichever encoding people's computers write them."""


def text_of(data: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, as Windows' "Unicode", or GBK as older Windows writes it.

    Raises:
        UnicodeDecodeError: it is none of them.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")
