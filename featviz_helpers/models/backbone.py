"""A backbone: a network with names for its layers, that can be cut at any of them."""

from collections.abc import Callable, Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from ..common.errors import nearest
from ..models import devices  # noqa: F401  (memory growth comes before the first operation)
from .truncate import truncate_and_fold


class Backbone:
    """A convolutional network seen as layers and channels.

    Args:
        model: a functional `keras.Model` with one image input, in inference form.
        name: how outputs and results call it.
        preprocess: maps images in [-1, 1] to what the network expects; identity by default.
        default_layer: what LAYER = "auto" means; the layer two thirds of the way up by default.

    Attributes:
        layers: layer name -> number of channels, in the order of the network.
        logits: name of the layer that holds the class scores, or None for a headless network.

    Raises:
        ValueError: the model has not exactly one image input `(N, H, W, 3)`.
    """

    def __init__(
        self,
        model: keras.Model,
        name: str | None = None,
        preprocess: Callable[[tf.Tensor], tf.Tensor] | None = None,
        default_layer: str | None = None,
    ) -> None:
        if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4 or model.inputs[0].shape[-1] != 3:
            shapes = [tuple(tensor.shape) for tensor in model.inputs]
            raise ValueError(f"A backbone needs one image input of shape (N, H, W, 3); got {shapes}.")
        self.model, self.name = model, name or model.name
        self.preprocess = preprocess or (lambda images: images)
        self.layers = {
            layer.name: layer.output.shape[-1]
            for layer in model.layers
            if not isinstance(layer, keras.layers.InputLayer)
            and len(layer._inbound_nodes) == 1  # a shared layer has no output of its own
            and isinstance(layer.output, keras.KerasTensor)
            and len(layer.output.shape) in (2, 4)
        }
        dense = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        self.logits = dense[-1] if dense else None
        maps = [layer.name for layer in model.layers if layer.name in self.layers and len(layer.output.shape) == 4]
        self.default_layer = default_layer or maps[2 * len(maps) // 3]
        self.compiled: dict = {}  # ascent.py keeps one compiled function per structure here
        self._truncated: dict = {}

    def __repr__(self) -> str:
        scores = f"class scores in '{self.logits}'" if self.logits else "no class scores (headless)"
        return f"{self.name}: {len(self.layers)} layers up to '{list(self.layers)[-1]}', {scores}"

    def resolve(self, layer: str) -> str:
        """Return the layer's name: "auto" becomes the default layer, "logits" the class scores.

        Raises:
            ValueError: no such layer (the message has the nearest names), or no class scores.
        """
        if layer == "auto":
            return self.default_layer
        if layer == "logits" and self.logits is None:
            raise ValueError(
                f"{self.name} has no class scores: its weights end at '{list(self.layers)[-1]}'. "
                "Load weights with a classifier, or use a channel objective."
            )
        name = self.logits if layer == "logits" else layer
        if name not in self.layers:
            raise ValueError(f"{self.name} has no layer '{layer}': {nearest(name, self.layers)}")
        return name

    def ladder(self, count: int = 4) -> list[str]:
        """Return `count` layers from low to high, evenly spread over the blocks (`mixed0`, ...) where there are any."""
        blocks = [layer.name for layer in self.model.layers if isinstance(layer, keras.layers.Concatenate)]
        named = [name for name in blocks if name.startswith("mixed") and "_" not in name]
        rungs = named or blocks or [name for name in self.layers if name != self.logits]
        return [rungs[round(i)] for i in np.linspace(0, len(rungs) - 1, min(count, len(rungs)))]

    def check_channels(self, layer: str, channels: Iterable[int]) -> None:
        """Raise ValueError when a channel number does not exist in `layer`."""
        count = self.layers[self.resolve(layer)]
        wrong = [int(channel) for channel in channels if not 0 <= channel < count]
        if wrong:
            raise ValueError(f"'{layer}' of {self.name} has channels 0 to {count - 1}; got {wrong}.")

    def truncate(self, *layers: str, precision: str = "float32", relu: str = "plain", fold: bool = True) -> keras.Model:
        """Cut the network: nothing above the highest of `layers` is left, and batch norm is folded.

        Args:
            layers: one or more layer names.
            precision: a Keras dtype policy: "float32", "mixed_bfloat16" or "mixed_float16".
            redirect: give every ReLU a backward pass that leaks below zero (see `folding.redirected_relu`).
            fold: fold batch norm into the convolutions; False keeps the layers as they were trained.

        Returns:
            A model from images in the network's own range to the layer's output, or a list for several layers.

        Raises:
            ValueError: an unknown layer.
        """
        names = tuple(self.resolve(layer) for layer in layers)
        key = (names, precision, relu, fold)
        if key not in self._truncated:
            self._truncated[key] = truncate_and_fold(self.model, names, self.logits, precision, relu, fold)
        return self._truncated[key]

    def activations(self, images: np.ndarray, layer: str = "auto", batch: int = 32) -> np.ndarray:
        """Return what `layer` says to images in [-1, 1]: (N, h, w, C), or (N, C) for class scores, float32."""
        network = self.truncate(layer)
        self.check_size(images.shape[1:3], layer)
        parts = np.array_split(images, range(batch, len(images), batch))
        return np.concatenate([network(self.preprocess(tf.constant(part))).numpy() for part in parts])

    def dead_channels(self, images: np.ndarray, layer: str = "auto") -> np.ndarray:
        """Return the channels of `layer` that no image of the set makes positive anywhere: dead on that data."""
        shown = self.activations(images, layer)
        return np.flatnonzero(shown.max(axis=tuple(range(shown.ndim - 1))) <= 0.0)

    def check_size(self, size: Sequence[int], *layers: str) -> None:
        """Raise ValueError when images of (height, width) `size` are too small to reach the layers."""
        network = self.truncate(*layers)
        if not _fits(network, *size):
            larger = (side for side in range(min(size) + 1, 1024) if _fits(network, side, side))
            told = f"Images of {size[0]} x {size[1]} pixels are too small for '{layers[0]}' of {self.name}"
            if smallest := next(larger, None):
                raise ValueError(f"{told}: the shorter side must be at least {smallest} pixels.")
            only = self.model.inputs[0].shape[1:3]
            raise ValueError(f"'{layers[0]}' of {self.name} takes images of {only[0]} x {only[1]} pixels only.")


def _fits(network: keras.Model, height: int, width: int) -> bool:
    try:
        shapes = network.compute_output_shape((1, height, width, 3))
        shapes = [shapes] if isinstance(shapes, tuple) else shapes
    except ValueError:  # Keras refuses a layer whose output would be empty
        return False
    return all(side > 0 for shape in shapes for side in shape)
