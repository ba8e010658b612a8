"""The compiled step: one TensorFlow function per structure of a run, traced once and reused for every sweep.

Structure is what changes the shape of the computation: layers, batch, size, kinds of penalties and transforms. All
numbers (channels, weights, ranges, step sizes, random draws, how many steps) enter as tensors.
"""

from functools import partial

import tensorflow as tf

from ..models.backbone import Backbone
from .projections import Projection
from .slope import slope_of
from .structure import BatchTensors, Parts, Shape, Values
from .tiles import Tiling
from .trace import Trace
from .transform_base import apply_all

CHUNK = 64  # most steps of one call: histories have this fixed length, so that XLA could compile the loop
TILE_DRAWS = 2
FLAT = 1e-5  # a deviation below this share of the mean is rounding


class Compiled(Trace):
    """The compiled loop of a step."""

    def __init__(self, step: "Step") -> None:
        super().__init__(step.loop, step.shape.jit)
        self.step = step


def compiled(backbone: Backbone, parts: Parts, shape: Shape) -> Compiled:
    """Return the compiled loop of this structure. The backbone keeps it: dropping the network drops its functions."""
    key = ("ascent", parts.structure, shape)
    if key not in backbone.functions:
        backbone.functions[key] = Compiled(Step(backbone, parts, shape))
    return backbone.functions[key]


def trace_counts(backbone: Backbone) -> dict[tuple, int]:
    """Return how often each structure that this backbone has climbed was traced."""
    loops = backbone.functions.items()
    return {key: loop.step.traces for key, loop in loops if isinstance(loop, Compiled)}


class Step:
    """One step of an ascent, as a graph, and the loop around it.

    Args:
        backbone: the network.
        parts: what the step is made of.
        shape: how it is computed.
    """

    def __init__(self, backbone: Backbone, parts: Parts, shape: Shape) -> None:
        self.parts, self.shape, self.traces = parts, shape, 0
        self.slope = slope_of(backbone, parts, shape)
        self.tiling = None if shape.tile is None else Tiling(shape.height, shape.width, shape.tile)
        terms = parts.objective.terms
        # What a tile adds to the whole: a mean is the mean of the tiles' means, a sum the sum of their sums.
        tiles = self.tiling.count if self.tiling else 1
        self.share = tf.constant([1.0 if term.is_sum else 1.0 / tiles for term in terms])
        self._joint_terms = Trace(partial(self._terms_by_tiles, self.tiling)) if self.tiling else self.slope.values

    def loop(
        self,
        parameters: tf.Tensor,
        slots: tuple[tf.Tensor, ...],
        numbers: BatchTensors,
        draws: tf.Tensor,
        first: tf.Tensor,
        steps: tf.Tensor,
    ) -> tuple:
        """Take `steps` <= CHUNK steps.

        Args:
            parameters: of the batch.
            slots: the optimizer's memory; of a transparent parameterization also the sum of |gradient| so far.
            numbers: the per-image tensors.
            draws: (N, CHUNK, K) uniform random numbers.
            first: number of the first step.
            steps: how many.

        Returns:
            parameters, slots and history (CHUNK, N, 3 + penalties: objective, gradient norm, penalties, sum of the new
            parameters).
        """
        self.traces += 1  # Python runs while TensorFlow traces, and only then

        def body(i: tf.Tensor, parameters: tf.Tensor, slots: tuple, history: tf.Tensor) -> tuple:
            parameters, slots, row = self.take(parameters, slots, draws[:, i], first + i, numbers)
            return i + 1, parameters, slots, tf.tensor_scatter_nd_update(history, [[i]], row[None])

        history = tf.zeros([CHUNK, self.shape.batch, 3 + len(self.parts.penalties)])
        _, parameters, slots, history = tf.while_loop(
            lambda i, *_: i < steps, body, (tf.constant(0), parameters, slots, history), parallel_iterations=1
        )
        return parameters, slots, history

    def take(
        self,
        parameters: tf.Tensor,
        slots: tuple[tf.Tensor, ...],
        draws: tf.Tensor,
        step: tf.Tensor,
        numbers: BatchTensors,
    ) -> tuple:
        """Take one step: gradient, move, limits, projections; return parameters, slots and a row of the history."""
        slope, row, of_images = self.gradient(parameters, draws, numbers)
        transparent, seen = self.parts.parameterization.transparent, slots[-1:]
        slots = slots[:-1] if transparent else slots
        inner = list(range(1, slope.shape.rank))
        slope = _normalised(slope, inner)
        size = tf.reshape(numbers.step_size, [-1] + [1] * len(inner))
        move, slots = self.parts.optimizer.move(slope, slots, step, size)
        slots = (*slots, seen[0] + tf.reduce_mean(tf.abs(of_images), axis=3)) if transparent else slots
        parameters = self.parts.parameterization.constrain(parameters + move)
        parameters = self.project(parameters, step, of_images, numbers)
        # ReLU and clipping can swallow a NaN, a sum cannot.
        whole = tf.reduce_sum(parameters, axis=inner)
        return parameters, slots, tf.concat([row, whole[:, None]], axis=1)

    def gradient(self, parameters: tf.Tensor, draws: tf.Tensor, numbers: BatchTensors) -> tuple:
        """Return d(objective - penalties)/d(parameters), the row of the history (N, 2 + penalties), and
        d(objective)/d(images)."""
        parts = self.parts
        with tf.GradientTape() as of_decoding:
            of_decoding.watch(parameters)
            images = self.decode(parameters)
        with tf.GradientTape() as of_transforms:
            of_transforms.watch(images)
            seen = apply_all(parts.transforms, images, draws, numbers.transforms)
        if self.tiling is None:
            value, slope = self.slope.climb(seen, numbers.units, numbers.term_weights)
        else:
            value, slope = self.slope_by_tiles(self.tiling, seen, draws[:, -TILE_DRAWS:], numbers)
        norm = tf.sqrt(tf.reduce_sum(slope**2, axis=[1, 2, 3]))
        of_images = total = of_transforms.gradient(seen, images, slope)
        prices = []
        for penalty, values in zip(parts.penalties, numbers.penalties, strict=True):
            with tf.GradientTape() as of_penalty:
                of_penalty.watch(images)
                prices.append(values["weight"] * penalty.value(images))
            # Subtracted one by one. A tape over all of them would add them up in the order in which memory comes
            # free, and the last bit of the sum, after a few steps the picture, would differ from run to run.
            total -= of_penalty.gradient(prices[-1], images, unconnected_gradients="zero")
        return of_decoding.gradient(images, parameters, total), tf.stack([value, norm, *prices], axis=1), of_images

    def decode(self, parameters: tf.Tensor) -> tf.Tensor:
        """Return the images (N, H, W, 3) of the parameters."""
        return self.parts.parameterization.decode(parameters, self.shape.height, self.shape.width)

    def slope_by_tiles(
        self, tiling: Tiling, images: tf.Tensor, draws: tf.Tensor, numbers: BatchTensors
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the same, put together from tiles; rolled by another amount at each step."""
        shift, batch = tiling.shift(draws), self.shape.batch
        units, weights = numbers.units, numbers.term_weights * self.share
        signature = (tf.TensorSpec([batch]), tf.TensorSpec([batch, *tiling.tile, 3]))
        values, slopes = tiling.map(images, shift, lambda tile: self.slope.climb(tile, units, weights), signature)
        return tf.reduce_sum(values, axis=0), tiling.join(slopes, shift)

    def terms(self, images: tf.Tensor, units: list[Values]) -> tf.Tensor:
        """Return the terms (N, terms) of finished, un-transformed images; with tiles, put together from theirs."""
        return self._joint_terms(images, units)

    def _terms_by_tiles(self, tiling: Tiling, images: tf.Tensor, units: list[Values]) -> tf.Tensor:
        batch = self.shape.batch
        shift, signature = tf.zeros([batch, 2], tf.int32), tf.TensorSpec([batch, len(self.parts.objective.terms)])
        values = tiling.map(images, shift, lambda tile: self.slope.values(tile, units), signature)
        return tf.reduce_sum(values, axis=0) * self.share

    def project(self, parameters: tf.Tensor, step: tf.Tensor, slope: tf.Tensor, numbers: BatchTensors) -> tf.Tensor:
        """Apply each projection to the images that are due at this step."""
        for projection, values in zip(self.parts.projections, numbers.projections, strict=True):
            due = tf.math.floormod(step + 1, tf.cast(values["every"], tf.int32)) == 0

            def act(
                parameters: tf.Tensor = parameters,
                projection: Projection = projection,
                values: Values = values,
                due: tf.Tensor = due,
            ) -> tf.Tensor:
                images = projection.project(self.decode(parameters), values, slope)
                moved = self.parts.parameterization.encode(tf.clip_by_value(images, -1.0, 1.0))
                return tf.where(tf.reshape(due, [-1] + [1] * (moved.shape.rank - 1)), moved, parameters)

            parameters = tf.cond(tf.reduce_any(due), act, lambda parameters=parameters: parameters)
        return parameters


def _normalised(slope: tf.Tensor, inner: list[int]) -> tf.Tensor:
    """Divide the gradient of each image by its standard deviation."""
    spread = tf.math.reduce_std(slope, axis=inner, keepdims=True)
    # What is the same everywhere, or a single number, has no deviation but for rounding: it becomes 1 or -1.
    level = tf.abs(tf.reduce_mean(slope, axis=inner, keepdims=True))
    # A vanishing gradient stays zero instead of becoming 0/0: the caller then reports a dead start.
    return tf.math.divide_no_nan(slope, tf.where(spread > FLAT * level, spread, level))
