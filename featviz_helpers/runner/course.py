"""The course as a batch: run notebooks through papermill, with one bar over all, and leave pages and a
record."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from featviz_helpers.common import provenance as record
from featviz_helpers.common.files import write_text
from featviz_helpers.runner import notebook as worker
from featviz_helpers.runner import pages as gallery
from featviz_helpers.runner.jobs import CourseError, Job
from tqdm import tqdm

UNFINISHED = {
    "running": "interrupted",
    "waiting": "not run",
}  # what Ctrl-C makes of a notebook that has not ended


def run(
    jobs: Sequence[Job], out: Path, workers: int = 1, assets: Path | None = None, command: Sequence[str] = ()
) -> dict[str, Any]:
    """Run the notebooks; write NAME.ipynb and NAME.html of each, index.html and run.json. One failure stops
    no other.

    Args:
        jobs: from `plan`.
        out: the folder for all results; made if it is not there. What a notebook itself writes to its working
            folder lands in out/files/NAME/, so that nothing is ever written among the sources.
        workers: how many notebooks run at once, each in its own process; the cores are shared out among them.
        assets: folder with weights/ and data/, handed to the notebooks as FEATVIZ_ASSETS.
        command: the command line, for the record.

    Returns:
        What run.json holds; its "status" is "ok" or "failed".

    Raises:
        CourseError: the folder cannot be written to.
        KeyboardInterrupt: on Ctrl-C, after the kernels were stopped and the index was written.
    """
    out = _writable(out, jobs)
    report = record.opening(jobs[0].path.parent, command)
    report["notebooks"] = [record.entry(j.path, j.text, *j.heading, j.values, j.changed) for j in jobs]
    entries = {entry["name"]: entry for entry in report["notebooks"]}
    left = {job.path.stem: job.cells for job in jobs}
    pages = {job.path.name: f"{job.path.stem}.html" for job in jobs}
    thumbnails: dict[str, str] = {}
    started = time.perf_counter()

    def save() -> None:
        report["duration"] = round(time.perf_counter() - started, 2)
        write_text(out / "run.json", json.dumps(report, indent=2) + "\n")
        write_text(out / "index.html", gallery.index(report, thumbnails))

    save()
    before = multiprocessing.active_children()
    context = multiprocessing.get_context("spawn")  # papermill is safe across processes, not across threads or forks
    events = context.SimpleQueue()
    threads = max(1, record.cpu_count() // workers) if workers > 1 else None
    pool = ProcessPoolExecutor(workers, context, worker.prepare, (events, environment(threads, assets)))
    with tqdm(total=sum(left.values()), unit="cell") as bar:
        try:
            with _undisturbed():  # the workers inherit it: on Ctrl-C in a terminal this process alone decides
                futures = {job.path.stem: pool.submit(worker.execute, job, out, pages) for job in jobs}
            for stem, future in futures.items():
                future.add_done_callback(lambda _, stem=stem: events.put((stem, None)))
            while left:
                stem, cells = events.get()
                if cells is None:
                    entries[stem] |= _result(futures[stem])
                    thumbnails[stem] = entries[stem].pop("thumbnail", "")
                    bar.update(left.pop(stem))
                    save()
                else:
                    entries[stem]["status"] = "running"
                    bar.set_description(stem, refresh=False)
                    bar.update(cells)
                    left[stem] -= cells
            pool.shutdown()
            report["status"] = "ok" if all(e["status"] == "ok" for e in entries.values()) else "failed"
            save()
        except BaseException:  # Ctrl-C, a full disk: nothing may go on running behind the user's back
            with _undisturbed():
                for child in set(multiprocessing.active_children()).difference(before):
                    child.terminate()
                pool.shutdown(cancel_futures=True)
                report["status"] = "interrupted"
                for stem in left:
                    entries[stem]["status"] = UNFINISHED.get(entries[stem]["status"], "interrupted")
                save()
            raise
    return report


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
    """What kernels find in their environment, beyond what is already there.

    Args:
        threads: cores that a kernel may use; None for all.
        assets: folder with weights/ and data/; default: that of FEATVIZ_ASSETS.
    """
    found = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TQDM_DISABLE": "1",  # bars inside a stored page are noise, and the one bar of the run is enough
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # ipykernel's debugger warns on the terminal otherwise
    }
    # Absolute, because a kernel works in another folder than the one the user typed the path in.
    if assets := assets or os.environ.get("FEATVIZ_ASSETS"):
        found["FEATVIZ_ASSETS"] = str(Path(assets).resolve())
    if threads:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            found[name] = os.environ.get(name, str(threads))
    return found


def _result(future: Future) -> dict[str, Any]:
    """What a worker found out; a worker that is gone (killed for memory, as a rule) is a failed notebook."""
    try:
        return future.result()
    except Exception as error:
        return {"status": "failed", "error": {"name": type(error).__name__, "message": str(error)}}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits, in this process, and never reaches a process started here."""
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)
