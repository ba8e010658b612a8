"""The other end of `protocol.py`: a library's process as `peers.py` sees it."""

import contextlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

LOG_LINES = 12  # of a worker that stopped


class Worker:
    """A library's process; `ask` gives it a task and waits for the answer.

    Args:
        name: how messages call it.
        command: what to start.
        environment: its variables.
        log: file for everything that it prints.

    Raises:
        click.ClickException: it stopped; the message has the end of its log.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("w") as file:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, env=environment, text=True
            )
        self.ready = self._answer()

    def ask(self, task: str, **arguments) -> dict:
        """Return what the worker answers to one task."""
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and its log says why
            self.process.stdin.write(json.dumps({"task": task, **arguments}) + "\n")
            self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])
            raise click.ClickException(f"{self.name} stopped. Leave it out with --peers, or see why:\n{end}")
        return json.loads(line)

    def close(self) -> None:
        """End the process; a second time does nothing."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # which ends its loop
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
