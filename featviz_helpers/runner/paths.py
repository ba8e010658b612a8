"""Values that name files: made absolute before a notebook starts, because it runs in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .parameters import Parameter, ParameterError


def locate(parameter: Parameter, value: Any) -> Any:
    """Make the relative paths in a value absolute.

    Any text that leads to a file here, or with a slash in it to a folder, is a path. A parameter that is declared to
    take a path (see `Parameter.takes_path`) also takes the bare name of a folder, and is refused what leads nowhere.
    Everything else (a layer such as conv1/conv, a URL, a name that the parameter's comment quotes) stays as it is.

    Args:
        parameter: whose value it is.
        value: what the notebook would be given; in a list, each item counts.

    Raises:
        ParameterError: a declared path leads nowhere.
    """
    if isinstance(value, list):
        return [locate(parameter, item) for item in value]
    if not isinstance(value, str) or not value or "://" in value or value in parameter.quoted_names:
        return value
    path = _existing(value, parameter.takes_path)
    if path is None and parameter.takes_path and ("/" in value or Path(value).suffix):
        raise ParameterError(f"{parameter.name}: there is no file or folder {value!r}")
    return value if path is None else str(path)


def _existing(text: str, declared: bool) -> Path | None:
    """Return the absolute path of what a text leads to, if it does."""
    try:
        path = Path(text).expanduser().resolve()
        exists = path.is_file() or (path.is_dir() and (declared or "/" in text))
    except (RuntimeError, ValueError, OSError):  # ~nobody, a NUL in it, a name that is too long
        return None
    return path if exists else None
