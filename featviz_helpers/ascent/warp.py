"""One gather for every affine change of an image, with its exact adjoint as gradient."""

from collections.abc import Callable

import tensorflow as tf


@tf.custom_gradient
def warp(images: tf.Tensor, matrix: tf.Tensor, margin: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Read images at affinely mapped places, bilinearly, on a plane that repeats them.

    Args:
        images: (N, H, W, C) float32.
        matrix: (N, 3, 3); maps (row, column, 1) of the output to the place in the input, counted from the centre.
        margin: (N,) whole pixels of zeros on each side of the image before it repeats.

    Returns:
        (N, H, W, C). The gradient with respect to `images` is the adjoint of the map; the others get none.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None, None]:
        return _scatter(upstream, matrix, margin), None, None

    return _gather(images, matrix, margin), gradient


# Compiled with XLA even on a CPU: two dozen small operations on every pixel become one loop. Measured with 4 images of
# 224 px on 2 cores: 9 ms forward and backward against 18 ms without XLA and 31 ms by automatic differentiation.
@tf.function(jit_compile=True, autograph=False)
def _gather(images: tf.Tensor, matrix: tf.Tensor, margin: tf.Tensor) -> tf.Tensor:
    count, height, width, colours = images.shape
    index, down, right, inside = _places(matrix, margin, height, width)
    # The four neighbours of every place lie side by side, so that one gather of long rows does for all four.
    edged = _with_edges(images, margin)
    upper = tf.concat([edged[:, :-1, :-1], edged[:, :-1, 1:]], axis=3)
    lower = tf.concat([edged[:, 1:, :-1], edged[:, 1:, 1:]], axis=3)
    table = tf.reshape(tf.concat([upper, lower], axis=3), [-1, 4 * colours])
    near = tf.reshape(tf.gather(table, index), [count, height, width, 4 * colours])
    rows = near[..., : 2 * colours] * (1.0 - down) + near[..., 2 * colours :] * down
    return (rows[..., :colours] * (1.0 - right) + rows[..., colours:] * right) * inside


@tf.function(jit_compile=True, autograph=False)
def _scatter(upstream: tf.Tensor, matrix: tf.Tensor, margin: tf.Tensor) -> tf.Tensor:
    """Go through `_gather` backwards: every sum becomes a copy and every copy a sum."""
    count, height, width, colours = upstream.shape
    index, down, right, inside = _places(matrix, margin, height, width)
    upstream = upstream * inside
    rows = tf.concat([upstream * (1.0 - right), upstream * right], axis=3)
    near = tf.reshape(tf.concat([rows * (1.0 - down), rows * down], axis=3), [-1, 4 * colours])
    table = tf.math.unsorted_segment_sum(near, index, count * (height + 1) * (width + 1))
    table = tf.reshape(table, [count, height + 1, width + 1, 4 * colours])
    lower = tf.pad(table[..., 2 * colours :], [[0, 0], [1, 0], [0, 0], [0, 0]])
    rows = tf.pad(table[..., : 2 * colours], [[0, 0], [0, 1], [0, 0], [0, 0]]) + lower
    left, right_column = rows[..., :colours], rows[..., colours:]
    edged = tf.pad(left, [[0, 0], [0, 0], [0, 1], [0, 0]]) + tf.pad(right_column, [[0, 0], [0, 0], [1, 0], [0, 0]])
    return _fold_edges(edged, margin)


def _places(matrix: tf.Tensor, margin: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, ...]:
    """Return the row of the table of neighbours to read, the two fractions and 1 inside, 0 in the margin."""
    rows = (tf.range(height, dtype=tf.float32) - (height - 1) / 2)[None, :, None]
    columns = (tf.range(width, dtype=tf.float32) - (width - 1) / 2)[None, None, :]
    table, fractions, inside = 0, [], 1.0
    for axis, side in ((0, height), (1, width)):
        a, b, c = (matrix[:, axis, k, None, None] for k in range(3))
        place = a * rows + b * columns + c + (side - 1) / 2
        whole = tf.floor(place)
        fractions.append((place - whole)[..., None])
        period = side + 2 * tf.cast(margin, tf.int32)[:, None, None]
        first = tf.math.floormod(tf.cast(whole, tf.int32), period)
        # Row 0 of the table lies before the image: there is its last line, or the margin's last.
        first = tf.where(first == period - 1, 0, first + 1)
        inside *= tf.cast(first <= side, tf.float32)[..., None]
        table = table * (side + 1) + tf.minimum(first, side)
    image = tf.range(matrix.shape[0])[:, None, None] * ((height + 1) * (width + 1))
    return tf.reshape(image + table, [-1]), *fractions, inside


def _with_edges(images: tf.Tensor, margin: tf.Tensor) -> tf.Tensor:
    """Put the neighbours beyond the edges around the images: the other side, or zeros where there is a margin."""
    repeats = tf.cast(margin == 0, tf.float32)[:, None, None, None]
    images = tf.concat([images[:, -1:] * repeats, images, images[:, :1] * repeats], axis=1)
    return tf.concat([images[:, :, -1:] * repeats, images, images[:, :, :1] * repeats], axis=2)


def _fold_edges(edged: tf.Tensor, margin: tf.Tensor) -> tf.Tensor:
    """Add what fell beyond the edges to the other side: the adjoint of `_with_edges`."""
    repeats = tf.cast(margin == 0, tf.float32)[:, None, None, None]
    wide = edged.shape[2] - 2
    first, last = edged[:, :, -1:] * repeats, edged[:, :, :1] * repeats
    edged = edged[:, :, 1:-1] + tf.pad(first, [[0, 0], [0, 0], [0, wide - 1], [0, 0]])
    edged += tf.pad(last, [[0, 0], [0, 0], [wide - 1, 0], [0, 0]])
    high = edged.shape[1] - 2
    first, last = edged[:, -1:] * repeats, edged[:, :1] * repeats
    edged = edged[:, 1:-1] + tf.pad(first, [[0, 0], [0, high - 1], [0, 0], [0, 0]])
    return edged + tf.pad(last, [[0, 0], [high - 1, 0], [0, 0], [0, 0]])


@tf.custom_gradient
def roll(images: tf.Tensor, shifts: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Roll each image (N, H, W, C) by its own whole shifts (N, 2), down and right, around the edges.

    The gradient is the roll back: a gather, where automatic differentiation would scatter, which is slower.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return _gather_rolled(upstream, -shifts), None

    return _gather_rolled(images, shifts), gradient


def _gather_rolled(images: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    for axis in (1, 2):
        side = images.shape[axis]
        source = tf.math.floormod(tf.range(side)[None, :] - shifts[:, axis - 1, None], side)
        if axis == 1:
            images = tf.gather(images, source, axis=1, batch_dims=1)
        else:
            images = tf.gather(tf.transpose(images, [0, 2, 1, 3]), source, axis=1, batch_dims=1)
            images = tf.transpose(images, [0, 2, 1, 3])
    return images
