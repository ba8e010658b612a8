"""One notebook, start to finish, in a process of its own: papermill, the thumbnail, the page."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from featviz_helpers.common.files import write_text
from featviz_helpers.runner import pages as gallery
from featviz_helpers.runner.jobs import Job

INTERRUPTED = 130  # the exit status that a shell gives to Ctrl-C
_events: Any = None  # where `prepare` puts the queue: a queue reaches a worker only when the process starts


def prepare(events: Any, environment: Mapping[str, str]) -> None:
    """Set this process up, and so every kernel that it starts.

    Args:
        events: a queue that gets (stem, number of cells done since the last event).
        environment: variables for the kernels.
    """
    global _events
    _events = events
    os.environ.update(environment)


def execute(job: Job, out: Path, pages: Mapping[str, str]) -> dict[str, Any]:
    """Run one notebook; write its .ipynb and .html, also when it fails.

    Args:
        job: the notebook and its parameters.
        out: the folder for the results.
        pages: notebook file name -> page, for links.

    Returns:
        status, error (None, or where and why), duration, files, thumbnail.
    """
    signal.signal(signal.SIGTERM, _stop)
    started = time.perf_counter()
    progress = _Progress(job.path.stem)
    part = out / f".{job.path.stem}.part.ipynb"
    scratch = out / "files" / job.path.stem
    error, files, picture = None, [], ""
    try:
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            _papermill(job, part, scratch, progress)
        except Exception as problem:
            error = progress.where() | reason(problem)
        duration = time.perf_counter() - started
        if part.exists():
            notebook = nbformat.read(part, as_version=4)
            picture = gallery.thumbnail(notebook)
            # papermill was given the text that was checked, and records it whole as the path it came from.
            notebook.metadata.get("papermill", {}).update(
                input_path=job.path.name, output_path=f"{job.path.stem}.ipynb"
            )
            write_text(out / f"{job.path.stem}.ipynb", nbformat.writes(notebook))
            part.unlink()
            files.append(f"{job.path.stem}.ipynb")
            write_text(out / f"{job.path.stem}.html", gallery.page(notebook, job.heading[0], job.path.parent, pages))
            files.append(f"{job.path.stem}.html")
    except KeyboardInterrupt:
        # The kernel is down by now. This worker must not take up the next notebook, so it goes at once.
        part.unlink(missing_ok=True)
        os._exit(INTERRUPTED)
    except Exception as problem:
        error = error or reason(problem)
        part.unlink(missing_ok=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for folder in (scratch, scratch.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return {
        "status": "failed" if error else "ok",
        "error": error,
        "duration": round(duration, 2),
        "files": files,
        "thumbnail": picture,
    }


def _papermill(job: Job, part: Path, scratch: Path, progress: _Progress) -> None:
    import papermill

    papermill.execute_notebook(
        nbformat.reads(job.text, as_version=4),
        part,
        parameters=job.changed,
        kernel_name="python3",  # a notebook saved elsewhere may name a kernel that this machine does not have
        language="python",
        progress_bar=False,
        cwd=scratch,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns on the terminal of each local socket
        shutdown_kernel="immediate",  # it holds nothing worth saving; asking politely takes a second
        on_cell_start=progress.start,
        on_cell_executed=progress.executed,
    )


class _Progress:
    """Counts cells as a reader does: code cells from 1, without the one that papermill adds."""

    def __init__(self, stem: str):
        self.stem, self.number, self.source = stem, 0, ""
        _events.put((stem, 0))

    def start(self, cell: Any, **_: Any) -> None:
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", []):
            self.number, self.source = self.number + 1, cell.source

    def executed(self, cell: Any, **_: Any) -> None:
        if "injected-parameters" not in cell.metadata.get("tags", []):
            _events.put((self.stem, 1))

    def where(self) -> dict[str, Any]:
        """The cell that was reached."""
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        first = next((line for line in lines if not line.startswith("#")), "".join(lines[:1]))
        return {"cell": self.number, "line": first} if self.number else {}


def reason(problem: Exception) -> dict[str, str]:
    """An exception in two short pieces: papermill's own text is the whole coloured traceback."""
    name, message = (
        getattr(problem, "ename", type(problem).__name__),
        getattr(problem, "evalue", str(problem)),
    )
    if name == "DeadKernelError":
        message = "the kernel died; as a rule it ran out of memory"
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", message).strip()
    return {"name": name, "message": plain if len(plain) <= 500 else plain[:500] + " ..."}


def _stop(*_: Any) -> None:
    # Once: a second signal would break into the shutdown of the kernel and leave it behind.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
