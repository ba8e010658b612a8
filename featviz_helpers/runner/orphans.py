"""A worker that notices when the command that started it is gone, as after SIGKILL or on a machine out of memory."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import psutil

from ..common.files import write_text
from . import earlier, pages

ORPHANED = 1  # the exit status of a worker that nobody waits for
UNFINISHED = {"running": "interrupted", "waiting": "not run"}  # what becomes of a notebook that has not ended


def end_with_the_command(out: Path) -> None:
    """Let this worker end when the process that started it ends, however that happens.

    Args:
        out: the folder of the run; its record then says that it was interrupted.
    """
    threading.Thread(target=_watch, args=(out,), daemon=True).start()


def interrupt(report: dict[str, Any]) -> None:
    """Write into a report that its run was interrupted."""
    report["status"] = "interrupted"
    for entry in report["notebooks"]:
        entry["status"] = UNFINISHED.get(entry["status"], entry["status"])


def _watch(out: Path) -> None:
    command = multiprocessing.parent_process()
    if command is None:
        return
    command.join()
    for kernel in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            kernel.kill()
    with contextlib.suppress(OSError, ValueError):
        report = json.loads((out / "run.json").read_text(encoding="utf-8"))
        interrupt(report)
        write_text(out / "run.json", json.dumps(report, indent=2) + "\n")
        entries = {entry["name"]: entry for entry in report["notebooks"]}
        write_text(out / "index.html", pages.index(report, earlier.thumbnails(out, entries)))
    os._exit(ORPHANED)
