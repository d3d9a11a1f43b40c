"""Where results go is checked before the work that makes them."""

import os
from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.outputs import check_file, check_folder


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="pipes have no names here")
def test_what_leads_to_a_pipe_is_called_so(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    link = tmp_path / "stdout.h5"
    link.symlink_to(f"/proc/self/fd/{writing}")  # as /dev/stdout does before `| less`
    try:
        with pytest.raises(UserError, match=r"stdout\.h5: is no regular file; name a file$"):
            check_file(link)
        with pytest.raises(UserError, match=r"is no folder but a device or a pipe; name a folder"):
            check_folder(link)
    finally:
        os.close(reading)
        os.close(writing)
