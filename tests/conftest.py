"""What tests share: how long the harnesses run, and a run of two steps.

The harnesses run briefly in the suite and at length in `make faults` and `make fuzz`.
"""

from pathlib import Path

import pytest

from hanzi_lsgan.training.session import Session
from tests.tiny import OVERRIDES, make_store


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=6, help="processes killed by each fault test")
    parser.addoption("--cases", type=int, default=4000, help="mutated files read by each fuzz test")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many processes a test is to kill."""
    return int(request.config.getoption("--kills"))


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    """How many mutated files a test is to read."""
    return int(request.config.getoption("--cases"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps, which tests copy before they change it."""
    folder = tmp_path_factory.mktemp("trained")
    with Session.begin("quick32", make_store(folder), folder / "run", OVERRIDES) as session:
        session.train(kimg=0.016)
    return folder / "run"
