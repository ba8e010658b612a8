"""One GPU for each worker process, where a machine has several."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from ..common.provenance import gpus


@functools.cache
def card() -> dict[str, str]:
    """Take a card that no other worker of this machine has, until this process ends; share one if there are too few.

    A batch system that hands out cards has set CUDA_VISIBLE_DEVICES already; then only those are shared out.

    Returns:
        Variables for the kernel; none on a machine with one card or without.
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    cards = given.split(",") if given is not None else [str(number) for number in range(len(gpus()))]
    if len(cards) < 2:
        return {}
    for name in cards:
        lock = FileLock(Path(tempfile.gettempdir()) / f"featviz-{getpass.getuser()}-gpu-{name}.lock")
        with contextlib.suppress(Timeout):
            lock.acquire(blocking=False)
            _held.append(lock)
            return {"CUDA_VISIBLE_DEVICES": name}
    return {"CUDA_VISIBLE_DEVICES": cards[os.getpid() % len(cards)]}


_held: list[FileLock] = []  # a lock that nothing refers to is given back
