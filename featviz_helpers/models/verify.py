"""Whether a cut copy of a network answers as the original does."""

from __future__ import annotations

import keras
import numpy as np

from .graph import calls, outputs, sources
from .truncate import Cut, whole

SIDES = (32, 64, 96, 128, 224, 299, 331, 512, 1024)  # pixels; the smallest that a network takes is the cheapest
TOLERANCE = 2e-3  # of the largest value: folding and another order of sums round differently


def fits(network: keras.Model, height: int, width: int) -> bool:
    """Whether images of this size reach the end of a network."""
    try:
        shapes = network.compute_output_shape((1, height, width, 3))
        shapes = [shapes] if isinstance(shapes, tuple) else shapes
    except ValueError:  # Keras refuses a layer whose output would be empty
        return False
    return all(side > 0 for shape in shapes for side in shape)


def check_copy(model: keras.Model, copied: keras.Model, cut: Cut) -> None:
    """Compare a copy with the original on one image of noise.

    Args:
        model: the original.
        copied: its cut copy in float32.
        cut: how it was cut.

    Raises:
        ValueError: they differ by more than rounding, or the original takes no image of a size that is tried.
    """
    original = whole(model, cut)
    size = _size(original)
    if size is None:
        raise ValueError(
            f"{model.name} up to '{cut.names[-1]}' takes none of the square images that were tried, of {SIDES[0]} to "
            f"{SIDES[-1]} pixels, so its copy cannot be compared with it. Pass a model whose input has its size."
        )
    noise = np.random.default_rng(0).uniform(-1, 1, (1, *size, 3)).astype(np.float32)
    answers = keras.tree.flatten(original(noise, training=False))
    copies = keras.tree.flatten(copied(noise, training=False))
    for name, answer, copy in zip(cut.names, answers, copies, strict=True):
        expected = _linear(model, name, noise) if name == cut.linear else np.asarray(answer)
        if not np.isfinite(expected).all():
            continue  # a network that breaks down is named where it is used, with its channel
        apart, largest = np.abs(expected - np.asarray(copy)).max(), np.abs(expected).max()
        if not apart <= TOLERANCE * largest + 1e-6:
            first = _first_that_differs(original, copied, noise) or name
            raise ValueError(
                f"The copy of {model.name} that ends at '{name}' differs from the original by {apart:.3g}, where the "
                f"largest value is {largest:.3g}; the first layer that is not copied as it is, is '{first}' "
                f"({type(model.get_layer(first)).__name__}). Pass a model that ends below it, or rebuild it from "
                "Keras's own layers."
            )


def _first_that_differs(original: keras.Model, copied: keras.Model, noise: np.ndarray) -> str | None:
    """Return the lowest layer whose output is another one in the copy; convolutions that took a batch norm in are."""
    ends, copies = outputs(original), outputs(copied)
    taken_in = {
        sources(node)[0].name
        for name, (node, *_) in calls(original).items()
        if isinstance(node.operation, keras.layers.BatchNormalization)
        and isinstance(copied.get_layer(name), keras.layers.Identity)
    }
    for name in ends:
        if name in copies and name not in taken_in:
            expected = np.asarray(keras.Model(original.inputs[0], ends[name])(noise, training=False))
            found = np.asarray(keras.Model(copied.inputs[0], copies[name])(noise, training=False))
            if not np.abs(expected - found).max() <= TOLERANCE * np.abs(expected).max() + 1e-6:
                return name
    return None


def _size(original: keras.Model) -> tuple[int, int] | None:
    """Return a size that a network takes: its own, or the smallest."""
    own = tuple(original.inputs[0].shape[1:3])
    sizes = [tuple(side or free for side in own) for free in SIDES]
    return next((size for size in sizes if fits(original, *size)), None)


def _linear(model: keras.Model, name: str, images: np.ndarray) -> np.ndarray:
    """Return the class scores of the original before its softmax."""
    (tensor,), dense = calls(model)[name][0].input_tensors, model.get_layer(name)
    below = keras.Model(model.inputs[0], tensor)(images, training=False).numpy()
    if not isinstance(dense, keras.layers.Dense):
        return np.asarray(dense(below))
    return below @ dense.kernel.numpy() + (dense.bias.numpy() if dense.use_bias else 0.0)
