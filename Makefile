# Each target does all its own set-up: the environment is made when pyproject.toml is newer.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test mutants faults fuzz fix bench clean

demo: $(INSTALLED)  ## a picture by the weights that come along, then five minutes of training
	$(BIN)/hanzi-lsgan render --chars 暗朽叩栗 --run hanzi_lsgan/weights --out shipped.png
	$(MAKE) data/demo.h5
	$(BIN)/hanzi-lsgan train glyph32 --data data/demo.h5 --minutes 5 --set train.score_samples=0
	$(BIN)/hanzi-lsgan render --chars 暗朽叩栗

data/demo.h5: | $(INSTALLED)
	$(BIN)/hanzi-lsgan prepare --size 32 --out $@

test: $(INSTALLED)  ## lint, types and the whole suite
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

mutants: $(INSTALLED)  ## put 115 one-line faults into a copy, and let the tests find each
	$(BIN)/python -m tests.mutants

faults: $(INSTALLED)  ## kill conversions and trainings at random instants, 200 times each
	$(BIN)/pytest tests/test_faults.py tests/store/test_prepare.py -k 'killed or disk' --kills 200

fuzz: $(INSTALLED)  ## read a million mutated .gnt files
	$(BIN)/pytest tests/sources/test_fuzz.py --cases 1000000

fix: $(INSTALLED)  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)  ## speeds beside alternatives; DATA=path of .gnt files or HWDB archives
	$(BIN)/python -m benchmarks $(DATA)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
