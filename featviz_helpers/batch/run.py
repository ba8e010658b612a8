"""One run, as a worker does it: execute the notebook, write down what it was and what came out, publish the folder."""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from ..common.provenance import origin
from ..runner.notebook import Failure, describe_failure, first_line
from . import run_id
from .gpus import GpuClaim
from .kernel import MOST_RUNS, Kernel
from .result_file import RESULT, SCHEMA, MadeFrom, RunResult
from .run_folders import RunFolders, run_name

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class RunRequest:
    """What a worker is to do.

    Attributes:
        run: identity of the run.
        out: address of the output.
        notebook: file name of the notebook, which lies in the output.
        parameters: all of them.
        changed: names of those that are not the notebook's defaults.
        made_from: hashes, from `run_id.of_run`.
        environment: variables for the kernel.
        cell_s: seconds that a cell may take.
        gpu: take a GPU of its own where a machine has several.
        fresh: start a kernel of its own.
        command: the command line of the sweep, for the record.
    """

    run: str
    out: str
    notebook: str
    parameters: dict[str, Any]
    changed: list[str]
    made_from: MadeFrom
    environment: dict[str, str]
    cell_s: float | None = None
    gpu: bool = False
    fresh: bool = False
    command: Sequence[str] = ()

    @property
    def key(self) -> str:
        """Its name at the scheduler, with the output: of two sweeps at one scheduler each wants its own."""
        return f"run-{self.run}-{run_id.digest(self.out)}"


@dataclass(frozen=True)
class RunOutcome:
    """What came of a request.

    Attributes:
        run: identity of the run.
        status: "ok", or "finished before" if another worker had finished it.
        seconds: wall-clock time.
    """

    run: str
    status: str
    seconds: float


class RunFailed(RuntimeError):
    """A run that failed; the folder of the attempt holds the notebook as far as it came."""


class DiskIsFull(OSError):
    """There is no room for results: it makes no sense to go on."""


class RunExecutor:
    """Executes runs in this process, one at a time, with one kernel for as many of them as want the same environment.

    A worker that was started with several threads has one kernel all the same.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gpu = GpuClaim()
        self._kernel: Kernel | None = None
        self._code = ""  # that the kernel has imported

    def execute(self, request: RunRequest) -> RunOutcome:
        """See `execute_run`."""
        with self._lock, _disk_is_full(request.out):
            began = time.perf_counter()
            folders, name = RunFolders(request.out), run_name(request.run)
            if folders.result(name) is not None:
                return RunOutcome(request.run, "finished before", 0.0)
            folders.set_damaged_aside(name)
            with folders.scratch_folder() as folder:
                failure = self._execute_notebook(request, folder) or _refuse_result_file(folder)
                seconds = round(time.perf_counter() - began, 3)
                _write_result(request, folder, seconds, failure)
                if failure:
                    attempts = (path.rsplit("/", 1)[1] for path in folders.subfolders(f"failed/{request.run}", 1))
                    last = max((int(number) for number in attempts if number.isdecimal()), default=0)
                    folders.publish(folder, f"failed/{request.run}/{last + 1}")
                    raise RunFailed(_sentence(failure))
                first = folders.publish(folder, name)
        return RunOutcome(request.run, "ok" if first else "finished before", seconds)

    def _execute_notebook(self, request: RunRequest, folder: Path) -> Failure | None:
        """Run the notebook; return what went wrong, if anything did."""
        text = _notebook_text(request.out, request.notebook, request.made_from["notebook"])
        if run_id.of_notebook(text) != request.made_from["notebook"]:
            what = f"{request.notebook} in {request.out} is not the one that was planned"
            return {"name": "OtherNotebook", "message": what}
        if failure := _changed(request):
            return failure
        parameters = {name: request.parameters[name] for name in request.changed}
        try:
            kernel = self._kernel_for(request)
            kernel.run(nbformat.reads(text, as_version=4), parameters, folder, request.cell_s)
        except Exception as problem:
            return _failure(problem, request)
        return _changed(request)  # meanwhile

    def _kernel_for(self, request: RunRequest) -> Kernel:
        """Return the kernel of this process; a request that wants another environment gets another one."""
        environment = request.environment | (self._gpu.environment() if request.gpu else {})
        max_runs = 1 if request.fresh else MOST_RUNS
        kernel, code = self._kernel, request.made_from["code"]
        # With the code: a kernel that a worker kept from the sweep before has the modules of that time.
        if kernel is None or (kernel.environment, kernel.max_runs, self._code) != (environment, max_runs, code):
            if kernel is not None:
                kernel.stop()
            self._kernel, self._code = Kernel(environment, max_runs), code
        return self._kernel


EXECUTOR = RunExecutor()  # of this process


def execute_run(request: RunRequest) -> RunOutcome:
    """Execute one run, unless it is finished.

    Raises:
        RunFailed: the notebook failed; the reason is kept in failed/.
        DiskIsFull: there is no room.
    """
    return EXECUTOR.execute(request)


def _failure(problem: Exception, request: RunRequest) -> Failure:
    """Return why a notebook failed.

    Raises:
        OSError: there was no room on the disk, which is no fault of the notebook.
    """
    if isinstance(problem, OSError) and problem.errno in NO_ROOM:
        raise problem
    failure = describe_failure(problem)
    for code in NO_ROOM:
        if os.strerror(code) in failure["message"]:  # the notebook could not write its results
            raise OSError(code, failure["message"])
    count = getattr(problem, "exec_count", None)
    # As a reader counts: without the cell that papermill adds.
    failure["cell"] = count - bool(request.changed) if count else None
    failure["line"] = first_line(getattr(problem, "source", ""))
    return failure


def _sentence(failure: Failure) -> str:
    where = f"cell {failure['cell']}, {failure['line']}: " if failure.get("cell") else ""
    return f"{where}{failure['name']}: {failure['message']}"


def _changed(request: RunRequest) -> Failure | None:
    """Refuse a run whose code or files are no longer those that its identity was made from."""
    change = run_id.changes(request.parameters, request.made_from, request.environment)
    return {"name": "Changed", "message": change} if change else None


def _refuse_result_file(folder: Path) -> Failure | None:
    """Refuse a notebook that writes the file which says that a run is whole."""
    if not (folder / RESULT).exists():
        return None
    (folder / RESULT).unlink()
    return {"name": "NameTaken", "message": f"{RESULT} is the sweep's own file; write under another name"}


def _write_result(request: RunRequest, folder: Path, seconds: float, failure: Failure | None) -> None:
    """Write result.json, the last file of a run."""
    # No links: one into this folder leads nowhere once the folder has its final name.
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    result = RunResult(
        schema=SCHEMA,
        run=request.run,
        notebook=request.notebook,
        parameters=request.parameters,
        changed=request.changed,
        status="failed" if failure else "ok",
        error=failure,
        seconds=seconds,
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        made_from=request.made_from,
        machine=socket.gethostname(),
        command=list(request.command),
        **_origin(),
        files={path.relative_to(folder).as_posix(): path.stat().st_size for path in files},
    )
    (folder / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


@cache
def _notebook_text(out: str, notebook: str, expected: str) -> str:
    # `expected`, a hash, is part of what is remembered: another sweep may put another notebook there.
    text = RunFolders(out).read(notebook)
    if text is None:
        raise FileNotFoundError(f"this worker cannot read {notebook} in {out}; workers need the same path to it")
    return text


@cache
def _origin() -> dict[str, Any]:
    return origin(Path(__file__).parent)


@contextlib.contextmanager
def _disk_is_full(out: str) -> Iterator[None]:
    """Turn the two errors of a full disk into `DiskIsFull`."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskIsFull(error.errno, f"no room left in {out}") from None
        raise
