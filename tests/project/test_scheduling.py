"""How `make test` hands the tests out to its processes."""

import os
import re
import subprocess
import sys

import pytest
from support.scheduling import scope

TESTS = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_one(number):
    with pathlib.Path(__file__).with_suffix(".txt").open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_notebook_stays_together_and_so_does_a_file():
    book = "tests/notebooks/test_notebooks.py::"
    assert scope(f"{book}test_anatomy[03_l2]") == scope(f"{book}test_it_runs_with_other_parameters[03_l2]") == "03_l2"
    assert scope(f"{book}test_comparison_forgives_noise") == "tests/notebooks/test_notebooks.py"
    assert scope("tests/ascent/test_grid.py::test_a[03_l2]") == "tests/ascent/test_grid.py"


@pytest.mark.slow
def test_each_file_is_run_by_one_process(root, tmp_path):
    """The mark xdist_group was ignored from pytest 9.2 on, and nothing said so."""
    options = re.search(r"-m pytest (.*) --durations", (root / "Makefile").read_text())[1].split()
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", *options, "-p", "support.scheduling", "--rootdir", ".", "."]
    environment = os.environ | {"PYTHONPATH": str(root / "tests")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("a", "b"):
        processes = (tmp_path / f"test_{name}.txt").read_text().split()
        assert len(processes) == 6 and len(set(processes)) == 1, name
