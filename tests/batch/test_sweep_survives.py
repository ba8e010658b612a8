"""What a sweep survives: SIGKILL anywhere, a full disk, workers that come and go."""

import json
import os
import subprocess
import sys

import psutil
import pytest
from featviz_helpers.batch import RunFolders, failures, results_table
from support.sweeps import command, featviz, invoke, marks, wait_for

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.mark.slow
def test_nothing_is_lost_when_anything_is_killed(write_plan, tmp_path, root):
    plan = write_plan("{NUMBERS: {from: 0, to: 11, step: 1}}", SECONDS=0.5)
    script = [
        sys.executable,
        str(root / "benchmarks" / "kills.py"),
        str(plan),
        "--out",
        str(tmp_path / "out"),
        "--json",
    ]
    done = subprocess.run([*script, "--kills", "4", "--pause", "1", "3"], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["kills"] == 4
    assert (report["runs"], report["lost_or_done_again"], report["processes_left"]) == (12, 0, 0), report
    assert sum(marks(tmp_path).values()) <= 12 + 2 * 4, "a kill costs at most what two workers were at"
    assert sorted(results_table(tmp_path / "out")["number"]) == list(range(12))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB, and a function that makes it larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], **QUIET)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    yield folder, lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_ends_the_sweep_and_costs_no_result(write_plan, tmp_path, small_disk):
    disk, resize = small_disk
    plan = write_plan("{NUMBERS: {from: 0, to: 7, step: 1}}", out=disk / "out", BYTES=400_000)
    full = featviz("sweep", plan, "--workers", 2)
    assert full.returncode == 1
    assert "no room left" in full.stderr
    assert "Traceback" not in full.stderr
    folders = RunFolders(disk / "out")
    finished = {name: folders.result(name)["finished"] for name in folders.subfolders("runs", 2)}
    assert 1 <= len(finished) < 8
    assert len(failures(disk / "out")) == 0, "a full disk is no fault of a run"
    resize("20m")
    again = featviz("sweep", plan, "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert sorted(results_table(disk / "out")["number"]) == list(range(8))
    assert {name: folders.result(name)["finished"] for name in finished} == finished


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler, a function that starts a worker with a folder of its own, and its process."""
    started = []

    def start(*arguments):
        started.append(subprocess.Popen([sys.executable, "-m", "dask", *map(str, arguments)], **QUIET))
        return started[-1]

    note = tmp_path / "scheduler.json"
    process = start("scheduler", "--port", 0, "--dashboard-address", "127.0.0.1:0", "--scheduler-file", note)
    wait_for(lambda: note.is_file() and note.stat().st_size, process)
    address = json.loads(note.read_text())["address"]

    def worker(name):
        folder = tmp_path / name
        return start("worker", address, "--nthreads", 1, "--local-directory", folder, "--name", name, "--no-dashboard")

    yield address, worker, process
    for one in reversed(started):
        one.terminate()
    for one in started:
        one.wait(timeout=30)


@pytest.mark.slow
def test_workers_come_and_go_while_a_scheduler_keeps_the_sweep(write_plan, tmp_path, scheduler):
    address, worker, _ = scheduler
    workers = [worker("a"), worker("b")]
    plan = write_plan("{NUMBERS: {from: 0, to: 19, step: 1}}", SECONDS=0.5)
    folders = RunFolders(tmp_path / "out")
    with subprocess.Popen(command("sweep", plan, "--scheduler", address), **QUIET) as sweep:
        try:
            wait_for(lambda: len(list(folders.subfolders("runs", 2))) >= 4, sweep)
            for process in [*psutil.Process(workers[0].pid).children(recursive=True), workers[0]]:
                process.kill()
            worker("c")
            assert sweep.wait(timeout=240) == 0
        finally:
            sweep.kill()
    assert sorted(results_table(tmp_path / "out")["number"]) == list(range(20))
    again = {number: count for number, count in marks(tmp_path).items() if count > 1}
    assert len(again) <= 1, "at most the killed worker's run is done again"
    assert {"a", "b", "c"} <= set(os.listdir(tmp_path)), "each worker has its own folder"


@pytest.mark.slow
def test_a_scheduler_that_goes_down_is_told_and_costs_no_result(write_plan, tmp_path, scheduler):
    address, worker, process = scheduler
    worker("a")
    plan = write_plan("{NUMBERS: {from: 0, to: 5, step: 1}}", SECONDS=1.0)
    folders = RunFolders(tmp_path / "out")
    arguments = command("sweep", plan, "--scheduler", address)
    arguments[2] = f"from featviz_helpers.batch import cluster; cluster.CONNECT_SECONDS = 5; {arguments[2]}"
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sweep:
        wait_for(lambda: len(list(folders.subfolders("runs", 2))) >= 2, sweep)
        process.kill()
        output, _ = sweep.communicate(timeout=200)
    assert sweep.returncode == 1, output
    assert "the same command goes on from here" in output
    assert "Traceback" not in output
    done = invoke("sweep", plan, "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert sorted(results_table(tmp_path / "out")["number"]) == list(range(6))
