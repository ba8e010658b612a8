"""Read answers that anybody may have written: sizes and counts are known before anything is read, no code is run.

An answers file is .npz (numpy's zip of arrays, without pickles) or .json. Both name the assignment and the student.
"""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from ..common.checks import file_name
from ..common.errors import DAMAGE, damage, printable
from ..common.progress import format_bytes

NAMES = ("answers.npz", "answers.json")
MOST_BYTES = 8_000_000  # of a file; the largest honest one has 0.2 MB
MOST_UNPACKED = 16_000_000  # of all arrays together
MOST_ANSWERS = 40
MOST_NAME = 60
MOST_TEXT = 20_000  # characters
KINDS = "fiubU"  # floats, whole numbers, truth values, text
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
MOST_HEADER = 10_000


class Unreadable(ValueError):
    """A hand-in that is not read; the message says why."""


@dataclass(frozen=True)
class HandIn:
    """What a student handed in.

    Attributes:
        assignment, student: as the file says; whose it is, the teacher knows better.
        answers: question -> array or text.
    """

    assignment: str
    student: str
    answers: dict[str, np.ndarray | str]


def read_answers(path: str | Path) -> HandIn:
    """Read an answers file.

    Args:
        path: .npz or .json, from anybody.

    Raises:
        ValueError: no path.
        Unreadable: a link, too large, packed too tightly, with pickles, damaged, or of another kind.
    """
    path = file_name("path", path)
    if path.is_symlink() or not path.is_file():
        raise Unreadable(f"{path.name} is a link or no file, and is not followed: answers must be in a file")
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(f"{path.name} has {format_bytes(path.stat().st_size)}, at most {format_bytes(MOST_BYTES)}")
    try:
        with path.open("rb") as file:
            found = _from_zip(file) if path.suffix == ".npz" else _from_json(file)
    except Unreadable:
        raise
    except (*DAMAGE, RecursionError, SyntaxError, NotImplementedError) as error:
        raise Unreadable(f"{path.name} is damaged or no file of answers ({_words(error)})") from None
    said = [found.pop(name, None) for name in ("assignment", "student")]
    if not all(isinstance(value, str) and 0 < len(value) <= 200 for value in said):
        raise Unreadable(f"{path.name} does not name its assignment and its student")
    return HandIn(printable(str(said[0])), printable(str(said[1])), found)


def _words(error: Exception) -> str:
    return printable(damage(error))[:120] if isinstance(error, DAMAGE) else type(error).__name__


def _from_zip(file: IO[bytes]) -> dict[str, Any]:
    with zipfile.ZipFile(file) as packed:
        members = packed.infolist()
        _check_count(len(members))
        if (size := sum(member.file_size for member in members)) > MOST_UNPACKED:
            raise Unreadable(f"unpacked it would have {format_bytes(size)}, at most {format_bytes(MOST_UNPACKED)}")
        found = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            _check_name(name)
            if member.compress_type not in PACKED:
                raise Unreadable(f"{name} is packed in a way that is not read: numpy.savez_compressed writes what is")
            if name in found or not member.filename.endswith(".npy"):
                raise Unreadable(f"{printable(name)} is there twice, or is no array")
            with packed.open(member) as content:
                found[name] = _array(content, member.file_size, name)
        return found


def _array(content: IO[bytes], size: int, name: str) -> np.ndarray | str:
    """Read one array, after its header has said how large it is."""
    version = npy.read_magic(content)
    if version not in HEADERS:
        raise Unreadable(f"{name} is in a form of numpy that is not read")
    shape, fortran, kind = HEADERS[version](content, max_header_size=MOST_HEADER)
    if kind.hasobject or kind.kind not in KINDS:
        raise Unreadable(f"{name} holds {kind}, and only numbers and text are read: no objects, which may be programs")
    wanted = math.prod(shape) * kind.itemsize
    if not 0 <= wanted <= size:
        raise Unreadable(f"{name} claims {format_bytes(wanted)}, and {format_bytes(size)} are there")
    if kind.kind == "U" and (shape or kind.itemsize > 4 * MOST_TEXT):
        raise Unreadable(f"{name}: one text of at most {MOST_TEXT:,} characters is read")
    values = np.frombuffer(content.read(wanted), kind, math.prod(shape)) if wanted else np.zeros(math.prod(shape), kind)
    array = values.reshape(shape, order="F" if fortran else "C")
    return str(array) if kind.kind == "U" else array


def _from_json(file: IO[bytes]) -> dict[str, Any]:
    content = json.loads(file.read(MOST_BYTES).decode("utf-8"))
    answers = content.pop("answers", None) if isinstance(content, dict) else None
    if not isinstance(answers, dict):
        raise Unreadable("it has no table of answers")
    _check_count(len(answers))
    found: dict[str, Any] = {name: content.get(name) for name in ("assignment", "student")}
    for name, value in answers.items():
        _check_name(name)
        if isinstance(value, str):
            if len(value) > MOST_TEXT:
                raise Unreadable(f"{name}: one text of at most {MOST_TEXT:,} characters is read")
            found[name] = value
            continue
        array = np.asarray(value)  # ragged lists and mixtures raise, or become objects
        if array.dtype.kind not in "fiub":
            raise Unreadable(f"{name} holds {array.dtype}, and only numbers and text are read")
        whole = array.dtype.kind == "i" and array.ndim == 3 and array.size and array.min() >= 0 and array.max() <= 255
        found[name] = array.astype(np.uint8) if whole else array
    return found


def _check_count(count: int) -> None:
    if count > MOST_ANSWERS:
        raise Unreadable(f"it holds {count:,} answers, at most {MOST_ANSWERS}")


def _check_name(name: str) -> None:
    if not name.isidentifier() or len(name) > MOST_NAME:
        raise Unreadable(f"{printable(name)[:MOST_NAME]!r} is no name of an answer")
