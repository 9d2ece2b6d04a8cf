# make check [STUDENT=path] [ARGS="--part model"]    check a submission (default: the reference)
# make test                                          the project's own tests
# make help                                          everything else
#
# VENV=dir uses that virtual environment; PYTHON=interpreter uses that interpreter. One that already
# has torch and the other libraries is used as it is, and nothing is installed.

STUDENT ?= reference
SEEDS ?= 1
ARGS ?=
LAB ?=
CORPUS ?=
TEXT = $(if $(CORPUS),--corpus '$(CORPUS)')

# The interpreter that a new virtual environment is made with, and the one that everything runs on.
BASE := python3
ifneq ($(origin PYTHON), undefined)
  RUN := $(PYTHON)
else
  VENV ?= .venv
  RUN := $(VENV)/bin/python
endif

NEEDED := torch, numpy, pytest, hypothesis, pytest_timeout, msgpack, tqdm, jinja2, nbformat
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup check check-gpu notes train sample ablate grade gradescope test lint template matrix proof bench catalogue clean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  with STUDENT=path  LAB=name  ARGS='--part model --seed 7'  SEEDS=n  VENV=dir  PYTHON=path"

setup:  ## make the virtual environment, unless the interpreter has all that is needed
	@if $(RUN) -c 'import $(NEEDED)' 2>/dev/null; then :; \
	elif [ -n "$(PYTHON)" ]; then \
	  echo "$(PYTHON) lacks one of: $(NEEDED). Install requirements.txt there, or leave PYTHON out."; exit 2; \
	else \
	  echo "Setting up $(VENV) (once; torch is about 200 MB) ..."; \
	  set -e; [ -x $(RUN) ] || $(BASE) -m venv $(VENV); \
	  $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt; \
	  echo "$(VENV) is ready."; \
	fi

check: setup  ## check a submission, STUDENT=path (default: the reference)
	@$(RUN) -m pytest checks --student '$(STUDENT)' $(if $(LAB),--lab $(LAB)) $(ARGS)

check-gpu: setup  ## the full training targets on a GPU, STUDENT=path CORPUS=file (optional)
	@$(RUN) -m pytest checks --student '$(STUDENT)' --lab charlm -m gpu \
	  $(if $(CORPUS),--corpus '$(CORPUS)') $(ARGS)

notes: setup  ## check the lab notes, experiments.md, of STUDENT=path
	@$(RUN) -m pytest checks --student '$(STUDENT)' --lab charlm --part notes $(ARGS)

grade: setup  ## grade a folder or zip of submissions, SUBMISSIONS=path OUT=folder
	@$(RUN) -m grader.classes '$(SUBMISSIONS)' --out '$(OUT)' $(ARGS)

train: setup  ## train a submission's charlm, OUT=folder [CORPUS=file] [ARGS=--resume]
	@$(RUN) -m tools.train_lm --student '$(STUDENT)' --out '$(or $(OUT),run)' $(TEXT) $(ARGS)

sample: setup  ## let a trained model write, OUT=its folder [ARGS="--prompt 'The '"]
	@$(RUN) -m tools.sample_lm --student '$(STUDENT)' --checkpoint '$(or $(OUT),run)/checkpoint.pt' $(ARGS)

ablate: setup  ## the table of the lab notes, OUT=folder [CORPUS=file] [ARGS="--scale laptop"]
	@$(RUN) -m tools.ablate --student '$(STUDENT)' --out '$(or $(OUT),ablation)' $(TEXT) $(ARGS)

gradescope: setup  ## the autograder zip for Gradescope, LAB=name OUT=file
	@$(RUN) -m grader.formats.autograder $(if $(LAB),--lab $(LAB)) --out '$(or $(OUT),gradescope.zip)' $(ARGS)

# On all cores, where pytest-xdist is there; ARGS="-n0" takes one, for --pdb.
PARALLEL = $$($(RUN) -c 'import xdist' 2>/dev/null && printf '%s' '-n logical --dist loadfile')

test: setup  ## the project's own tests, the reference passing every check included
	$(RUN) -m pytest tests $(PARALLEL) $(ARGS)

lint: setup  ## format, style and types
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m grader.template reference student --check

template: setup  ## make student/ from reference/
	$(RUN) -m grader.template reference student

matrix: setup  ## every known submission against every check, SEEDS=n
	$(RUN) -m tests.matrix $(if $(LAB),--lab $(LAB)) --seeds $(SEEDS) $(ARGS)

KNOWN := docs/matrix/runs.jsonl.xz .matrix.jsonl
PROVE = $(RUN) -m tests.matrix $(if $(LAB),--lab $(LAB)) $(KNOWN:%=--known %) --log .matrix.jsonl

proof: setup  ## the matrix over many seeds, and docs/matrix.md from it (hours, can be interrupted)
	$(PROVE) --kinds accepted,template --seeds 20
	$(PROVE) --kinds buggy,hostile --seeds 5 --own-part
	$(PROVE) --kinds accepted,buggy,template --part targets
	$(RUN) -m tests.matrix_table $(wildcard $(KNOWN)) --out docs

bench: setup  ## speed, as ratios (docs/speed.md), or BENCH=awd, classes, kills or margins
	@set -e; for name in $(or $(BENCH),floor speed); do $(RUN) -m benchmarks.$$name $(ARGS); done

catalogue: setup  ## docs/criteria.md from the checks
	$(RUN) -m grader.catalogue docs/criteria.md

clean:  ## delete the virtual environment and caches
	rm -rf .venv .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
