"""Hand runs out to the workers of a Dask cluster, and follow them until all have ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dask.distributed import Client, Future, as_completed
from distributed.client import ClosedClientError
from tqdm import tqdm

from .run import DiskIsFull, RunRequest, execute_run

AHEAD = 4  # requests at the scheduler for each worker: enough to keep them busy, and a bound on its memory
REPORT_SECONDS = 10.0  # between two lines about the whole


class SchedulerLost(RuntimeError):
    """The Dask scheduler is gone. Runs that workers are at may still be finished, and count then."""


@dataclass
class Tally:
    """How a sweep stands.

    Attributes:
        total: all its runs.
        finished_before: runs that were finished before it began.
        done: runs that were finished now.
        failed: run -> reason of the runs that failed now.
        left_alone: runs beyond --limit, which are not handed out now.
    """

    total: int
    finished_before: int
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    left_alone: int = 0

    @property
    def finished(self) -> int:
        """Runs that are finished."""
        return self.finished_before + self.done

    @property
    def remaining(self) -> int:
        """Runs that are handed out now and have not ended."""
        return self.total - self.left_alone - self.finished - len(self.failed)

    def progress_line(self, running: int, seconds: float) -> str:
        """Return the line about the whole: done, running, failed, rate, time left.

        Args:
            running: runs that workers are at.
            seconds: since the sweep began.
        """
        rate = (self.done + len(self.failed)) / max(seconds, 1e-9)
        left = f", {tqdm.format_interval(self.remaining / rate)} left" if rate and self.remaining else ""
        return (
            f"done {self.finished} of {self.total} ({self.finished_before} before), running {running}, "
            f"failed {len(self.failed)}, {rate:.2f} runs/s{left}"
        )


def describe(request: RunRequest) -> str:
    """Return the parameters of a run that are not the notebook's own, for the eye."""
    text = ", ".join(f"{name} {request.parameters[name]}" for name in request.changed)
    return text if len(text) <= 160 else f"{text[:160]} ..."


class Dispatcher:
    """Hands out requests, a few at a time, and counts what becomes of them.

    Args:
        client: of the cluster.
        requests: the runs.
        tally: counts what happens.
        retries: how often a run that failed is tried again.
        log: gets one line per run that ended, and one about the whole every now and then.
        expected: workers that were asked for and may not have come yet.
    """

    def __init__(
        self,
        client: Client,
        requests: Sequence[RunRequest],
        tally: Tally,
        retries: int,
        log: Callable[[str], None],
        expected: int = 1,
    ) -> None:
        self.client, self.tally, self.retries, self.log, self.expected = client, tally, retries, log, expected
        self._waiting = iter(requests)
        self._submitted: dict[str, RunRequest] = {}  # by key

    def run(self) -> None:
        """Hand out the requests and listen until all have ended.

        Raises:
            DiskIsFull: there is no room for results.
            SchedulerLost: the scheduler does not answer any more.
        """
        began = last = time.monotonic()
        total = self.tally.total - self.tally.left_alone
        about = {"total": total, "initial": self.tally.finished_before, "unit": "run"}
        with tqdm(**about, dynamic_ncols=True, disable=None, file=sys.stderr) as bar:
            try:
                queue = as_completed(self._submit(), loop=self.client.loop)
                for future in queue:
                    self._settle(future, queue)
                    bar.set_postfix(failed=len(self.tally.failed), refresh=False)
                    bar.update()
                    if time.monotonic() - last > REPORT_SECONDS:
                        last = time.monotonic()
                        running = min(self._worker_count(), self.tally.remaining)
                        self.log(self.tally.progress_line(running, last - began))
            except (ClosedClientError, OSError) as error:  # Dask's own have no number; the operating system's have
                if getattr(error, "errno", None) is not None:
                    raise
                raise SchedulerLost(f"the Dask scheduler is gone ({error})") from None
        self.log(self.tally.progress_line(0, time.monotonic() - began))

    def _worker_count(self) -> int:
        return max(self.expected, sum(self.client.nthreads().values()))

    def _submit(self) -> list[Future]:
        """Hand out as many requests as keep the workers busy."""
        # A list and no generator: as_completed locks itself while it takes them, and Dask's loop waits for that lock.
        limit, futures = AHEAD * self._worker_count(), []
        while len(self._submitted) < limit and (request := next(self._waiting, None)):
            futures.append(self.client.submit(execute_run, request, key=request.key, retries=self.retries, pure=False))
            self._submitted[request.key] = request
        return futures

    def _settle(self, future: Future, queue: Any) -> None:
        """Count a run that has ended, and hand out what may follow it."""
        request = self._submitted.pop(future.key)
        if future.status == "cancelled":
            raise SchedulerLost(f"the Dask scheduler at {self.client.scheduler.address} is gone")
        try:
            outcome = future.result()  # which waits, if a worker went down with it and it is made again
        except DiskIsFull:
            self.client.cancel(list(queue.futures))
            raise
        except Exception as problem:
            reason = self.tally.failed[request.run] = str(problem).split("\n")[0]
            self.log(f"{request.run} failed: {reason}: {describe(request)}")
        else:
            self.tally.done += 1
            self.log(f"{request.run} {outcome.status}, {outcome.seconds:.1f} s: {describe(request)}")
        future.release()
        queue.update(self._submit())  # more than one when workers have come
