"""Tiles: a large image measured piece by piece, which bounds the memory that the network's gradient needs."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from .warp import roll


@dataclass(frozen=True)
class Tiling:
    """How an image is cut into equal tiles.

    Args:
        height, width: of the image, in pixels.
        side: the largest side of a tile; tiles are made equal, so they may be little more than half as large.
    """

    height: int
    width: int
    side: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return -(-self.height // self.side), -(-self.width // self.side)

    @property
    def tile(self) -> tuple[int, int]:
        """Height and width of one tile."""
        rows, columns = self.shape
        return -(-self.height // rows), -(-self.width // columns)

    @property
    def count(self) -> int:
        """Number of tiles."""
        return self.shape[0] * self.shape[1]

    def shift(self, draws: tf.Tensor) -> tf.Tensor:
        """Turn uniform draws (N, 2) into whole shifts, so that no seam stays in one place from step to step."""
        return tf.cast(draws * tf.constant([self.height, self.width], tf.float32), tf.int32)

    def map(self, images: tf.Tensor, shift: tf.Tensor, measure: Callable, signature: object) -> tuple[tf.Tensor, ...]:
        """Apply `measure` to every tile of images that are rolled by their own shifts; one at a time, to save memory.

        Args:
            images: (N, H, W, 3).
            shift: (N, 2) whole shifts, down and right.
            measure: called with tiles (N, h, w, 3).
            signature: the tensors it returns, as TensorSpecs.

        Returns:
            What `measure` returned, stacked: (tiles, ...).
        """
        (rows, columns), (high, wide) = self.shape, self.tile
        grown = roll(images, shift)
        grown = tf.concat([grown, grown[:, : rows * high - self.height]], axis=1)
        grown = tf.concat([grown, grown[:, :, : columns * wide - self.width]], axis=2)

        def one(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
            corner = [0, (index // columns) * high, (index % columns) * wide, 0]
            return measure(tf.slice(grown, corner, [images.shape[0], high, wide, 3]))

        return tf.map_fn(one, tf.range(self.count), fn_output_signature=signature, parallel_iterations=1)

    def join(self, tiles: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Put tiles (tiles, N, h, w, 3) back together and undo the shift: (N, H, W, 3)."""
        (rows, columns), (high, wide), batch = self.shape, self.tile, tiles.shape[1]
        tiles = tf.transpose(tf.reshape(tiles, [rows, columns, batch, high, wide, 3]), [2, 0, 3, 1, 4, 5])
        whole = tf.reshape(tiles, [batch, rows * high, columns * wide, 3])[:, : self.height, : self.width]
        return roll(whole, -shift)
