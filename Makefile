# Two commands matter: `make course` runs every notebook into build/course/, `make test` checks everything.
# Both set up .venv first. PYTHON=python3.12 make course chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# With a card TensorFlow and torch bring their CUDA libraries (8 GB); without one the course needs neither them nor torch.
# GPU=1 or GPU=0 overrides what nvidia-smi says.
ifndef GPU
GPU := $(shell nvidia-smi -L >/dev/null 2>&1 && echo 1 || echo 0)
endif
SET := $(if $(filter 1,$(GPU)),-gpu)
LOCK := requirements$(SET).txt
# TensorFlow without CUDA is a package of its own on Linux, 0.6 GB smaller. Both fill one folder, so the other one goes.
ifeq ($(SET) $(shell uname -sm),$() Linux x86_64)
TENSORFLOW := tensorflow-cpu==$(shell sed -n 's/^tensorflow==//p' $(LOCK))
INSTALL = echo "tensorflow ; python_version < '0'" | $(BIN)/uv pip install --overrides - $(TENSORFLOW)
else
INSTALL = $(BIN)/uv pip install
endif
OTHER := $(if $(TENSORFLOW),tensorflow,tensorflow-cpu)
# Each stamp says that a set was installed whole; the sets add up.
COURSE := $(VENV)/.course$(SET)
LPIPS := $(VENV)/.lpips$(SET)
TOOLS := $(VENV)/.tools$(SET)
comma := ,
# In the order of tests/support/scheduling.py; left to itself, xdist begins with the files of the most tests. Three at once
# on two cores, because many wait for other programs.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder --durations=40

.PHONY: course lab lpips image setup test nightly quick reference coverage lint types notebooks stamp book atlas bench release lock clean
.DELETE_ON_ERROR:

course: $(COURSE)
	$(BIN)/featviz run --out build/course

# From the root, because the notebooks' links to the contents lead there.
lab: $(COURSE)
	$(BIN)/jupyter lab --ServerApp.root_dir=. notebooks/00_start_here.ipynb

# The perceptual distance of notebook 09, on torch; with a card it is there already.
lpips: $(LPIPS)

# Docker's, in which `featviz class grade --sandbox docker` runs a notebook.
image: $(COURSE)
	$(BIN)/uv build --quiet --wheel --clear --out-dir build/image
	printf 'FROM python:3.12-slim\nCOPY *.whl /\nRUN pip install --no-cache-dir /*.whl\n' > build/image/Dockerfile
	docker build --tag featviz-course build/image

# Everything that tests and checks need.
setup: $(TOOLS)

test: $(TOOLS)
	$(PYTEST)

# With what takes long and is in part a second look.
nightly: $(TOOLS)
	$(PYTEST) -m ""

quick: $(TOOLS)
	$(PYTEST) -m "not slow"

# Other libraries' maps and attacks: with FEATVIZ_REFERENCE=build/reference/bin/python `make test` compares ours with them.
reference: $(TOOLS)
	$(BIN)/uv venv --allow-existing --python $(BIN)/python build/reference
	$(BIN)/uv pip install --python build/reference/bin/python --group reference

# ARGS='-m "not slow"' leaves the slow tests out.
coverage: $(TOOLS)
	$(PYTEST) --cov --cov-report=term --cov-report=html $(ARGS)

lint: $(TOOLS) types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tools/lint_notebooks.py
	$(BIN)/python tools/stamp.py --check

types: $(TOOLS)
	$(BIN)/mypy

notebooks: $(TOOLS)
	$(BIN)/python tools/make_notebooks.py

stamp: $(TOOLS)
	$(BIN)/python tools/stamp.py

# The course as a web site that needs no network, from the stored outputs of the notebooks: build/book/html/index.html.
book: $(TOOLS)
	$(BIN)/python -m sphinx -W --keep-going --quiet --jobs 2 -c docs -d build/book/doctrees . build/book/html

# ShapesNet's channels; where it is there, `make book` takes it in.
atlas: $(TOOLS)
	$(BIN)/featviz atlas mixed2 --model shapesnet --data shapes --out build/atlas/shapesnet

bench: $(TOOLS)
	$(BIN)/python benchmarks/ascent.py

# make release VERSION=0.2.0, or first ARGS=--dry-run beside it.
release: $(TOOLS)
	$(BIN)/python tools/release.py $(VERSION) $(ARGS)

# Needs uv alone, so that a lock file that cannot be installed can still be replaced. The second is for Linux with a card:
# cuDNN for CUDA 12 (TensorFlow) and for CUDA 13 (newer torch) lie in one folder and overwrite each other.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header pyproject.toml
lock: $(BIN)/uv
	$(COMPILE) --extra book --extra class --extra lpips --extra scale --extra test -o requirements.txt
	echo "nvidia-cudnn-cu13 < 0" | $(COMPILE) --all-extras --constraint - -o requirements-gpu.txt

clean:
	rm -rf build .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# Compiled here, because where PYTHONDONTWRITEBYTECODE is set each kernel would compile TensorFlow anew: 11 s of CPU.
# The stamp is written last: whatever stops the step before it half-way, the next make takes it again.
$(COURSE): EXTRAS := $(if $(SET),[gpu$(comma)lpips])
$(LPIPS): EXTRAS := [$(if $(SET),gpu$(comma))lpips]
$(TOOLS): EXTRAS := [$(if $(SET),gpu$(comma))lpips,scale,book,class,test]
$(COURSE) $(LPIPS) $(TOOLS): $(LOCK) pyproject.toml | $(BIN)/uv
	rm -f $@
	$(BIN)/uv pip uninstall --quiet --python $(BIN)/python $(OTHER)
	$(INSTALL) --compile-bytecode --python $(BIN)/python --constraint $(LOCK) --editable ".$(EXTRAS)"
	touch $@
