"""How long the harnesses run: briefly in the suite, at length in `make faults` and `make fuzz`."""

import pytest


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
