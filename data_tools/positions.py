"""Reading and writing at a place in a file, also where the system has no call for it."""

import os


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """Read up to `count` bytes from `offset` on.

    Where the system lacks `pread`, as Windows does, the file's position moves.
    """
    if hasattr(os, "pread"):
        data: bytes = os.pread(descriptor, count, offset)
        return data
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` from `offset` on.

    Where the system lacks `pwrite`, as Windows does, the file's position moves.

    Raises:
        OSError: the disk is full, or fails.
    """
    # A nearly full disk takes a part; asking for the rest brings the error.
    while data:
        if hasattr(os, "pwrite"):
            written = os.pwrite(descriptor, data, offset)
        else:
            os.lseek(descriptor, offset, os.SEEK_SET)
            written = os.write(descriptor, data)
        data, offset = data[written:], offset + written
