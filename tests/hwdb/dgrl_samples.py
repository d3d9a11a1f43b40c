"""A writer of `.dgrl` pages, by the description of the format, for tests of what reads them."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def dgrl_bytes(
    lines: Sequence[tuple[str, NDArray[np.uint8]]],
    bits: int = 8,
    comment: bytes = b"made by a test",
    paper_bit: int = 1,
) -> bytes:
    """A page of lines, each with its text and its picture; with 1 bit, 255 alone is paper."""
    header = b"DGRL".ljust(8, b"\0") + comment + b"\0" + b"GBK".ljust(20, b"\0")
    header += struct.pack("<HH", 2, bits)
    page = struct.pack("<I", 4 + len(header)) + header + struct.pack("<III", 3000, 2000, len(lines))
    for number, (text, image) in enumerate(lines):
        codes = b"".join(
            b"\xff\xff" if c == "\ufffd" else c.encode("gbk").ljust(2, b"\0") for c in text
        )
        page += struct.pack("<I", len(text)) + codes
        page += struct.pack("<iiii", 100 * number, 7, *image.shape)
        if bits == 8:
            page += image.tobytes()
        else:
            is_paper = image == 255
            page += np.packbits(is_paper == bool(paper_bit), axis=1).tobytes()
    return page
