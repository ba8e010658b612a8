"""Write a file so that a reader, or a crash, never meets half of it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Hand out a path to write to, and move what was written there to `path` in one step.

    A process that is killed leaves the old file, or none, and a `.part` beside it that the next attempt overwrites.

    Args:
        path: the file to write; missing folders above it are made.

    Yields:
        Where to write.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # or a power cut could leave the new name with nothing in it
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
