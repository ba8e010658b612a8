"""Shared by the tests of runs: a folder with a small course."""

from pathlib import Path

import pytest
from support.notebooks import write_notebook


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with two notebooks in notebooks/."""
    monkeypatch.chdir(tmp_path)
    write_notebook(Path("notebooks"), "01_first", "print(1)")
    write_notebook(Path("notebooks"), "02_second", "print(2)", knobs="STEPS = 10\nCHANNELS: list[int] = [0]")
    return tmp_path
