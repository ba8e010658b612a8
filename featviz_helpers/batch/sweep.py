"""A whole sweep: what is finished is left alone, the rest is handed out, all that happens is written down."""

from __future__ import annotations

import json
import logging
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from dask.distributed import Client

from ..common import locks
from ..common.errors import damage_named
from ..common.provenance import of_rooms
from ..runner.course import environment
from . import run_id
from .dispatch import Dispatcher, Tally, describe
from .plan import SweepPlan
from .plan_file import PlanError
from .run import RunRequest
from .run_folders import REQUEST, RunFolders, run_name

NOTEBOOK, PLAN = "notebook.ipynb", "plan.yaml"
SAMPLE = 1000  # finished runs that an estimate looks at


def run_requests(plan: SweepPlan, out: str, fresh: bool = False, command: Sequence[str] = ()) -> list[RunRequest]:
    """Return what the workers have to do, in the order of the plan; each run once.

    Args:
        plan: the plan.
        out: address of the output.
        fresh: start a kernel for every run.
        command: the command line, for the record.

    Raises:
        PlanError: two combinations are one run.
    """
    defaults = {name: parameter.default for name, parameter in plan.job.parameters.items()}
    notebook, code = run_id.of_notebook(plan.job.text), of_rooms()
    resources = plan.fields.resources
    requests: dict[str, RunRequest] = {}
    for values in plan.runs:
        name, made_from = run_id.of_run(notebook, code, values)
        if name in requests:
            raise PlanError(f"two combinations of the grid are the same run: {describe(requests[name])}")
        requests[name] = RunRequest(
            run=name,
            out=out,
            notebook=NOTEBOOK,
            parameters=values,
            changed=[key for key, value in values.items() if json.dumps(value) != json.dumps(defaults[key])],
            made_from=made_from,
            environment=environment(resources.cores),
            cell_s=resources.cell_minutes and 60 * resources.cell_minutes,
            gpu=resources.gpu,
            fresh=fresh,
            command=command,
        )
    return list(requests.values())


def unfinished(folders: RunFolders, requests: Sequence[RunRequest]) -> list[RunRequest]:
    """Return the requests that have no whole result yet."""
    finished = folders.results(run_name(request.run) for request in requests)
    return [request for request in requests if run_name(request.run) not in finished]


def estimate(folders: RunFolders, requests: Sequence[RunRequest], remaining: Sequence[RunRequest]) -> float | None:
    """Return the seconds of work that remain, judged by the runs that are finished; None if there are none."""
    open_runs = {request.run for request in remaining}
    finished = [run_name(request.run) for request in requests if request.run not in open_runs][:SAMPLE]
    seconds = [result["seconds"] for result in folders.results(finished).values()]
    return statistics.median(seconds) * len(remaining) if seconds else None


def refuse_another_plan(
    folders: RunFolders, plan: SweepPlan, requests: Sequence[RunRequest], extend: bool = False
) -> dict[str, str]:
    """Return what tells the request from others; refuse an output that holds another plan.

    Args:
        folders: the output.
        plan: the plan.
        requests: its runs. Where the files lie that it names, and what is in them, makes no other plan of it.
        extend: take another plan; what is finished and still requested stays.

    Raises:
        PlanError: it is refused.
    """
    parameters = [
        {name: value for name, value in request.parameters.items() if name not in request.made_from["assets"]}
        for request in requests
    ]
    hashes = {"notebook": run_id.of_notebook(plan.job.text), "runs": run_id.digest(parameters)}
    previous = folders.read(REQUEST)
    with damage_named(f"{folders.address}/{REQUEST}"):
        other = previous is not None and json.loads(previous) != hashes
    if other and not extend:
        raise plan.file.error(
            ["output"],
            f"{folders.address} holds the runs of another plan (its {PLAN} is there); choose another output, or add "
            "--extend to keep what is finished and go on with this one",
        )
    return hashes


def record_request(folders: RunFolders, plan: SweepPlan, requests: Sequence[RunRequest], extend: bool = False) -> None:
    """Write down what was requested. Arguments as for `refuse_another_plan`.

    Raises:
        PlanError: the output holds another plan, or cannot be written to.
    """
    hashes = refuse_another_plan(folders, plan, requests, extend)
    try:
        folders.write(REQUEST, json.dumps(hashes) + "\n")
        folders.write(PLAN, plan.file.text)
        folders.write(NOTEBOOK, plan.job.text)
    except OSError as error:
        raise plan.file.error(["output"], f"cannot write to {folders.address}: {error.strerror or error}") from None


@contextmanager
def exclusive(folders: RunFolders) -> Iterator[None]:
    """Let one sweep at a time write to an output on a disk, and clear away what a killed one left unfinished.

    Raises:
        PlanError: another process writes to it, or nobody can.
    """
    if folders.local is None:  # no locks there; two sweeps would do some work twice, and keep one result
        yield
        return
    with ExitStack() as held:
        try:
            held.enter_context(locks.exclusive(folders.local, "sweep"))
        except (ValueError, OSError) as error:
            raise PlanError(str(error)) from None
        folders.remove_unfinished()
        yield


def sweep(
    plan: SweepPlan,
    folders: RunFolders,
    requests: Sequence[RunRequest],
    connection: AbstractContextManager[Client],
    expected: int = 1,
    limit: int | None = None,
    extend: bool = False,
    announce: Callable[[str], None] = print,
) -> Tally:
    """Run what is not finished yet.

    Args:
        plan: the plan.
        folders: the output.
        requests: from `run_requests`.
        connection: from `cluster.connect`; it is opened if there is something to do.
        expected: workers that may not have come yet.
        limit: run so many at most.
        extend: take another plan than the output was begun with.
        announce: gets the address of the dashboard.

    Raises:
        PlanError: the output is refused.
        OSError: the batch system refuses jobs.
        DiskIsFull: there is no room for results.
        SchedulerLost: the scheduler does not answer any more.
    """
    with exclusive(folders):
        record_request(folders, plan, requests, extend)
        remaining = unfinished(folders, requests)
        left_alone = len(remaining[limit:]) if limit else 0
        tally = Tally(len(requests), len(requests) - len(remaining), left_alone=left_alone)
        remaining = remaining[:limit]
        log = open_log(folders)
        if remaining:
            with connection as client:
                announce(f"Dashboard: {client.dashboard_link}")
                start = f"{len(remaining)} runs to do, {tally.finished_before} finished before"
                log(f"{start}; scheduler {client.scheduler.address}")
                Dispatcher(client, remaining, tally, plan.fields.retries, log, expected).run()
    return tally


def open_log(folders: RunFolders) -> Callable[[str], None]:
    """Return what writes lines to sweep.log, with the time; nowhere if the output is not on a disk."""
    log = logging.getLogger("featviz.sweep")
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    if folders.local is not None:
        handler = logging.FileHandler(folders.local / "sweep.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)  # a progress bar says the rest
    log.addHandler(screen)
    return log.info
