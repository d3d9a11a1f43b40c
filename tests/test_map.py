"""The documents name files that there are."""

import re
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{p.name}" for p in sorted(ROOT.glob("docs/*.md"))),
]
ROOMS = ("data_tools", "hanzi_lsgan", "tests", "benchmarks", "examples")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_python_file_that_a_document_names_is_there(document: str) -> None:
    there = [path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    text = (ROOT / document).read_text("utf-8")
    named = {PurePosixPath(name) for name in re.findall(r"`((?:\w+/)*\w+\.py)`", text)}
    ends = {PurePosixPath(*path.parts[-n:]) for path in there for n in range(1, 5)}
    assert named - ends == set()
