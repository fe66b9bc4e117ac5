# Every target works as the first command on a machine with only Python and make; `make help` lists them.
# PYTHON chooses the interpreter (3.11 to 3.13) that makes .venv: make test PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UNFINISHED := $(VENV)/.unfinished
TOGETHER := -n 2 --dist worksteal # tests that share what a module has trained stay in one process

export PYTHONDONTWRITEBYTECODE := # empty: what is compiled is kept, also the tests, which takes a sixth of their time else

# An environment whose interpreter no longer starts (moved checkout, upgraded Python) counts as not installed.
ifeq ($(shell $(BIN)/python -c "print(1)" 2>/dev/null),)
$(shell rm -f $(INSTALLED))
endif

.DEFAULT_GOAL := help
.PHONY: help install train test test-engines test-gpu test-processors check format docs figures bench bench-sweep tables soak

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

install: $(INSTALLED) ## make .venv with exactly the versions in constraints.txt

train: $(INSTALLED) ## train the default network; its folder and the next commands are printed at the end
	@$(BIN)/runner

test: $(INSTALLED) ## run the tests
	@$(BIN)/python -m pytest $(TOGETHER)

test-gpu: $(INSTALLED) ## run the tests that need a GPU
	@$(BIN)/python -m pytest -m gpu tests/gpu

test-engines: $(INSTALLED) ## run the tests on a real Slurm of one node (slurm-wlm and munge must be there) and a local Ray
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[slurm,ray]"
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "engines and not soak" tests/execution tests/cli/test_cli_stock_optuna.py

test-processors: $(INSTALLED) ## run the tests as older x86-64 processors compute: without AVX-512, without AVX
	@ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_CBWR=AVX2 OPENBLAS_CORETYPE=HASWELL NUMBA_CPU_NAME=haswell \
	    $(BIN)/python -m pytest $(TOGETHER)
	@ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_CBWR=COMPATIBLE OPENBLAS_CORETYPE=NEHALEM NUMBA_CPU_NAME=nehalem \
	    $(BIN)/python -m pytest $(TOGETHER)

check: $(INSTALLED) ## lint, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(INSTALLED) ## write the formatting and the plain fixes that check asks for
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: $(INSTALLED) ## write docs/techniques.md and claims.md from what is registered, and all pages as a site in build/site
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "wrote: build/site/index.html"

figures: $(INSTALLED) ## make the figures of docs/ again by the commands that the pages show
	@$(BIN)/python docs/figures.py

bench: $(INSTALLED) ## time one step, compared with PyTorch, JAX, scikit-learn, a loop in C; make bench ARGS="--quick --save"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@$(BIN)/python benchmarks/step.py $(ARGS)

bench-sweep: $(INSTALLED) ## time whole sweeps, compared with PyTorch, JAX, scikit-learn, Lightning; make bench-sweep ARGS="--save"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@$(BIN)/python benchmarks/sweep.py $(ARGS)

tables: $(INSTALLED) ## train on 38 tables as they come; score the default run and its peers on 20; make tables ARGS="--save"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@$(BIN)/python benchmarks/first_command.py $(filter --save,$(ARGS))
	@$(BIN)/python benchmarks/tables.py $(ARGS)

soak: $(INSTALLED) ## run the long tests, and search for examples that break the quick ones
	@$(BIN)/python -m pytest -m "(soak or hypothesis) and not engines" --hypothesis-profile=search

# Reinstalls only when the lock or the project file changed. An environment without a working pip, or one whose last installation was
# cut off, is made anew: half-written packages look installed to pip.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
	    { echo "Python 3.11 to 3.13 is needed, $(PYTHON) is another: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@if [ -e $(UNFINISHED) ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    echo "Making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); fi
	@touch $(UNFINISHED)
	@echo "Installing by constraints.txt (torch is large: a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@rm -f $(UNFINISHED)
	@touch $(INSTALLED)
