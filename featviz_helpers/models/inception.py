"""InceptionV3 with any of its weights: Keras's own, with or without the classifier, or up to one of its blocks."""

from __future__ import annotations

import socket
from pathlib import Path

import keras

from ..assets import locate as assets
from ..common.errors import MissingWeights
from .backbone import Backbone
from .traits import INCEPTION_V3
from .weights_file import content, keras_defaults, load_weights

STALL = 30.0  # seconds without a byte after which a download ends; Keras itself sets none
# What Keras numbers over the whole session when it is not given a name.
UNNAMED = ("conv2d", "batch_normalization", "activation", "max_pooling2d", "average_pooling2d", "concatenate")


def load(weights: str | Path | None, download: bool) -> Backbone:
    """Load InceptionV3; see `load_model`."""
    by_name = weights == "imagenet"
    path = assets.find_inception(keras_only=by_name) if by_name or weights is None else Path(weights)
    with keras_defaults():
        model = _fetched(download or by_name) if path is None else _from(path)  # asked by name is leave to fetch
    # Keras numbers unnamed layers over the whole session; the course wants the same names in every run.
    counts: dict[str, int] = {}
    for layer in model.layers:
        stem = layer.name.rstrip("0123456789").rstrip("_")
        if stem in UNNAMED:
            layer.name = f"{stem}_{counts[stem]}" if stem in counts else stem
            counts[stem] = counts.get(stem, 0) + 1
    return Backbone(model, "inception_v3", traits=INCEPTION_V3)


def _fetched(allowed: bool) -> keras.Model:
    if not allowed:
        raise MissingWeights(
            f"No InceptionV3 weights ({assets.INCEPTION_FILES[0]}) in the folder of FEATVIZ_ASSETS, in "
            f"{assets.user_folder()} or in {assets.keras_cache()}. Fetch them with `featviz fetch inception_v3` or "
            f"load_model('inception_v3', download=True) ({assets.INCEPTION_MEGABYTES} MB), pass weights=PATH, or "
            "take load_model('lite0') or load_model('shapesnet'), which need none of them."
        )
    print(f"Downloading InceptionV3 weights, {assets.INCEPTION_MEGABYTES} MB, to {assets.keras_cache()}.")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL)
    try:
        return keras.applications.InceptionV3(weights="imagenet", classifier_activation=None)
    except TimeoutError:
        raise TimeoutError(
            f"The download of InceptionV3 stood still for {STALL:g} s. `featviz fetch inception_v3` goes on from where "
            "a connection broke."
        ) from None
    finally:
        socket.setdefaulttimeout(before)


def _from(path: Path) -> keras.Model:
    """Build as much of InceptionV3 as the weights file holds, and load it."""
    convolutions, has_top = content(path)
    base = keras.applications.InceptionV3(include_top=has_top, weights=None, classifier_activation=None)
    blocks = [layer for layer in base.layers if layer.name.startswith("mixed") and "_" not in layer.name]
    candidates = [base] + [keras.Model(base.input, block.output, name=base.name) for block in reversed(blocks)]
    for model in candidates:
        if sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == convolutions:
            load_weights(model, path)
            return model
    raise ValueError(
        f"'{path}' is not InceptionV3: it holds {convolutions} convolutions, and InceptionV3 has 94 "
        "(or fewer when it ends at one of mixed0 ... mixed10)."
    )
