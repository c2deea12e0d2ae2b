# `make help` lists what there is. Every target makes the environment first; that takes no time once it is there.
SHELL := /bin/bash
VENV ?= .venv
# One more than there are cores: tests wait for what they started as much as they compute.
JOBS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 1) + 1)))
ARGS ?=
# With CUDA, 7 GB: make env VENV=.venv-gpu LOCK=requirements-gpu.lock
LOCK := requirements.lock
# Empty: the newest suitable one on the PATH.
PYTHON ?=

# The tools of the environment come first, and nothing of another one gets in.
export PATH := $(abspath $(VENV))/bin:$(PATH)
export VIRTUAL_ENV := $(abspath $(VENV))
unexport PYTHONPATH PYTHONHOME

# Like pip, uv is to trust what the machine trusts: many universities put a proxy of their own in between.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif

.DEFAULT_GOAL := help
.PHONY: help env grade grade-all test lint release check-course lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env:
	@PYTHON='$(PYTHON)' scripts/setup '$(VENV)' '$(LOCK)'

# About 40 notebooks of three units, of which one trains: right ones, halves, slips, broken files.
SMALL_CLASS = tests/data/submissions/{01_two_layer,03_opt,05_batch}*/{[a-k]*,[n-pr]*}.ipynb

# Status 1 is a result here: the sample class has submissions that nobody can grade. A crash has the
# same status, but writes no page.
GRADE = @rm -f grades/index.html; status=0; \
    autograder grade $(1) --out grades $(ARGS) || status=$$?; \
    if ((status > 1)); then exit $$status; fi; \
    if [[ ! -f grades/index.html ]]; then echo 'autograder grade wrote no report.' >&2; exit 1; fi

grade: env  ## grade a small class in a minute and say where its report is
	$(call GRADE,$(SMALL_CLASS))

grade-all: env  ## grade the whole sample class, 236 notebooks
	$(call GRADE,tests/data/submissions)

test: env  ## run all tests
	@pytest -n $(JOBS) $(ARGS)

lint: env  ## check the format, the style, the types, the dependencies and that the lock is current
	@ruff format --check . && ruff check . && scripts/lock.py --check && mypy && \
	    deptry . && deptry autograder --optional-dependencies-dev-groups test,dev --ignore DEP002

release: env  ## write the students' notebooks and the nbgrader sources again
	@autograder release $(ARGS)

check-course: env  ## check every unit: its reference, variants, equivalents and released notebook
	@autograder check-course $(ARGS)

lock: env  ## write requirements*.lock again after a change of pyproject.toml; ARGS=--upgrade for newer versions
	@scripts/lock.py $(ARGS)

clean:  ## remove the environment, the sample class's grades and all caches
	rm -rf '$(VENV)' .venv-* grades build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
