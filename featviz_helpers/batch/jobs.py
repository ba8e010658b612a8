"""Jobs that a batch system refuses: Dask would print a traceback for each, and wait for it ever after."""

from __future__ import annotations

import logging
from typing import Any

from distributed.deploy.spec import ProcessInterface

HEADINGS = ("stdout:", "stderr:")  # of dask-jobqueue's report about a program that failed
log = logging.getLogger("featviz.sweep")


def patient(job_class: type) -> type:
    """Return a class of dask-jobqueue's jobs whose refusal is kept as `refusal`, and not raised in Dask's own thread.

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
    """Return the last line that the program which submits jobs has printed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and line.strip() not in HEADINGS]
    return lines[-1] if lines else type(error).__name__


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
