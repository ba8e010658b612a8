"""Where weights live: the package's own data, the FEATVIZ_ASSETS folder, Keras's cache."""

import os
from importlib.resources import files
from pathlib import Path

# In order of preference; the last one is the headless network up to `mixed8`.
INCEPTION_FILES = (
    "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
    "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "inception_v3_2015_trunk_mixed8.weights.h5",
)
INCEPTION_MEGABYTES = 96


def bundled(name: str) -> Path:
    """Return the path of a file that ships inside the package."""
    return Path(str(files("featviz_helpers") / "data" / name))


def folder() -> Path | None:
    """Return the folder that the environment variable FEATVIZ_ASSETS names, or None where it is not set.

    Raises:
        NotADirectoryError: the variable is set and names no folder.
    """
    named = os.environ.get("FEATVIZ_ASSETS")
    if not named:
        return None
    if not Path(named).is_dir():
        raise NotADirectoryError(
            f"FEATVIZ_ASSETS is set to '{named}', which is not a folder. "
            "Point it at a folder that has weights/ and data/ in it, or unset it."
        )
    return Path(named)


def keras_cache() -> Path:
    """Return the folder where Keras keeps downloaded weights (KERAS_HOME moves it)."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def find_inception(keras_only: bool = False) -> Path | None:
    """Return InceptionV3 weights that are already on this machine, or None.

    Args:
        keras_only: leave out the weights that end at `mixed8`, which Keras does not publish.

    Returns:
        The first that exists: the assets folder comes before Keras's cache, the whole network before a part.
    """
    places = [keras_cache()] if folder() is None else [folder() / "weights", keras_cache()]
    candidates = (place / name for place in places for name in INCEPTION_FILES[: 2 if keras_only else 3])
    return next((path for path in candidates if path.is_file()), None)
