"""What result.json says of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

from ..common.errors import DAMAGE, damage
from ..runner.notebook import Failure

RESULT = "result.json"
SCHEMA = 1


class MadeFrom(TypedDict):
    """Hashes of what makes a run's identity, beside its parameters.

    Keys:
        notebook: of its code cells.
        code: of the library's modules.
        assets: parameter -> hash of the file or folder that it names.
    """

    notebook: str
    code: str
    assets: dict[str, str]


class RunResult(TypedDict):
    """A run that has ended, as result.json holds it.

    Keys:
        schema: SCHEMA.
        run: its identity.
        notebook: file name of the notebook.
        parameters: all of them.
        changed: names of those that are not the notebook's defaults.
        status: "ok" or "failed".
        error: why it failed.
        seconds: wall-clock time.
        finished: time, UTC.
        made_from: see `MadeFrom`.
        machine: host name.
        command: the command line of the sweep that ran it.
        git, platform, hardware, versions: from `provenance.origin`.
        files: path below the run's folder -> bytes.
    """

    schema: int
    run: str
    notebook: str
    parameters: dict[str, Any]
    changed: list[str]
    status: str
    error: Failure | None
    seconds: float
    finished: str
    made_from: MadeFrom
    machine: str
    command: list[str]
    git: dict[str, Any] | None
    platform: str
    hardware: dict[str, Any]
    versions: dict[str, str]
    files: dict[str, int]


class DamagedRun(ValueError):
    """A run that is not whole; the message is the reason."""


def whole(text: str | bytes | None, size: Callable[[str], int | None]) -> RunResult:
    """Return the result.json of a run whose files all have the lengths that it names.

    Args:
        text: of result.json; None where there is none.
        size: file -> its bytes; None where there is none.

    Raises:
        DamagedRun: something is missing, or cut off.
    """
    if text is None:
        raise DamagedRun(f"{RESULT} is missing")
    with damage_of_a_run():
        result = json.loads(text)
        lengths = {file: (size(file), length) for file, length in result["files"].items()}
    for file, (found, length) in lengths.items():
        if found != length:
            raise DamagedRun(f"{file} is missing" if found is None else f"{file} has {found} bytes of {length}")
    return result


@contextmanager
def damage_of_a_run() -> Iterator[None]:
    """Let an error of reading result.json say that the run is damaged.

    Raises:
        DamagedRun: it is.
    """
    try:
        yield
    except DAMAGE as error:
        raise DamagedRun(f"{RESULT}: {damage(error)}") from error
