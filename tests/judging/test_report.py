import base64
import io
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from data_tools.store.reader import Store
from hanzi_lsgan.judging import judge as judge_module
from hanzi_lsgan.judging.evaluate import evaluate
from hanzi_lsgan.judging.judge import obtain_judge
from hanzi_lsgan.judging.report import write_report
from hanzi_lsgan.judging.scores import Scores
from tests.tiny import make_store, tiny_generator


def test_the_report_holds_every_figure_and_picture_in_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_module, "training_steps", lambda samples: 2)
    torch.manual_seed(0)
    generator = tiny_generator(4)
    with Store(make_store(tmp_path, writers=40, test_writers=6)) as store:
        judge = obtain_judge(store, 32, lambda *progress: None)
        figures, characters, left_out = evaluate(generator, judge, per_class=6)
        scores = Scores(
            tool_version="1",
            run="<b>run</b>",
            checkpoint="best",
            images_seen=1234567,
            store_fingerprint=store.fingerprint,
            font_drawn=True,
            per_class=6,
            seeds=(0, 1, 2),
            figures=tuple(figures),
            left_out=left_out | {"recall": "why <not>"},
            characters=tuple(characters),
        )
        write_report(tmp_path / "report.html", scores, generator, judge, store)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "&lt;b&gt;run&lt;/b&gt;" in text  # names from outside are no markup
    assert "1,234,567" in text
    assert "font-drawn stand-in" in text
    for figure in figures:
        assert figure.name in text
        assert figure.shown in text
        assert figure.real_shown in text
    assert "Not measured: recall: why &lt;not&gt;." in text
    for score in characters:
        assert text.count(score.character) >= 2
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert len(pictures) >= 2 + len(characters)
    assert len(pictures) == text.count("<img")  # nothing is fetched from elsewhere
    for picture in pictures:
        Image.open(io.BytesIO(base64.b64decode(picture))).verify()
    scores.save(tmp_path / "scores.json")
    assert Scores.model_validate_json((tmp_path / "scores.json").read_text("utf-8")) == scores
