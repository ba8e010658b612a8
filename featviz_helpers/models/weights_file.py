"""Files of weights and of whole networks: what is in them, and how they are loaded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras

from ..common.errors import MissingWeights, first_line


@contextmanager
def keras_defaults() -> Iterator[None]:
    """Build networks as the course means them, whatever ~/.keras/keras.json or the caller has set."""
    layout, number = keras.config.image_data_format(), keras.config.floatx()
    policy = keras.config.dtype_policy()
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_image_data_format(layout)
        keras.config.set_floatx(number)
        keras.config.set_dtype_policy(policy)


def content(path: Path) -> tuple[int, bool]:
    """Count the convolutions in an HDF5 weights file of either Keras format, and say whether it has a classifier.

    Raises:
        MissingWeights: there is no such file.
        ValueError: it is no HDF5.
    """
    if not path.is_file():
        raise MissingWeights(
            f"There is no weights file at '{path}'. Give a path that exists, fetch Keras's weights with "
            "load_model('inception_v3', download=True), or take load_model('lite0') or load_model('shapesnet')."
        )
    try:
        with h5py.File(path) as file:
            names = list(file["layers"]) if "layers" in file else [str(name) for name in file]
    except OSError as error:
        raise ValueError(f"'{path}' is not a readable HDF5 weights file ({error}).") from error
    has_top = any(name.startswith(("dense", "predictions")) for name in names)
    return sum(name.startswith("conv2d") for name in names), has_top


def holds_model(path: Path) -> bool:
    """Whether an HDF5 file is a whole network and not its weights alone."""
    content(path)  # refuses what is not HDF5
    with h5py.File(path) as file:
        return "model_config" in file.attrs


def load_weights(model: keras.Model, path: Path) -> None:
    """Load a weights file into a network.

    Raises:
        MissingWeights: there is no such file.
        ValueError: it is damaged, or of another network.
    """
    if not path.is_file():
        raise MissingWeights(f"There is no weights file at '{path}'. Train it with data_scripts/train_shapesnet.py.")
    try:
        with warnings.catch_warnings():
            # Keras only warns when a file lacks some layers, and leaves those at random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except Exception as error:  # a damaged file fails in HDF5, in zlib or in what Keras makes of it
        raise ValueError(f"The weights in '{path}' do not fit {model.name}: {first_line(error)}") from error


def load_saved(path: Path) -> keras.Model:
    """Load a saved `.keras` or `.h5` network.

    Raises:
        ValueError: it is damaged, no Keras model, or holds layers that are Python code.
    """
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged or foreign file fails in zip, JSON, HDF5 or Keras, each with its own error
        if "safe_mode" in str(error):
            raise ValueError(
                f"'{path}' has a Lambda layer, which is Python code, and code from a file is not run. Build it "
                "in Python, and give the network to fv.Backbone(model, name)."
            ) from error
        raise ValueError(f"'{path}' is not a saved Keras model, or it is damaged ({first_line(error)}).") from error
