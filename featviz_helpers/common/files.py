"""Files that appear whole under their final name or not at all, whoever else writes and whatever goes wrong."""

import contextlib
import errno
import functools
import glob
import hashlib
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from .errors import DiskFull, DownloadError, written_named
from .progress import format_bytes

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # disk, quota, and FAT's 4 GB or a limit of the shell
NO_LEAVE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR}
BLOCK = 1 << 20  # bytes
NAME = 50  # characters of a name that its part keeps: with four bytes each they leave room for the rest
STALE = 86_400  # seconds: a part as old as that has no writer left
YOUNG = 2 * 10**9  # nanoseconds: two changes of a file that is older have two times


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Hand out a path to write to, and move what was written there to `path` in one step.

    Every writer has a part of its own, so that two of them, or a reader, never meet in one file: the last to end wins.
    A process that is killed leaves the old file, or none, and its part, which a later writer removes after a day.

    Args:
        path: the file to write; missing folders above it are made.

    Yields:
        Where to write.

    Raises:
        OSError: it cannot be written; the error names `path`, whatever it was that failed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    stem = f".{path.name[:NAME]}."
    _remove_stale(path.parent, stem)
    part = path.with_name(f"{stem}{uuid.uuid4().hex}.part")
    try:
        with written_named(path, part):
            yield part
            publish(part, path)
    finally:
        part.unlink(missing_ok=True)


@functools.lru_cache(maxsize=1000)  # once for a file, or it would cost more than the writing
def _remove_stale(folder: Path, stem: str) -> None:
    for left in folder.glob(f"{glob.escape(stem)}*.part"):
        with contextlib.suppress(OSError):  # somebody else was quicker
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, UTF-8, so that a reader or a crash never meets half of it; see `replacing`."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file so that a reader or a crash never meets half of it; see `replacing`."""
    with replacing(path) as part:
        part.write_bytes(content)


def publish(part: Path, target: Path) -> None:
    """Give a complete file its final name."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())  # or a power cut could leave the new name with nothing in it
    os.replace(part, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, or a USB stick that is pulled out."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:  # network drives and encrypted folders know no such thing; the file itself is safe
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise
        finally:
            os.close(descriptor)


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
def disk_errors(target: Path) -> Iterator[None]:
    """Make the folder for `target`; turn the many errors of a full or locked disk into ones that tell what to do.

    Raises:
        DiskFull: there is no room.
        DownloadError: the folder cannot be written to.
    """
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


def require_room(folder: Path, needed: int) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: where the files go; it need not exist yet.
        needed: bytes.

    Raises:
        DiskFull: fewer bytes are free there.
    """
    free = free_bytes(folder)
    if needed > free:
        raise DiskFull(
            f"{format_bytes(needed)} are needed in '{folder}', and {format_bytes(free)} are free there. "
            f"Free {format_bytes(needed - free)} or choose another folder with --to."
        )


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free where a folder is, or will be made."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(existing).free


def checksum(path: Path, algorithm: str = "sha256") -> str:
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
        while block := file.read(BLOCK):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


def per_state(function: Callable[[Path], str]) -> Callable[[Path], str]:
    """Decorate a function of a file's content: it reads the file again only when the file may have changed.

    The file counts as unchanged while inode, length, time of the content and time of the entry are the same; the last
    of them cannot be set by hand. A clock ticks every few milliseconds, so a file younger than that is always read.
    """
    cached = functools.lru_cache(maxsize=100_000)(lambda path, *state: function(path))

    @functools.wraps(function)
    def read(path: Path) -> str:
        about = path.stat()
        if time.time_ns() - about.st_ctime_ns < YOUNG:
            return function(path)
        return cached(path, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)

    return read


cached_checksum = per_state(checksum)


def flaw(path: Path, size: int | None = None, digest: str | None = None) -> str:
    """Say what is wrong with a file; "" when nothing is.

    Args:
        path: the file, which exists.
        size: bytes that it should have; None is not compared.
        digest: such as "sha256:0a1b..."; None is not compared, which is fast.
    """
    actual = path.stat().st_size
    if size is not None and actual != size:
        return f"it has {actual:,} bytes, and {size:,} were expected"
    if digest is not None:
        algorithm, expected = digest.split(":")
        if (computed := checksum(path, algorithm)) != expected:
            return f"its {algorithm} is {computed}, and {expected} was expected"
    return ""


def copy(source: Path, target: Path, size: int, digest: str) -> Path:
    """Copy a file, verified and atomic.

    Args:
        source: the file.
        target: its final name; folders above it are made.
        size: bytes that it should have.
        digest: such as "sha256:0a1b...".

    Returns:
        `target`.

    Raises:
        DiskFull: there is no room.
        DownloadError: the copy is not what it should be; it is deleted.
    """
    with disk_errors(target), locked(target):
        if not (target.is_file() and not flaw(target, size, digest)):
            total = source.stat().st_size
            require_room(target.parent, total)
            with replacing(target) as part:
                with source.open("rb") as original, part.open("wb") as copied:
                    bar = tqdm.wrapattr(original, "read", total=total, desc=f"copying {source.name}", delay=1.0)
                    with bar as file:
                        shutil.copyfileobj(file, copied, BLOCK)
                if wrong := flaw(part, size, digest):
                    raise DownloadError(f"The copy of '{source}' is not what it should be: {wrong}.")
    return target
