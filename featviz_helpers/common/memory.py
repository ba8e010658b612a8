"""How much memory there is for a notebook."""

import contextlib
from pathlib import Path

import psutil

NOTEBOOK = 2_000_000_000  # bytes: what the largest of the course takes


def free_memory() -> int:
    """Return the bytes that this machine, or the container that this process is in, has left."""
    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # a container knows its limit here; without one it says "max"
        group = Path("/sys/fs/cgroup")
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        free = min(free, limit - used)
    return free
