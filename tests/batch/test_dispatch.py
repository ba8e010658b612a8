"""Handing runs out to a Dask cluster."""

import os
import threading
import time
from pathlib import Path

import pytest
from dask.distributed import Client
from featviz_helpers.batch import dispatch
from featviz_helpers.batch.cluster import local_cluster
from featviz_helpers.batch.run import RunOutcome, RunRequest

FIELDS = {"notebook": "", "parameters": {}, "changed": [], "made_from": {}, "environment": {}}


@pytest.mark.timeout(90)  # where it hangs, it hangs for good
@pytest.mark.slow
def test_hundreds_of_short_runs_keep_the_scheduler_answering(monkeypatch):
    monkeypatch.setattr(dispatch, "execute_run", lambda request: RunOutcome(request.run, "ok", 0.0))
    requests = [RunRequest(run=f"{number:05}", out="", **FIELDS) for number in range(400)]
    tally = dispatch.Tally(len(requests), 0)
    with (
        local_cluster(1, threads_per_worker=4, processes=False) as local,
        Client(local, set_as_default=False) as client,
    ):
        dispatch.Dispatcher(client, requests, tally, retries=0, log=lambda line: None).run()
    assert (tally.done, tally.remaining) == (400, 0)


def test_the_time_left_is_that_of_the_runs_that_are_handed_out():
    """With --limit 4 of a thousand, of which two have ended."""
    tally = dispatch.Tally(1000, 0, done=2, left_alone=996)
    assert tally.remaining == 2
    assert tally.progress_line(1, 20).endswith("0.10 runs/s, 00:20 left")


def test_two_sweeps_at_one_scheduler_do_not_take_each_others_runs(tmp_path, monkeypatch):
    def execute_run(request):
        time.sleep(1)
        Path(request.out).touch()
        return RunOutcome(request.run, "ok", 0.0)

    monkeypatch.setattr(dispatch, "execute_run", execute_run)

    def sweep(address, security, out):
        request = RunRequest(run="ab", out=str(out), **FIELDS)
        with Client(address, set_as_default=False, security=security) as client:
            dispatch.Dispatcher(client, [request], dispatch.Tally(1, 0), 0, lambda line: None).run()

    with local_cluster(1, processes=False) as local:
        where = local.scheduler_address, local.security
        pair = [threading.Thread(target=sweep, args=(*where, tmp_path / out)) for out in ("a", "b")]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
