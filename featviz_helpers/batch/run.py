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
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from ..batch import gpus as cards
from ..batch import run_id as identity
from ..common.provenance import origin
from ..runner.notebook import reason
from .kernel import Kernel
from .run_folders import RESULT, Place, run_name

FULL = (errno.ENOSPC, errno.EDQUOT)
SCHEMA = 1  # of result.json; see `store`
_kernels: dict[str, Kernel] = {}  # of this worker process: one
_one_at_a_time = threading.Lock()  # a worker that was started with several threads has one kernel all the same


@dataclass(frozen=True)
class Order:
    """What a worker is asked to do.

    Attributes:
        run: identity of the run.
        out: address of the output.
        notebook: file name of the notebook, which lies in the output.
        parameters: all of them.
        changed: names of those that are not the notebook's defaults.
        made_from: hashes, from `identity.of_run`.
        environment: variables for the kernel.
        cell_s: seconds that a cell may take.
        gpu: take a card of its own where a machine has several.
        fresh: start a kernel of its own.
    """

    run: str
    out: str
    notebook: str
    parameters: dict[str, Any]
    changed: list[str]
    made_from: dict[str, Any]
    environment: dict[str, str]
    cell_s: float | None = None
    gpu: bool = False
    fresh: bool = False

    @property
    def key(self) -> str:
        """Its name at the scheduler, with the output: of two sweeps at one scheduler each wants its own."""
        return f"run-{self.run}-{identity.digest(self.out)}"


class RunFailed(RuntimeError):
    """A run that failed; the folder of the attempt holds the notebook as far as it came."""


class DiskIsFull(OSError):
    """There is no room for results: it makes no sense to go on."""


def perform(order: Order) -> dict[str, Any]:
    """Do one run, unless it is there.

    Returns:
        run, status ("ok", or "there" if somebody else had finished it) and seconds.

    Raises:
        RunFailed: the notebook failed; the reason is kept in failed/.
        DiskIsFull: there is no room.
    """
    place, name = Place(order.out), run_name(order.run)
    with _one_at_a_time, _no_room_is_the_end(order.out):
        began = time.perf_counter()
        if place.result(name) is not None:
            return {"run": order.run, "status": "there", "seconds": 0.0}
        place.damaged(name)
        with place.workshop() as folder:
            error = _execute(order, folder) or _taken(folder)
            seconds = round(time.perf_counter() - began, 3)
            _describe(order, folder, seconds, error)
            if error:
                place.publish(folder, f"failed/{order.run}/{_attempts(place, order.run) + 1}")
            else:
                mine = place.publish(folder, name)
    if error:
        where = f"cell {error['cell']}, {error['line']}: " if error.get("cell") else ""
        raise RunFailed(f"{where}{error['name']}: {error['message']}")
    return {"run": order.run, "status": "ok" if mine else "there", "seconds": seconds}


def _execute(order: Order, folder: Path) -> dict[str, Any] | None:
    """Run the notebook; return what went wrong, if anything did."""
    text = _text(order.out, order.notebook, order.made_from["notebook"])
    if identity.of_notebook(text) != order.made_from["notebook"]:
        return {"name": "OtherNotebook", "message": f"{order.notebook} in {order.out} is not the one that was planned"}
    if problem := _changed(order):
        return problem
    notebook, kernel = nbformat.reads(text, as_version=4), _kernel(order)
    try:
        kernel.run(notebook, {name: order.parameters[name] for name in order.changed}, folder, order.cell_s)
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno in FULL:
            raise
        found = reason(problem)
        for code in FULL:
            if os.strerror(code) in found["message"]:  # the notebook could not write its results
                raise OSError(code, found["message"]) from None
        source = getattr(problem, "source", "")
        lines = [line.strip() for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
        # As a reader counts: without the cell that papermill adds.
        cell = count - bool(order.changed) if (count := getattr(problem, "exec_count", None)) else None
        return {"cell": cell, "line": lines[0] if lines else "", **found}
    return _changed(order)  # somebody may have changed it meanwhile


def _changed(order: Order) -> dict[str, Any] | None:
    change = identity.changes(order.parameters, order.made_from, order.environment)
    return {"name": "Changed", "message": change} if change else None


def _taken(folder: Path) -> dict[str, Any] | None:
    """Refuse a notebook that writes the file which says that a run is whole."""
    if not (folder / RESULT).exists():
        return None
    (folder / RESULT).unlink()
    return {"name": "NameTaken", "message": f"{RESULT} is the sweep's own file; write under another name"}


def _describe(order: Order, folder: Path, seconds: float, error: dict[str, Any] | None) -> None:
    """Write result.json, the last file of a run."""
    # No links: one into this folder leads nowhere once the folder has its final name.
    whole = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in whole}
    found = {
        "schema": SCHEMA,
        **{key: value for key, value in asdict(order).items() if key in ("run", "notebook", "parameters", "changed")},
        "status": "failed" if error else "ok",
        "error": error,
        "seconds": seconds,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "made_from": order.made_from,
        "machine": socket.gethostname(),
        **_origin(),
        "files": files,
    }
    (folder / RESULT).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _attempts(place: Place, run: str) -> int:
    return sum(1 for _ in place.names(f"failed/{run}", 1))


def _kernel(order: Order) -> Kernel:
    """Return this worker's kernel; orders that want another environment get another one."""
    environment = order.environment | (cards.card() if order.gpu else {})
    # With the code: a kernel that a scheduler's worker kept from the sweep before has the modules of that time.
    key = json.dumps([sorted(environment.items()), order.fresh, order.made_from["code"]])
    if key not in _kernels:
        for kernel in _kernels.values():
            kernel.stop()
        _kernels.clear()
        _kernels[key] = Kernel(environment, **({"most": 1} if order.fresh else {}))
    return _kernels[key]


@cache
def _text(out: str, notebook: str, wanted: str) -> str:
    # `wanted`, a hash, is part of what is remembered: another sweep may put another notebook there.
    text = Place(out).read(notebook)
    if text is None:
        raise FileNotFoundError(f"this worker cannot read {notebook} in {out}; workers need the same path to it")
    return text


@cache
def _origin() -> dict[str, Any]:
    return origin(Path(__file__).parent)


@contextlib.contextmanager
def _no_room_is_the_end(out: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskIsFull(error.errno, f"no room left in {out}") from None
        raise
