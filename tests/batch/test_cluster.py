"""Clusters: of this machine, of a batch system, and a scheduler that is running."""

import os

import psutil
import pytest
from featviz_helpers.batch import cluster
from featviz_helpers.batch.plan_file import PlanError
from support.sweeps import invoke


def test_a_scheduler_that_is_not_there_is_said(write_plan, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--scheduler", "tcp://127.0.0.1:1")
    assert done.exit_code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in done.output


# Dask's half-made cluster complains as it goes.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_batch_system_is_described_by_a_file(tmp_path):
    path = tmp_path / "slurm.yaml"
    path.write_text("kind: slurm\njobs: 3\noptions: {queue: gpu, cores: 4, memory: 16GB, walltime: '02:00:00'}\n")
    with cluster.job_cluster(cluster.read_batch_system(path)) as jobs:
        script = jobs.job_script()
    assert script.rindex("--nthreads 1") > script.rindex("--nthreads 4"), "the last one counts: one run at a time"
    assert "#SBATCH -p gpu" in script
    assert "#SBATCH --cpus-per-task=4" in script
    path.write_text("kind: slrm\njobs: 3\n")
    with pytest.raises(PlanError, match=r"slurm\.yaml, line 1"):
        cluster.read_batch_system(path)
    path.write_text("kind: slurm\njobs: 3\noptions: {coers: 4}\n")
    with pytest.raises(PlanError, match="options for slurm do not fit"):
        cluster.job_cluster(cluster.read_batch_system(path))


@pytest.mark.slow
@pytest.mark.timeout(100)  # without a new worker it waits for good
def test_a_worker_that_is_lost_for_good_is_replaced(monkeypatch):
    monkeypatch.setattr(cluster, "REFILL_SECONDS", 0.5)
    with cluster.connect(1, None, None, 1) as client:

        def lose():
            (name,) = client.cluster.workers
            return client.cluster.workers.pop(name).close()  # as Dask does with one that is away for 15 s

        client.cluster.sync(lose)
        assert client.submit(lambda: 1).result(timeout=60) == 1


def test_clusters_side_by_side_are_for_this_machine_alone():
    """Dask's own default is one port for every dashboard of the machine, open to the network."""
    before = listening()
    with (
        cluster.local_cluster(1, processes=False, protocol="tcp://"),
        cluster.local_cluster(1, processes=False, protocol="tcp://"),
        cluster.job_cluster(cluster.BatchSystem(kind="local", jobs=1)),
    ):
        addresses = listening() - before
    assert len(addresses) >= 8, "a port each for three schedulers, two workers and their pages"
    assert {host for host, _ in addresses} == {"127.0.0.1"}


def listening():
    """The addresses that this process listens at."""
    connections = psutil.net_connections("inet")
    return {tuple(c.laddr) for c in connections if c.pid == os.getpid() and c.status == psutil.CONN_LISTEN}
