"""What a unit can see of the image (its receptive field), and what it looks at in practice (its effective one)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..common.checks import instance, number, refusal, shown, whole_number
from ..data.images import check_range
from ..data.sizes import pair
from .backbone import Backbone
from .graph import nodes

_LAYERS = keras.layers
_WINDOWS = (_LAYERS.Conv2D, _LAYERS.DepthwiseConv2D, _LAYERS.SeparableConv2D)
_POOLS = (_LAYERS.MaxPooling2D, _LAYERS.AveragePooling2D)
_MERGES = (_LAYERS.Concatenate, _LAYERS.Add, _LAYERS.Subtract, _LAYERS.Multiply, _LAYERS.Average, _LAYERS.Maximum)
_GLOBAL = (_LAYERS.GlobalAveragePooling2D, _LAYERS.GlobalMaxPooling2D, _LAYERS.Flatten, _LAYERS.Dense)
_POINTWISE = (
    *(_LAYERS.Activation, _LAYERS.ReLU, _LAYERS.LeakyReLU, _LAYERS.ELU, _LAYERS.PReLU),
    *(_LAYERS.BatchNormalization, _LAYERS.Identity, _LAYERS.Dropout, _LAYERS.SpatialDropout2D),
    *(_LAYERS.Rescaling, _LAYERS.Normalization),
)
# Of keras.ops and of operators between tensors, which are no layers.
_MERGE_OPERATIONS = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum")
_POINTWISE_OPERATIONS = (
    "Relu",
    "Relu6",
    "LeakyRelu",
    "Sigmoid",
    "Silu",
    "Gelu",
    "HardSwish",
    "HardSigmoid",
    "Tanh",
    "ConvertToTensor",
)


@dataclass(frozen=True)
class Field:
    """The squares of the image that the units of a layer's map look at; all numbers are (vertical, horizontal).

    Attributes:
        size: height and width in pixels.
        stride: pixels between the fields of two neighbouring units.
        first: top and left pixel of the field of unit (0, 0); negative where it reaches beyond the image.
        units: rows and columns of the map.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    first: tuple[int, int]
    units: tuple[int, int]

    def box(self, row: int, col: int) -> tuple[int, int, int, int]:
        """Return (top, left, bottom, right) of a unit's field in pixels, bottom and right excluded.

        Raises:
            ValueError: the map has no such unit.
        """
        inside = all(
            isinstance(i, int | np.integer) and 0 <= i < n for i, n in zip((row, col), self.units, strict=True)
        )
        if not inside or isinstance(row, bool) or isinstance(col, bool):
            rows, columns = self.units
            raise ValueError(f"The map has {rows} x {columns} units; there is no unit ({shown(row)}, {shown(col)}).")
        top, left = (f + s * i for f, s, i in zip(self.first, self.stride, (row, col), strict=True))
        return top, left, top + self.size[0], left + self.size[1]


def patch(image: np.ndarray, row: int, col: int, field: Field) -> np.ndarray:
    """Cut out what one unit looks at.

    All patches of a layer have the same size: at the border the square is shifted inside the image and never padded,
    so the unit is then not in its middle. A field larger than the image gives the image.

    Args:
        image: (H, W, 3), of the size that the field was computed for.
        row: row of the unit in the map.
        col: column of the unit in the map.
        field: of the layer, from `receptive_field` or `effective_field`.

    Returns:
        (field height, field width, 3), no larger than the image.

    Raises:
        ValueError: the map has no such unit.
    """
    if np.ndim(image) != 3:
        raise refusal("image", "one picture (H, W, 3)", image, "Cut the images of a batch one by one.")
    spans = []
    for begin, length, side in zip(field.box(row, col), field.size, image.shape[:2], strict=False):
        begin = min(max(begin, 0), max(side - length, 0))
        spans.append(slice(begin, begin + length))
    return image[spans[0], spans[1]]


def receptive_field(backbone: Backbone, layer: str = "auto", size: int | tuple[int, int] = 299) -> Field:
    """Return the theoretical receptive field of a layer: no pixel outside it can change the unit.

    Follows the network's graph: a window of k units over a field of r pixels and stride j sees r + (k - 1) j pixels;
    where branches meet, the union counts (Araujo et al., 2019).

    Args:
        backbone: the network.
        layer: layer name, or "auto".
        size: of the images in pixels, a side or (height, width); padding "same" depends on it.

    Returns:
        The field. Where a unit sees everything (class scores, a map behind a squeeze-and-excitation gate), that is the
        image, with a stride of 0.

    Raises:
        ValueError: an unknown layer, images too small, or a kind of layer whose reach is not known.
    """
    size = pair(size)
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    backbone.check_size(size, layer)
    network = backbone.truncate(layer)
    # By tensor: a layer that is called twice has a field for each call.
    reached = {id(network.inputs[0]): Field((1, 1), (1, 1), (0, 0), size)}
    for node in nodes(network):
        field = _through(node, [reached[id(tensor)] for tensor in node.input_tensors], size)
        reached |= dict.fromkeys(map(id, node.outputs), field)
    return reached[id(network.outputs[0])]


def _through(node: Any, below: Sequence[Field], size: tuple[int, int]) -> Field:
    """Return the field of a layer's units, given those of the layers that it reads.

    A unit that sees everything has the image as its field and a stride of 0: its neighbours see the same.
    """
    layer, maps = node.operation, len(node.outputs[0].shape) == 4
    if isinstance(layer, _LAYERS.Dense) and maps:  # the same for each unit: a convolution of 1 x 1
        return below[0]
    if isinstance(layer, _GLOBAL):
        return Field(size, (0, 0), (0, 0), (1, 1))
    operation = "" if isinstance(layer, keras.Layer) else type(layer).__name__
    if isinstance(layer, _MERGES) or operation in _MERGE_OPERATIONS:
        return _union(layer, below)
    if len(below) != 1:
        raise _unknown(layer)
    (field,) = below
    if isinstance(layer, _WINDOWS):
        return _window(field, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    if isinstance(layer, _POOLS):
        return _window(field, layer.pool_size, layer.strides, (1, 1), layer.padding)
    if isinstance(layer, _LAYERS.ZeroPadding2D | _LAYERS.Cropping2D):
        sign, sides = (-1, layer.padding) if isinstance(layer, _LAYERS.ZeroPadding2D) else (1, layer.cropping)
        first = (f + sign * j * side[0] for f, j, side in zip(field.first, field.stride, sides, strict=True))
        units = (n - sign * sum(side) for n, side in zip(field.units, sides, strict=True))
        return Field(field.size, field.stride, tuple(first), tuple(units))
    if isinstance(layer, _POINTWISE) or operation in _POINTWISE_OPERATIONS or field.stride == (0, 0):
        return field
    if isinstance(layer, _LAYERS.LayerNormalization | _LAYERS.Softmax) and layer.axis in (-1, [-1], 3, [3]):
        return field
    raise _unknown(layer)


def _unknown(layer: keras.Operation) -> ValueError:
    return ValueError(
        f"The receptive field ends at '{layer.name}': how far a {type(layer).__name__} reaches is not known."
    )


def _window(
    field: Field, kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int], padding: str
) -> Field:
    axes = []
    for r, j, f, n, k, s, d in zip(
        field.size, field.stride, field.first, field.units, kernel, strides, dilation, strict=True
    ):
        reach = (k - 1) * d
        units = -(-n // s) if padding == "same" else (n - reach - 1) // s + 1
        before = max((units - 1) * s + reach + 1 - n, 0) // 2 if padding == "same" else 0
        axes.append((r + reach * j, j * s, f - before * j, units))
    return Field(*(tuple(int(value) for value in values) for values in zip(*axes, strict=True)))


def _union(layer: keras.layers.Layer, below: Sequence[Field]) -> Field:
    if whole := next((field for field in below if field.stride == (0, 0)), None):  # a gate over all positions
        return Field(whole.size, (0, 0), (0, 0), max(field.units for field in below))
    if len({(field.stride, field.units) for field in below}) > 1:
        raise ValueError(f"The receptive field ends at '{layer.name}': it joins maps of different strides.")
    first = tuple(min(field.first[axis] for field in below) for axis in (0, 1))
    last = (max(field.first[axis] + field.size[axis] for field in below) for axis in (0, 1))
    size = tuple(end - begin for begin, end in zip(first, last, strict=True))
    return Field(size, below[0].stride, first, below[0].units)


def effective_field(
    backbone: Backbone, layer: str, images: np.ndarray, share: float = 0.9, seed: int = 0, batch: int = 8
) -> Field:
    """Return the effective receptive field of a layer: the square that holds most of the gradient (Luo et al., 2016).

    The gradient of the unit in the middle of the map is squared, summed over colours and channels, brought to a sum of
    1 for each image and averaged over them. In expectation, random signs on the channels give that sum over
    channels with one gradient per image.

    Args:
        backbone: the network.
        layer: layer name, or "auto".
        images: (N, H, W, 3) in [-1, 1], 8 or more: photographs, if the network knows photographs.
        share: of the squared gradient that the square holds, above 0 and below 1.
        seed: of the signs.
        batch: images at once.

    Returns:
        A field with the stride and the centres of the theoretical one.

    Raises:
        ValueError: as for `receptive_field`; a share out of range, or no gradient on any image.
    """
    if not 0.0 < number("share", share) < 1.0:
        raise refusal("The share of the gradient", "above 0 and below 1", share)
    images, batch = check_range(images), whole_number("batch", batch, 1)
    seed = whole_number("seed", seed, 0, 2**63 - 1)
    field, network = receptive_field(backbone, layer, images.shape[1:3]), backbone.truncate(layer)
    signs = np.random.default_rng(seed).choice(np.float32([-1, 1]), (len(images), network.output.shape[-1]))
    row, col = (count // 2 for count in field.units)
    energy = np.zeros(images.shape[1:3])
    for first in range(0, len(images), batch):
        part = tf.constant(images[first : first + batch])
        with tf.GradientTape() as tape:
            tape.watch(part)
            maps = network(backbone.preprocess(part), training=False)
            unit = maps[:, row, col] if len(maps.shape) == 4 else maps
            value = tf.reduce_sum(tf.cast(unit, tf.float32) * signs[first : first + batch])
        squared = tf.reduce_sum(tape.gradient(value, part) ** 2, axis=-1).numpy()
        total = squared.sum(axis=(1, 2), keepdims=True)
        energy += np.divide(squared, total, out=np.zeros_like(squared), where=total > 0).sum(axis=0)
    if not energy.any():
        raise ValueError(f"No image moves the unit in the middle of '{layer}': its field cannot be measured on these.")
    centre = [
        f + s * i + (r - 1) / 2 for f, s, i, r in zip(field.first, field.stride, (row, col), field.size, strict=True)
    ]
    down, right = (np.abs(np.arange(side) - middle) for side, middle in zip(energy.shape, centre, strict=True))
    far = np.maximum(down[:, None], right[None, :])
    distances, ring = np.unique(far, return_inverse=True)
    held = np.cumsum(np.bincount(ring.ravel(), energy.ravel()))
    side = int(2 * distances[np.searchsorted(held, share * held[-1])] + 1)
    begin = tuple(f + (r - side) // 2 for f, r in zip(field.first, field.size, strict=True))
    return Field((side, side), field.stride, begin, field.units)
