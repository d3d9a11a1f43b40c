"""The quickest of the faults in `mutants.py` are found."""

import pytest

from tests.mutants import MUTANTS, QUICK, ROOT, try_all


def test_every_fault_can_still_be_put_in() -> None:
    assert len(MUTANTS) >= 40
    for mutant in MUTANTS:
        assert (ROOT / mutant.file).read_text("utf-8").count(mutant.old) == 1, mutant.name


@pytest.mark.slow
def test_a_dozen_faults_are_found() -> None:
    chosen = [mutant for mutant in MUTANTS if any(word in mutant.name for word in QUICK)]
    assert len(chosen) >= 12
    assert try_all(chosen) == []
