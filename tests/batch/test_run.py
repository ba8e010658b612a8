"""One run, as a worker does it: what it refuses, and what it survives."""

import shutil

import pytest
from featviz_helpers.batch import failures
from featviz_helpers.batch.run import DiskIsFull, RunExecutor, RunFailed, execute_run
from featviz_helpers.batch.run_folders import RunFolders

LINKS = "import os\nopen('a', 'w').close()\nos.symlink(os.path.abspath('a'), 'latest')"


@pytest.mark.slow
def test_a_link_into_the_runs_own_folder_does_not_make_it_unfinished(requests_of):
    (request,) = requests_of(LINKS, "{NUMBER: [1]}")
    assert execute_run(request).status == "ok"
    assert execute_run(request).status == "finished before"


@pytest.mark.slow
def test_braces_in_the_name_of_the_output_are_no_parameters(requests_of):
    (request,) = requests_of(grid="{NUMBER: [1]}", out="a{b}")
    assert execute_run(request).status == "ok"


@pytest.mark.slow
def test_a_short_limit_is_a_limit(requests_of):
    (request,) = requests_of("import time; time.sleep(30)", "{NUMBER: [1]}", extra="resources: {cell_minutes: 0.01}\n")
    with pytest.raises(RunFailed, match="Timeout"):
        execute_run(request)


def test_an_attempt_takes_no_number_that_a_kept_one_has(requests_of, tmp_path, monkeypatch):
    """Somebody deletes the first attempt, and the third must not be taken for the second."""
    (request,) = requests_of(grid="{NUMBER: [1]}")
    reasons = iter("abc")
    monkeypatch.setattr(
        RunExecutor, "_execute_notebook", lambda *_: {"name": "E", "message": next(reasons), "cell": 1, "line": "x"}
    )
    place = tmp_path / "out" / "failed" / request.run
    for attempt in (1, 2, 3):
        with pytest.raises(RunFailed):
            execute_run(request)
        if attempt == 2:
            shutil.rmtree(place / "1")
    assert sorted(path.name for path in place.iterdir()) == ["2", "3"]
    assert failures(tmp_path / "out")["error"].tolist() == ["E: c"]


def test_no_disk_space_ends_the_sweep(requests_of, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolders, "scratch_folder", full)
    with pytest.raises(DiskIsFull, match="no room left"):
        execute_run(requests_of()[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "says", "kept"),
    [
        ("open('result.json', 'w').close()", "NameTaken: result.json is the sweep's own file", True),
        ("import os\nos._exit(1)", "the kernel died", True),
        ("# changed", "OtherNotebook", False),
    ],
)
def test_what_a_worker_refuses_or_survives(requests_of, source, says, kept, tmp_path):
    (request,) = requests_of("x = 1" if source == "# changed" else source, "{NUMBER: [1]}")
    out = tmp_path / "out"
    notebook = out / request.notebook
    notebook.write_text(notebook.read_text().replace("x = 1", source))
    with pytest.raises(RunFailed, match=says):
        execute_run(request)
    (attempt,) = (out / "failed" / request.run).iterdir()
    assert says.split(":")[0] in (attempt / "result.json").read_text()
    assert (attempt / "run.ipynb").is_file() == kept
    assert not list((out / "unfinished").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("source", ["1", "open(FILE, 'w').write('new')"], ids=["before the run", "during the run"])
def test_a_file_that_changes_during_a_sweep_gives_no_run_its_old_name(requests_of, tmp_path, source):
    file = tmp_path / "weights"
    file.write_text("old")
    (request,) = requests_of(source, grid=f"{{FILE: ['{file}']}}", knobs="FILE: str = ''")
    if source == "1":
        file.write_text("new")
    with pytest.raises(RunFailed, match=rf"FILE \({file}\) changed after the sweep had started.*Start the sweep"):
        execute_run(request)
    assert not (tmp_path / "out" / "runs").exists()
    assert list((tmp_path / "out" / "failed" / request.run / "1").iterdir()), "what was made is kept to look at"
    (again,) = requests_of("1", grid=f"{{FILE: ['{file}']}}", knobs="FILE: str = ''", out="again")
    assert again.run != request.run and execute_run(again).status == "ok"
