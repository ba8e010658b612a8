"""One notebook, start to finish, in a process of its own: papermill, the thumbnail, the page."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NotRequired, TypedDict

import nbformat

from ..common.errors import written_named
from ..common.files import write_text
from . import pages
from .jobs import Job
from .orphans import end_with_the_command

INTERRUPTED = 130  # the exit status that a shell gives to Ctrl-C
INJECTED = "injected-parameters"  # papermill's tag for the cell that it adds
# What every kernel is started with: no warnings about local sockets on the terminal; no history, which would be one
# database in the home folder that all kernels of the machine write to.
KERNEL_ARGUMENTS = ("--IPKernelApp.log_level=ERROR", "--HistoryManager.enabled=False")
MOST_CHARACTERS = 500  # of an error's message


class Failure(TypedDict):
    """Why a notebook failed, as run.json and result.json keep it: the error, and the cell that was reached."""

    name: str
    message: str
    cell: NotRequired[int | None]
    line: NotRequired[str]


@dataclass
class Outcome:
    """What came of a notebook.

    Attributes:
        status: "ok" or "failed".
        error: why it failed.
        duration: seconds.
        files: names of the files that were written to the output.
        thumbnail: a data URI; "" if there is no picture.
    """

    status: str = "failed"
    error: Failure | None = None
    duration: float = 0.0
    files: list[str] = field(default_factory=list)
    thumbnail: str = ""

    def record(self) -> dict[str, Any]:
        """Return what run.json holds of it."""
        return {name: value for name, value in asdict(self).items() if name != "thumbnail"}


class Progress:
    """Counts cells as a reader does (code cells from 1, without the one that papermill adds) and reports them.

    Args:
        stem: of the notebook.
    """

    # (stem, cells done since the last entry). It belongs to the process: a queue reaches one only when that starts.
    queue: ClassVar[Any] = None

    def __init__(self, stem: str) -> None:
        self.stem, self.number, self.source = stem, 0, ""
        self.queue.put((stem, 0))

    def start(self, cell: Any, **_: Any) -> None:
        """Note the cell that begins."""
        if cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", []):
            self.number, self.source = self.number + 1, cell.source

    def executed(self, cell: Any, **_: Any) -> None:
        """Report a cell that has ended."""
        if INJECTED not in cell.metadata.get("tags", []):
            self.queue.put((self.stem, 1))

    def failure(self, problem: Exception) -> Failure:
        """Return why the notebook failed, with the cell that was reached."""
        failure = describe_failure(problem)
        if self.number:
            failure |= {"cell": self.number, "line": first_line(self.source)}
        return failure


def set_up_process(queue: Any, environment: Mapping[str, str], out: Path) -> None:
    """Set this process up, and so every kernel that it starts.

    Args:
        queue: gets (stem, number of cells done since the last entry).
        environment: variables for the kernels.
        out: the folder of the run.
    """
    end_with_the_command(out)
    Progress.queue = queue
    os.environ.update(environment)


def execute(job: Job, out: Path, links: Mapping[str, tuple[str, str]], again: bool) -> Outcome:
    """Run one notebook; write its .ipynb and .html, also when it fails.

    Args:
        job: the notebook and its parameters.
        out: the folder for the results.
        links: notebook file name -> (page, title).
        again: an earlier run into the folder had the notebook, and what it wrote is not to mix with what comes.
    """
    signal.signal(signal.SIGTERM, _stop)
    started, outcome = time.perf_counter(), Outcome()
    # Of its own for each notebook, and short: with an ending more, a long name would be too long.
    part = out / f".{hashlib.blake2b(os.fsencode(job.path.stem), digest_size=16).hexdigest()}.part.ipynb"
    scratch = out / "files" / job.path.stem
    try:
        if again:
            _remove(scratch)
        outcome.error = _run_cells(job, part, scratch)
        outcome.duration = round(time.perf_counter() - started, 2)
        if part.exists():
            _write_pages(job, part, out, links, outcome)
    except KeyboardInterrupt:
        # The kernel is down by now. This process must not take up the next notebook, so it goes at once.
        part.unlink(missing_ok=True)
        os._exit(INTERRUPTED)
    except Exception as problem:
        outcome.error = outcome.error or describe_failure(problem)
        part.unlink(missing_ok=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for folder in (scratch, scratch.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    outcome.status = "failed" if outcome.error else "ok"
    return outcome


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it; of a link the link alone."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)


def _run_cells(job: Job, part: Path, scratch: Path) -> Failure | None:
    """Execute the cells in the folder `scratch`; return why they failed, if they did."""
    progress = Progress(job.path.stem)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with written_named(part.with_name(f"{job.path.stem}.ipynb"), part):
            run_papermill(
                nbformat.reads(job.text, as_version=4),
                part,
                job.changed,
                cwd=scratch,
                extra_arguments=KERNEL_ARGUMENTS,
                shutdown_kernel="immediate",  # it holds nothing worth saving; asking politely takes a second
                on_cell_start=progress.start,
                on_cell_executed=progress.executed,
            )
    except Exception as problem:
        return progress.failure(problem)
    return None


def run_papermill(notebook: nbformat.NotebookNode, target: Path, parameters: Mapping[str, Any], **options: Any) -> None:
    """Execute a notebook with papermill, in the kernel of this environment and without a bar.

    Args:
        notebook: the notebook.
        target: where papermill writes the executed copy, also when a cell failed.
        parameters: what papermill sets.
        options: more of `papermill.execute_notebook`.

    Raises:
        papermill.PapermillExecutionError: a cell failed.
        nbclient.exceptions.DeadKernelError: the kernel died.
    """
    import papermill

    papermill.execute_notebook(
        notebook,
        str(target).replace("{", "{{").replace("}", "}}"),  # papermill fills parameters in
        parameters=dict(parameters),
        kernel_name="python3",  # a notebook saved elsewhere may name a kernel that this machine does not have
        language="python",
        progress_bar=False,
        **options,
    )


def _write_pages(job: Job, part: Path, out: Path, links: Mapping[str, tuple[str, str]], outcome: Outcome) -> None:
    """Turn papermill's copy into the stored notebook and its page."""
    stem = job.path.stem
    notebook = nbformat.read(part, as_version=4)
    pages.take_widgets_out(notebook)
    outcome.thumbnail = pages.thumbnail(notebook)
    # papermill was given the text that was checked, and records it whole as the path it came from.
    notebook.metadata.get("papermill", {}).update(input_path=job.path.name, output_path=f"{stem}.ipynb")
    write_text(out / f"{stem}.ipynb", nbformat.writes(notebook))
    part.unlink()
    outcome.files.append(f"{stem}.ipynb")
    # nbconvert takes a second to import, and only who writes a page waits for it; where it fails, the notebook stays.
    from .rendering import page

    write_text(out / f"{stem}.html", page(notebook, job.path.name, job.path.parent, links))
    outcome.files.append(f"{stem}.html")


def describe_failure(problem: Exception) -> Failure:
    """Return an exception in two short pieces: papermill's own text is the whole coloured traceback."""
    name, message = getattr(problem, "ename", type(problem).__name__), getattr(problem, "evalue", str(problem))
    if name == "DeadKernelError":
        message = "the kernel died; as a rule it ran out of memory"
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", message).strip()
    return {"name": name, "message": plain if len(plain) <= MOST_CHARACTERS else plain[:MOST_CHARACTERS] + " ..."}


def first_line(source: str) -> str:
    """Return the first line of a cell that is no comment; of a cell of comments, the first of them."""
    lines: Sequence[str] = [line.strip() for line in source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), "".join(lines[:1]))


def _stop(*_: Any) -> None:
    # Once: a second signal would break into the shutdown of the kernel and leave it behind.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
