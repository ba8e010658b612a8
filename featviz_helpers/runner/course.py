"""The course as a batch: run notebooks through papermill, with one bar over all, and leave pages and a record."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..assets.fingerprints import of_assets
from ..common import provenance
from ..common.files import write_text
from ..common.locks import exclusive
from . import earlier, notebook, pages
from .jobs import CourseError, Job
from .orphans import interrupt


def run(
    jobs: Sequence[Job],
    out: Path,
    processes: int = 1,
    assets: Path | None = None,
    command: Sequence[str] = (),
    resume: bool = False,
) -> dict[str, Any]:
    """Run the notebooks; write NAME.ipynb and NAME.html of each, index.html and run.json.

    The failure of one notebook stops no other.

    Args:
        jobs: from `prepare_jobs`.
        out: the folder for all results; made if it is not there. What a notebook itself writes to its working
            folder lands in out/files/NAME/, so that nothing is ever written among the sources. What an earlier run
            left there is removed when the notebook begins again.
        processes: how many notebooks run at once at most, each in its own process; the cores are shared out among
            them.
        assets: folder with weights/ and data/, handed to the notebooks as FEATVIZ_ASSETS.
        command: the command line, for the record.
        resume: leave notebooks alone that an earlier run into `out` finished with the same values and the same code.

    Returns:
        What run.json holds; its "status" is "ok" or "failed".

    Raises:
        CourseError: the folder cannot be written to.
        ValueError: another run writes to it.
        KeyboardInterrupt: on Ctrl-C, after the kernels were stopped and the index was written.
    """
    out, processes = _writable(out, jobs), min(processes, len(jobs))
    with exclusive(out, "run"):
        course = CourseRun(jobs, out, command, resume, processes, assets)
        course.save()
        course.execute(processes)
    return course.report


class CourseRun:
    """A run of several notebooks, and the record of it that grows.

    Args:
        jobs: from `prepare_jobs`.
        out: the folder for all results.
        command: the command line, for the record.
        resume, processes, assets: see `run`.

    Attributes:
        report: what run.json holds.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        out: Path,
        command: Sequence[str],
        resume: bool,
        processes: int,
        assets: Path | None,
    ) -> None:
        self.jobs, self.out = jobs, out
        threads = max(1, provenance.cpu_count() // processes) if processes > 1 else None
        self._variables = environment(threads, assets)
        self.report = provenance.opening(jobs[0].path.parent, command)
        self.report["hardware"]["threads"] |= {
            name: self._variables[name] for name in provenance.THREADS if name in self._variables
        }
        self.report["notebooks"] = [
            provenance.entry(job.path, job.text, *job.heading, job.values, job.changed, of_assets(job.values, assets))
            for job in jobs
        ]
        self._entries = {entry["name"]: entry for entry in self.report["notebooks"]}
        finished = earlier.finished(out, self.report) if resume else {}
        for stem, entry in finished.items():
            self._entries[stem].update(entry)
        self._again = earlier.names(out)
        self.report["earlier"] = sorted(self._again)
        self._thumbnails = earlier.thumbnails(out, finished)
        # Stem -> cells that have not ended.
        self._remaining = {job.path.stem: job.cells for job in jobs if job.path.stem not in finished}
        self._began = False  # whether a notebook has begun in the pool that there is
        self._started = time.perf_counter()

    def save(self) -> None:
        """Write run.json and index.html as things stand."""
        self.report["duration"] = round(time.perf_counter() - self._started, 2)
        write_text(self.out / "run.json", json.dumps(self.report, indent=2) + "\n")
        write_text(self.out / "index.html", pages.index(self.report, self._thumbnails))

    def execute(self, processes: int) -> None:
        """Run all notebooks; see `run`."""
        before = multiprocessing.active_children()
        context = multiprocessing.get_context("spawn")  # papermill is not safe across threads or forks
        with _no_interrupts():  # it starts a process of Python's own
            queue = context.SimpleQueue()
        set_up = (queue, self._variables, self.out)
        pool = ProcessPoolExecutor(processes, context, notebook.set_up_process, set_up)
        with tqdm(total=sum(self._remaining.values()), unit="cell") as bar:
            try:
                futures = self._submit(pool, queue, [job for job in self.jobs if job.path.stem in self._remaining])
                while self._remaining:
                    self._follow(*queue.get(), futures, bar)
                    if left := self._without_a_pool(futures):  # a worker was killed, and its pool with it
                        pool = ProcessPoolExecutor(processes, context, notebook.set_up_process, set_up)
                        futures |= self._submit(pool, queue, left)
                pool.shutdown()
                whole = all(entry["status"] == "ok" for entry in self._entries.values())
                self.report["status"] = "ok" if whole else "failed"
                self.save()
            except BaseException:  # Ctrl-C, a full disk: nothing may go on running behind the user's back
                with _no_interrupts():
                    for child in set(multiprocessing.active_children()).difference(before):
                        child.terminate()
                    pool.shutdown(cancel_futures=True)
                    self._interrupted()
                raise

    def _submit(self, pool: ProcessPoolExecutor, queue: Any, jobs: Sequence[Job]) -> dict[str, Future]:
        """Hand notebooks to a pool; the end of each enters the queue as (stem, None)."""
        links = {job.path.name: (f"{job.path.stem}.html", job.heading[0] or job.path.stem) for job in self.jobs}
        with _no_interrupts():  # the processes inherit it: on Ctrl-C in a terminal this process alone decides
            futures = {
                stem: pool.submit(notebook.execute, job, self.out, links, stem in self._again)
                for stem, job in ((job.path.stem, job) for job in jobs)
            }
        for stem, future in futures.items():
            future.add_done_callback(lambda _, stem=stem: queue.put((stem, None)))
        return futures

    def _follow(self, stem: str, cells: int | None, futures: dict[str, Future], bar: tqdm) -> None:
        """Note that a notebook is some cells further, or (None) has ended; one that a broken pool never began waits on.

        Of a pool in which nothing began a new one would be no better.
        """
        if cells is None:
            waits = self._began and self._entries[stem]["status"] == "waiting" and _broken(futures[stem])
            if waits or stem not in self._remaining or not futures[stem].done():  # the last two: of a pool that is gone
                return
            outcome = _outcome(futures[stem])
            self._entries[stem] |= outcome.record()
            self._thumbnails[stem] = outcome.thumbnail
            bar.update(self._remaining.pop(stem))
            self.save()
        elif stem in self._remaining:  # one that a broken pool took down may have sent a cell after its end
            self._began = True
            if self._entries[stem]["status"] == "waiting":
                self._entries[stem]["status"] = "running"
                self.save()  # a worker that outlives this process reads there what was running
            bar.set_description(stem, refresh=False)
            bar.update(cells)
            self._remaining[stem] -= cells

    def _without_a_pool(self, futures: dict[str, Future]) -> list[Job]:
        """Return the notebooks that never began, once no other is running in the pool that broke."""
        broken = [stem for stem in self._remaining if _broken(futures[stem])]
        if len(broken) < len(self._remaining) or not self._began:
            return []
        self._began = False
        return [job for job in self.jobs if job.path.stem in broken]

    def _interrupted(self) -> None:
        interrupt(self.report)
        self.save()


def _writable(out: Path, jobs: Sequence[Job]) -> Path:
    out = out.resolve()
    if any(out == job.path.parent for job in jobs):
        raise CourseError(f"--out {out} holds the notebooks themselves; choose another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as file:
            file.write(b"x")
    except OSError as error:
        raise CourseError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from None
    return out


def environment(threads: int | None, assets: Path | None = None) -> dict[str, str]:
    """Return what kernels find in their environment, beyond what is already there.

    Args:
        threads: cores that a kernel may use; None for all.
        assets: folder with weights/ and data/; default: that of FEATVIZ_ASSETS.
    """
    variables = {
        "TQDM_DISABLE": "1",  # bars inside a stored page are noise, and the one bar of the run is enough
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # ipykernel's debugger warns on the terminal otherwise
    }
    # Absolute, because a kernel works in another folder than the one the user typed the path in.
    if assets := assets or os.environ.get("FEATVIZ_ASSETS"):
        variables["FEATVIZ_ASSETS"] = str(Path(assets).resolve())
    if threads:
        for name in provenance.THREADS:
            variables[name] = os.environ.get(name, str(threads))
    return variables


def _broken(future: Future) -> bool:
    return future.done() and isinstance(future.exception(), BrokenProcessPool)


def _outcome(future: Future) -> notebook.Outcome:
    """Return what came of a notebook; one whose process is gone (killed for memory, as a rule) has failed."""
    try:
        return future.result()
    except Exception as error:
        return notebook.Outcome(error={"name": type(error).__name__, "message": str(error)})


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Make Ctrl-C, or a terminal that is closed, wait in this process and never reach one that is started here."""
    signals = [signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
