"""Arrays of numpy that people give, and from files that may be damaged or of another kind."""

from pathlib import Path

import numpy as np

from .checks import refusal

MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")  # what .npz and .npy begin with


def as_array(name: str, value: object, allowed: str, *dimensions: int, finite: bool = False) -> np.ndarray:
    """Return an array of numbers.

    Args:
        name: what the message calls it: "maps".
        value: what was given.
        allowed: what it should be, such as "an array of numbers (N, H, W)".
        dimensions: how many it may have.
        finite: whether NaN and infinity are refused.

    Raises:
        ValueError: it is something else.
    """
    try:
        given = np.asarray(value)
    except (ValueError, TypeError):  # lists of different lengths, and objects that are no arrays
        raise refusal(name, allowed, value) from None
    if given.dtype.kind not in "fiub" or given.ndim not in dimensions or not given.size:
        raise refusal(name, allowed, value)
    if finite and not np.isfinite(given).all():
        raise refusal(name, f"{allowed}, all of them finite", value, "It holds NaN or infinity.")
    return given


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name, and that of an .npy file under the file's own; no pickle is read.

    Raises:
        errors.DAMAGE: whatever numpy trips over in a damaged file; `errors.damage_named` makes a sentence of it.
    """
    with path.open("rb") as file:
        if not file.read(len(MAGIC[-1])).startswith(MAGIC):  # numpy would take it for a pickle, and advise to load that
            raise ValueError("no arrays of numpy")
        file.seek(0)
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {path.stem: found}
        return {name: found[name] for name in found.files}
