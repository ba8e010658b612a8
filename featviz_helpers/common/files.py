"""Files that appear whole under their final name or not at all, whoever else writes and whatever goes wrong."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from .errors import DiskFull, DownloadError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # disk, quota, and FAT's 4 GB or a limit of the shell
NO_LEAVE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR}
BLOCK = 1 << 20  # bytes


def amount(size: float) -> str:
    """Return bytes for the eye: 96112376 as "96.1MB"."""
    return f"{tqdm.format_sizeof(size)}B"


def part_of(target: Path) -> Path:
    """Return where a file grows until it is complete: next to its final name, so that a rename is enough."""
    return target.with_name(f"{target.name}.part")


def version_of(target: Path) -> Path:
    """Return where a download notes which version of the file on the server its part belongs to."""
    return target.with_name(f"{target.name}.version.part")


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Let one process at a time make `target`; a second one says that it waits.

    The empty lock file stays: to remove it would let two waiting processes hold two different files.
    """
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        tqdm.write(f"Another process is making {target}; waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Make the folder for `target`; turn the many errors of a full or locked disk into ones that tell what to do."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        what = f"{target.name} in '{target.parent}' ({os.strerror(error.errno or 0)})"
        if error.errno in NO_ROOM:
            raise DiskFull(
                f"No room left for {what}. Free some space there and run the command again, or choose another folder "
                "with --to; nothing incomplete has the final name."
            ) from error
        if error.errno in NO_LEAVE:
            raise DownloadError(f"Cannot write {what}. Choose a folder that you may write to with --to.") from error
        raise


def check_room(folder: Path, needed: int) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: where the files go; it need not exist yet.
        needed: bytes.

    Raises:
        DiskFull: fewer bytes are free there.
    """
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise DiskFull(
            f"{amount(needed)} are needed in '{folder}', and {amount(free)} are free there. "
            f"Free {amount(needed - free)} or choose another folder with --to."
        )


def checksum(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digest of a file, with a progress bar where that takes a while.

    Args:
        path: the file.
        algorithm: as hashlib names it: "sha256", "md5".
    """
    digest = hashlib.new(algorithm)
    bar = tqdm(
        total=path.stat().st_size, desc=f"checking {path.name}", unit="B", unit_scale=True, delay=1.0, leave=False
    )
    with path.open("rb") as file, bar:
        for block in iter(partial(file.read, BLOCK), b""):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


def flaw(path: Path, size: int | None = None, digest: str | None = None) -> str:
    """Say what is wrong with a file; "" when nothing is.

    Args:
        path: the file, which exists.
        size: bytes that it should have; None is not compared.
        digest: such as "sha256:0a1b..."; None is not compared, which is fast.
    """
    there = path.stat().st_size
    if size is not None and there != size:
        return f"it has {there:,} bytes, and {size:,} were expected"
    if digest is not None:
        algorithm, expected = digest.split(":")
        got = checksum(path, algorithm)
        if got != expected:
            return f"its {algorithm} is {got}, and {expected} was expected"
    return ""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, or a USB stick that is pulled out."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def publish(part: Path, target: Path) -> None:
    """Give a complete file its final name: on the disk first, then renamed."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    version_of(target).unlink(missing_ok=True)
    sync_folder(target.parent)


def copy(source: Path, target: Path, size: int | None = None, digest: str | None = None) -> Path:
    """Copy a file, verified and atomic.

    Args:
        source: the file.
        target: its final name; folders above it are made.
        size: bytes that it should have; None is not compared.
        digest: such as "sha256:0a1b..."; None is not compared.

    Returns:
        `target`.

    Raises:
        DiskFull: there is no room.
        DownloadError: the copy is not what it should be; it is deleted.
    """
    part = part_of(target)
    with writing(target), locked(target):
        if not (target.is_file() and not flaw(target, size, digest)):
            total = source.stat().st_size
            check_room(target.parent, total)
            with source.open("rb") as original, part.open("wb") as copied:
                bar = tqdm.wrapattr(original, "read", total=total, desc=f"copying {source.name}", delay=1.0)
                with bar as file:
                    shutil.copyfileobj(file, copied, BLOCK)
            if wrong := flaw(part, size, digest):
                part.unlink()
                raise DownloadError(f"The copy of '{source}' is not what it should be: {wrong}.")
            publish(part, target)
    return target
