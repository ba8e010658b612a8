"""Locks between processes: of one user on one machine, or of everybody who writes to a folder."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from .errors import printable
from .files import write_text

LOCK = ".featviz.lock"  # in the folder that it protects; it stays, and is empty
HOLDER = ".featviz.holder.json"  # beside it while the lock is held
MOST_BYTES = 2000  # that are read of a holder's file, which anybody may have put there


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
    """Let one process at a time write into a folder, whoever's it is and on whichever machine.

    The lock lies in the folder, because that is all that two users or two machines have in common. It is never written
    to, so a link in its place costs nobody a file.

    Args:
        folder: where results go; it is made if it is not there.
        writer: what writes, for the message: "study".

    Raises:
        ValueError: another process writes into it; the message says whose.
        OSError: the folder or the lock in it cannot be written to.
    """
    place = Path(folder).resolve()
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place / LOCK, timeout=0, mode=_mode(place))
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"Another {_held_by(place, writer, folder)}. Wait for it, stop it, or choose another folder."
        ) from None
    except OSError as error:
        raise _refusal(error, folder, place / LOCK) from None
    try:
        _write_holder(place, writer)
        yield
    finally:
        with contextlib.suppress(OSError):
            (place / HOLDER).unlink()
        lock.release()


def _mode(place: Path) -> int:
    """Return rights that let everybody who may write to a folder take its lock."""
    return 0o644 | stat.S_IMODE(place.stat().st_mode) & 0o022


def _write_holder(place: Path, writer: str) -> None:
    """Say who holds a lock, as well as it goes: on a full disk the lock holds without it."""
    holder = {
        "writer": writer,
        "user": _user(),
        "host": platform.node(),
        "process": str(os.getpid()),
        "since": datetime.now().astimezone().isoformat(" ", "seconds"),
    }
    try:
        write_text(place / HOLDER, json.dumps(holder) + "\n")
    except OSError:
        with contextlib.suppress(OSError):
            (place / HOLDER).unlink()  # an earlier holder's, who was killed


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # a number without a name, as in a container
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"


def _held_by(place: Path, writer: str, folder: str | Path) -> str:
    """Return what writes to a folder, and who started it, as far as its holder's file says so."""
    path, holder = place / HOLDER, {}
    with contextlib.suppress(OSError, ValueError):
        if path.is_file() and not path.is_symlink():  # a pipe would never end
            with path.open(encoding="utf-8") as file:
                holder = json.loads(file.read(MOST_BYTES))
    try:
        said = {name: printable(holder[name]) for name in ("writer", "user", "host", "process", "since")}
    except (KeyError, TypeError, IndexError):
        return f"{writer} is writing to '{folder}'"
    about = f"{said['user']} on {said['host']}, process {said['process']}, since {said['since']}"
    return f"{said['writer']} is writing to '{folder}' ({about})"


def _refusal(error: OSError, folder: str | Path, lock: Path) -> OSError:
    """Return an error that says why a folder cannot be locked, and what to do."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if lock.is_symlink():
        text = f"'{lock}' is a link, and a lock is no link. Delete it, or choose another folder."
    elif lock.exists():
        text = f"Cannot lock '{folder}': '{lock}' is there and cannot be opened ({reason}). Let its owner delete it "
        text += "when nothing writes there, or choose another folder."
    else:
        text = f"Cannot write to '{folder}': {reason}. Choose a folder that you may write to."
    return type(error)(text)
