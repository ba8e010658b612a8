"""The study as a plan: the commands that the README gives, from the scan to the report."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from support.sweeps import invoke

SMALLER = {"STEPS": (64, 4), "COUNT": (800, 200)}  # in the plan, and in the test
METHODS = ["none", "MACO"]  # of the ten; test_methods.py runs each from its table
SCAN = "exemplars auto --model shapesnet --data shapes --count 200 --out build/exemplars/bundled"


@pytest.fixture
def folder(root, tmp_path, monkeypatch):
    """The working directory, with the course's notebooks in it."""
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stored(root, name):
    """The code cells of a batch notebook as it is committed."""
    notebook = nbformat.read(root / "notebooks" / "batch" / f"{name}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", ["experiment", "report"])
def test_batch_notebooks_can_be_read_without_running_them(root, name):
    cells = stored(root, name)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert "error" not in kinds
    assert {"stream", "display_data"} <= set(kinds)


@pytest.mark.slow
def test_the_bundled_plan_runs_and_its_report_reads_what_is_there(root, folder):
    done = invoke(*SCAN.split())
    assert done.exit_code == 0, done.stderr
    document = yaml.safe_load((root / "notebooks" / "batch" / "plans" / "bundled.yaml").read_text())
    document["parameters"] |= {name: now for name, (_, now) in SMALLER.items()}
    document["grid"] = [block for block in document["grid"] if block["METHOD"][0] in METHODS]
    plan, out = folder / "plan.yaml", folder / "build" / "sweeps" / "bundled"
    plan.write_text(yaml.safe_dump(document))
    begun = invoke("sweep", plan, "--workers", 1, "--limit", 1)
    assert begun.exit_code == 0, begun.stderr
    assert "1 of 2 runs are finished" in begun.stdout
    report(folder, out, "half")
    done = invoke("sweep", plan, "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert "2 of 2 runs are finished" in done.stdout
    table = results(folder, out)
    assert (table.groupby("method").size() == 24).all()
    assert set(table["method"]) == set(METHODS)
    assert np.isfinite(table["exemplar_distance"]).all()
    assert all((out / image).is_file() for image in table["image"])
    row = table.iloc[7]
    result = json.loads((out / "runs" / row["run"][:2] / row["run"] / "result.json").read_text())
    assert result["parameters"]["METHOD"] == row["method"]
    assert row["value"] in result["parameters"]["VALUES"]
    text = report(folder, out, "whole")
    assert "48 pictures, 0 runs failed" in text
    about, counts = (cell.outputs[0].text for cell in stored(root, "report")[2:4])
    head = "".join(text.splitlines(keepends=True)[: about.count("\n") + 2 + len(METHODS)])
    for before, now in (*SMALLER.values(), ("10 finished", "2 finished"), ("240", "48"), ("240", "48")):
        about = about.replace(str(before), str(now), 1)
    rows = counts.splitlines()
    counts = rows[:2] + [row for row in rows if row.startswith(tuple(METHODS))]
    assert head.split() == about.split() + " ".join(counts).split(), "report.ipynb is stored with what this plan gives"
    assert row["code_hash"] in text, "a number is traced to the code that made it"


@pytest.mark.slow
def test_the_plan_of_a_real_network_runs_offline(root, folder):
    """One of its methods at two steps; test_plan.py holds the whole plan against its notebook."""
    scan = "exemplars auto --model lite0 --data photographs --count 100 --size 64 --out build/exemplars/lite0"
    done = invoke(*scan.split())
    assert done.exit_code == 0, done.stderr
    document = yaml.safe_load((root / "notebooks" / "batch" / "plans" / "lite0.yaml").read_text())
    document["grid"] = [block for block in document["grid"] if block["METHOD"][0] == "Fourier"]
    document["parameters"] |= {"STEPS": 2, "CHANNELS": [65], "COUNT": 100, "BACKGROUND": 2, "SIZE": 96}
    (folder / "plan.yaml").write_text(yaml.safe_dump(document))
    done = invoke("sweep", folder / "plan.yaml", "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert "1 of 1 runs are finished" in done.stdout
    table = results(folder, folder / "build" / "sweeps" / "lite0")
    assert table.groupby("method").size().to_dict() == {"Fourier": 6}
    assert np.isfinite(table["exemplar_distance"]).all()


def results(folder, out):
    """The table of a sweep."""
    written = invoke("results", out, "--to", folder / "all.parquet")
    assert written.exit_code == 0, written.stderr
    return pd.read_parquet(folder / "all.parquet")


def report(folder, out, name):
    """What report.ipynb prints about a sweep."""
    done = invoke("run", "notebooks/batch/report.ipynb", "-p", "RESULTS", out, "--out", folder / name)
    assert done.exit_code == 0, done.output
    (path,) = (folder / name).rglob("report.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.get("text", "") for cell in cells if cell.cell_type == "code" for o in cell.outputs)
