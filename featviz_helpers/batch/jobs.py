"""A batch system: how it is described in a file, its cluster, and jobs that it refuses."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import dask
from dask.distributed import Security
from distributed.deploy.spec import ProcessInterface
from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from ..common.checks import whole_number
from ..common.errors import validation_sentence
from .plan_file import PlanError, YamlFile
from .plan_schema import STRICT

LOOPBACK = "127.0.0.1"
WAIT_SECONDS = 60  # without a worker, before it is said
DASHBOARD = f"{LOOPBACK}:0"  # for this machine alone, at a port that is free
CLUSTER_CLASSES = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster",
    "htcondor": "HTCondorCluster", "oar": "OARCluster", "moab": "MoabCluster",
}  # fmt: skip
log = logging.getLogger("featviz.sweep")


class BatchSystem(BaseModel):
    """How to ask a batch system for workers.

    Attributes:
        kind: which one; "local" starts the jobs on this machine, to try the file out.
        jobs: how many to submit.
        options: what the class of that name in dask-jobqueue takes: cores, memory, walltime, queue, account,
            job_extra_directives, job_script_prologue, ...
    """

    model_config = STRICT

    kind: Literal["slurm", "pbs", "lsf", "sge", "htcondor", "oar", "moab", "local"]
    jobs: Annotated[int, Field(ge=1, le=10_000)]
    options: dict[str, Any] = {}

    @field_validator("options")
    @classmethod
    def _how_many_processes(cls, options: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no number: that of the workers is a multiple of it, and of no worker nothing comes."""
        whole_number("processes", options.get("processes", 1), 1, 1024)
        return options

    @field_validator("options")
    @classmethod
    def _where_certificates_lie(cls, options: dict[str, Any], fields: ValidationInfo) -> dict[str, Any]:
        """Refuse encryption without a folder for it: Dask would write the keys into the working folder."""
        kind = fields.data.get("kind")
        if options.get("security") not in (None, True):
            raise ValueError(f"security is true, or left out; got {options['security']!r}")
        folder = options.get("shared_temp_directory") or dask.config.get(f"jobqueue.{kind}.shared-temp-directory", None)
        if folder and shlex.quote(str(folder)) != str(folder):
            raise ValueError(f"shared_temp_directory goes into a job's script as it is, so no spaces; got {folder!r}")
        if options.get("security") and kind != "local" and not folder:
            raise ValueError(
                "security: true needs `shared_temp_directory: DIR` beside it, a folder of yours alone that all nodes "
                "see; the certificates of the sweep lie there"
            )
        return options

    @property
    def is_open(self) -> bool:
        """Whether its workers are spoken to without TLS."""
        return self.kind != "local" and not self.options.get("security")

    @property
    def worker_count(self) -> int:
        """How many workers its jobs start."""
        return self.jobs * self.options.get("processes", 1)


def read_batch_system(path: Path) -> BatchSystem:
    """Read a cluster file.

    Raises:
        PlanError: it cannot be read, or is wrong; the message names the line.
    """
    file = YamlFile(path)
    try:
        return BatchSystem.model_validate(file.values)
    except ValidationError as error:
        where = list(error.errors()[0]["loc"])
        raise file.error(where, validation_sentence(error)) from None


def job_cluster(system: BatchSystem, keys: Path) -> Any:
    """Return the dask-jobqueue cluster that a file describes, before it has any jobs.

    Args:
        system: the description.
        keys: a folder of this user alone, where jobs of this machine find the certificate of the sweep.

    Raises:
        PlanError: its options do not fit.
        OSError: this machine cannot submit jobs to that system.
    """
    import dask_jobqueue
    from dask_jobqueue.local import LocalCluster as LocalJobs

    local = system.kind == "local"
    if not local:
        _require_program(system.kind)
    cluster_class = LocalJobs if local else getattr(dask_jobqueue, CLUSTER_CLASSES[system.kind])
    job_class = patient(cluster_class.job_cls)
    # One process per job and one thread per process: a worker has one kernel, which uses the cores itself.
    # The job's script is made by joining words, so what may hold a space is quoted here.
    options = {"cores": 1, "memory": "4GB", "processes": 1, "python": shlex.quote(sys.executable), **system.options}
    options["worker_extra_args"] = [
        *("--dashboard-address", DASHBOARD, *(["--host", LOOPBACK] if local else [])),
        *(options.get("worker_extra_args") or []),
        *("--nthreads", "1"),
    ]
    options["scheduler_options"] = scheduler_options(system)
    if local and not options.get("shared_temp_directory"):
        options |= {"security": Security.temporary(), "shared_temp_directory": str(keys)}
    try:
        return cluster_class(job_cls=job_class, **options)
    except (TypeError, ValueError) as error:
        raise PlanError(f"the options for {system.kind} do not fit: {error}") from None


def scheduler_options(system: BatchSystem) -> dict[str, Any]:
    """Return how the scheduler of a batch system listens: Dask's defaults, this user's settings, the cluster file."""
    return {
        "dashboard_address": DASHBOARD,
        **({"host": LOOPBACK} if system.kind == "local" else {}),  # the jobs of others come from other machines
        **(dask.config.get(f"jobqueue.{system.kind}.scheduler-options", None) or {}),
        **(system.options.get("scheduler_options") or {}),
    }


def dashboard_template(system: BatchSystem | None) -> str:
    """Return Dask's template of the dashboard's address, which names the scheduler's host, with the host it is at."""
    template: str = dask.config.get("distributed.dashboard.link")
    at_home = system is None or scheduler_options(system)["dashboard_address"] == DASHBOARD
    return template.replace("{host}", LOOPBACK) if at_home else template


def _require_program(kind: str) -> None:
    """Raise OSError where the program that submits jobs is missing: Dask would print a traceback, and wait for ever."""
    import dask_jobqueue

    program = getattr(dask_jobqueue, CLUSTER_CLASSES[kind]).job_cls.submit_command.split()[0]
    if shutil.which(program) is None:
        raise OSError(
            f"There is no program '{program}' here, which submits jobs to {kind}. Start the sweep on a machine of the "
            "cluster that has it, or on this one alone with --workers."
        )


def patient(job_class: type) -> type:
    """Return a class of dask-jobqueue's jobs whose refusal is kept as `refusal`.

    Dask would print a traceback for each, and wait for it ever after.

    Args:
        job_class: of the batch system.
    """

    class Job(job_class):  # type: ignore[misc]
        refusal = ""

        async def start(self) -> None:
            try:
                await super().start()
            except Exception as error:  # what a class raises is its own affair
                self.refusal = reason(error)
                await ProcessInterface.start(self)  # to Dask it is a job like any other

        async def close(self) -> None:
            if not self.refusal:
                await super().close()

    return Job


def reason(error: Exception) -> str:
    """Return the last line that the program which submits jobs has printed; if it has printed none, how it ended."""
    what, _, said = str(error).partition("\nstdout:\n")
    lines = [line.strip() for line in (said or what).splitlines() if line.strip() and line != "stderr:"]
    return lines[-1] if lines else " ".join(what.split())


@contextmanager
def keys_removed(cluster: Any) -> Iterator[None]:
    """Remove a cluster's certificate from the disk at the end: Dask does it at some time later, if it still can."""
    try:
        yield
    finally:
        for name in ("ca_file", "cert", "key"):
            if file := getattr(cluster, f"_job_{name}", None):
                file.close()


def refusals(cluster: Any) -> list[str]:
    """Return the reasons for the jobs of a cluster that were refused."""
    return [job.refusal for job in cluster.workers.values() if getattr(job, "refusal", "")]


def say_and_forget(cluster: Any) -> None:
    """Let jobs that were refused be submitted again: a batch system that is full, or being mended, takes them later."""
    if reasons := refusals(cluster):
        log.warning("jobs that are refused, and will be submitted again: %d; %s", len(reasons), reasons[-1])
    for name, job in list(cluster.workers.items()):
        if getattr(job, "refusal", ""):
            del cluster.workers[name]


class Patience:
    """Says, ever more seldom, that no job has brought a worker: queued, or dead before it could reach the scheduler."""

    def __init__(self, cluster: Any) -> None:
        self.cluster, self.began, self.next = cluster, time.monotonic(), WAIT_SECONDS

    def look(self) -> None:
        """Say it when it is time."""
        names = sorted({str(job.job_id) for job in self.cluster.workers.values() if getattr(job, "job_id", None)})
        waited = time.monotonic() - self.began
        if self.cluster.scheduler.workers or not names:
            self.began, self.next = time.monotonic(), WAIT_SECONDS
        elif waited > self.next:
            self.next *= 2
            log.warning(
                "no worker has come for %d s; the batch system has the jobs %s. One that is not waiting in its queue "
                "(squeue, qstat, bjobs) has ended, and its output says why",
                waited, ", ".join(names[:5]),
            )  # fmt: skip
