"""What commands say of their work where there is no terminal."""

import pytest

from hanzi_lsgan.cli.app import samples_bar


def test_a_wait_is_said_in_words_and_counts_no_samples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with samples_bar() as report:
        for now[0] in (0.0, 0.5, 1.0, 2.0, 61.0):
            report("wait for the judge that another process trains", 0, 0)
    assert capsys.readouterr().out.splitlines() == [
        "wait for the judge that another process trains, 1 s so far",
        "wait for the judge that another process trains, 61 s so far",
    ]
