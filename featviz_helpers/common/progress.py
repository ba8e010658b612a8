"""One kind of progress bar, which falls silent where it should, and bytes for the eye."""

import os

from tqdm.auto import tqdm


def bar(progress: bool = True, **options: object) -> tqdm:
    """Return a tqdm bar, in a notebook one of its own; none if `progress` is False or TQDM_DISABLE is set.

    Args:
        progress: show it.
        options: what tqdm takes.
    """
    # tqdm's bar for notebooks does not read its own environment variable.
    quiet = not progress or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(disable=quiet, **options)


def format_bytes(size: float) -> str:
    """Return bytes for the eye: 96112376 as "96.1MB"."""
    return f"{tqdm.format_sizeof(size)}B"
