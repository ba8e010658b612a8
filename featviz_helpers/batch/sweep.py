"""A whole sweep: what is finished is left alone, the rest is handed out, all that happens is written down."""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dask.distributed import Client, as_completed
from distributed.client import ClosedClientError
from distributed.comm import CommClosedError
from filelock import FileLock, Timeout
from tqdm import tqdm

from ..batch import run_id as identity
from ..common.provenance import of_rooms
from ..runner.course import environment
from .plan import Plan
from .plan_file import PlanError
from .run import DiskIsFull, Order, perform
from .run_folders import Place, run_name

AHEAD = 4  # orders at the scheduler for each worker: enough to keep them busy, and a bound on its memory
EVERY = 10.0  # seconds between two lines about the whole
NOTEBOOK, PLAN, ASKED = "notebook.ipynb", "plan.yaml", "asked.json"


class SchedulerLost(RuntimeError):
    """The Dask scheduler is gone. Runs that workers are at may still be finished, and count then."""


@dataclass
class Tally:
    """How a sweep stands.

    Attributes:
        total, there: all its runs, and those that were finished before.
        done, failed: runs that ended now; failed has run -> reason.
        seconds: of each finished run.
    """

    total: int
    there: int
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Runs that have not ended."""
        return self.total - self.there - self.done - len(self.failed)


def orders(plan: Plan, out: str, fresh: bool = False) -> list[Order]:
    """Return what the workers have to do, in the order of the plan; each run once.

    Raises:
        PlanError: two cells are one run.
    """
    defaults = {name: parameter.default for name, parameter in plan.job.parameters.items()}
    notebook, code = identity.of_notebook(plan.job.text), of_rooms()
    needs = plan.written.resources
    found: dict[str, Order] = {}
    for values in plan.runs:
        name, made_from = identity.of_run(notebook, code, values)
        if name in found:
            raise PlanError(f"two cells of the grid are the same run: {describe(found[name])}")
        found[name] = Order(
            run=name,
            out=out,
            notebook=NOTEBOOK,
            parameters=values,
            changed=[key for key, value in values.items() if json.dumps(value) != json.dumps(defaults[key])],
            made_from=made_from,
            environment=environment(needs.cores),
            cell_s=needs.cell_minutes and 60 * needs.cell_minutes,
            gpu=needs.gpu,
            fresh=fresh,
        )
    return list(found.values())


def describe(order: Order) -> str:
    """Return the parameters of a run that are not the notebook's own, for the eye."""
    text = ", ".join(f"{name} {order.parameters[name]}" for name in order.changed)
    return text if len(text) <= 160 else f"{text[:160]} ..."


def unfinished(place: Place, wanted: Sequence[Order]) -> list[Order]:
    """Return the orders that have no whole result yet."""
    there = place.results(run_name(order.run) for order in wanted)
    return [order for order in wanted if run_name(order.run) not in there]


def estimate(place: Place, wanted: Sequence[Order], left: Sequence[Order]) -> float | None:
    """Return the seconds of work that are left, from the runs that are finished; None if there are none."""
    open_runs = {order.run for order in left}
    there = [run_name(order.run) for order in wanted if order.run not in open_runs][:1000]
    known = [result["seconds"] for result in place.results(there).values()]
    return statistics.median(known) * len(left) if known else None


def check(place: Place, plan: Plan, wanted: Sequence[Order], extend: bool = False) -> None:
    """Refuse an output that holds another plan, or that cannot be written to.

    Args:
        wanted: its orders. Where the files lie that it names, and what is in them, makes no other plan of it.
        extend: take another plan; what is finished and still asked for stays.

    Raises:
        PlanError: it does.
    """
    named = [{k: v for k, v in order.parameters.items() if k not in order.made_from["assets"]} for order in wanted]
    asked = {"notebook": identity.of_notebook(plan.job.text), "runs": identity.digest(named)}
    there = place.read(ASKED)
    if there is not None and json.loads(there) != asked and not extend:
        raise plan.document.error(
            ["output"],
            f"{place.address} holds the runs of another plan (its {PLAN} is there); choose another output, or add "
            "--extend to keep what is finished and go on with this one",
        )
    try:
        place.write(ASKED, json.dumps(asked) + "\n")
        place.write(PLAN, plan.document.text)
        place.write(NOTEBOOK, plan.job.text)
    except OSError as error:
        raise plan.document.error(["output"], f"cannot write to {place.address}: {error.strerror or error}") from None


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """Let one sweep at a time write to an output on a disk, and clear away what a killed one left unfinished.

    Raises:
        PlanError: another one is at it.
    """
    if place.local is None:  # no locks there; two sweeps would do some work twice, and keep one result
        yield
        return
    lock = FileLock(place.local / ".sweep.lock", timeout=0)
    try:
        place.local.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise PlanError(
            f"another sweep is writing to {place.address}; wait for it, stop it, or choose another output"
        ) from None
    except OSError as error:
        raise PlanError(f"cannot write to {place.address}: {error.strerror}; choose another output") from None
    try:
        place.tidy()
        yield
    finally:
        lock.release()


def conduct(
    client: Client, left: Sequence[Order], tally: Tally, retries: int, tell: Callable[[str], None], expected: int = 1
) -> None:
    """Hand out the orders and listen until all have ended.

    Args:
        client: of the cluster.
        left: from `unfinished`.
        tally: counts what happens.
        retries: how often a run that failed is tried again.
        tell: hears one line per run that ended, and one about the whole every now and then.
        expected: workers that were asked for and may not have come yet.

    Raises:
        DiskIsFull: there is no room for results.
        SchedulerLost: the scheduler does not answer any more.
    """
    waiting, by_key = iter(left), dict[str, Order]()

    def hands() -> int:
        return max(expected, sum(client.nthreads().values()))

    def submitted() -> list[Any]:
        # A list and no generator: as_completed locks itself while it takes them, and Dask's loop waits for that lock.
        most, found = AHEAD * hands(), []
        while len(by_key) < most and (order := next(waiting, None)):
            found.append(client.submit(perform, order, key=order.key, retries=retries, pure=False))
            by_key[order.key] = order
        return found

    began = last = time.monotonic()
    about = {"total": tally.total, "initial": tally.there, "unit": "run", "dynamic_ncols": True}
    with tqdm(**about, disable=None, file=sys.stderr) as bar:
        try:
            queue = as_completed(submitted(), loop=client.loop)
            for future in queue:
                order = by_key.pop(future.key)
                if future.status == "cancelled":
                    raise SchedulerLost(f"the Dask scheduler at {client.scheduler.address} is gone")
                try:
                    result = future.result()  # which waits, if a worker went down with it and it is made again
                except DiskIsFull:
                    client.cancel(list(queue.futures))
                    raise
                except Exception as problem:
                    tally.failed[order.run] = str(problem).split("\n")[0]
                    tell(f"{order.run} failed: {tally.failed[order.run]}: {describe(order)}")
                else:
                    tally.done += 1
                    tally.seconds.append(result["seconds"])
                    tell(f"{order.run} {result['status']}, {result['seconds']:.1f} s: {describe(order)}")
                future.release()
                queue.update(submitted())  # more than one when workers have come
                bar.set_postfix(failed=len(tally.failed), refresh=False)
                bar.update()
                if time.monotonic() - last > EVERY:
                    last = time.monotonic()
                    tell(standing(tally, min(hands(), tally.left), last - began))
        except (ClosedClientError, CommClosedError) as error:
            raise SchedulerLost(f"the Dask scheduler is gone ({error})") from None
    tell(standing(tally, 0, time.monotonic() - began))


def standing(tally: Tally, running: int, seconds: float) -> str:
    """Return the line about the whole: done, running, failed, rate, time left."""
    rate = (tally.done + len(tally.failed)) / max(seconds, 1e-9)
    until = f", {tqdm.format_interval(tally.left / rate)} left" if rate and tally.left else ""
    return (
        f"done {tally.there + tally.done} of {tally.total} ({tally.there} before), running {running}, "
        f"failed {len(tally.failed)}, {rate:.2f} runs/s{until}"
    )


def writer(place: Place) -> Callable[[str], None]:
    """Return what writes lines to sweep.log, with the time; nowhere if the output is not on a disk."""
    log = logging.getLogger("featviz.sweep")
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    if place.local is not None:
        handler = logging.FileHandler(place.local / "sweep.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    if not sys.stderr.isatty():
        log.addHandler(logging.StreamHandler(sys.stderr))
    return log.info
