"""`featviz run`, end to end, on notebooks small enough to run many times."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import nbformat
import psutil
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.common import provenance
from featviz_helpers.runner import course, jobs
from support.notebooks import PICTURE, write_notebook
from support.sweeps import wait_for
from tqdm import tqdm

GOOD = """
import os
assert os.path.isdir(os.environ["FEATVIZ_ASSETS"]), "a path that does not depend on the kernel's folder"
assert not get_ipython().history_manager.enabled, "a database in the home folder that all kernels write to"
print(STEPS, RATE, CHANNELS, os.environ["TQDM_DISABLE"], os.environ["OMP_NUM_THREADS"])
"""
FEATVIZ = [sys.executable, "-c", "from featviz_helpers.cli.main import main; main()"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run of four notebooks, two at a time: a good one, one that fails, one that writes a file, one that dies."""
    folder = tmp_path_factory.mktemp("course")
    notebooks = folder / "notebooks"
    write_notebook(notebooks, "00_good", GOOD, PICTURE)
    write_notebook(notebooks, "01_bad", PICTURE, "# why\nraise ValueError('\\x1b[31mred\\x1b[0m <b>' + 'x' * 999)", "1")
    book = nbformat.read(write_notebook(notebooks, "02_files", "open('new.txt', 'w').close()"), as_version=4)
    book.cells.append(
        nbformat.v4.new_markdown_cell("[01](01_bad.ipynb) | [Contents](../README.md#notebooks) | [x](99_x.ipynb)")
    )
    nbformat.write(book, notebooks / "02_files.ipynb")
    write_notebook(notebooks, "03_dies", "import os\nos.kill(os.getpid(), 9)")
    sources = {path.name: path.read_bytes() for path in notebooks.iterdir()}
    prepared = jobs.prepare_jobs(
        jobs.discover(notebooks),
        {"STEPS": "7"},
        {"RATE": 1, 0: {"CHANNELS": [5]}, "01_bad": {"SEED": 9}},
    )
    (folder / "assets").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        report = course.run(prepared, Path("out {1}"), 2, Path("assets"), command=["featviz", "run"])
    assert sources == {path.name: path.read_bytes() for path in notebooks.iterdir()}, "the sources were touched"
    return folder / "out {1}", report


@pytest.mark.slow
def test_each_notebook_gets_its_status_and_one_failure_stops_no_other(finished):
    out, report = finished
    assert {e["name"]: e["status"] for e in report["notebooks"]} == {
        "00_good": "ok",
        "01_bad": "failed",
        "02_files": "ok",
        "03_dies": "failed",
    }
    assert report["status"] == "failed"
    ledger = nbformat.read(out / "00_good.ipynb", as_version=4).metadata.papermill
    assert ledger.input_path == "00_good.ipynb" and ledger.parameters is not None
    assert report == json.loads((out / "run.json").read_text())
    assert sorted(p.name for p in out.iterdir()) == [
        ".featviz.lock", "00_good.html", "00_good.ipynb", "01_bad.html", "01_bad.ipynb", "02_files.html",
        "02_files.ipynb", "03_dies.html", "03_dies.ipynb", "files", "index.html", "run.json",
    ]  # fmt: skip


@pytest.mark.slow
def test_failure_names_the_cell_as_a_reader_counts_and_the_reason_in_short(finished):
    out, report = finished
    error = report["notebooks"][1]["error"]
    assert (error["cell"], error["name"]) == (3, "ValueError")  # without the cell that papermill adds
    assert error["line"].startswith("raise ValueError(")  # and not the comment above it
    assert error["message"].startswith("red <b>xxx")  # no colour codes
    assert len(error["message"]) < 600
    index = (out / "index.html").read_text()
    assert "Stopped at code cell 3" in index
    assert "red &lt;b&gt;xxx" in index
    assert "2 failed, 2 ok" in index
    assert "Traceback" in (out / "01_bad.html").read_text()


@pytest.mark.slow
def test_parameters_arrive_and_are_recorded_in_full(finished):
    out, report = finished
    good, bad, *_ = report["notebooks"]
    assert good["parameters"] == {"STEPS": 7, "RATE": 1.0, "CHANNELS": [5], "MODEL": "auto", "SEED": 3}
    assert bad["parameters"] == {"STEPS": 7, "RATE": 1.0, "CHANNELS": [0, 48], "MODEL": "auto", "SEED": 9}
    assert (good["seeds"], bad["seeds"]) == ({"SEED": 3}, {"SEED": 9})
    assert bad["changed"] == ["RATE", "SEED", "STEPS"]
    ran = nbformat.read(out / "00_good.ipynb", as_version=4)
    threads = max(1, provenance.cpu_count() // 2)
    assert f"7 1.0 [5] 1 {os.environ.get('OMP_NUM_THREADS', threads)}\n" in [
        output.get("text") for cell in ran.cells for output in cell.get("outputs", [])
    ]
    assert "STEPS = 7" in (out / "index.html").read_text()


def test_a_notebook_that_runs_alone_has_all_cores(tmp_path, monkeypatch):
    write_notebook(tmp_path / "notebooks", "00_good", "1")
    seen = []
    monkeypatch.setattr(course, "environment", lambda threads, assets: seen.append(threads) or {})
    monkeypatch.setattr(course.CourseRun, "execute", lambda run, processes: seen.append(processes))
    course.run(jobs.prepare_jobs(jobs.discover(tmp_path / "notebooks")), tmp_path / "out", 8)
    assert seen == [None, 1]


@pytest.mark.slow
def test_record_says_what_was_run_with_what(finished):
    out, report = finished
    for entry in report["notebooks"]:
        source = out.parent / "notebooks" / f"{entry['name']}.ipynb"
        assert entry["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
        assert entry["duration"] > 0
    assert report["command"] == ["featviz", "run"]
    assert {"python", "keras", "numpy", "papermill"} <= report["versions"].keys()
    assert {"tensorflow", "tensorflow-cpu"} & report["versions"].keys()
    assert report["hardware"]["cpu_count"] >= 1 and report["hardware"]["cpu"] and len(report["code"]) == 20
    assert report["duration"] >= max(entry["duration"] for entry in report["notebooks"])


@pytest.mark.slow
def test_index_shows_pictures_titles_and_links(finished):
    out, _ = finished
    index = (out / "index.html").read_text()
    assert index.count("data:image/jpeg;base64,") == 2
    assert "00 Good" in index
    assert "What is good?" in index
    for link in re.findall(r'href="([^"]+)"', index):
        assert (out / link).is_file(), link
    assert not re.search(r"(src|href)=\"?https?:", index), "the index must not need a network"


@pytest.mark.slow
def test_pages_link_to_each_other_and_need_no_script(finished):
    out, _ = finished
    page = (out / "02_files.html").read_text()
    assert 'href="./01_bad.html"' in page
    assert page.count('href="./index.html"') == 2  # contents, and the link at the top
    assert "99_x.ipynb" not in page  # not part of this run
    assert "<script" not in page
    assert "prefers-color-scheme: dark" in page


@pytest.mark.slow
def test_what_a_notebook_writes_lands_in_the_results(finished):
    out, _ = finished
    assert [str(p.relative_to(out)) for p in (out / "files").rglob("*")] == [
        "files/02_files",
        "files/02_files/new.txt",
    ]


@pytest.mark.slow
def test_dead_kernel_is_a_failed_notebook_with_a_reason(finished):
    _, report = finished
    dead = report["notebooks"][3]
    assert dead["error"]["cell"] == 2
    assert "kernel died" in dead["error"]["message"]
    assert dead["files"] == ["03_dies.ipynb", "03_dies.html"]


@pytest.mark.slow
def test_exit_status_and_last_line_of_the_command(folder):
    write_notebook(Path("notebooks"), "03_bad", "raise KeyError('lost')")
    done = subprocess.run([*FEATVIZ, "run", "3"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "03_bad failed, cell 2: raise KeyError('lost')\n    KeyError: 'lost'" in done.stderr
    assert done.stdout.startswith(Path("build/course/index.html").resolve().as_uri())
    assert "%|" not in done.stderr  # TQDM_DISABLE is set for all tests
    loud = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    done = subprocess.run([*FEATVIZ, "run", "1"], capture_output=True, text=True, env=loud)
    assert done.returncode == 0
    assert done.stderr.strip().splitlines()[-1].split("\r")[-1].startswith("01_first: 100%")
    assert "2/2" in done.stderr
    assert "WARN" not in done.stderr


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over kernels in /proc")
@pytest.mark.parametrize(
    ("signum", "group"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGHUP, False), (signal.SIGHUP, True)],
)
def test_ctrl_c_stops_the_kernels_and_leaves_an_index(folder, signum, group):
    write_notebook(
        Path("notebooks"),
        "02_second",
        "import os, time\nprint(os.getpid(), file=open('pid', 'w'))",
        "time.sleep(60)",
    )
    write_notebook(Path("notebooks"), "03_third", "print(3)")
    started = Path("build/course/files/02_second/pid")
    process = subprocess.Popen(
        [*FEATVIZ, "run", "--jobs", "1"], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: started.exists() and started.read_text().strip(), process)
        kernel = int(started.read_text())
        time.sleep(0.5)
        (os.killpg if group else os.kill)(process.pid, signum)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Stopped. What there is: build/course/index.html; --resume goes on from there" in errors
    assert "Traceback" not in errors
    report = json.loads(Path("build/course/run.json").read_text())
    assert [e["status"] for e in report["notebooks"]] == ["ok", "interrupted", "not run"]
    assert report["status"] == "interrupted"
    assert "1 interrupted" in Path("build/course/index.html").read_text()
    assert not _alive(kernel), "the kernel outlived the run"
    assert not [p.name for p in Path("build/course").iterdir() if ".part" in p.name]


@pytest.mark.slow
def test_a_killed_worker_is_replaced(folder):
    """It took all notebooks that had not begun with it."""
    write_notebook(Path("notebooks"), "00_fatal", "import os, psutil\npsutil.Process().parent().kill()", "1 / 0")
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 1
    report = json.loads(Path("build/course/run.json").read_text())
    status = {entry["name"]: entry["status"] for entry in report["notebooks"]}
    assert status.pop("00_fatal") == "failed" and set(status.values()) == {"ok"} and len(status) >= 1


def test_a_cell_that_arrives_after_the_end_of_its_notebook_is_no_fault(folder):
    """Where one worker is killed, the pool ends the notebook of another first, and only then that worker."""
    run = course.CourseRun(jobs.prepare_jobs(jobs.discover()), folder / "out", [], False, 1, None)
    broken = Future()
    broken.set_exception(BrokenProcessPool("gone"))
    with tqdm(disable=True) as bar:
        for cells in (0, None, 1):
            run._follow("01_first", cells, {"01_first": broken}, bar)
    assert [entry["status"] for entry in run.report["notebooks"]] == ["failed", "waiting"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for left-over kernels in /proc")
def test_workers_end_with_a_command_that_is_killed(folder):
    """An orphan went on, began the next notebook, and the record said "running" for ever."""
    write_notebook(
        Path("notebooks"), "02_second", "import os, time\nprint(os.getpid(), file=open('pid', 'w'))", "time.sleep(4)"
    )
    write_notebook(Path("notebooks"), "03_third", "print(3)")
    out = Path("build/course")
    started = out / "files/02_second/pid"
    process = subprocess.Popen(
        [*FEATVIZ, "run", "2", "3", "--jobs", "1"], start_new_session=True, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: started.exists() and started.read_text().strip(), process)
    kernel = int(started.read_text())
    worker = psutil.Process(kernel).ppid()
    statuses = [entry["status"] for entry in json.loads((out / "run.json").read_text())["notebooks"]]
    assert statuses == ["running", "waiting"], "the record lags behind"
    process.kill()
    process.wait()
    deadline = time.monotonic() + 15
    while _alive(kernel) or _alive(worker):
        assert time.monotonic() < deadline, "the worker or its kernel outlived the command"
        time.sleep(0.1)
    time.sleep(1)
    report = json.loads((out / "run.json").read_text())
    assert [entry["status"] for entry in report["notebooks"]] == ["interrupted", "not run"]
    assert report["status"] == "interrupted" and "1 interrupted" in (out / "index.html").read_text()
    assert not (out / "03_third.ipynb").exists()


@pytest.mark.slow
def test_no_space_for_a_notebook_fails_that_notebook_alone(folder):
    write_notebook(Path("notebooks"), "00_large", "print('x' * 600_000)")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000)); "
    done = subprocess.run([FEATVIZ[0], "-c", limit + FEATVIZ[2], "run", "0", "2"], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    large, second = json.loads(Path("build/course/run.json").read_text())["notebooks"]
    assert (large["status"], large["error"]["name"], second["status"]) == ("failed", "OSError", "ok")
    assert "too large" in large["error"]["message"] and "course/00_large.ipynb" in large["error"]["message"]
    assert not [p.name for p in Path("build/course").iterdir() if ".part" in p.name]
    again = CliRunner().invoke(main, ["run", "0", "2", "--resume"])
    assert again.exit_code == 0, again.output
    large, unchanged = json.loads(Path("build/course/run.json").read_text())["notebooks"]
    assert (large["status"], unchanged["duration"]) == ("ok", second["duration"])


@pytest.mark.slow
def test_a_page_that_cannot_be_made_costs_the_page_alone(folder):
    """As where a part of nbconvert is missing: the notebook may have run for an hour on a borrowed card."""
    (folder / "broken" / "nbconvert").mkdir(parents=True)
    (folder / "broken" / "nbconvert" / "__init__.py").touch()
    environment = {**os.environ, "PYTHONPATH": str(folder / "broken")}
    done = subprocess.run(
        [*FEATVIZ, "run", "01", "--out", "out"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and "nbconvert" in done.stdout + done.stderr
    (cell,) = [c for c in nbformat.read("out/01_first.ipynb", as_version=4).cells if c.source == "print(1)"]
    assert cell.outputs[0].text == "1\n"


@pytest.mark.slow
def test_a_notebook_with_the_longest_name_that_a_disk_takes_runs(folder):
    """Its part had a name of 256 bytes, one too many."""
    name = "03_" + "l" * 241
    write_notebook(Path("notebooks"), name, "print(3)")
    done = CliRunner().invoke(main, ["run", "3", "--out", "out"])
    assert done.exit_code == 0, done.output
    names = {path.name for path in Path("out").iterdir()}
    assert {f"{name}.ipynb", f"{name}.html"} <= names and not any("part" in file for file in names)


def test_no_space_for_the_index_is_said_and_nothing_runs_on(folder, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(course, "write_text", full)
    result = CliRunner().invoke(main, ["run", "--out", "out"])
    assert result.exit_code == 1
    assert "run.json: No space left on device" in result.output
    assert [path.name for path in Path("out").iterdir()] == [".featviz.lock"]


@pytest.mark.slow
def test_help_and_errors_come_without_the_heavy_libraries():
    code = (
        "import sys\nfrom featviz_helpers.runner import course\nfrom featviz_helpers.cli.main import main\n"
        "main(['run', '--help'], standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'keras', 'torch', 'matplotlib', 'papermill'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "NOTEBOOK" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
