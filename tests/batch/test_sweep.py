"""Sweeps end to end on small real notebooks: nothing is done twice, and what is not whole is not trusted."""

import json
from pathlib import Path

import pandas as pd
import pytest
from dask.distributed import Client, LocalCluster
from featviz_helpers.batch import gpus as cards
from featviz_helpers.batch import results as store
from featviz_helpers.batch import run as task
from featviz_helpers.batch import sweep as conductor
from featviz_helpers.batch.plan import Plan
from featviz_helpers.batch.run_folders import Place, run_name
from support.notebooks import write_notebook
from support.sweeps import ask, marks, writer


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("FEATVIZ_TEST", str(tmp_path))
    return writer(tmp_path)


@pytest.mark.slow
def test_a_sweep_from_plan_to_table(write, tmp_path):
    plan = write("{NUMBERS: {from: 0, to: 4, step: 1}}")
    dry = ask("sweep", plan, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "5 runs of 99_roots.ipynb (5 cells), 5 to do" in dry.stdout
    assert not (tmp_path / "out").exists(), "a dry run leaves nothing"

    done = ask("sweep", plan, "--workers", 2)
    assert done.exit_code == 0, done.stderr
    assert "5 of 5 runs are finished" in done.stdout
    assert "Dashboard: http" in done.stderr
    assert marks(tmp_path) == dict.fromkeys(range(5), 1)
    log = (tmp_path / "out" / "sweep.log").read_text()
    assert log.count(" ok, ") == 5
    assert "done 5 of 5 (0 before), running 0, failed 0" in log
    assert not list((tmp_path / "out" / "unfinished").iterdir())

    table = store.table(tmp_path / "out")
    assert sorted(zip(table["number"], table["root"], strict=True)) == [(n, n**0.5) for n in range(5)]
    logs = [path.read_text() for path in (tmp_path / "out" / "runs").rglob("log.txt")]
    assert logs == ["left open"] * 5, "a file that the notebook did not close is whole before the run is"
    assert table["kernel"].nunique() <= 2, "a worker keeps its kernel"
    first = table.iloc[0]
    folder = tmp_path / "out" / run_name(first["run"])
    assert json.loads((folder / "result.json").read_text())["parameters"]["NUMBERS"] == json.loads(first["NUMBERS"])
    assert (folder / "run.ipynb").is_file()

    again = ask("sweep", plan)
    assert again.exit_code == 0
    assert "5 of 5 runs are finished" in again.stdout
    assert marks(tmp_path) == dict.fromkeys(range(5), 1), "what is finished is not done again"
    timed = ask("sweep", plan, "--dry-run")
    assert "0 to do" in timed.stdout
    assert "of work" in timed.stdout

    written = ask("results", tmp_path / "out", "--to", tmp_path / "all.parquet")
    assert written.exit_code == 0, written.output
    assert len(pd.read_parquet(tmp_path / "all.parquet")) == 5
    assert "5 finished runs, 5 rows" in ask("results", tmp_path / "out").stdout


@pytest.mark.timeout(90)  # where it hangs, it hangs for good
def test_thousands_of_short_runs_keep_the_scheduler_answering(monkeypatch):
    monkeypatch.setattr(conductor, "perform", lambda order: {"run": order.run, "status": "ok", "seconds": 0.0})
    about = {"out": "", "notebook": "", "parameters": {}, "changed": [], "made_from": {}, "environment": {}}
    wanted = [task.Order(run=f"{number:05}", **about) for number in range(2000)]
    tally = conductor.Tally(len(wanted), 0)
    cluster = {"n_workers": 1, "threads_per_worker": 4, "processes": False, "dashboard_address": None}
    with LocalCluster(**cluster) as local, Client(local, set_as_default=False) as client:
        conductor.conduct(client, wanted, tally, retries=0, tell=lambda line: None)
    assert (tally.done, tally.left) == (2000, 0)


@pytest.mark.slow
def test_a_failing_notebook_is_kept_with_its_reason_and_stops_no_other(write, tmp_path):
    done = ask("sweep", write("{NUMBERS: [-4, 4, 9]}", "retries: 1\n"), "--workers", 1)
    assert done.exit_code == 1
    assert "1 failed: cell 2, import os, time, uuid: ValueError: no root of -4" in done.stderr
    assert "2 of 3 runs are finished" in done.stdout
    assert marks(tmp_path) == {-4: 2, 4: 1, 9: 1}, "one retry"
    (row,) = store.failures(tmp_path / "out").to_dict("records")
    assert (row["attempts"], row["cell"]) == (2, 2)
    assert (tmp_path / "out" / row["notebook"]).is_file()
    told = ask("results", tmp_path / "out", "--failed")
    assert "no root of -4" in told.stdout
    again = ask("sweep", tmp_path / "plan.yaml", "--workers", 1)
    assert again.exit_code == 1
    assert marks(tmp_path) == {-4: 4, 4: 1, 9: 1}, "what failed is tried again, what is finished is not"


@pytest.mark.slow
def test_a_folded_sweep_is_one_run_with_the_same_rows(write, tmp_path):
    done = ask("sweep", write("{NUMBERS: [1, 4, 9]}", "fold: [NUMBERS]\n"), "--workers", 1)
    assert "1 of 1 runs" in done.stdout, done.stderr
    assert store.table(tmp_path / "out")["root"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.slow
def test_a_run_that_is_not_whole_is_not_trusted(write, tmp_path):
    plan = write("{NUMBERS: [1, 4]}")
    ask("sweep", plan, "--workers", 1)
    place = Place(tmp_path / "out")
    one, two = list(place.names("runs", 2))
    whole = json.loads(place.read(f"{two}/result.json"))
    (tmp_path / "out" / one / "results.parquet").write_bytes(b"PAR1")
    (tmp_path / "out" / two / "result.json").unlink()
    assert place.result(one) is None
    assert place.result(two) is None
    assert len(store.table(tmp_path / "out")) == 0
    done = ask("sweep", plan, "--workers", 1)
    assert "2 of 2 runs are finished" in done.stdout, done.stderr
    assert len(store.table(tmp_path / "out")) == 2
    assert place.result(two)["run"] == whole["run"]
    assert len(list((tmp_path / "out" / "damaged").iterdir())) == 2, "what was damaged is kept aside"


@pytest.mark.slow
def test_two_plans_and_two_sweeps_do_not_share_a_folder(write, tmp_path):
    plan = write("{NUMBERS: [0, 1]}")
    with conductor.alone(Place(tmp_path / "out")):
        second = ask("sweep", plan, "--workers", 1)
    assert second.exit_code == 2
    assert "another sweep is writing" in second.stderr
    assert marks(tmp_path) == {}
    assert ask("sweep", plan, "--workers", 1).exit_code == 0
    other = ask("sweep", write("{NUMBERS: [0, 1, 99]}"), "--workers", 1)
    assert other.exit_code == 2
    assert "plan.yaml, line 4:" in other.stderr
    assert "--extend" in other.stderr
    more = ask("sweep", tmp_path / "plan.yaml", "--workers", 1, "--extend")
    assert more.exit_code == 0, more.stderr
    assert marks(tmp_path) == {0: 1, 1: 1, 99: 1}


def test_a_store_without_renames_writes_the_result_last(tmp_path):
    place = Place(f"memory://{tmp_path.name}")
    written = []
    put = place.fs.put_file
    place.fs.put_file = lambda source, target, **rest: (written.append(Path(target).name), put(source, target, **rest))
    try:
        with place.workshop() as folder:
            (folder / "images").mkdir()
            (folder / "images" / "a.png").write_bytes(b"1234")
            (folder / "result.json").write_text(json.dumps({"run": "ab", "files": {"images/a.png": 4}}))
            assert place.publish(folder, "runs/ab/ab")
    finally:
        del place.fs.put_file
    assert written == ["a.png", "result.json"]
    assert not folder.exists()
    assert place.result("runs/ab/ab")["run"] == "ab"
    assert place.results(["runs/ab/ab", "runs/cd/cd"]) == {"runs/ab/ab": place.result("runs/ab/ab")}
    place.fs.pipe_file(place.path("runs/ab/ab/images/a.png"), b"12")
    assert place.result("runs/ab/ab") is None
    assert place.results(["runs/ab/ab"]) == {}


def test_orders_name_each_run_once(write):
    plan = Plan(write("{NUMBERS: [1, 2]}"))
    found = conductor.orders(plan, "out")
    assert len({order.run for order in found}) == 2
    assert [order.changed for order in found] == [["NUMBERS"]] * 2
    assert conductor.describe(found[0]).startswith("NUMBERS [1]")


def test_no_disk_space_ends_the_sweep(write, tmp_path, monkeypatch):
    order = conductor.orders(Plan(write("{NUMBERS: [1]}")), str(tmp_path / "out"))[0]

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Place, "workshop", full)
    with pytest.raises(task.DiskIsFull, match="no room left"):
        task.perform(order)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "says", "kept"),
    [
        ("open('result.json', 'w').close()", "NameTaken: result.json is the sweep's own file", True),
        ("import os\nos._exit(1)", "the kernel died", True),
        ("# changed", "OtherNotebook", False),
    ],
)
def test_what_a_worker_refuses_or_survives(source, says, kept, tmp_path):
    book = write_notebook(tmp_path, "99_odd", "x = 1" if source == "# changed" else source, knobs="NUMBER: int = 0")
    (tmp_path / "plan.yaml").write_text(f"notebook: {book}\ngrid: {{NUMBER: [1]}}\n")
    out = tmp_path / "out"
    (order,) = conductor.orders(Plan(tmp_path / "plan.yaml"), str(out))
    out.mkdir()
    (out / conductor.NOTEBOOK).write_text(book.read_text().replace("x = 1", source))
    with pytest.raises(task.RunFailed, match=says):
        task.perform(order)
    (attempt,) = (out / "failed" / order.run).iterdir()
    assert says.split(":")[0] in (attempt / "result.json").read_text()
    assert (attempt / "run.ipynb").is_file() == kept
    assert not list((out / "unfinished").iterdir())


def test_a_folder_that_somebody_works_on_is_not_tidied_away(tmp_path):
    place = Place(tmp_path)
    with place.workshop() as folder:
        (folder / "half").touch()
        (tmp_path / "unfinished" / "orphan").mkdir()
        place.tidy()
        assert [path.name for path in (tmp_path / "unfinished").glob("*/")] == [folder.name]
        assert (folder / "half").exists()


def test_moved_files_make_no_other_plan(write, tmp_path):
    def orders(weights):
        plan = Plan(write("{NUMBERS: [1]}", MODEL=str(weights)))
        return plan, conductor.orders(plan, str(tmp_path / "out"))

    first = tmp_path / "weights.h5"
    first.write_bytes(b"1")
    plan, wanted = orders(first)
    conductor.check(Place(tmp_path / "out"), plan, wanted)
    plan, moved = orders(first.rename(tmp_path / "elsewhere.h5"))
    assert [order.run for order in moved] == [order.run for order in wanted]
    conductor.check(Place(tmp_path / "out"), plan, moved)


def test_each_worker_takes_a_card_of_those_it_was_given(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    take = cards.card.__wrapped__
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert [take()["CUDA_VISIBLE_DEVICES"] for _ in range(2)] == ["4", "7"]
    assert take()["CUDA_VISIBLE_DEVICES"] in ("4", "7"), "with too few cards they are shared"
    for given in ("2", ""):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
        assert take() == {}, "what a batch system handed out is left alone"


def test_a_scheduler_that_is_not_there_is_said(write, monkeypatch):
    monkeypatch.setattr("featviz_helpers.batch.cluster.SECONDS", 1)
    done = ask("sweep", write("{NUMBERS: [1]}"), "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in done.output


# Dask's half-made cluster complains as it goes.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_batch_system_is_described_by_a_file(tmp_path):
    from featviz_helpers.batch.cluster import batch_cluster, read_batch
    from featviz_helpers.batch.plan_file import PlanError

    path = tmp_path / "slurm.yaml"
    path.write_text("kind: slurm\njobs: 3\noptions: {queue: gpu, cores: 4, memory: 16GB, walltime: '02:00:00'}\n")
    batch = read_batch(path)
    with batch_cluster(batch) as cluster:
        script = cluster.job_script()
    assert script.rindex("--nthreads 1") > script.rindex("--nthreads 4"), "the last one counts: one run at a time"
    assert "#SBATCH -p gpu" in script
    assert "#SBATCH --cpus-per-task=4" in script
    path.write_text("kind: slrm\njobs: 3\n")
    with pytest.raises(PlanError, match=r"slurm\.yaml, line 1"):
        read_batch(path)
    path.write_text("kind: slurm\njobs: 3\noptions: {coers: 4}\n")
    with pytest.raises(PlanError, match="options for slurm do not fit"):
        batch_cluster(read_batch(path))
