"""How much memory there is for a notebook, and what is said where there is too little."""

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from .errors import TooLittleMemory

NOTEBOOK = 2_000_000_000  # bytes that a notebook takes, most of them less; 12 takes 2.6
PIXELS = 32 * 224 * 224  # of a batch
AMPLE = 6_000_000_000  # bytes of a machine that takes such batches
GROUPS = Path("/sys/fs/cgroup")
# Where a container's limit stands, version 2 and 1: the limit, what is used, and what of that is only kept of files.
LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


def free_memory() -> int:
    """Return the bytes that this machine, or the container that this process is in, has left."""
    free = psutil.virtual_memory().available
    for most, used, statistics, kept in LIMITS:
        with contextlib.suppress(OSError, ValueError, KeyError):
            counts = dict(line.split() for line in (GROUPS / statistics).read_text().splitlines())
            used_for_long = int((GROUPS / used).read_text()) - int(counts[kept])
            free = min(free, _limit(most) - used_for_long)
    return free


def memory() -> int:
    """Return the bytes that this machine, or the container that this process is in, has in all."""
    size = psutil.virtual_memory().total
    for most, *_ in LIMITS:
        with contextlib.suppress(OSError, ValueError):
            size = min(size, _limit(most))
    return size


def _limit(name: str) -> int:
    """Raises OSError where there is no such file, ValueError without a limit, which version 2 calls "max"."""
    return int((GROUPS / name).read_text())


def pixels_at_once() -> int:
    """Return how many pixels a network is shown at once where nobody says: as many as 32 pictures of 224 x 224 have.

    Forward and back that takes 1.1 GB for InceptionV3 up to mixed6. A machine with less memory than `AMPLE` gets a
    quarter. The number does not depend on what else runs, because the last bits of a result depend on it.
    """
    return PIXELS if memory() >= AMPLE else PIXELS // 4


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's, TensorFlow's or torch's, which are not imported here.

    TensorFlow hides Python's in a TypeError when it does not get room for the arguments of a function.
    """
    known = isinstance(error, MemoryError) or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
    return known or (isinstance(error, TypeError) and isinstance(error.__cause__, MemoryError))


@contextmanager
def enough_memory(count: int, size: tuple[int, int], splits: bool = True) -> Iterator[None]:
    """Let an error of too little memory name the batch that was too large, and what to do.

    Args:
        count: how many pictures are worked on at once.
        size: height and width of each, in pixels.
        splits: whether fewer can be worked on at once, with the argument `batch`.

    Raises:
        TooLittleMemory: memory ran out.
    """
    try:
        yield
    except Exception as error:
        if not is_lack_of_memory(error):
            raise
        pictures = f"{size[0]} x {size[1]} pixels"
        if count == 1:
            what, instead = f"a picture of {pictures}", "Ask for a smaller one"
        else:
            fewer = f"Work on fewer at once, such as batch={count // 2}" if splits else "Ask for fewer"
            what, instead = f"{count} pictures of {pictures} at once", f"{fewer}, or ask for smaller ones"
        raise TooLittleMemory(f"There is too little memory for {what} ({_reason(error)}). {instead}.") from error


def _reason(error: Exception) -> str:
    """Return what an allocator says, without the graph and the pictures that TensorFlow writes around it."""
    cause = error.__cause__ if isinstance(error, TypeError) else error
    found = re.search(r"OOM when allocating tensor with shape ?\[[\d,]*\]", str(cause))
    return found[0] if found else str(cause).partition("\n")[0][:200]
