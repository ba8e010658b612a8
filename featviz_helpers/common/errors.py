"""Errors for people: the exceptions of the course, and how a message names what was probably meant."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_NAMES = 40  # of a list in a message


class DeadStart(ValueError):
    """An image whose objective has no gradient at its start: nothing can be climbed from there."""


class NotFinite(ArithmeticError):
    """A NaN or an infinity appeared during an ascent."""


class MissingWeights(FileNotFoundError):
    """A weights file is not there; the message says which, and how to get it."""


class DownloadError(OSError):
    """A file could not be fetched; the message says why, and what to do."""


class DiskFull(DownloadError):
    """There is no room for a file; the message says how much is missing, and where."""


class UnsafeArchive(ValueError):
    """An archive holds what no archive of data should: a path that leads out, a link, a device, far too much."""


class DamagedImage(ValueError):
    """An image file that cannot be decoded; the message is the reason."""


class DamagedImageWarning(UserWarning):
    """Some images of a data set could not be decoded and were left out; the message counts and names them."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: what was probably meant, or what there is.

    Args:
        name: what was written.
        known: the names that exist.
    """
    known = sorted(known)
    close = difflib.get_close_matches(name.upper(), [k.upper() for k in known], n=3, cutoff=0.6)
    names = [k for k in known if k.upper() in close]
    if names:
        return f"did you mean {' or '.join(names)}?"
    shown = ", ".join(known[:MOST_NAMES]) + (", ..." if len(known) > MOST_NAMES else "")
    return f"there is {shown}" if known else "there are none"


@contextmanager
def damage_named(what: str | Path) -> Iterator[None]:
    """Let an error of reading name the file or folder, in place of what a parser tripped over.

    Raises:
        ValueError: it is damaged.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # trouble of the machine
        raise ValueError(f"'{what}' is damaged ({first_line(error)}). Delete it, or choose another.") from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or its kind where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
