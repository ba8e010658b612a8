"""One GPU for each worker process, where a machine has several."""

from __future__ import annotations

import contextlib
import os

from filelock import FileLock, Timeout

from ..common.locks import lock_file
from ..common.provenance import gpus


class GpuClaim:
    """The GPU of this process: taken when it is first asked for, and held until the process ends."""

    def __init__(self) -> None:
        self._environment: dict[str, str] | None = None
        self._lock: FileLock | None = None  # a lock that nothing refers to is given back

    def environment(self) -> dict[str, str]:
        """Take a GPU that no other worker of this machine has; share one if there are too few.

        A batch system that hands out GPUs has set CUDA_VISIBLE_DEVICES already; then only those are shared out.

        Returns:
            Variables for the kernel; none on a machine with one GPU or without.
        """
        if self._environment is None:
            self._environment = self._claim()
        return self._environment

    def _claim(self) -> dict[str, str]:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = visible.split(",") if visible is not None else [str(number) for number in range(len(gpus()))]
        if len(names) < 2:
            return {}
        for name in names:
            lock = FileLock(lock_file(f"gpu-{name}"))
            with contextlib.suppress(Timeout):
                lock.acquire(blocking=False)
                self._lock = lock
                return {"CUDA_VISIBLE_DEVICES": name}
        return {"CUDA_VISIBLE_DEVICES": names[os.getpid() % len(names)]}
