# Two commands matter: `make course` runs every notebook into build/course/, `make test` checks everything.
# Both set up .venv first. PYTHON=python3.12 make course chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# In the order of tests/conftest.py; left to itself, xdist begins with the files of the most tests.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

.PHONY: course test quick coverage lint types notebooks stamp bench release lock clean
.DELETE_ON_ERROR:

course: $(READY)
	$(BIN)/featviz run --out build/course

test: $(READY)
	$(PYTEST)

quick: $(READY)
	$(PYTEST) -m "not slow"

# ARGS='-m "not slow"' leaves the slow tests out.
coverage: $(READY)
	$(PYTEST) --cov --cov-report=term --cov-report=html $(ARGS)

lint: $(READY) types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tools/lint_notebooks.py
	$(BIN)/python tools/stamp.py --check

types: $(READY)
	$(BIN)/mypy

notebooks: $(READY)
	$(BIN)/python tools/make_notebooks.py

stamp: $(READY)
	$(BIN)/python tools/stamp.py

bench: $(READY)
	$(BIN)/python benchmarks/ascent.py

# make release VERSION=0.2.0, or first ARGS=--dry-run beside it.
release: $(READY)
	$(BIN)/python tools/release.py $(VERSION) $(ARGS)

# Needs uv alone, so that a lock file that cannot be installed can still be replaced.
# Without rfc3987-syntax: jsonschema asks for it, does without, and takes 2 s of every process that reads a notebook.
lock: $(BIN)/uv
	$(BIN)/uv pip compile --quiet --universal --all-extras --python-version 3.11 --no-header \
		--no-emit-package rfc3987-syntax pyproject.toml -o requirements.txt

clean:
	rm -rf build .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# Compiled here, because where PYTHONDONTWRITEBYTECODE is set each kernel would compile TensorFlow anew: 11 s of CPU.
# Written last: whatever stops the steps above it half-way, the next make takes them again.
$(READY): requirements.txt pyproject.toml | $(BIN)/uv
	rm -f $@
	$(BIN)/uv pip sync --compile-bytecode --python $(BIN)/python requirements.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --editable .
	touch $@
