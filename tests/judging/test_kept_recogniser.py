"""A recogniser that weights bring along, beside the one that it was made of."""

from pathlib import Path

import numpy as np
import pytest
import torch

from data_tools.errors import UserError
from hanzi_lsgan.judging.kept_recogniser import (
    keep_learned,
    load_recogniser,
    serialize_recogniser,
    unread,
)
from hanzi_lsgan.judging.recogniser import Recogniser, read_log_posteriors

CHARSET = "一二三十"


@pytest.fixture(scope="module")
def network() -> Recogniser:
    torch.manual_seed(0)
    network = Recogniser(len(CHARSET), 32)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics as a trained one has them
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return network.to(memory_format=torch.channels_last).eval()


@pytest.fixture
def kept(network: Recogniser, tmp_path: Path) -> Path:
    path = tmp_path / "recogniser.safetensors"
    path.write_bytes(serialize_recogniser(network, CHARSET))
    return path


def glyphs() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 32, 32), dtype=np.uint8)


def test_it_reads_as_the_one_it_was_made_of(network: Recogniser, kept: Path) -> None:
    loaded = load_recogniser(kept)
    assert loaded.charset == CHARSET
    np.testing.assert_allclose(
        loaded.reading(CHARSET)(glyphs()), read_log_posteriors(network, glyphs()), atol=0.02
    )


def test_it_is_small(tmp_path: Path) -> None:
    """7,000 characters: 1.8 MB of the last layer, 1.2 of the rest; in float32 they take 12."""
    assert len(serialize_recogniser(Recogniser(7000, 64), "字" * 7000)) < 3_200_000


def test_it_answers_by_the_labels_of_another_charset(kept: Path) -> None:
    loaded = load_recogniser(kept)
    own = loaded.reading(CHARSET)(glyphs())
    other = loaded.reading("十永一")(glyphs())
    np.testing.assert_array_equal(other[:, 0], own[:, 3])
    np.testing.assert_array_equal(other[:, 2], own[:, 0])
    assert len(np.unique(other[:, 1])) == 1  # 永 is as likely for one as for the other
    assert unread("十永一永", loaded) == ["永"]


def test_damage_is_one_line(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"recogniser\.safetensors: is no recogniser .*; install"):
        load_recogniser(kept)


def test_what_no_sample_has_taught_is_not_kept(network: Recogniser, tmp_path: Path) -> None:
    """Of 一二三十 without a train sample of 二, the three others are read as before."""
    kept = keep_learned(network, CHARSET, "二")
    path = tmp_path / "learned.safetensors"
    path.write_bytes(serialize_recogniser(kept.network, kept.charset))
    loaded = load_recogniser(path)
    assert unread(CHARSET, loaded) == ["二"]
    ink = torch.rand(5, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    whole = network(ink).detach()
    torch.testing.assert_close(kept.network(ink), whole[:, [0, 2, 3]])
    assert keep_learned(network, CHARSET, "").network is network
