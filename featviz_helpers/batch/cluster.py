"""Who does the work: processes of this machine, a Dask scheduler that is running already, or a batch system."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import dask
from dask.distributed import Client, LocalCluster
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tornado.ioloop import PeriodicCallback

from ..common.provenance import cpu_count
from .plan_file import Document, PlanError

SECONDS = 30  # to reach a scheduler
REFILL = 10  # seconds between two looks for workers that are gone
KINDS = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster",
    "htcondor": "HTCondorCluster", "oar": "OARCluster", "moab": "MoabCluster",
}  # fmt: skip


class Batch(BaseModel):
    """How to ask a batch system for workers.

    Attributes:
        kind: which one; "local" starts the jobs on this machine, to try the file out.
        jobs: how many are asked for.
        options: what the class of that name in dask-jobqueue takes: cores, memory, walltime, queue, account,
            job_extra_directives, job_script_prologue, ...
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["slurm", "pbs", "lsf", "sge", "htcondor", "oar", "moab", "local"]
    jobs: Annotated[int, Field(ge=1)]
    options: dict[str, Any] = {}


def read_batch(path: Path) -> Batch:
    """Read a cluster file.

    Raises:
        PlanError: it cannot be read, or is wrong; the message names the line.
    """
    document = Document(path)
    try:
        return Batch.model_validate(document.values)
    except ValidationError as error:
        first = error.errors()[0]
        where = list(first["loc"])
        raise document.error(where, f"{'.'.join(map(str, where))}: {first['msg'].lower()}") from None


def batch_cluster(batch: Batch) -> Any:
    """Return the dask-jobqueue cluster that a file describes, before it has any jobs.

    Raises:
        PlanError: its options do not fit.
    """
    import dask_jobqueue
    from dask_jobqueue.local import LocalCluster as LocalJobs

    make = LocalJobs if batch.kind == "local" else getattr(dask_jobqueue, KINDS[batch.kind])
    # One process a job and one thread a process: a worker has one kernel, which uses the cores itself.
    options = {"cores": 1, "memory": "4GB", "processes": 1, **batch.options}
    options["worker_extra_args"] = [*(options.get("worker_extra_args") or []), "--nthreads", "1"]
    try:
        return make(**options)
    except (TypeError, ValueError) as error:
        raise PlanError(f"the options for {batch.kind} do not fit: {error}") from None


@contextmanager
def connected(workers: int | None, scheduler: str | None, batch: Batch | None, cores: int) -> Iterator[Client]:
    """Yield a client of the cluster, and end what was started here.

    Args:
        workers: processes of this machine; by default as many as its cores allow.
        scheduler: address of a scheduler that is running.
        batch: a batch system.
        cores: that one run needs.

    Raises:
        ConnectionError: the scheduler does not answer.
    """
    # What a notebook's failure says is told once, by the conductor.
    for part in ("worker", "nanny", "scheduler", "core", "client", "comm", "utils", "batched"):
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    if scheduler:
        try:
            client = Client(scheduler, timeout=SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise ConnectionError(f"no Dask scheduler answers at {scheduler} ({error})") from None
        with client:
            yield client
        return
    # A worker is given one run at a time: when it dies, Dask blames every run that lay there.
    settings = {"distributed.scheduler.worker-saturation": 1.0, "distributed.comm.retry.count": 3}
    with dask.config.set(settings):
        if batch:
            count = batch.jobs * batch.options.get("processes", 1)
            cluster = batch_cluster(batch)
            cluster.scale(count)
        else:
            count = workers or max(1, cpu_count() // cores)
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=0,  # the memory is the kernels', which Dask does not see
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster, set_as_default=False) as client:
            # Dask gives a worker up that is away for 15 s (a job at its walltime, a process that was killed twice), and
            # starts no other: with the last one gone, everybody would wait for good.
            refill = PeriodicCallback(lambda: cluster.scale(count), 1000 * REFILL)
            client.loop.add_callback(refill.start)
            try:
                yield client
            finally:
                client.loop.add_callback(refill.stop)
