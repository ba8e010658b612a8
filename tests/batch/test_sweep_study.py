"""The study as a plan: the commands that the README gives, from the scan to the report."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from support.sweeps import featviz

STEPS, FEWER = 64, 16  # of the plan, and of the test
SCAN = "exemplars auto --model shapesnet --data shapes --count 800 --out build/exemplars/bundled"


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
def test_the_bundled_plan_runs_and_its_report_reads_what_is_there(root, tmp_path):
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    done = featviz(*SCAN.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bundled = (root / "notebooks" / "batch" / "plans" / "bundled.yaml").read_text()
    plan, out = tmp_path / "plan.yaml", tmp_path / "build" / "sweeps" / "bundled"
    plan.write_text(bundled.replace(f"STEPS: {STEPS}", f"STEPS: {FEWER}"))
    begun = featviz("sweep", plan, "--workers", 2, "--limit", 2, cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert "2 of 10 runs are finished" in begun.stdout
    report(tmp_path, out, "half")
    done = featviz("sweep", plan, "--workers", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "10 of 10 runs are finished" in done.stdout
    featviz("results", out, "--to", tmp_path / "all.parquet")
    table = pd.read_parquet(tmp_path / "all.parquet")
    assert (table.groupby("method").size() == 24).all()
    assert table["method"].nunique() == 10
    assert np.isfinite(table["exemplar_distance"]).all()
    assert all((out / image).is_file() for image in table["image"])
    row = table.iloc[7]
    result = json.loads((out / "runs" / row["run"][:2] / row["run"] / "result.json").read_text())
    assert result["parameters"]["METHOD"] == row["method"]
    assert row["value"] in result["parameters"]["VALUES"]
    text = report(tmp_path, out, "whole")
    assert "240 pictures, 0 runs failed" in text
    about, counts = (cell.outputs[0].text for cell in stored(root, "report")[2:4])
    head = "".join(text.splitlines(keepends=True)[: (about + counts).count("\n")])
    settings = about.replace(f" {STEPS} ", f" {FEWER} ", 1).split()
    assert head.split() == settings + counts.split(), "report.ipynb is stored with what this plan gives"
    assert row["code_hash"] in text, "a number is traced to the code that made it"


@pytest.mark.slow
def test_the_plan_of_a_real_network_runs_offline(root, tmp_path):
    """Two of its methods at two steps; test_plan.py holds the whole plan against its notebook."""
    (tmp_path / "notebooks").symlink_to(root / "notebooks")
    scan = "exemplars auto --model lite0 --data photographs --count 100 --size 64 --out build/exemplars/lite0"
    done = featviz(*scan.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = yaml.safe_load((root / "notebooks" / "batch" / "plans" / "lite0.yaml").read_text())
    document["grid"] = [block for block in document["grid"] if block["METHOD"][0] in ("none", "Fourier")]
    document["parameters"] |= {"STEPS": 2, "CHANNELS": [65], "COUNT": 100, "BACKGROUND": 2, "SIZE": 96}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(document))
    done = featviz("sweep", tmp_path / "plan.yaml", "--workers", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 runs are finished" in done.stdout
    featviz("results", tmp_path / "build" / "sweeps" / "lite0", "--to", tmp_path / "all.parquet")
    table = pd.read_parquet(tmp_path / "all.parquet")
    assert table.groupby("method").size().to_dict() == {"none": 6, "Fourier": 6}
    assert np.isfinite(table["exemplar_distance"]).all()


def report(folder, results, name):
    """What report.ipynb prints about a sweep."""
    options = ["-p", "RESULTS", results, "--out", folder / name]
    done = featviz("run", "notebooks/batch/report.ipynb", *options, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (folder / name).rglob("report.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.get("text", "") for cell in cells if cell.cell_type == "code" for o in cell.outputs)
