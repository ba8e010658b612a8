"""Sweeps end to end on a small real notebook: nothing is done twice, and what is not whole is not trusted."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from featviz_helpers.batch import failures, finished_runs, results_table
from featviz_helpers.batch.dispatch import describe
from featviz_helpers.batch.plan import SweepPlan
from featviz_helpers.batch.run_folders import RunFolders, run_name
from featviz_helpers.batch.sweep import exclusive, record_request, run_requests
from support.sweeps import invoke, marks, writer

NUMBERS = "[[0], [1], [2], [4, 9], [-4]"
COMMAND = ["featviz", "sweep", "plan.yaml"]


@dataclass
class Sweep:
    """A sweep that has ended: its folder, its output, and what a dry run and the sweep printed."""

    folder: Path
    out: Path
    dry_run: Result
    done: Result


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Five runs on two workers; one of them fails, and is tried twice."""
    folder = tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATVIZ_TEST", str(folder))
        patch.setattr(sys, "argv", COMMAND)
        plan = writer(folder)(f"{{NUMBERS: {NUMBERS}]}}", "retries: 1\n")
        dry_run = invoke("sweep", plan, "--dry-run")
        assert not (folder / "out").exists(), "a dry run leaves nothing"
        return Sweep(folder, folder / "out", dry_run, invoke("sweep", plan, "--workers", 2))


@pytest.mark.slow
def test_a_dry_run_says_what_there_is_to_do(sweep):
    assert sweep.dry_run.exit_code == 0, sweep.dry_run.output
    assert "5 runs of 99_roots.ipynb (5 combinations), 5 to do" in sweep.dry_run.stdout


@pytest.mark.slow
def test_a_failing_notebook_is_tried_again_and_stops_no_other(sweep):
    assert sweep.done.exit_code == 1, sweep.done.stderr
    assert "1 failed: cell 2, import os, time, uuid: ValueError: no root of -4" in sweep.done.stderr
    assert "4 of 5 runs are finished" in sweep.done.stdout
    assert "Dashboard: http://127.0.0.1:" in sweep.done.stderr
    assert marks(sweep.folder) == {0: 1, 1: 1, 2: 1, 4: 1, -4: 2}
    log = (sweep.out / "sweep.log").read_text()
    assert log.count(" ok, ") == 4
    assert "done 4 of 5 (0 before), running 0, failed 1" in log
    assert not list((sweep.out / "unfinished").iterdir())


@pytest.mark.slow
def test_finished_runs_become_a_table(sweep, tmp_path):
    table = results_table(sweep.out)
    assert sorted(zip(table["number"], table["root"], strict=True)) == [(n, n**0.5) for n in (0, 1, 2, 4, 9)]
    logs = [path.read_text() for path in (sweep.out / "runs").rglob("log.txt")]
    assert logs == ["left open"] * 4, "a file that the notebook did not close is whole before the run is"
    assert set(finished_runs(sweep.out)) == {run_name(run) for run in table["run"]}
    first = table.iloc[0]
    folder = sweep.out / run_name(first["run"])
    result = json.loads((folder / "result.json").read_text())
    assert result["parameters"]["NUMBERS"] == json.loads(first["NUMBERS"])
    assert result["command"] == COMMAND
    assert (folder / "run.ipynb").is_file()
    written = invoke("results", sweep.out, "--to", tmp_path / "all.parquet")
    assert written.exit_code == 0, written.output
    assert len(pd.read_parquet(tmp_path / "all.parquet")) == 5
    assert "4 finished runs, 5 rows" in invoke("results", sweep.out).stdout


@pytest.mark.slow
def test_a_failed_run_is_kept_with_its_reason(sweep):
    (row,) = failures(sweep.out).to_dict("records")
    assert (row["attempts"], row["cell"]) == (2, 2)
    assert (sweep.out / row["notebook"]).is_file()
    assert "no root of -4" in invoke("results", sweep.out, "--failed").stdout


@pytest.mark.slow
def test_a_second_sweep_does_what_is_missing_or_not_whole_and_nothing_else(sweep, write_plan, tmp_path):
    out = shutil.copytree(sweep.out, tmp_path / "out")
    folders = RunFolders(out)
    finished = {folders.result(name)["parameters"]["NUMBERS"][0]: name for name in folders.subfolders("runs", 2)}
    (out / finished[1] / "results.parquet").write_bytes(b"PAR1")
    (out / finished[2] / "result.json").unlink()
    assert folders.result(finished[1]) is None
    assert folders.result(finished[2]) is None
    assert sorted(results_table(out)["number"]) == [0, 4, 9]

    plan = write_plan(f"{{NUMBERS: {NUMBERS}, [16]]}}", "retries: 0\n")
    other = invoke("sweep", plan, "--workers", 1)
    assert other.exit_code == 2
    assert "plan.yaml, line 4:" in other.stderr
    assert "--extend" in other.stderr
    with exclusive(folders):
        second = invoke("sweep", plan, "--workers", 1, "--extend")
    assert second.exit_code == 2
    assert "Another sweep is writing" in second.stderr
    assert marks(tmp_path) == {}

    more = invoke("sweep", plan, "--workers", 1, "--extend")
    assert "5 of 6 runs are finished" in more.stdout, more.stderr
    assert marks(tmp_path) == {1: 1, 2: 1, 16: 1, -4: 1}
    assert sorted(results_table(out)["number"]) == [0, 1, 2, 4, 9, 16]
    assert len(list((out / "damaged").iterdir())) == 2, "what was damaged is kept aside"
    timed = invoke("sweep", plan, "--dry-run")
    assert "1 to do" in timed.stdout
    assert "of work" in timed.stdout


def test_a_dry_run_refuses_what_the_sweep_would_refuse(write_plan, tmp_path):
    plan = SweepPlan(write_plan("{NUMBERS: [1, 2]}"))
    record_request(RunFolders(tmp_path / "out"), plan, run_requests(plan, str(tmp_path / "out")))
    other = write_plan("{NUMBERS: [1, 2, 3]}")
    done = invoke("sweep", other, "--dry-run")
    assert done.exit_code == 2 and "holds the runs of another plan" in done.stderr
    assert "3 to do" in invoke("sweep", other, "--dry-run", "--extend").stdout


def test_a_dry_run_keeps_to_the_limit(write_plan, tmp_path):
    path = write_plan("{NUMBERS: [1, 2, 3]}")
    requests = run_requests(SweepPlan(path), str(tmp_path / "out"))
    place = tmp_path / "out" / run_name(requests[0].run)
    place.mkdir(parents=True)
    (place / "result.json").write_text('{"files": {}, "seconds": 60}')
    for limit, minutes in (([], 2), (["--limit", 1], 1)):
        said = invoke("sweep", path, "--dry-run", *limit).stdout
        assert f"{minutes} to do" in said and said.count("NUMBERS") == minutes
        assert f"About 0{minutes}:00 of work" in said


def test_requests_name_each_run_once(write_plan):
    requests = run_requests(SweepPlan(write_plan("{NUMBERS: [1, 2]}")), "out")
    assert len({request.run for request in requests}) == 2
    assert [request.changed for request in requests] == [["NUMBERS"]] * 2
    assert describe(requests[0]) == "NUMBERS [1]"


def test_moved_files_make_no_other_plan(write_plan, tmp_path):
    def plan_with(weights):
        plan = SweepPlan(write_plan("{NUMBERS: [1]}", MODEL=str(weights)))
        return plan, run_requests(plan, str(tmp_path / "out"))

    first = tmp_path / "weights.h5"
    first.write_bytes(b"1")
    plan, requests = plan_with(first)
    record_request(RunFolders(tmp_path / "out"), plan, requests)
    plan, moved = plan_with(first.rename(tmp_path / "elsewhere.h5"))
    assert [request.run for request in moved] == [request.run for request in requests]
    record_request(RunFolders(tmp_path / "out"), plan, moved)


def test_true_is_not_one(requests_of):
    requests = requests_of(grid="{FLAG: [true, 1]}", knobs="FLAG: int | bool = 1")
    assert [request.changed for request in requests] == [["FLAG"], []]
