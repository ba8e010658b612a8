"""Who does the work: processes of this machine, a Dask scheduler that is running already, or a batch system.

Whoever can talk to a Dask scheduler or worker runs code as its owner. So the processes of this machine talk through
TLS, with a certificate that is made for the sweep and lives in memory alone.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from dask.distributed import Client, LocalCluster, Security
from distributed.comm import parse_address, parse_host_port
from tornado.ioloop import PeriodicCallback

from ..common.checks import whole_number
from ..common.provenance import cpu_count
from . import jobs
from .jobs import (
    DASHBOARD,
    BatchSystem,
    Patience,
    dashboard_template,
    job_cluster,
    keys_removed,
    refusals,
    say_and_forget,
)

CONNECT_SECONDS = 30  # to reach a scheduler
PROBE_SECONDS = 5  # to learn whether anything listens there
OPEN = "The scheduler is spoken to without encryption: whoever can reach it can run code as you. See docs/clusters.md."
LEAST_WORKERS, WORKERS_PER_CORE = 16, 4  # that a machine may start, whatever its cores; for each of them
REFILL_SECONDS = 10  # between two looks for workers that are gone


def local_cluster(workers: int, **options: Any) -> LocalCluster:
    """Return a cluster of this machine's processes, which no other machine can reach.

    Args:
        workers: how many processes, of one thread each.
        options: more of `dask.distributed.LocalCluster`.

    Raises:
        ValueError: more processes than this machine can carry.
    """
    most = max(LEAST_WORKERS, WORKERS_PER_CORE * cpu_count())
    workers = whole_number("--workers", workers, 1, most, "More of them would wait for each other and fill the memory.")
    settings = {
        "threads_per_worker": 1,
        "memory_limit": 0,  # the memory is the kernels', which Dask does not see
        "dashboard_address": DASHBOARD,
        "silence_logs": logging.CRITICAL,
        "security": Security.temporary(),
    }
    return LocalCluster(n_workers=workers, **(settings | options))


@contextmanager
def connect(
    workers: int | None, scheduler: str | None, system: BatchSystem | None, cores: int, security: Security | None = None
) -> Iterator[Client]:
    """Yield a client of the cluster, and end what was started here.

    Args:
        workers: processes of this machine; by default as many as its cores allow.
        scheduler: address of a scheduler that is running.
        system: a batch system.
        cores: that one run needs.
        security: TLS files for a scheduler that is running.

    Raises:
        ConnectionError: the scheduler does not answer.
        OSError: the batch system refuses jobs; those that it took are cancelled.
    """
    # The sweep itself reports the failure of a notebook, once.
    for name in ("worker", "nanny", "scheduler", "core", "client", "comm", "utils", "batched"):
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    if scheduler:
        with _running_scheduler(scheduler, security) as client, _watched(client):
            yield client
        return
    # A worker is given one run at a time: when it dies, Dask blames every run that lay there.
    settings = {
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.comm.retry.count": 3,
        "distributed.dashboard.link": dashboard_template(system),
    }
    with dask.config.set(settings), tempfile.TemporaryDirectory(prefix="featviz-tls-") as keys:
        count = system.worker_count if system else workers or max(1, cpu_count() // cores)
        cluster = job_cluster(system, Path(keys)) if system else local_cluster(count)
        with (
            keys_removed(cluster),
            cluster,
            Client(cluster, set_as_default=False) as client,
            _refilled(cluster, client, count),
        ):
            yield client


def tls(authority: Path | None, certificate: Path | None, key: Path | None) -> Security | None:
    """Return the security of a connection with the usual three files; None for one without.

    Raises:
        ValueError: only some of the files are given.
    """
    files = (authority, certificate, key)
    if not any(files):
        return None
    if not all(files):
        raise ValueError("TLS takes all three files: --tls-ca, --tls-cert and --tls-key.")
    names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
    return Security(require_encryption=True, **dict(zip(names, map(str, files), strict=True)))


def _running_scheduler(address: str, security: Security | None) -> Client:
    try:
        # First of all, because a client that cannot connect takes a minute to give up.
        host, port = parse_host_port(parse_address(address)[1])
        socket.create_connection((host, port), PROBE_SECONDS).close()
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, security=security)
    except (OSError, TimeoutError, ValueError, OverflowError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {address} ({error})") from None


@contextmanager
def _watched(client: Client) -> Iterator[None]:
    """Say, ever more seldom, that a scheduler which others started has no worker: the sweep would wait in silence."""
    began, wait = time.monotonic(), jobs.WAIT_SECONDS

    async def look() -> None:
        nonlocal began, wait
        with contextlib.suppress(OSError):  # a scheduler that is gone is the dispatcher's to tell
            if await client.scheduler.ncores(workers=None):
                began, wait = time.monotonic(), jobs.WAIT_SECONDS
            elif (waited := time.monotonic() - began) > wait:
                wait *= 2
                form = "no worker has been at the scheduler for %d s; start some: dask worker %s --nthreads 1"
                jobs.log.warning(form, waited, client.scheduler.address)

    with _repeated(client, look):
        yield


@contextmanager
def _refilled(cluster: Any, client: Client, count: int) -> Iterator[None]:
    """Keep `count` workers on a cluster.

    Dask gives up a worker that is away for 15 s (a job at its walltime, a process that was killed twice) and starts no
    other: once the last one was gone, the sweep would wait for ever.
    """

    async def fill() -> None:
        cluster.scale(count)
        await cluster  # until every job is submitted, or refused

    patience = Patience(cluster)

    def refill() -> None:
        say_and_forget(cluster)
        cluster.scale(count)
        patience.look()

    cluster.sync(fill)
    if reasons := refusals(cluster):
        raise OSError(f"The batch system refuses {len(reasons)} of {len(cluster.workers)} jobs: {reasons[-1]}")
    with _repeated(client, refill):
        yield


@contextmanager
def _repeated(client: Client, look: Callable[[], Any]) -> Iterator[None]:
    looks = PeriodicCallback(look, 1000 * REFILL_SECONDS)
    client.loop.add_callback(looks.start)
    try:
        yield
    finally:
        client.loop.add_callback(looks.stop)
