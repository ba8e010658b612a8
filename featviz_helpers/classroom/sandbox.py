"""Run a notebook that was handed in without answers, held by a sandbox, and say what had to be stopped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from ..common.errors import printable
from ..common.progress import format_bytes
from .execute import BEGUN, DONE, MARK
from .reading import MOST_BYTES
from .sandbox_commands import Limits, command, environment

DOCKER_SECONDS = 60  # that docker may take to answer
POLL = 0.02  # seconds between two looks at it
MOST_ERRORS = 5
MOST_FAMILY = 10_000
CHILDREN = Path("/proc/self/task") / str(os.getpid()) / "children"  # psutil reads all processes of the machine instead
# What the machine answered to a cell -> what the cell was stopped from.
REFUSED = {
    "MemoryError": "asked for more memory than it may use",
    "No space left": "wrote more than it may",
    "File too large": "wrote more than it may",
    "Read-only file system": "tried to change files that are not its own",
    "Network is unreachable": "asked for the network",
    "name resolution": "asked for the network",
    "BlockingIOError": "started more processes than it may",
}


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        answers: the bytes of the answers file that it wrote; empty if there is none.
        contained: what it was stopped from, in words; "" if nothing.
        errors: of its cells, one line each, at most `MOST_ERRORS`.
        seconds: that it ran.
    """

    answers: bytes = b""
    contained: str = ""
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run_notebook(notebook: Path, kind: str, limits: Limits | None = None, image: str = "featviz-course") -> Outcome:
    """Run the cells of a notebook in a sandbox, one after the other, also after one that failed.

    Args:
        notebook: the hand-in; nothing beside it is seen.
        kind: "bwrap" (bubblewrap), "docker", or "none": limits alone, and the program may read and write what you may.
        limits: what it may use.
        image: docker's, with this course installed in it.

    Raises:
        ValueError: another kind, or its program is not installed.
        OSError: the sandbox could not be started.
    """
    limits, started, name = limits or Limits(), time.monotonic(), f"featviz-{uuid.uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory() as folder:
        if kind != "none":  # where it runs as nobody, who cannot read a file of the teacher's alone
            notebook = Path(shutil.copy(notebook, folder))
            notebook.chmod(0o644)
        words = command(kind, notebook, limits, image, name)
        inside = {**environment(), "HOME": folder} if kind == "none" else None
        process = subprocess.Popen(
            words, cwd=folder, env=inside, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        keeper = _Keeper(process, limits, kind, name)
        keeper.watch()
    outcome = Outcome(keeper.answers.content, keeper.reason, seconds=round(time.monotonic() - started, 2))
    printed = keeper.printed.content.decode("utf-8", "replace")
    # No cell has run, so it is no fault of the hand-in's.
    if BEGUN not in printed and outcome.contained in ("", _late(limits)):
        said = printable(printed.strip())[-200:] or outcome.contained or "it said nothing"
        raise OSError(f"The sandbox did not start: {said}")
    found = re.findall(rf"^{MARK} (\d+: .*)$", printed, re.MULTILINE)
    outcome.errors = [f"cell {printable(line)[:160]}" for line in found[:MOST_ERRORS]]
    outcome.contained = outcome.contained or _refused(found)
    if not outcome.contained and DONE not in printed:
        last = printable((printed.strip().splitlines() or ["it said nothing"])[-1])
        outcome.contained = f"ended before its last cell: {last[:160]}"
    return outcome


def _late(limits: Limits) -> str:
    return f"stopped after {limits.seconds:g} s"


def _refused(errors: list[str]) -> str:
    said = (words for error in errors for sign, words in REFUSED.items() if sign in error)
    return "; ".join(dict.fromkeys(said))


class _Pipe(threading.Thread):
    """Reads what comes out, up to a limit; what must be `whole` is nothing where it is longer."""

    def __init__(self, source: IO[bytes], most: int, whole: bool = False) -> None:
        super().__init__(daemon=True)
        self.source, self.most, self.whole, self.full = source, most, whole, False
        self._parts: list[bytes] = []
        self.start()

    def run(self) -> None:
        size = 0
        with contextlib.suppress(OSError, ValueError):
            while block := self.source.read1(1 << 16):  # type: ignore[attr-defined]
                size += len(block)
                if size > self.most:
                    self.full = True
                    break
                self._parts.append(block)

    @property
    def content(self) -> bytes:
        """What has come so far."""
        return b"" if self.full and self.whole else b"".join(self._parts)


class _Keeper:
    """Looks at a running program, and ends it when it takes more than it may."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits, kind: str, container: str) -> None:
        assert process.stdout is not None and process.stderr is not None
        self.process, self.limits, self.kind, self.container, self.reason = process, limits, kind, container, ""
        self.answers = _Pipe(process.stdout, MOST_BYTES, whole=True)
        self.printed = _Pipe(process.stderr, limits.printed)

    def watch(self) -> None:
        end = time.monotonic() + self.limits.seconds
        try:
            while self.process.poll() is None and not self.reason:
                time.sleep(POLL)
                self.reason = self._excess(end)
        finally:
            self._end()
        if not self.reason:
            self.reason = self._full()

    def _excess(self, end: float) -> str:
        limits = self.limits
        if full := self._full():
            return full
        family = _family(self.process.pid, limits.processes + 1)
        if len(family) > limits.processes:
            return f"stopped with more than {limits.processes} processes"
        if sum(map(_resident, family)) > limits.memory and (used := sum(map(_portion, family))) > limits.memory:
            return f"stopped with {format_bytes(used)} of memory, at most {format_bytes(limits.memory)}"
        # Last, because a fork bomb can keep the keeper from looking until the time is over, and is the better reason.
        return _late(limits) if time.monotonic() > end else ""

    def _full(self) -> str:
        if self.printed.full:
            return f"stopped after it had printed {format_bytes(self.limits.printed)}"
        return f"stopped: its answers have more than {format_bytes(MOST_BYTES)}" if self.answers.full else ""

    def _end(self) -> None:
        """End the program with all that it started; in bubblewrap and docker that is one process, the first."""
        if self.kind == "bwrap":
            self.process.kill()  # before anything is listed: a fork bomb doubles meanwhile
        family = _family(self.process.pid)
        self.process.kill()
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.kill()
        if self.kind == "none":  # what it left behind belongs to its group still, unless it took care to leave it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.answers, self.printed):
            pipe.join(5.0)
            if not pipe.is_alive():  # else closing would wait, for as long as a program that it left holds the pipe
                pipe.source.close()
        if self.kind == "docker":
            self._remove_container()

    def _remove_container(self) -> None:
        """End what runs in docker. Its client is gone by now: docker would wait until somebody read what it printed."""
        state = ["docker", "inspect", "--format", "{{.State.OOMKilled}}", self.container]
        remove = ["docker", "rm", "--force", self.container]
        try:
            killed = subprocess.run(state, capture_output=True, check=False, timeout=DOCKER_SECONDS)
            if killed.stdout.strip() == b"true":
                self.reason = self.reason or REFUSED["MemoryError"]
            subprocess.run(remove, capture_output=True, check=False, timeout=DOCKER_SECONDS)
        except subprocess.TimeoutExpired:
            raise OSError(f"docker has not answered for {DOCKER_SECONDS} s. When it does: {' '.join(remove)}") from None


def _family(pid: int, most: int = MOST_FAMILY) -> list[psutil.Process]:
    """Return what a process has started, and what that has; no more than `most`, since a fork bomb grows meanwhile."""
    found: list[psutil.Process] = []
    waiting = [pid]
    with contextlib.suppress(psutil.Error):
        if not CHILDREN.exists():
            return psutil.Process(pid).children(recursive=True)[:most]
    while waiting and len(found) < most:
        with contextlib.suppress(OSError, psutil.Error):
            for task in Path(f"/proc/{waiting.pop()}/task").iterdir():
                own = [int(word) for word in (task / "children").read_text().split()]
                waiting += own
                found += [psutil.Process(child) for child in own]
    return found


def _resident(process: psutil.Process) -> int:
    """Return the memory of a process, quickly; what a fork shares with its parent is counted again."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _portion(process: psutil.Process) -> int:
    """Return the memory of a process, what it shares shared out; as `_resident` where the system does not count it."""
    try:
        return getattr(process.memory_full_info(), "pss", 0) or _resident(process)
    except psutil.Error:
        return _resident(process)
