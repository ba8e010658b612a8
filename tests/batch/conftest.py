"""Shared by the tests of batch studies: plans over small notebooks."""

import pytest
from featviz_helpers.batch.plan import SweepPlan
from featviz_helpers.batch.run_folders import RunFolders
from featviz_helpers.batch.sweep import record_request, run_requests
from support.notebooks import write_notebook
from support.sweeps import writer


@pytest.fixture
def write_plan(tmp_path, monkeypatch):
    """A function that writes a plan over a notebook of square roots, to be swept."""
    monkeypatch.setenv("FEATVIZ_TEST", str(tmp_path))
    return writer(tmp_path)


@pytest.fixture
def requests_of(tmp_path):
    """A function that plans a notebook and returns its requests, to be executed in this process."""

    def requests_of(source="1", grid="{NUMBER: [1, 2]}", knobs="NUMBER: int = 0", out="out", extra=""):
        book = write_notebook(tmp_path, "99_odd", source, knobs=knobs)
        path = tmp_path / "plan.yaml"
        path.write_text(f"notebook: {book}\ngrid: {grid}\n{extra}", encoding="utf-8")
        plan = SweepPlan(path)
        requests = run_requests(plan, str(tmp_path / out))
        (tmp_path / out).mkdir(exist_ok=True)
        record_request(RunFolders(tmp_path / out), plan, requests)
        return requests

    return requests_of
