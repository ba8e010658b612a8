"""Clusters: of this machine, of a batch system, and a scheduler that is running."""

import gc
import logging
import os
import subprocess
import sys
import tempfile
import time

import dask
import psutil
import pytest
from dask.distributed import Client, LocalCluster
from featviz_helpers.batch import cluster, jobs
from featviz_helpers.batch.plan_file import PlanError
from support.sweeps import invoke, wait_for


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """A function that writes Slurm's programs to be found: the body of sbatch; scancel notes what it is given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    def write(body):
        for name, line in (("sbatch", body), ("scancel", f"echo $1 >> {tmp_path}/cancelled")):
            (programs / "new").write_text(f"#!/bin/sh\n{line}\n")
            (programs / "new").chmod(0o755)
            (programs / "new").rename(programs / name)

    return write


def test_a_scheduler_that_is_not_there_is_said(write_plan, monkeypatch):
    monkeypatch.setattr(cluster, "PROBE_SECONDS", 1)
    plan = write_plan("{NUMBERS: [1]}")
    for address in ("tcp://127.0.0.1:1", "foo", "tcp://127.0.0.1:99999"):
        began = time.monotonic()
        done = invoke("sweep", plan, "--scheduler", address)
        assert done.exit_code == 1
        assert f"no Dask scheduler answers at {address}" in done.output and "Traceback" not in done.output
        assert "without encryption" in done.output
        assert time.monotonic() - began < 20


def test_a_batch_system_that_is_not_here_is_said_in_one_sentence(write_plan, tmp_path, monkeypatch):
    """Dask printed 42 lines of traceback, and waited."""
    path = tmp_path / "slurm.yaml"
    path.write_text("kind: slurm\njobs: 3\noptions: {cores: 1, memory: 1GB}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--cluster", path)
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert done.output.splitlines()[-1].startswith(
        "Error: There is no program 'sbatch' here, which submits jobs to slurm"
    )


@pytest.mark.parametrize("option", ["--tls-ca", "--tls-cert", "--tls-key"])
@pytest.mark.parametrize("workers", [(), ("--workers", 1), ("--cluster", "local.yaml")])
def test_tls_files_without_a_scheduler_are_refused(write_plan, tmp_path, option, workers, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"a.pem": "", "local.yaml": "kind: local\njobs: 1\n"}.items():
        (tmp_path / name).write_text(text)
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--dry-run", option, "a.pem", *workers)
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].startswith("Error: --tls-ca, --tls-cert and --tls-key are for --scheduler")


def test_encryption_needs_a_folder_for_its_certificates(write_plan, tmp_path, monkeypatch):
    """Dask wrote the keys into the working folder, with a warning."""
    path = tmp_path / "slurm.yaml"
    for value, says in (("true", "needs `shared_temp_directory: DIR`"), ("false", "true, or left out; got False")):
        path.write_text(f"kind: slurm\njobs: 1\noptions: {{cores: 1, memory: 1GB, security: {value}}}\n")
        done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--dry-run", "--cluster", path)
        assert done.exit_code == 2
        assert "slurm.yaml, line 3" in done.output.splitlines()[-1] and says in done.output
    options = {"security": True, "shared_temp_directory": "x"}
    assert not jobs.BatchSystem(kind="slurm", jobs=1, options=options).is_open
    with dask.config.set({"jobqueue.slurm.shared-temp-directory": "x"}):
        jobs.BatchSystem(kind="slurm", jobs=1, options={"security": True})
    jobs.BatchSystem(kind="local", jobs=1, options={"security": True})  # which has a folder of its own


def test_a_refusal_without_words_says_how_the_program_ended():
    report = "It ended.\nExit code: 1\nCommand:\nbsub< a.sh 2> /dev/null\nstdout:\n{}\nstderr:\n\n"
    assert jobs.reason(RuntimeError(report.format("full\n"))) == "full"
    assert jobs.reason(RuntimeError(report.format(""))).endswith("Exit code: 1 Command: bsub< a.sh 2> /dev/null")


# Dask's half-made cluster complains as it goes.
@pytest.mark.timeout(60)  # it waited for good
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_job_that_the_batch_system_refuses_is_said_in_its_own_words(write_plan, tmp_path, sbatch):
    """Dask printed 37 lines of traceback, and waited."""
    said = "sbatch: error: invalid partition specified: nope"
    # It takes one job of the three, which has to be cancelled.
    sbatch(f'mkdir {tmp_path}/first && echo Submitted batch job 7 || {{ echo "{said}" >&2; exit 1; }}')
    path = tmp_path / "slurm.yaml"
    path.write_text("kind: slurm\njobs: 3\noptions: {cores: 1, memory: 1GB}\n")
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--cluster", path)
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert done.output.splitlines()[1:] == [f"Error: The batch system refuses 2 of 3 jobs: {said}"]
    assert (tmp_path / "cancelled").read_text() == "7\n"


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_job_that_is_refused_later_is_submitted_again(tmp_path, sbatch, monkeypatch):
    monkeypatch.setattr(cluster, "REFILL_SECONDS", 0.2)
    said = []
    monkeypatch.setattr(jobs.log, "warning", lambda form, *values: said.append(form % values))
    sbatch("echo Submitted batch job 7")
    system = jobs.BatchSystem(kind="slurm", jobs=1, options={"cores": 1, "memory": "1GB"})
    with cluster.connect(None, None, system, 1) as client:
        assert client.dashboard_link.startswith("http://127.0.0.1:"), "it named the address of the scheduler"
        sbatch(f"echo again >> {tmp_path}/again; echo the controller is down >&2; exit 1")
        client.cluster.workers.clear()  # as Dask does with one that is away for 15 s
        wait_for(lambda: (tmp_path / "again").exists() and (tmp_path / "again").read_text().count("again") > 2)
    assert said[0] == "jobs that are refused, and will be submitted again: 1; the controller is down"


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_job_that_never_brings_a_worker_is_said(tmp_path, sbatch, monkeypatch):
    """The sweep waited for ever without a word, as it does where a job dies before it reaches the scheduler."""
    monkeypatch.setattr(cluster, "REFILL_SECONDS", 0.1)
    monkeypatch.setattr(jobs, "WAIT_SECONDS", 0.3)
    said = []
    monkeypatch.setattr(jobs.log, "warning", lambda form, *values: said.append(form % values))
    sbatch("echo Submitted batch job 7")
    system = jobs.BatchSystem(kind="slurm", jobs=1, options={"cores": 1, "memory": "1GB"})
    with cluster.connect(None, None, system, 1):
        wait_for(lambda: len(said) > 1)
        time.sleep(0.2)
    assert said[0].startswith("no worker has come for 0 s; the batch system has the jobs 7. ")
    assert len(said) < 5, "it says so ever more seldom"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_job_begins_also_where_python_lies_in_a_folder_with_a_space(tmp_path, sbatch, monkeypatch):
    sbatch("exit 1")
    program = tmp_path / "my course" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $@ > {tmp_path}/began\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    system = jobs.BatchSystem(kind="slurm", jobs=1, options={"cores": 1, "memory": "1GB"})
    with jobs.job_cluster(system, tmp_path) as made:
        (tmp_path / "job.sh").write_text(made.job_script())
    subprocess.run(["bash", tmp_path / "job.sh"], check=True)
    assert "--nthreads 1" in (tmp_path / "began").read_text()


def test_certificates_in_a_folder_with_a_space_are_refused(tmp_path):
    path = tmp_path / "slurm.yaml"
    folder = tmp_path / "my keys"
    path.write_text(f"kind: slurm\njobs: 1\noptions: {{security: true, shared_temp_directory: {folder}}}\n")
    with pytest.raises(PlanError, match="so no spaces"):
        jobs.read_batch_system(path)


def test_more_workers_than_a_machine_can_carry_are_refused(write_plan, monkeypatch):
    monkeypatch.setattr(cluster, "cpu_count", lambda: 2)
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--workers", 17)
    assert done.exit_code == 2 and "--workers must be a whole number from 1 to 16; got 17." in done.output


def test_tls_takes_three_files(write_plan, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    done = invoke("sweep", write_plan("{NUMBERS: [1]}"), "--scheduler", "tls://x:1", "--tls-ca", tmp_path / "ca.pem")
    assert done.exit_code == 2 and "--tls-ca, --tls-cert and --tls-key" in done.output
    security = cluster.tls(*(tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")))
    assert security.require_encryption and security.tls_client_key == str(tmp_path / "key.pem")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_batch_system_is_described_by_a_file(tmp_path, sbatch):
    sbatch("exit 1")  # looked for, and never called: nothing is submitted here
    path = tmp_path / "slurm.yaml"
    path.write_text("kind: slurm\njobs: 3\noptions: {queue: gpu, cores: 4, memory: 16GB, walltime: '02:00:00'}\n")
    with jobs.job_cluster(jobs.read_batch_system(path), tmp_path) as made:
        script = made.job_script()
    assert script.rindex("--nthreads 1") > script.rindex("--nthreads 4"), "the last one counts: one run at a time"
    assert "#SBATCH -p gpu" in script
    assert "#SBATCH --cpus-per-task=4" in script
    path.write_text("kind: slrm\njobs: 3\n")
    with pytest.raises(PlanError, match=r"slurm\.yaml, line 1"):
        jobs.read_batch_system(path)
    path.write_text("kind: slurm\njobs: 3\noptions: {coers: 4}\n")
    with pytest.raises(PlanError, match="options for slurm do not fit"):
        jobs.job_cluster(jobs.read_batch_system(path), tmp_path)


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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # dask-jobqueue leaves files open
def test_clusters_side_by_side_are_for_this_machine_alone(tmp_path):
    """Dask's own default is one port for every dashboard of the machine, open to the network."""
    before = listening()
    system = jobs.BatchSystem(kind="local", jobs=1)
    with (
        cluster.local_cluster(1, processes=False, protocol="tls://") as one,
        cluster.local_cluster(1, processes=False, protocol="tls://"),
        jobs.job_cluster(system, tmp_path) as made,
        cluster.connect(1, None, None, 1) as here,
        cluster.connect(None, None, system, 1) as submitted,
    ):
        addresses = listening() - before
        for address in (one.scheduler_address, made.scheduler_address):
            assert address.startswith("tls://")
            with pytest.raises((OSError, TypeError)):  # another user of the machine, who has no certificate
                Client(address, timeout=2, set_as_default=False)
        for client in (here, submitted):
            client.wait_for_workers(1, timeout=60)
            pages = {f"http://127.0.0.1:{port}/status" for _, port in addresses}
            assert client.dashboard_link in pages
        assert len(psutil.Process().children(recursive=True)) >= 3, "a worker, a job and its worker"
        addresses |= listening() - before
    assert len(addresses) >= 17, "a port each for five schedulers, four workers and their pages, and a nanny"
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    del one, made, here, submitted, client
    gc.collect()  # here, where those files are forgiven, and not in a later test


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nothing_is_left_of_the_certificate_of_jobs(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with cluster.connect(None, None, jobs.BatchSystem(kind="local", jobs=1), 1) as client:
        (keys,) = tmp_path.glob("featviz-tls-*")
        assert any(keys.iterdir()) and keys.stat().st_mode & 0o077 == 0
        assert client.submit(lambda: 1).result(timeout=60) == 1
        files = [getattr(client.cluster, f"_job_{name}") for name in ("ca_file", "cert", "key")]
    assert not list(tmp_path.glob("featviz-tls-*"))
    assert all(file.file.closed for file in files), "each was a traceback at the end of the sweep"
    del client
    gc.collect()


def listening():
    """The addresses that this process, and those that it started, listen at."""
    here = psutil.Process()
    return {
        tuple(connection.laddr)
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_scheduler_without_workers_is_said(monkeypatch):
    said = []
    monkeypatch.setattr(cluster, "REFILL_SECONDS", 0.1)
    monkeypatch.setattr(jobs, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(jobs.log, "warning", lambda form, *values: said.append(form % values))
    quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", **quiet) as there,
        cluster.connect(None, there.scheduler_address, None, 1),
    ):
        wait_for(lambda: said)
    assert said[0].startswith("no worker has been at the scheduler")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("jobs: 3\noptions: {processes: '2'}", r"line 3: options: processes must be a whole number .* got '2'"),
        ("jobs: 3\noptions: {processes: 0}", "processes must be a whole number from 1 to 1,024; got 0"),
        ("jobs: 3\noptions: {processes: null}", "got None"),
        ("jobs: true", "line 2: jobs must be a whole number; got True"),
    ],
)
def test_workers_that_cannot_be_counted_are_refused(tmp_path, text, says):
    (tmp_path / "cluster.yaml").write_text(f"kind: local\n{text}\n")
    with pytest.raises(PlanError, match=says):
        jobs.read_batch_system(tmp_path / "cluster.yaml")
