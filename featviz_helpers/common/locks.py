"""Locks between the processes of one user on one machine."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path


def lock_file(name: str) -> Path:
    """Return where the lock of a name lies: in the user's own folder.

    In one that others can write to, a link could stand in a lock's place. Several machines may share the folder, so a
    lock has the machine in its name.
    """
    folder = user_cache_path("featviz") / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{platform.node()}-{name}.lock"


@contextmanager
def exclusive(folder: str | Path, writer: str) -> Iterator[None]:
    """Let one process at a time write into a folder.

    Args:
        folder: where results go; it need not exist yet.
        writer: what writes, for the message: "study".

    Raises:
        ValueError: another process writes into it.
    """
    place = Path(folder).resolve()
    lock = FileLock(lock_file(hashlib.sha256(str(place).encode()).hexdigest()[:32]), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"Another {writer} is writing to '{folder}'. Wait for it, stop it, or choose another folder."
        ) from None
    try:
        yield
    finally:
        lock.release()
