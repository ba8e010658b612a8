"""What a run writes down, so that every picture can be traced: sources, parameters, seeds, versions,
hardware."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PACKAGES = (
    "featviz-helpers", "tensorflow", "tensorflow-cpu", "keras", "numpy", "scipy", "scikit-image", "torch",
"lpips", "matplotlib", "papermill", "nbclient", "nbconvert", "ipykernel", )  # fmt: skip


def opening(folder: Path, command: Sequence[str]) -> dict[str, Any]:
    """The head of a record: when, how, with what and on what.

    Args:
        folder: a folder of the sources; if it lies in a git checkout, the commit is recorded.
        command: the command line.
    """
    return {
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "duration": 0.0,
        "status": "running",
        "command": list(command),
        "git": _git(folder),
        "platform": platform.platform(),
        "hardware": {"cpu": platform.machine(), "cpu_count": cpu_count(), "gpus": gpus()},
        "versions": {"python": platform.python_version(), **_versions()},
    }


def entry(path: Path, text: str, title: str, question: str, values: Mapping, changed: Mapping) -> dict[str, Any]:
    """The record of one notebook before it runs.

    Args:
        path: the notebook.
        text: its contents, as they will be run.
        title, question: its first lines.
        values: every parameter that it will run with.
        changed: those that were given.
    """
    return {
        "name": path.stem,
        "path": os.path.relpath(path),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "title": title or path.stem,
        "question": question,
        "status": "waiting",
        "error": None,
        "duration": 0.0,
        "parameters": dict(values),
        "changed": sorted(changed),
        "seeds": {name: value for name, value in values.items() if "SEED" in name.upper()},
        "files": [],
    }


def of_library() -> str:
    """The hash of every module of this package, so that results of other code are never taken for its own."""
    folder, found = Path(__file__).resolve().parent.parent, hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        found.update(f"{file.relative_to(folder).as_posix()}\n".encode() + file.read_bytes() + b"\0")
    return found.hexdigest()[:20]


def cpu_count() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _versions() -> dict[str, str]:
    # Asked of the installed files and not of the modules, since importing TensorFlow takes seconds.
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git(folder: Path) -> dict[str, Any] | None:
    commit = _output("git", "-C", str(folder), "rev-parse", "HEAD")
    return (
        {"commit": commit, "changed_since": bool(_output("git", "-C", str(folder), "status", "--short"))}
        if commit
        else None
    )


def gpus() -> list[str]:
    """The names of this machine's graphics cards."""
    return _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()


def _output(program: str, *arguments: str) -> str:
    """What a program prints, "" where it is not there or fails."""
    if not shutil.which(program):
        return ""
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
