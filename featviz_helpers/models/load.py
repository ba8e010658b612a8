"""Load a network by name or by path: the bundled ShapesNet, InceptionV3 with any of its weights, or your own."""

import warnings
from pathlib import Path

import h5py
import keras
import tensorflow as tf

from ..assets import locate as assets
from ..common.errors import MissingWeights, nearest
from ..models import shapesnet
from .backbone import Backbone
from .cache import ModelCache

NAMES = ("shapesnet", "inception_v3", "auto")
DEFAULT_LAYER = {"shapesnet": "mixed2", "inception_v3": "mixed6"}
# What Keras numbers over the whole session when it is not given a name.
UNNAMED = ("conv2d", "batch_normalization", "activation", "max_pooling2d", "average_pooling2d", "concatenate")


def load_model(name: str | Path = "auto", weights: str | Path | None = None, download: bool = False) -> Backbone:
    """Load a network as a `Backbone`.

    Args:
        name: "shapesnet" (bundled), "inception_v3", "auto" (InceptionV3 on a GPU, ShapesNet without one: decided by
            the hardware alone), or a path: of a saved `.keras` or `.h5` model with an image input in [-1, 1], or of
            weights alone, `.h5` or `.weights.h5`, of either known network.
        weights: for "inception_v3" (and for "auto" when it becomes InceptionV3), "imagenet" for Keras's own, fetched
            when they are not there; or the path of a Keras `.h5` or of a `.weights.h5` that may end at any `mixed`
            layer; None takes what is in the folder of FEATVIZ_ASSETS, in the user's own or in Keras's cache. For
            "shapesnet", a `.weights.h5` from data_scripts/train_shapesnet.py.
        download: allow Keras to fetch its InceptionV3 weights (96 MB) when they are not on this machine; the
            call then says so.

    Returns:
        The backbone, with batch norm folded wherever it is cut.

    Raises:
        ValueError: an unknown name, or weights that do not fit the network.
        MissingWeights: a weights file is not there.
    """
    return _cached(name, weights, download)


def _load_model(name: str | Path, weights: str | Path | None, download: bool) -> Backbone:
    if name == "auto":
        gpu = bool(tf.config.list_physical_devices("GPU"))
        name = "inception_v3" if gpu else "shapesnet"
        print(f"MODEL 'auto': {'a GPU is here' if gpu else 'no GPU here'}, so the network is {name}.")
        weights = weights if gpu else None
    if name == "shapesnet":
        return _shapesnet(weights)
    if name == "inception_v3":
        return _inception(weights, download)
    if Path(name).suffix in (".keras", ".h5") or Path(name).exists():
        return _from_file(Path(name))
    meant = nearest(str(name), NAMES)
    raise ValueError(f"There is no model '{name}': {meant} The path of a saved .keras or .h5 model works as well.")


_cached = ModelCache(_load_model)


def _shapesnet(weights: str | Path | None) -> Backbone:
    model = shapesnet.build()
    _load(model, Path(weights) if weights else assets.bundled("shapesnet.weights.h5"))
    return Backbone(model, "shapesnet", default_layer=DEFAULT_LAYER["shapesnet"])


def _inception(weights: str | Path | None, download: bool) -> Backbone:
    named = weights == "imagenet"
    path = assets.find_inception(keras_only=named) if named or weights is None else Path(weights)
    if path is None:
        if not download and not named:  # asking for them by name is leave enough
            raise MissingWeights(
                f"No InceptionV3 weights ({assets.INCEPTION_FILES[0]}) in the folder of FEATVIZ_ASSETS, in "
                f"{assets.user_folder()} or in {assets.keras_cache()}. Fetch them with `featviz fetch inception_v3` or "
                f"load_model('inception_v3', download=True) ({assets.INCEPTION_MEGABYTES} MB), pass weights=PATH, or "
                "use the bundled load_model('shapesnet')."
            )
        print(f"Downloading InceptionV3 weights, {assets.INCEPTION_MEGABYTES} MB, to {assets.keras_cache()}.")
        model = keras.applications.InceptionV3(weights="imagenet", classifier_activation=None)
    else:
        model = _inception_from(path)
    # Keras numbers unnamed layers over the whole session; the course wants the same names in every run.
    counts: dict[str, int] = {}
    for layer in model.layers:
        stem = layer.name.rstrip("0123456789").rstrip("_")
        if stem in UNNAMED:
            layer.name = f"{stem}_{counts[stem]}" if stem in counts else stem
            counts[stem] = counts.get(stem, 0) + 1
    return Backbone(model, "inception_v3", default_layer=DEFAULT_LAYER["inception_v3"])


def _inception_from(path: Path) -> keras.Model:
    """Build as much of InceptionV3 as the weights file holds, and load it."""
    convolutions, has_top = _content(path)
    base = keras.applications.InceptionV3(include_top=has_top, weights=None, classifier_activation=None)
    blocks = [layer for layer in base.layers if layer.name.startswith("mixed") and "_" not in layer.name]
    candidates = [base] + [keras.Model(base.input, block.output, name=base.name) for block in reversed(blocks)]
    for model in candidates:
        if sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == convolutions:
            _load(model, path)
            return model
    raise ValueError(
        f"'{path}' is not InceptionV3: it holds {convolutions} convolutions, and InceptionV3 has 94 "
        "(or fewer when it ends at one of mixed0 ... mixed10)."
    )


def _content(path: Path) -> tuple[int, bool]:
    """Count the convolutions in an HDF5 weights file of either Keras format, and say whether it has a classifier."""
    if not path.is_file():
        raise MissingWeights(
            f"There is no weights file at '{path}'. Give a path that exists, fetch Keras's weights with "
            "load_model('inception_v3', download=True), or use the bundled network: load_model('shapesnet')."
        )
    try:
        with h5py.File(path) as file:
            names = list(file["layers"]) if "layers" in file else [str(name) for name in file]
    except OSError as error:
        raise ValueError(f"'{path}' is not a readable HDF5 weights file ({error}).") from error
    has_top = any(name.startswith(("dense", "predictions")) for name in names)
    return sum(name.startswith("conv2d") for name in names), has_top


def _load(model: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise MissingWeights(f"There is no weights file at '{path}'. Train it with data_scripts/train_shapesnet.py.")
    try:
        with warnings.catch_warnings():
            # Keras only warns when a file lacks some layers, and leaves those at random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        first = str(error).strip().splitlines()[0]
        raise ValueError(f"The weights in '{path}' do not fit {model.name}: {first}") from error


def _from_file(path: Path) -> Backbone:
    """Load a saved model, or weights alone of a network that the course knows."""
    if not path.is_file():
        raise MissingWeights(f"There is no model file at '{path}'. The bundled network is load_model('shapesnet').")
    if path.suffix == ".h5" and not _holds_model(path):
        convolutions = sum(isinstance(layer, keras.layers.Conv2D) for layer in shapesnet.build().layers)
        return _shapesnet(path) if _content(path)[0] == convolutions else _inception(path, download=False)
    try:
        return Backbone(keras.models.load_model(path, compile=False), path.stem)
    except (ValueError, OSError) as error:
        raise ValueError(f"'{path}' is not a saved Keras model ({str(error).splitlines()[0]}).") from error


def _holds_model(path: Path) -> bool:
    _content(path)  # refuses what is not HDF5
    with h5py.File(path) as file:
        return "model_config" in file.attrs
