"""Arrays of numpy from files that may be damaged, or of another kind."""

from pathlib import Path

import numpy as np

MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY")  # what .npz and .npy begin with


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
