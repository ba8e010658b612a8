"""Read a state dict in torch's old file format without torch, and without running anything that the file says.

Such a file is a row of pickles followed by the raw numbers: magic number, protocol version, a note on the machine, the
dictionary, the keys of the storages, then for each storage its length and its bytes. A pickle is a program; here only
the few instructions and names that a dictionary of tensors needs are allowed, and everything is checked before the
first of them is followed.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
TYPES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1", "BoolStorage": "?",
}  # fmt: skip
INSTRUCTIONS = {
    *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "LONG1", "BININT", "BININT1", "BININT2", "BINUNICODE"),
    *("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "SETITEM", "SETITEMS"),
    *("APPEND", "APPENDS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "GLOBAL", "BINPERSID", "REDUCE", "BUILD"),
}
MOST_MEMORY = 1 << 20  # entries of a pickle's memory: a large number would reserve gigabytes


class Refused(ValueError):
    """A file that is no state dict of plain tensors; the message says what was found."""


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_state(path: str | Path) -> dict[str, np.ndarray]:
    """Read the tensors of a state dict as arrays.

    Args:
        path: a file that `torch.save` wrote in its format before version 1.6.

    Returns:
        Name -> array, in the order of the file.

    Raises:
        ValueError: the file is damaged, cut off, in the newer zip format, or no dictionary of tensors alone.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except Refused as error:
        raise ValueError(f"'{path}' is not read: {error}") from None
    except Exception as error:  # bytes at random fail anywhere in pickle and numpy, but run nothing
        raise ValueError(f"'{path}' is damaged, or no torch file ({type(error).__name__}: {error}).") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if file.read(2) == b"PK":
        raise Refused("it has torch's zip format. Install torch, or save it with _use_new_zipfile_serialization=False.")
    file.seek(0)
    if _load(file) != MAGIC or _load(file) != PROTOCOL or _load(file).get("little_endian") is not True:
        raise Refused("it does not begin as a torch file does.")
    state, keys = _load(file, tensors=True), _load(file)
    if not isinstance(state, dict) or not all(
        type(name) is str and type(value) is _Tensor for name, value in dict.items(state)
    ):
        raise Refused("it is no dictionary of named tensors.")
    storages = {tensor.storage.key: tensor.storage for tensor in dict.values(state)}
    if not isinstance(keys, list) or set(keys) != set(storages) or len(keys) != len(storages):
        raise Refused("its list of storages does not fit its tensors.")
    numbers = {key: _numbers(file, storages[key]) for key in keys}
    return {name: _array(tensor, numbers[tensor.storage.key]) for name, tensor in dict.items(state)}


def _load(file: BinaryIO, tensors: bool = False) -> Any:
    """Follow the next pickle of a file, whose instructions have all been looked at before."""
    begin = file.tell()
    for instruction, argument, position in pickletools.genops(file):
        name = instruction.name
        if name not in INSTRUCTIONS or (not tensors and name in ("GLOBAL", "REDUCE", "BUILD", "BINPERSID")):
            raise Refused(
                f"it has the instruction {name} at byte {position}, which a dictionary of tensors does not need."
            )
        if name == "GLOBAL" and argument not in _NAMES:
            raise Refused(f"it asks for {argument.replace(' ', '.')}, which is code and no tensor.")
        if name == "LONG_BINPUT" and argument > MOST_MEMORY:
            raise Refused(f"it asks for memory number {argument}.")
    end = file.tell()
    file.seek(begin)
    return _Unpickler(io.BytesIO(file.read(end - begin))).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable:
        # Made anew for every file, so that nothing in a file can change what the next one gets.
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: _Tensor(storage, offset, size, stride)
        return _Kind(name)

    def persistent_load(self, pid: Any) -> _Storage:
        word, kind, key, _, count, view = pid
        if word != "storage" or type(kind) is not _Kind or type(key) is not str or view is not None:
            raise Refused("it refers to something that is no storage.")
        return _Storage(key, TYPES[kind.name], _whole(count))


@dataclass(frozen=True)
class _Kind:
    name: str


_NAMES = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", *(f"torch {name}" for name in TYPES)}


def _whole(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise Refused(f"it has {number!r} where a count belongs.")
    return number


def _numbers(file: BinaryIO, storage: _Storage) -> np.ndarray:
    count = int(np.frombuffer(file.read(8), "<i8")[0])
    if count != storage.count:
        raise Refused(f"storage {storage.key} has {count} numbers, and {storage.count} were announced.")
    dtype = np.dtype(storage.kind)
    here = file.tell()
    left = file.seek(0, io.SEEK_END) - here  # asked first: a made-up count must not reserve memory
    if count * dtype.itemsize > left:
        raise Refused(
            f"it ends early: storage {storage.key} needs {count * dtype.itemsize} bytes, and {left} are left."
        )
    file.seek(here)
    return np.frombuffer(file.read(count * dtype.itemsize), dtype)


def _array(tensor: _Tensor, numbers: np.ndarray) -> np.ndarray:
    if not (isinstance(tensor.size, tuple) and isinstance(tensor.stride, tuple)) or len(tensor.size) != len(
        tensor.stride
    ):
        raise Refused("a tensor has no shape.")
    size, stride = tuple(map(_whole, tensor.size)), tuple(map(_whole, tensor.stride))
    last = _whole(tensor.offset) + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if math.prod(size) > len(numbers) or (math.prod(size) and last >= len(numbers)):
        raise Refused("a tensor reaches beyond its numbers.")
    bytes_apart = [s * numbers.itemsize for s in stride]
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], size, bytes_apart, writeable=False)
    return np.ascontiguousarray(view).reshape(size)
