import platform
import subprocess
import sys

import pytest

ALLOCATING = """
import resource, sys
import torch
from hanzi_lsgan.acceleration import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(4):
    before = faults()
    torch.ones(64 << 20, dtype=torch.uint8)
print(faults() - before)
"""


def faults_in_the_end(how: str) -> int:
    command = [sys.executable, "-c", ALLOCATING, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_is_not_fetched_from_the_system_again_and_again() -> None:
    # 64 MiB are 16,384 pages of 4 KiB, or 32 huge ones.
    plain, kept = faults_in_the_end("plain"), faults_in_the_end("keep")
    assert kept < 10 <= plain
