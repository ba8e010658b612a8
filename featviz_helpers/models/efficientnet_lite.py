"""EfficientNet-Lite: a real ImageNet classifier of 17 MB, with ReLU6 and without squeeze-and-excitation.

Google's EfficientNet-Lite (Liu, 2020) is EfficientNet (Tan & Le, 2019) made for phones: swish gives way to ReLU6, the
gates go, and stem and head keep their width. Layers are called as in `keras.applications.EfficientNetB0`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind: how many, kernel, stride of the first, expansion, output channels."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
DEPTH = {"lite0": 1.0, "lite1": 1.1}  # the first and the last stage are never deepened
CLASSES = 1000


def blocks(name: str) -> list[tuple[str, Stage, int]]:
    """Return the blocks of a network: name ("block5b"), stage, and the stride of this block."""
    names = []
    for number, stage in enumerate(STAGES, start=1):
        inner = 1 < number < len(STAGES)
        repeats = math.ceil(DEPTH[name] * stage.repeats) if inner else stage.repeats
        names += [(f"block{number}{chr(97 + i)}", stage, stage.stride if i == 0 else 1) for i in range(repeats)]
    return names


def build(name: str = "lite0") -> keras.Model:
    """Build EfficientNet-Lite with fresh weights.

    Args:
        name: "lite0" or "lite1".

    Returns:
        A model from images (N, H, W, 3) float32 of any size from 32 pixels up, in Google's range (`lite.preprocess`),
        to 1000 class scores before the softmax.
    """
    inputs = keras.Input((None, None, 3), name="image")
    x = _normed(_convolution(inputs, 32, 3, 2, "stem_conv"), "stem_bn", "stem_activation")
    for block, stage, stride in blocks(name):
        x = _block(x, block, stage, stride)
    x = _normed(_convolution(x, 1280, 1, 1, "top_conv"), "top_bn", "top_activation")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return keras.Model(inputs, layers.Dense(CLASSES, name="predictions")(x), name=name)


def _convolution(x, filters: int, kernel: int, stride: int, name: str):
    return layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)


def _normed(x, norm: str, activation: str | None = None):
    x = layers.BatchNormalization(epsilon=1e-3, name=norm)(x)
    return layers.ReLU(6.0, name=activation)(x) if activation else x


def _block(inputs, block: str, stage: Stage, stride: int):
    """An inverted residual: expand, look at each channel by itself, project, add."""
    x, width = inputs, inputs.shape[-1]
    if stage.expansion > 1:
        x = _convolution(x, width * stage.expansion, 1, 1, f"{block}_expand_conv")
        x = _normed(x, f"{block}_expand_bn", f"{block}_expand_activation")
    x = layers.DepthwiseConv2D(stage.kernel, stride, padding="same", use_bias=False, name=f"{block}_dwconv")(x)
    x = _normed(x, f"{block}_bn", f"{block}_activation")
    x = _normed(_convolution(x, stage.filters, 1, 1, f"{block}_project_conv"), f"{block}_project_bn")
    return layers.Add(name=f"{block}_add")([x, inputs]) if stride == 1 and width == stage.filters else x


def torch_names(name: str) -> dict[str, str]:
    """Return the name in the PyTorch state dict of every layer with weights."""
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    names["predictions"] = "_fc"
    for number, (block, stage, _) in enumerate(blocks(name)):
        parts = {"dwconv": "_depthwise_conv", "bn": "_bn1", "project_conv": "_project_conv", "project_bn": "_bn2"}
        if stage.expansion > 1:
            parts |= {"expand_conv": "_expand_conv", "expand_bn": "_bn0"}
        names |= {f"{block}_{own}": f"_blocks.{number}.{theirs}" for own, theirs in parts.items()}
    return names


def set_weights(model: keras.Model, state: dict[str, np.ndarray]) -> None:
    """Fill a network with the weights of a PyTorch state dict.

    Raises:
        ValueError: an array is missing, is left over, or has another shape.
    """
    left = {key for key in state if not key.endswith("num_batches_tracked")}
    for own, theirs in torch_names(model.name).items():
        layer = model.get_layer(own)
        parts = ("weight", "bias", "running_mean", "running_var") if "bn" in own else ("weight", "bias")
        keys = [f"{theirs}.{part}" for part in parts][: len(layer.weights)]
        if missing := [key for key in keys if key not in state]:
            raise ValueError(f"The weights of {model.name} lack '{missing[0]}': they are of another network.")
        arrays = [_turned(state[key], layer) for key in keys]
        for array, weight, key in zip(arrays, layer.weights, keys, strict=True):
            if array.shape != tuple(weight.shape):
                raise ValueError(f"'{key}' has shape {array.shape}, and {model.name} needs {tuple(weight.shape)}.")
        layer.set_weights(arrays)
        left -= set(keys)
    if left:
        raise ValueError(f"The weights hold {len(left)} arrays more than {model.name} has, such as '{min(left)}'.")


def _turned(array: np.ndarray, layer: keras.Layer) -> np.ndarray:
    """Turn PyTorch's axes into Keras's: (out, in, h, w) and (out, in) into (h, w, in, out) and (in, out)."""
    if array.ndim == 4:
        return array.transpose((2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0))
    return array.T
