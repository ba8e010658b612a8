"""One objective, asked about many variants of the same images: its value, and its gradient at the image.

Every attribution is a number of such calls. They are made in batches over images and variants together, so that
fifty steps for one image cost as much per call as one step for fifty images, and memory does not grow with either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from ..ascent import kinds
from ..ascent.term import Objective
from ..common.checks import whole_number
from ..common.memory import pixels_at_once
from ..data.images import check_range
from ..models.backbone import Backbone

Make = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Probe:
    """An objective at variants of images.

    Args:
        backbone: the network.
        objective: what is explained, such as `class_score(281)`; one unit for all images, or one per image.
        images: (N, H, W, 3) in [-1, 1].
        relu: what ReLUs pass back; see `Backbone.truncate`.
        batch: pictures at once; None takes as many as have 1.6 million pixels, such as 32 of 224 x 224, and a
            quarter of that where there is little memory.

    Raises:
        ValueError: no network, no objective, a layer or unit that is not there, another number of units than of
            images, images outside [-1, 1] or too small, or an objective whose images depend on each other.
    """

    def __init__(
        self,
        backbone: Backbone,
        objective: Objective,
        images: np.ndarray,
        relu: str = "plain",
        batch: int | None = None,
    ) -> None:
        kinds.one("backbone", backbone)
        kinds.one("objective", objective)
        self.images = check_range(images)
        objective = objective.resolve(backbone)
        if objective.count not in (1, len(self.images)):
            raise ValueError(
                f"{objective.count} units and {len(self.images)} images: give one unit per image, or one for all."
            )
        if objective.couples:
            raise ValueError("The value of one image must not depend on the others: each is explained by itself.")
        objective.check_size(backbone, self.images.shape[1:3])
        self.backbone, self.relu = backbone, relu
        self.objective = objective.broadcast(len(self.images))
        pixels = int(np.prod(self.images.shape[1:3]))
        self.batch = max(pixels_at_once() // pixels, 1) if batch is None else whole_number("batch", batch, 1)

    def value(self, pictures: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the objective's value (M,) at `pictures` (M, H, W, 3), which are variants of the images `rows`."""
        return self._function("value")(tf.constant(pictures, tf.float32), *self.units(rows)).numpy()

    def slope(self, pictures: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values (M,) and the gradients (M, H, W, 3) at `pictures`; arguments as for `value`."""
        answer = self._function("slope")(tf.constant(pictures, tf.float32), *self.units(rows))
        return answer[0].numpy(), answer[1].numpy()

    def values(self, variants: int, make: Make) -> np.ndarray:
        """Return (N, variants): the value at every variant of every image, which `make(rows, numbers)` draws."""
        parts = [self.value(make(rows, numbers), rows) for rows, numbers in self.pairs(len(self.images), variants)]
        return np.concatenate(parts).reshape(len(self.images), variants)

    def mean_slope(self, variants: int, make: Make, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the values at every variant, and the mean of the gradients over the variants.

        Args:
            variants: of each image.
            make: `make(rows, numbers)` draws variant `numbers[i]` of image `rows[i]`, (M, H, W, 3).
            rows: the images that are asked about; all by default.

        Returns:
            Values (len(rows), variants) and mean gradients (len(rows), H, W, 3).
        """
        rows = np.arange(len(self.images)) if rows is None else rows
        total = np.zeros((len(rows), *self.images.shape[1:]), np.float32)
        values = []
        for index, numbers in self.pairs(len(rows), variants):
            value, slopes = self.slope(make(rows[index], numbers), rows[index])
            first = np.flatnonzero(np.diff(index, prepend=-1))  # where a new image begins
            for row, part in zip(index[first], np.split(slopes, first[1:]), strict=True):
                total[row] += part.sum(axis=0)  # several times as fast as np.add.reduceat
            values.append(value)
        return np.concatenate(values).reshape(len(rows), variants), total / np.float32(variants)

    def pairs(self, images: int, variants: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the numbers of images and of variants, a batch at a time, image by image."""
        for first in range(0, images * variants, self.batch):
            flat = np.arange(first, min(first + self.batch, images * variants))
            yield flat // variants, flat % variants

    def units(self, rows: np.ndarray) -> tuple[tf.Tensor, list[dict[str, tf.Tensor]]]:
        """Return what the compiled functions take beside pictures: the weights (M, terms), and each term's units."""
        terms = self.objective.terms
        weights = np.stack([term.weight[rows] for term in terms], axis=1)
        return tf.constant(weights, tf.float32), [
            {name: tf.constant(array[rows]) for name, array in term.units.items()} for term in terms
        ]

    def weighted(self, outputs: Sequence[tf.Tensor], weights: tf.Tensor, units: Sequence[dict]) -> tf.Tensor:
        """Return the objective's value (M,), as a tensor, from the outputs of its layers."""
        terms = self.objective.values(dict(zip(self.objective.layers, outputs, strict=True)), units)
        return tf.reduce_sum(weights * terms, axis=1)

    def compiled(self, key: tuple, network: keras.Model, run: Callable) -> Callable:
        """Return `run(pictures, weights, units)` compiled for any number of pictures of any size.

        The backbone keeps it under `key` and the objective's structure. Classes and weights are tensors.
        """
        terms = self.objective.terms
        key = ("attribution", *key, self.relu, *(term.structure for term in terms))
        if key not in self.backbone.functions:
            pictures = tf.TensorSpec((None, *network.inputs[0].shape[1:]), tf.float32)
            units = [
                {name: tf.TensorSpec((None, *array.shape[1:]), array.dtype) for name, array in term.units.items()}
                for term in terms
            ]
            weights = tf.TensorSpec((None, len(terms)), tf.float32)
            # A concrete function cannot retrace: it could only fail.
            function = tf.function(run, autograph=False).get_concrete_function(pictures, weights, units)
            self.backbone.functions[key] = function
        return self.backbone.functions[key]

    def _function(self, kind: str) -> Callable:
        network = self.backbone.truncate(*self.objective.layers, relu=self.relu)

        def value(pictures: tf.Tensor, weights: tf.Tensor, units: list) -> tf.Tensor:
            outputs = keras.tree.flatten(network(self.backbone.preprocess(pictures), training=False))
            return self.weighted(outputs, weights, units)

        def slope(pictures: tf.Tensor, weights: tf.Tensor, units: list) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(pictures)
                answer = value(pictures, weights, units)
            return answer, tape.gradient(answer, pictures)

        return self.compiled((kind,), network, {"value": value, "slope": slope}[kind])
