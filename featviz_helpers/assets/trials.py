"""What the doctor tries out: TensorFlow and the kernel in processes of their own, writing, memory, a port."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..common.memory import NOTEBOOK, free_memory
from ..common.progress import format_bytes

PATIENCE = 180  # seconds
TENSORFLOW = """
import json, featviz_helpers, tensorflow as tf
tf.linalg.matmul(tf.ones([64, 64]), tf.ones([64, 64])).numpy()
print(json.dumps([tf.__version__, [gpu.name for gpu in tf.config.list_physical_devices("GPU")]]))
"""


@dataclass(frozen=True)
class Trial:
    """What came of one thing that was tried.

    Attributes:
        name: what was tried.
        found: what was seen, or what is wrong and what to do about it.
        ok: whether the course can run with it.
    """

    name: str
    found: str
    ok: bool = True


def try_all(results: Path) -> tuple[list[Trial], bool]:
    """Try everything; return what came of it, and whether TensorFlow sees a GPU.

    Args:
        results: the folder that `featviz run` would write to.
    """
    with ThreadPoolExecutor() as pool:  # the two take seconds each
        computing, kernel = pool.submit(tensorflow), pool.submit(kernel_starts)
        others = [writable(results), memory(), port()]
        computed, gpu = computing.result()
        return [computed, kernel.result(), *others], gpu


def tensorflow() -> tuple[Trial, bool]:
    """Import TensorFlow and multiply two matrices; return what came of it, and whether it sees a GPU."""
    started = time.perf_counter()
    try:
        command = [sys.executable, "-c", TENSORFLOW]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return Trial("TensorFlow", f"is not there after {PATIENCE} s: is this disk a slow one?", False), False
    if done.returncode:
        return Trial(
            "TensorFlow", f"{_why(done)}; install it again: make course, or pip install tensorflow", False
        ), False
    version, gpus = json.loads(done.stdout.splitlines()[-1])
    where = f"on {len(gpus)} card{'s' * (len(gpus) > 1)}" if gpus else "on the processor"
    return Trial("TensorFlow", f"{version} computes {where} ({time.perf_counter() - started:.0f} s)"), bool(gpus)


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a process ended badly."""
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return f"ends with {name}" + (": this processor lacks what it was built for" if name == "SIGILL" else "")
    return next(iter(done.stderr.strip().splitlines()[-1:]), f"ends with status {done.returncode}")


def kernel_starts() -> Trial:
    """Start the kernel that notebooks run in, and let it answer."""
    from jupyter_client.manager import start_new_kernel

    started = time.perf_counter()
    try:
        manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3", stderr=subprocess.DEVNULL)
    except Exception as error:  # no such kernel, no permission, no answer: each with an error of its own
        return Trial("kernel", f"does not start ({error}): python -m ipykernel install --sys-prefix", False)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return Trial("kernel", f"starts and answers ({time.perf_counter() - started:.0f} s)")


def writable(folder: Path) -> Trial:
    """Write a file where a folder is, or will be made."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x")
    except OSError as error:
        return Trial("writing", f"cannot write to {existing}: {error.strerror}; work in a folder of your own", False)
    return Trial("writing", f"can write to {folder}")


def memory() -> Trial:
    """Compare the memory that is free with what the largest notebook takes."""
    free = free_memory()
    if free < NOTEBOOK:
        found = f"{format_bytes(free)} free, and a notebook takes up to {format_bytes(NOTEBOOK)}: close other programs"
        return Trial("free memory", found, False)
    return Trial("free memory", f"{format_bytes(free)}, enough for a notebook")


def port() -> Trial:
    """Find the port of this machine that JupyterLab would take."""
    for number in range(8888, 8938):
        with contextlib.suppress(OSError), socket.socket() as connection:
            connection.bind(("127.0.0.1", number))
            return Trial("port", f"{number} is free for JupyterLab")
    return Trial("port", "none from 8888 to 8937 is free: jupyter lab --port=9000", False)
