"""Errors for people: the exceptions of the course, and how a message names what was probably meant."""

import difflib
import errno
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .checks import shown

MOST_NAMES = 40  # of a list in a message
PLAIN_WORDS = {
    "Value error, ": "",
    "Input should be": "must be",
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid ": "a ",
    "Extra inputs are not permitted": "is no field of it",
    "Field required": "must be given",
}  # for those of pydantic
# What parsers trip over in a damaged file: of JSON, parquet, zip, numpy, and what takes a wrong number for a size.
DAMAGE = (
    ValueError, LookupError, TypeError, AttributeError, OSError, EOFError, RuntimeError, ArithmeticError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
LONGEST_NAME = 200  # characters that are compared: the time grows with their square


class DeadStart(ValueError):
    """An image whose objective has no gradient at its start: nothing can be climbed from there."""


class NotFinite(ArithmeticError):
    """A NaN or an infinity appeared during an ascent."""


class TooLittleMemory(MemoryError):
    """Memory ran out; the message says for what, and what to ask for instead."""


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


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the end of an error message: what was probably meant, or what there is.

    Args:
        name: what was written; what is no text is like none of them.
        known: the names that exist.
    """
    known = sorted(known)
    close = difflib.get_close_matches(str(name)[:LONGEST_NAME].upper(), [k.upper() for k in known], n=3, cutoff=0.6)
    names = [k for k in known if k.upper() in close]
    if names:
        return f"did you mean {' or '.join(names)}?"
    shown = ", ".join(known[:MOST_NAMES]) + (", ..." if len(known) > MOST_NAMES else "")
    return f"there is {shown}" if known else "there are none"


def validation_sentence(error: Any) -> str:
    """Return what the first complaint of a pydantic.ValidationError says: where, what is wanted, what was given."""
    first = error.errors(include_url=False)[0]
    where, wanted = ".".join(map(str, first["loc"])), first["msg"]
    for pydantics, ours in PLAIN_WORDS.items():
        wanted = wanted.replace(pydantics, ours)
    given = "" if first["type"] in ("value_error", "missing", "extra_forbidden") else f"; got {shown(first['input'])}"
    between = ": " if where and first["type"] == "value_error" else " "
    return f"{where}{between}{wanted[:1].lower()}{wanted[1:]}{given}".strip()


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
    except DAMAGE as error:
        raise ValueError(f"'{what}' is damaged ({damage(error)}). Delete it, or choose another.") from error


@contextmanager
def written_named(path: Path, part: Path | None = None) -> Iterator[None]:
    """Let an error of writing name the file: a full disk is told without a name, or with that of the file's part.

    Raises:
        OSError: what was raised inside.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part), part):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def damage(error: Exception) -> str:
    """Return what a parser found in a damaged file, in one line.

    Raises:
        OSError: the error is the machine's, such as too many open files, and says nothing about the file.
    """
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # which a wrong offset gives
        raise error
    return f"{error} is missing" if isinstance(error, KeyError) else first_line(error)


def printable(text: str) -> str:
    """Return text as one line that is safe on a terminal, whoever wrote it.

    Colours are left out. Any other control character, and half of a character, are written out, such as \\x1b.

    Args:
        text: such as a title from a notebook that somebody handed in.
    """
    one_line = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()).replace("\t", " ")
    return "".join(one if one.isprintable() or one == "\N{NO-BREAK SPACE}" else _written_out(one) for one in one_line)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, or its kind where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
