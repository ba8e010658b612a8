"""What result.json says of a run."""

from __future__ import annotations

from typing import Any, TypedDict

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
    git: dict[str, Any] | None
    platform: str
    hardware: dict[str, Any]
    versions: dict[str, str]
    files: dict[str, int]
