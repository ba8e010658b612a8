"""A backbone: a network with names for its layers, that can be cut at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from ..common.checks import choice, flag, instance, shown, whole_number, whole_numbers
from ..common.errors import nearest
from ..common.memory import enough_memory
from ..data.images import check_range
from .cache import RecentFunctions
from .devices import prepare_devices
from .graph import check_input, functional, outputs, score_layer
from .precision import PRECISIONS
from .relu import check_rule, shape_of
from .traits import Traits, traits_of
from .truncate import Cut, truncate_and_fold
from .verify import check_copy, fits


class Backbone:
    """A convolutional network seen as layers and channels.

    It keeps copies of the network as it was when a layer was first cut: after more training, wrap the model again.

    Args:
        model: a functional or Sequential `keras.Model` with one image input. It runs as in inference.
        name: how outputs and results call it.
        preprocess: maps images in [-1, 1] to what the network expects; identity by default.
        default_layer: what LAYER = "auto" means; that of the traits by default, or else two thirds of the way up.
        traits: sizes, images and judge that suit the network; its own input size and 224 pixels by default.

    Attributes:
        layers: layer name -> number of channels, in the order of the network.
        logits: name of the layer that holds the class scores, or None for a headless network.
        maps: names of the layers with a map, in the order of the network.

    Raises:
        ValueError: not exactly one image input `(N, H, W, 3)`, one of whole numbers such as uint8 without a
            `preprocess`, no layer with a map, or no graph of layers.
    """

    def __init__(
        self,
        model: keras.Model,
        name: str | None = None,
        preprocess: Callable[[tf.Tensor], tf.Tensor] | None = None,
        default_layer: str | None = None,
        traits: Traits | None = None,
    ) -> None:
        prepare_devices()
        instance("name", name, str | None, "text, or None for the model's own")
        instance("preprocess", preprocess, Callable | None, "a function of images, or None")
        instance("traits", traits, Traits | None, "Traits, or None")
        self.model = functional(instance("model", model, keras.Model, "a functional or Sequential keras.Model"))
        check_input(self.model, prepared=preprocess is not None)
        self.name = name or model.name
        self.preprocess = preprocess or (lambda images: images)
        self.traits = traits or traits_of(self.model)
        tensors = outputs(self.model)
        self.layers = {one.name: tensors[one.name].shape[-1] for one in self.model.layers if one.name in tensors}
        self.logits = score_layer(self.model)
        self.maps = [name for name in self.layers if len(tensors[name].shape) == 4]
        if not self.maps:
            raise ValueError(f"{self.name} has no layer with a map (N, H, W, C): a backbone needs one.")
        suits, higher = self.traits.default_layer, self.maps[2 * len(self.maps) // 3]
        self.default_layer = suits if suits in self.layers else higher  # weights may end below it
        self.default_layer = self.default_layer if default_layer is None else self.resolve(default_layer)
        # What is compiled here, in ascent/step.py and exemplars/scan.py; what was not used for long is dropped.
        self.functions, self.slopes = RecentFunctions(), RecentFunctions()
        self._truncated: dict[Cut, keras.Model] = RecentFunctions()
        # Walking the graph for its shapes takes Keras longer than a small network takes for the images.
        self._taken: set[tuple] = set()

    @property
    def size(self) -> int:
        """The side in pixels of the images that the network was trained on."""
        return self.traits.native_size

    @property
    def classes(self) -> tuple[str, ...] | None:
        """What the class scores stand for, in order; None for a headless network and where that is not known."""
        known = self.traits.classes
        return known if self.logits and known and len(known) == self.layers[self.logits] else None

    def class_number(self, name: str) -> int:
        """Return the number of the class of this name.

        Raises:
            ValueError: no such class (the message has the nearest names), or a network whose classes have no names.
        """
        self.resolve("logits")
        if self.classes is None:
            raise ValueError(f"The classes of {self.name} have no names: give their numbers.")
        if name not in self.classes:
            raise ValueError(f"{self.name} has no class {name!r}: {nearest(str(name), self.classes)}")
        return self.classes.index(name)

    def __repr__(self) -> str:
        scores = f"class scores in '{self.logits}'" if self.logits else "no class scores (headless)"
        return f"{self.name}: {len(self.layers)} layers up to '{list(self.layers)[-1]}', {scores}"

    def resolve(self, layer: str) -> str:
        """Return the layer's name: "auto" becomes the default layer, "logits" the class scores.

        Raises:
            ValueError: no such layer (the message has the nearest names), or no class scores.
        """
        if isinstance(layer, str) and layer == "auto":
            return self.default_layer
        if isinstance(layer, str) and layer == "logits" and self.logits is None:
            raise ValueError(
                f"{self.name} has no class scores: its weights end at '{list(self.layers)[-1]}'. "
                "Load weights with a classifier, or use a channel objective."
            )
        name = self.logits if isinstance(layer, str) and layer == "logits" else layer
        if not isinstance(name, str) or name not in self.layers:
            raise ValueError(f"{self.name} has no layer {shown(layer)}: {nearest(name, self.layers)}")
        return name

    def ladder(self, count: int = 4) -> list[str]:
        """Return `count` layers with a map, low to high, spread evenly over the blocks where there are any.

        Blocks end in a concatenation (`mixed0`, ...) or in a sum (residual networks).
        """
        count = whole_number("count", count, 1)
        kinds = {name: type(self.model.get_layer(name)) for name in self.maps}
        joins = [name for name, kind in kinds.items() if kind is keras.layers.Concatenate]
        sums = [name for name, kind in kinds.items() if kind is keras.layers.Add]
        named = [name for name in joins if name.startswith("mixed") and "_" not in name]
        rungs = named or joins or sums or self.maps
        return [rungs[round(i)] for i in np.linspace(0, len(rungs) - 1, min(count, len(rungs)))]

    def check_map(self, layer: str) -> None:
        """Raise ValueError when a layer has one number per channel and no map."""
        name = self.resolve(layer)
        if name not in self.maps:
            order = list(self.layers)
            below = [one for one in self.maps if order.index(one) < order.index(name)]
            remedy = f"; the highest layer below it that has one is '{below[-1]}'" if below else ""
            raise ValueError(f"'{name}' of {self.name} has no map{remedy}.")

    def check_channels(self, layer: str, channels: Iterable[int], kind: str = "channels") -> None:
        """Raise ValueError when a channel number does not exist in `layer`; `kind` is what the message calls them."""
        count = self.layers[self.resolve(layer)]
        wrong = [channel for channel in whole_numbers(kind, channels) if not 0 <= channel < count]
        if wrong:
            raise ValueError(f"'{layer}' of {self.name} has {kind} 0 to {count - 1}; got {shown(wrong)}.")

    def truncate(self, *layers: str, precision: str = "float32", relu: str = "plain", fold: bool = True) -> keras.Model:
        """Cut the network: nothing above the highest of `layers` is left, and batch norm is folded.

        Args:
            layers: one or more layer names.
            precision: a Keras dtype policy: "float32", "mixed_bfloat16" or "mixed_float16".
            relu: what ReLUs (leaky and capped ones too) pass back: "plain", "redirected", "guided" or "deconv"; see
                `models.relu`. The forward pass is the same, and so is the original network.
            fold: fold batch norm into the convolutions; False keeps the layers as they were trained.

        Returns:
            A model from images in the network's own range to the layer's output, or a list for several layers.

        Raises:
            ValueError: an unknown layer or rule, or a network whose copy does not answer as the original does.
        """
        check_rule(relu)
        choice("precision", precision, PRECISIONS)
        flag("fold", fold)
        names = tuple(self.resolve(layer) for layer in layers)
        if not names:  # no walrus, which AutoGraph cannot read
            raise ValueError(f"Name at least one layer of {self.name}, or 'auto'; got none.")
        cut = Cut(names, precision, relu, fold, self.logits if self.logits in names else None)
        if cut not in self._truncated:
            copied = truncate_and_fold(self.model, cut)
            if precision == "float32" and not self.traits.trusted:
                check_copy(self.model, copied, cut)
            self._truncated[cut] = copied
        return self._truncated[cut]

    def activations(self, images: np.ndarray, layer: str = "auto", batch: int = 32) -> np.ndarray:
        """Return the layer's output for images in [-1, 1]: (N, h, w, C), or (N, C) for class scores, float32."""
        batch, images = whole_number("batch", batch, 1), check_range(images)
        self.check_size(images.shape[1:3], layer)
        parts = np.array_split(images, range(batch, len(images), batch))
        return np.concatenate([self.forward(part, layer)[0].numpy() for part in parts])

    def forward(self, images: np.ndarray, *layers: str) -> list[tf.Tensor]:
        """Run the cut network, compiled once for each choice of layers.

        Args:
            images: (N, H, W, 3) in [-1, 1].
            layers: one or more layer names.

        Returns:
            The output of each layer, (N, h, w, C) or (N, C).
        """
        key = ("forward", *(self.resolve(layer) for layer in layers))
        if key not in self.functions:
            network = self.truncate(*layers)

            def run(images: tf.Tensor) -> list[tf.Tensor]:
                return keras.tree.flatten(network(self.preprocess(images), training=False))

            # A concrete function: TensorFlow warns of polymorphic ones when a learner looks at five layers in a row.
            signature = tf.TensorSpec((None, *self.model.inputs[0].shape[1:]), tf.float32)
            self.functions[key] = tf.function(run, autograph=False).get_concrete_function(signature)
        with enough_memory(len(images), images.shape[1:3]):
            return self.functions[key](tf.constant(images, tf.float32))

    def dead_channels(self, images: np.ndarray, layer: str = "auto") -> np.ndarray:
        """Return the channels of `layer` that no image of the set makes positive anywhere: dead on that data."""
        activations = self.activations(images, layer)
        return np.flatnonzero(activations.max(axis=tuple(range(activations.ndim - 1))) <= 0.0)

    def saturated_channels(self, images: np.ndarray, layer: str = "auto") -> np.ndarray:
        """Return the channels that are at their cap everywhere on every image of the set.

        A capped ReLU passes no gradient there, as it passes none below zero: an ascent cannot start from such a
        channel either. `relu="redirected"` lets it through in both cases. A layer without a cap has none.
        """
        shape = shape_of(self.model.get_layer(self.resolve(layer)))
        if shape is None or shape.max_value is None:
            return np.array([], int)
        activations = self.activations(images, layer)
        return np.flatnonzero(activations.min(axis=tuple(range(activations.ndim - 1))) >= shape.max_value)

    def check_size(self, size: Sequence[int], *layers: str) -> None:
        """Raise ValueError when images of (height, width) `size` are too small to reach the layers."""
        question = (*map(self.resolve, layers), *size)
        if question in self._taken:
            return
        network = self.truncate(*layers)
        if not fits(network, *size):
            larger = (side for side in range(min(size) + 1, 1024) if fits(network, side, side))
            problem = f"Images of {size[0]} x {size[1]} pixels are too small for '{layers[0]}' of {self.name}"
            if smallest := next(larger, None):
                raise ValueError(f"{problem}: the shorter side must be at least {smallest} pixels.")
            only = self.model.inputs[0].shape[1:3]
            raise ValueError(f"'{layers[0]}' of {self.name} takes images of {only[0]} x {only[1]} pixels only.")
        self._taken.add(question)
