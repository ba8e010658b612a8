"""Load a network by name or by path: a ShapesNet, EfficientNet-Lite, InceptionV3 with any weights, or your own."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from ..assets import locate as assets
from ..common.checks import file_name, flag, shown
from ..common.errors import MissingWeights, nearest
from . import inception, lite, shapesnet
from .backbone import Backbone
from .cache import ModelCache
from .devices import prepare_devices
from .traits import SHAPESNET
from .weights_file import content, holds_model, keras_defaults, load_saved, load_weights

BUNDLED = ("shapesnet", "shapesnet_plain")
NAMES = (*BUNDLED, "lite0", "lite1", "inception_v3", "auto")


def load_model(name: str | Path = "auto", weights: str | Path | None = None, download: bool = False) -> Backbone:
    """Load a network as a `Backbone`.

    Args:
        name: "shapesnet" (bundled), "shapesnet_plain" (bundled: its twin, trained without adversarial noise), "lite0"
            or "lite1" (EfficientNet-Lite, ImageNet, 19 or 22 MB, installed with the course), "inception_v3", "auto"
            (InceptionV3 on a GPU, lite0 without one: decided by the hardware alone), or a path: of a saved
            `.keras` or `.h5` model with an image input in [-1, 1], or of weights alone, `.h5` or `.weights.h5`, of
            ShapesNet or InceptionV3.
        weights: for "inception_v3" (and for "auto" when it becomes InceptionV3), "imagenet" for Keras's own, fetched
            when they are not there; or the path of a Keras `.h5` or of a `.weights.h5` that may end at any `mixed`
            layer; None takes what is in the folder of FEATVIZ_ASSETS, in the user's own or in Keras's cache. For
            a ShapesNet, a `.weights.h5` from data_scripts/train_shapesnet.py. For "lite0" and "lite1", another
            state dict in torch's old format.
        download: allow Keras to fetch its InceptionV3 weights (96 MB) when they are not on this machine; the
            call then says so.

    Returns:
        The backbone, with batch norm folded wherever it is cut.

    Raises:
        ValueError: an unknown name, or weights that do not fit the network.
        MissingWeights: a weights file is not there.
    """
    try:
        name = str(file_name("name", name))
    except ValueError:
        known = ", ".join(NAMES)
        raise ValueError(f"A model is one of {known}, or the path of a saved model; got {shown(name)}.") from None
    weights = weights if weights is None else str(file_name("weights", weights))
    download = flag("download", download)
    prepare_devices()
    return _cached(name, weights, download)


def _load_model(name: str | Path, weights: str | Path | None, download: bool) -> Backbone:
    if name == "auto":
        gpu = bool(tf.config.list_physical_devices("GPU"))
        name = "inception_v3" if gpu else "lite0"
        print(f"MODEL 'auto': {'a GPU is here' if gpu else 'no GPU here'}, so the network is {name}.")
        weights = weights if gpu else None
    if name in BUNDLED:
        return _shapesnet(str(name), weights)
    if name in lite.TRAITS:
        return lite.load(str(name), weights)
    if name == "inception_v3":
        return inception.load(weights, download)
    if Path(name).suffix in (".keras", ".h5") or _exists(Path(name)):
        if weights is not None:
            raise ValueError(
                f"weights= goes with a name ({', '.join(NAMES)}); got '{weights}' beside the file '{name}', which has "
                "its own. Leave it out, or give the name of the network that the weights are of."
            )
        return _from_file(Path(name))
    meant = nearest(str(name), NAMES)
    raise ValueError(f"There is no model '{name}': {meant} The path of a saved .keras or .h5 model works as well.")


_cached = ModelCache(_load_model)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def _shapesnet(name: str, weights: str | Path | None) -> Backbone:
    with keras_defaults():
        model = shapesnet.build()
    load_weights(model, Path(weights) if weights else assets.bundled(f"{name}.weights.h5"))
    return Backbone(model, name, traits=SHAPESNET)


def _from_file(path: Path) -> Backbone:
    """Load a saved model, or weights alone of a network that the course knows."""
    if not path.is_file():
        raise MissingWeights(
            f"There is no model file at '{path}'. load_model('lite0') and load_model('shapesnet') need none."
        )
    if path.suffix == ".h5" and not holds_model(path):
        with keras_defaults():
            convolutions = sum(isinstance(layer, keras.layers.Conv2D) for layer in shapesnet.build().layers)
        own = content(path)[0] == convolutions
        return _shapesnet("shapesnet", path) if own else inception.load(path, download=False)
    return Backbone(load_saved(path), path.stem)
