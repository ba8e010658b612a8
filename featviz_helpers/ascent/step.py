"""The compiled step: one TensorFlow function per structure of a run, traced once and reused for every sweep.

Structure is what changes the shape of the computation: layers, batch, size, kinds of penalties and transforms. All
numbers (channels, weights, ranges, step sizes, random draws, how many steps) enter as tensors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from ..models.backbone import Backbone
from .objectives import evaluate
from .transform_base import apply_all
from .warp import roll

CHUNK = 64  # most steps of one call: histories have this fixed length, so that XLA could compile the loop
HALF_SCALE = 1024.0  # a mean over many pixels has gradients too small for float16; scaled up, they survive
TILE_DRAWS = 2
SUM = "sum of squares"  # the one kind of term that is not a mean

TRACES: dict[tuple, int] = {}  # structure -> how often TensorFlow traced it; 1 is right


@dataclass(frozen=True)
class Structure:
    """Everything the trace depends on; hashable, and the key of the cache of compiled functions."""

    terms: tuple
    penalties: tuple
    projections: tuple
    transforms: tuple
    optimizer: tuple
    parameterization: tuple
    batch: int
    height: int
    width: int
    tile: int | None
    precision: str
    redirect: bool
    jit: bool


def compiled(backbone: Backbone, structure: Structure, parts: dict, arguments: tuple) -> Callable:
    """Return the compiled chunk of steps for this structure, tracing it at first use.

    Args:
        backbone: the network; it keeps the cache, so dropping it drops its functions.
        structure: the key.
        parts: the objects behind the structure: penalties, projections, transforms, optimizer, parameterization.
        arguments: those of the first call; every later call has the same shapes and types.

    Returns:
        A function `run(parameters, slots, numbers, draws, first, steps, finish)`, see `_build`.
    """
    if structure not in backbone._cache:
        # One concrete function instead of a polymorphic one: it cannot retrace, it could only fail.
        backbone._cache[structure] = _build(backbone, structure, parts).get_concrete_function(*arguments)
    return backbone._cache[structure]


def _build(backbone: Backbone, structure: Structure, parts: dict) -> Callable:
    s = structure
    layers = tuple(dict.fromkeys(term[1] for term in s.terms))
    network = backbone.truncate(*layers, precision=s.precision, relu="redirected" if s.redirect else "plain")
    # A sum of squares is no mean: its gradients are large enough, and scaled up they would overflow.
    means = all(term[0] != SUM for term in s.terms)
    scale = HALF_SCALE if s.precision == "mixed_float16" and means else 1.0
    parameterization, optimizer = parts["parameterization"], parts["optimizer"]

    def term_values(images: tf.Tensor, numbers: dict) -> tf.Tensor:
        """(N, H, W, 3) -> (N, terms), each term unweighted."""
        answer = keras.tree.flatten(network(backbone.preprocess(images), training=False))
        outputs = dict(zip(layers, answer, strict=True))
        values = [evaluate(t, outputs[t[1]], u) for t, u in zip(s.terms, numbers["units"], strict=True)]
        return tf.stack(values, axis=1)

    def slope_of(images: tf.Tensor, numbers: dict) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the objective (N,) and its gradient with respect to the images."""
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = tf.reduce_sum(term_values(images, numbers) * numbers["term_weights"], axis=1)
            half = scale / tf.maximum(1.0, tf.reduce_max(tf.abs(numbers["term_weights"]), axis=1))
            total = tf.reduce_sum(value * half)
        return value, tape.gradient(total, images) / half[:, None, None, None]

    # What a tile adds to the whole: a mean is the mean of the tiles' means, a sum the sum of their sums.
    tiles = 1 if s.tile is None else -(-s.height // s.tile) * -(-s.width // s.tile)
    share = tf.constant([1.0 if term[0] == SUM else 1.0 / tiles for term in s.terms])

    def by_tiles(images: tf.Tensor, shift: tf.Tensor, measure: Callable, kinds: Callable) -> tuple[tf.Tensor, ...]:
        """Map `measure` over the tiles of images, each rolled by its own shift; one at a time, to save memory."""
        rows, columns = -(-s.height // s.tile), -(-s.width // s.tile)
        high, wide = -(-s.height // rows), -(-s.width // columns)
        grown = roll(images, shift)
        grown = tf.concat([grown, grown[:, : rows * high - s.height]], axis=1)
        grown = tf.concat([grown, grown[:, :, : columns * wide - s.width]], axis=2)

        def one(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
            corner = [0, (index // columns) * high, (index % columns) * wide, 0]
            return measure(tf.slice(grown, corner, [s.batch, high, wide, 3]))

        signature = kinds([s.batch, high, wide, 3])
        answer = tf.map_fn(one, tf.range(rows * columns), fn_output_signature=signature, parallel_iterations=1)
        return answer, (rows, columns, high, wide)

    def slope_by_tiles(images: tf.Tensor, draws: tf.Tensor, numbers: dict) -> tuple[tf.Tensor, tf.Tensor]:
        """The slope, tile by tile; rolled by another amount at each step, so that no seam stays in one place."""
        shift = tf.cast(draws * tf.constant([s.height, s.width], tf.float32), tf.int32)
        numbers = numbers | {"term_weights": numbers["term_weights"] * share}
        (values, tiles), (rows, columns, high, wide) = by_tiles(
            images,
            shift,
            lambda tile: slope_of(tile, numbers),
            lambda shape: (tf.TensorSpec([s.batch]), tf.TensorSpec(shape)),
        )
        tiles = tf.transpose(tf.reshape(tiles, [rows, columns, s.batch, high, wide, 3]), [2, 0, 3, 1, 4, 5])
        whole = tf.reshape(tiles, [s.batch, rows * high, columns * wide, 3])[:, : s.height, : s.width]
        return tf.reduce_sum(values, axis=0), roll(whole, -shift)

    def final_terms(parameters: tf.Tensor, numbers: dict) -> tf.Tensor:
        """Return the terms (N, T) of the finished images; with tiles, put together from theirs."""
        images = parameterization.decode(parameters, s.height, s.width)
        if s.tile is None:
            return term_values(images, numbers)
        terms, _ = by_tiles(
            images,
            tf.zeros([s.batch, 2], tf.int32),
            lambda tile: term_values(tile, numbers),
            lambda shape: tf.TensorSpec([s.batch, len(s.terms)]),
        )
        return tf.reduce_sum(terms, axis=0) * share

    def gradient(parameters: tf.Tensor, draws: tf.Tensor, numbers: dict) -> tuple[tf.Tensor, ...]:
        """Return d(objective - penalties)/d(parameters), the row of the history (N, 2 + penalties), and
        d(objective)/d(images) where a projection asks for it."""
        asked = any(projection.needs_gradient for projection in parts["projections"])
        with tf.GradientTape(persistent=asked) as tape:
            tape.watch(parameters)
            images = parameterization.decode(parameters, s.height, s.width)
            seen = apply_all(parts["transforms"], images, draws, numbers["transforms"])
            with tape.stop_recording():
                if s.tile is None:
                    value, slope = slope_of(seen, numbers)
                else:
                    value, slope = slope_by_tiles(seen, draws[:, -TILE_DRAWS:], numbers)
            # A linear function with the network's gradient: the tape carries it through transforms and decode.
            gain = tf.reduce_sum(slope * seen)
            paid = [
                values["weight"] * penalty.value(images)
                for penalty, values in zip(parts["penalties"], numbers["penalties"], strict=True)
            ]
            total = gain - tf.add_n([tf.reduce_sum(cost) for cost in paid]) if paid else gain
        norm = tf.sqrt(tf.reduce_sum(slope**2, axis=[1, 2, 3]))
        of_images = tape.gradient(gain, images) if asked else None
        return tape.gradient(total, parameters), tf.stack([value, norm, *paid], axis=1), of_images

    def projected(parameters: tf.Tensor, step: tf.Tensor, slope: tf.Tensor | None, numbers: dict) -> tf.Tensor:
        """Apply each projection to the images that are due at this step."""
        for projection, values in zip(parts["projections"], numbers["projections"], strict=True):
            due = tf.math.floormod(step + 1, tf.cast(values["every"], tf.int32)) == 0

            def act(parameters: tf.Tensor = parameters, projection=projection, values=values, due=due) -> tf.Tensor:
                images = parameterization.decode(parameters, s.height, s.width)
                images = tf.clip_by_value(projection.project(images, values, slope), -1.0, 1.0)
                moved = parameterization.encode(images)
                return tf.where(tf.reshape(due, [-1] + [1] * (moved.shape.rank - 1)), moved, parameters)

            parameters = tf.cond(tf.reduce_any(due), act, lambda parameters=parameters: parameters)
        return parameters

    def one_step(parameters: tf.Tensor, slots: tuple, draws: tf.Tensor, step: tf.Tensor, numbers: dict) -> tuple:
        slope, row, of_images = gradient(parameters, draws, numbers)
        inner = list(range(1, slope.shape.rank))
        # A vanishing gradient stays zero instead of becoming 0/0: the caller then reports a dead start.
        slope = tf.math.divide_no_nan(slope, tf.math.reduce_std(slope, axis=inner, keepdims=True))
        size = tf.reshape(numbers["step_size"], [-1] + [1] * len(inner))
        move, slots = optimizer.move(slope, slots, step, size)
        parameters = parameterization.constrain(parameters + move)
        parameters = projected(parameters, step, of_images, numbers)
        # ReLU and clipping can swallow a NaN, a sum cannot.
        whole = tf.reduce_sum(parameters, axis=inner)
        return parameters, slots, tf.concat([row, whole[:, None]], axis=1)

    @tf.function(autograph=False, jit_compile=s.jit or None)
    def run(parameters, slots, numbers, draws, first, steps, finish):
        """Take `steps` <= CHUNK steps.

        Args: parameters of the batch; the optimizer's slots; numbers (per-image tensors); draws (N, CHUNK, K); number
        of the first step; how many; whether to evaluate the terms on the final, un-transformed images.

        Returns: parameters, slots, history (CHUNK, N, 3 + penalties: objective, gradient norm, penalties, sum of the
        new parameters) and term values (N, terms).
        """
        TRACES[s] = TRACES.get(s, 0) + 1  # runs while tracing only
        history = tf.zeros([CHUNK, s.batch, 3 + len(s.penalties)])

        def body(i, parameters, slots, history):
            parameters, slots, row = one_step(parameters, slots, draws[:, i], first + i, numbers)
            return i + 1, parameters, slots, tf.tensor_scatter_nd_update(history, [[i]], row[None])

        _, parameters, slots, history = tf.while_loop(
            lambda i, *_: i < steps, body, (tf.constant(0), parameters, slots, history), parallel_iterations=1
        )
        terms = tf.cond(
            finish,
            lambda: final_terms(parameters, numbers),
            lambda: tf.zeros([s.batch, len(s.terms)]),
        )
        return parameters, slots, history, terms

    return run
