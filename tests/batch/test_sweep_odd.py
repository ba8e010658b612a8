"""What odd notebooks, odd plans and lost workers do to a sweep: nothing that lasts."""

import os
import threading
import time
from pathlib import Path

import pytest
from dask.distributed import Client, LocalCluster
from featviz_helpers.batch import cluster
from featviz_helpers.batch import results as store
from featviz_helpers.batch import run as task
from featviz_helpers.batch import sweep as conductor
from featviz_helpers.batch.plan import Plan
from featviz_helpers.batch.plan_file import PlanError
from featviz_helpers.batch.run_folders import Place
from support.notebooks import write_notebook

WRITES_A_MODULE = """
open("mine.py", "w").write(f"N = {NUMBER}")
import mine
assert mine.N == NUMBER, "another run's module"
"""
LEAVES_A_THREAD = """
import os, threading, time
def late(sleep=time.sleep, open=open):
    sleep(1)
    open("late", "w").close()
if NUMBER == 1:
    threading.Thread(target=late).start()
time.sleep(1.5 * (NUMBER - 1))
assert not os.path.exists("late"), "another run wrote here"
"""
DIES_AFTERWARDS = """
import os
class Last:
    def __del__(self, end=os._exit):
        end(1)
last = Last()
"""
LINKS = "import os\nopen('a', 'w').close()\nos.symlink(os.path.abspath('a'), 'latest')"
TWO_TABLES = """
import pandas as pd
table = pd.DataFrame({"run": [7], "v": [1]} if NUMBER == 1 else {"w": [1]})
table.to_parquet("results.parquet")
"""


@pytest.fixture
def planned(tmp_path):
    """A function that plans a notebook and returns its orders."""

    def plan(source="1", grid="{NUMBER: [1, 2]}", knobs="NUMBER: int = 0", out="out", extra=""):
        book = write_notebook(tmp_path, "99_odd", source, knobs=knobs)
        path = tmp_path / "plan.yaml"
        path.write_text(f"notebook: {book}\ngrid: {grid}\n{extra}", encoding="utf-8")
        read = Plan(path)
        wanted = conductor.orders(read, str(tmp_path / out))
        (tmp_path / out).mkdir(exist_ok=True)
        conductor.check(Place(tmp_path / out), read, wanted)
        return wanted

    return plan


def test_two_sweeps_at_one_scheduler_do_not_take_each_others_runs(tmp_path, monkeypatch):
    def perform(order):
        time.sleep(1)
        Path(order.out).touch()
        return {"run": order.run, "status": "ok", "seconds": 0.0}

    monkeypatch.setattr(conductor, "perform", perform)
    about = {"notebook": "", "parameters": {}, "changed": [], "made_from": {}, "environment": {}}

    def sweep(address, out):
        order = task.Order(run="ab", out=str(out), **about)
        with Client(address, set_as_default=False) as client:
            conductor.conduct(client, [order], conductor.Tally(1, 0), 0, lambda line: None)

    one = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**one) as local:
        pair = [threading.Thread(target=sweep, args=(local.scheduler_address, tmp_path / out)) for out in ("a", "b")]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.slow
@pytest.mark.timeout(100)  # without a new worker it waits for good
def test_a_worker_that_is_lost_for_good_is_replaced(monkeypatch):
    monkeypatch.setattr(cluster, "REFILL", 0.5)
    with cluster.connected(1, None, None, 1) as client:

        def lose():
            (name,) = client.cluster.workers
            return client.cluster.workers.pop(name).close()  # as Dask does with one that is away for 15 s

        client.cluster.sync(lose)
        assert client.submit(lambda: 1).result(timeout=60) == 1


@pytest.mark.slow
@pytest.mark.parametrize("source", [WRITES_A_MODULE, LEAVES_A_THREAD, "exit()"], ids=["module", "thread", "exit"])
def test_a_kept_kernel_carries_nothing_over(planned, source):
    for order in planned(source):
        assert task.perform(order)["status"] == "ok"


@pytest.mark.slow
def test_a_kernel_that_dies_between_two_notebooks_is_noticed_at_once(planned):
    first, second = planned(DIES_AFTERWARDS)
    task.perform(first)
    began = time.monotonic()
    task.perform(second)
    assert time.monotonic() - began < 60, "it waited for a dead kernel"


@pytest.mark.slow
def test_a_link_into_the_runs_own_folder_does_not_make_it_unfinished(planned):
    (order,) = planned(LINKS, "{NUMBER: [1]}")
    assert task.perform(order)["status"] == "ok"
    assert task.perform(order)["status"] == "there"


@pytest.mark.slow
def test_braces_in_the_name_of_the_output_are_no_parameters(planned):
    (order,) = planned(grid="{NUMBER: [1]}", out="a{b}")
    assert task.perform(order)["status"] == "ok"


@pytest.mark.slow
def test_a_short_limit_is_a_limit(planned):
    (order,) = planned("import time; time.sleep(30)", "{NUMBER: [1]}", extra="resources: {cell_minutes: 0.01}\n")
    with pytest.raises(task.RunFailed, match="Timeout"):
        task.perform(order)


@pytest.mark.slow
def test_columns_that_the_table_has_already_are_renamed(planned, tmp_path):
    wanted = planned(TWO_TABLES)
    for order in wanted:
        task.perform(order)
    table = store.table(tmp_path / "out")
    assert sorted(table["run"]) == sorted(order.run for order in wanted)
    assert table["run_"].dropna().tolist() == [7]


def test_true_is_not_one(planned):
    wanted = planned(grid="{FLAG: [true, 1]}", knobs="FLAG: int | bool = 1")
    assert [order.changed for order in wanted] == [["FLAG"], []]


def test_files_in_a_list_are_part_of_what_a_run_is(planned, tmp_path):
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    names = []
    for text in ("one", "two"):
        files[1].write_text(text)
        files[0].write_text("always")
        (order,) = planned(grid=f"{{FILES: [['{files[0]}', '{files[1]}']]}}", knobs="FILES: list[str] = []")
        names.append(order.run)
    assert names[0] != names[1]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["1", "open(FILE, 'w').write('new')"], ids=["before the run", "during the run"])
def test_a_file_that_changes_during_a_sweep_gives_no_run_its_old_name(planned, tmp_path, source):
    file = tmp_path / "weights"
    file.write_text("old")
    (order,) = planned(source, grid=f"{{FILE: ['{file}']}}", knobs="FILE: str = ''")
    if source == "1":
        file.write_text("new")
    with pytest.raises(task.RunFailed, match=rf"FILE \({file}\) changed after the sweep had started.*Start the sweep"):
        task.perform(order)
    assert not (tmp_path / "out" / "runs").exists()
    assert list((tmp_path / "out" / "failed" / order.run / "1").iterdir()), "what was made is kept to look at"
    (again,) = planned("1", grid=f"{{FILE: ['{file}']}}", knobs="FILE: str = ''", out="again")
    assert again.run != order.run and task.perform(again)["status"] == "ok"


@pytest.mark.parametrize("value", ["~nobody_is_called_that/a", "no/such/file"])
def test_a_path_that_leads_nowhere_is_refused(planned, value):
    with pytest.raises(PlanError, match="there is no file or folder"):
        planned(grid=f"{{FILE: ['{value}']}}", knobs="FILE: str = ''")
