"""Score a run beside real samples: `python examples/score.py RUN STORE`."""

import sys
from pathlib import Path

import hanzi_lsgan
from data_tools.store.reader import Store
from hanzi_lsgan.judging.evaluate import evaluate
from hanzi_lsgan.judging.judge import obtain_judge

run, store = sys.argv[1:]
model = hanzi_lsgan.load(run)
with Store(Path(store)) as data:
    if data.charset != model.charset:
        sys.exit(f"{store}: holds other characters than {run} draws; name the store it learned")
    judge = obtain_judge(data, model.size, lambda phase, done, total: None)  # minutes, once
    if len(data.kinds) > 1:  # a generator draws by one kind of writing at a time
        judge = judge.of_kind(data, model.trained.kind)
    found = evaluate(model.trained.network, judge, per_class=30)
for figure in found.figures:
    real = "" if figure.real is None else f"real samples: {figure.real:.3f}"
    print(f"{figure.name:20} {figure.value:8.3f}   {real}")
