"""The first layer of a network as pictures: what each of its filters weighs the pixels of an RGB image with.

Only the first layer can be looked at like this, because only its filters have the three colours of an image as inputs
(Krizhevsky et al., 2012, figure 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..common.arrays import read_arrays
from ..common.checks import file_name, instance, is_list, number_above, refusal, whole_number
from ..common.errors import DAMAGE, MissingWeights, damage, first_line
from .backbone import Backbone
from .graph import readers
from .torch_file import read_state

IMAGENET_STD = (0.229, 0.224, 0.225)  # what torchvision divides red, green and blue in [0, 1] by
TORCH_EPSILON = 1e-5  # of a batch norm, in every network of torchvision
SIDE = 64  # pixels of the image on which filters are measured; none is larger
DEAD = 0.01  # of the median strength: a filter below it answers to nothing


@dataclass(frozen=True)
class FilterBank:
    """The filters of one first layer.

    Attributes:
        name: of the network.
        kernels: (n, h, w, 3) float32, weights of the pixels of an RGB image in [-1, 1].
    """

    name: str
    kernels: np.ndarray

    def __len__(self) -> int:
        return len(self.kernels)

    @property
    def strengths(self) -> np.ndarray:
        """(n,) the root of the summed squares of each filter's weights."""
        return np.sqrt((self.kernels**2).sum(axis=(1, 2, 3)))

    @property
    def dead(self) -> np.ndarray:
        """(n,) bool: filters less than 0.01 times as strong as the median one, which training has switched off."""
        return self.strengths < DEAD * np.median(self.strengths)

    @property
    def colour_shares(self) -> np.ndarray:
        """See `colour_shares`: (n,), one per filter. NaN for a dead one, whose weights are rounding."""
        return np.where(self.dead, np.nan, colour_shares(self.kernels))

    @property
    def pictures(self) -> np.ndarray:
        """The filters (n, h, w, 3) in [-1, 1], divided by ONE number, the largest weight of all: grey is weight 0."""
        return self.kernels / max(float(np.abs(self.kernels).max()), 1e-12)


def colour_shares(kernels: np.ndarray) -> np.ndarray:
    """Return which share of each filter is colour: what is left of its squares when its grey part is taken out.

    The grey part of a pixel's three weights is their mean. A filter that weighs the colours alike has 0, one whose
    three weights cancel everywhere has 1, and weights at random have 2/3 on average, two of three directions.

    Args:
        kernels: (n, h, w, 3).

    Returns:
        (n,) in [0, 1]; NaN for a filter of zeros.

    Raises:
        ValueError: another shape.
    """
    if (
        not isinstance(kernels, np.ndarray)
        or kernels.ndim != 4
        or kernels.shape[-1] != 3
        or kernels.dtype.kind not in "fiu"
    ):
        raise refusal("kernels", "an array of filters (n, h, w, 3)", kernels)
    kernels = kernels.astype(np.float64)
    colour = kernels - kernels.mean(axis=-1, keepdims=True)
    whole = (kernels**2).sum(axis=(1, 2, 3))
    shares = (colour**2).sum(axis=(1, 2, 3)) / np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, shares, np.nan)


def first_filters(backbone: Backbone) -> FilterBank:
    """Return what the first convolution of a network weighs an image with.

    All that is linear between image and convolution counts as part of the filter: the scale of the preprocessing, the
    averages in front of ShapesNet's first convolution (its kernels of 5 x 5 see 7 x 7 pixels), and the scale of the
    batch norm behind it. So these are the slopes of the unit's response, before its ReLU, in the pixels that it sees.

    Args:
        backbone: the network.

    Raises:
        ValueError: no convolution reads the three colours.
    """
    model = instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns").model
    layers = [layer for layer in model.layers if type(layer) is keras.layers.Conv2D and layer.kernel.shape[2] == 3]
    if not layers:
        raise ValueError(f"{backbone.name} has no convolution that reads three colours: it has no filters to look at.")
    conv = layers[0]
    after = readers(model)[conv.name]
    scaled = len(after) == 1 and isinstance(after[0], keras.layers.BatchNormalization)
    cut = backbone.truncate(after[0].name if scaled else conv.name)
    folded = cut.get_layer(conv.name)
    below = keras.Model(cut.inputs, folded.input)
    image = tf.zeros((1, SIDE, SIDE, 3))
    with tf.GradientTape() as tape:
        tape.watch(image)
        # Without the convolution's own activation, if it has one.
        maps = folded.convolution_op(below(backbone.preprocess(image), training=False), folded.kernel)
        unit = maps[0, maps.shape[1] // 2, maps.shape[2] // 2]
    slopes = tape.jacobian(unit, image).numpy()[:, 0]
    rows, columns = (np.flatnonzero(np.abs(slopes).max(axis=axes)) for axes in ((0, 2, 3), (0, 1, 3)))
    if not len(rows):
        raise ValueError(f"'{conv.name}' of {backbone.name} has zeros for weights: there is nothing to look at.")
    return FilterBank(backbone.name, slopes[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def filters_from_file(
    path: str | Path, name: str | None = None, std: tuple[float, float, float] = IMAGENET_STD
) -> FilterBank:
    """Return the first layer's filters of a weights file, without building its network.

    Args:
        path: a state dict of torch (`.pth`, `.pt`: AlexNet, SqueezeNet, ResNet, DenseNet of torchvision), read without
            running anything that the file says; or arrays of numpy (`.npy`, `.npz`). The first array of four axes that
            reads three colours counts, in torch's layout (n, 3, h, w) or Keras's (h, w, 3, n), and the scale of a batch
            norm that follows it in a state dict is multiplied in.
        name: of the network; that of the file by default.
        std: what red, green and blue in [0, 1] are divided by before they reach the network.

    Raises:
        MissingWeights: there is no such file.
        ValueError: a file of another kind, a damaged one, or one without such filters.
    """
    path = file_name("path", path)
    if not path.is_file():
        raise MissingWeights(f"There is no weights file at '{path}'. fv.load_model('lite0') has filters without one.")
    colours = [number_above("std", one, 0, 1000) for one in std] if is_list(std) else []
    if len(colours) != 3:
        raise refusal("std", "three numbers, of red, green and blue", std)
    arrays = _arrays(path)
    for place, values in enumerate(arrays.values()):
        kernels = _channels_last(values)
        if kernels is not None:
            scale = _batch_norm_scale(list(arrays.items())[place + 1 :], len(kernels))
            kernels = kernels * scale[:, None, None, None] / (2 * np.asarray(colours))
            return FilterBank(name or path.stem, kernels.astype(np.float32))
    shapes = ", ".join(f"{key} {np.shape(values)}" for key, values in list(arrays.items())[:3])
    raise ValueError(f"'{path}' has no filters that read three colours; it begins with {shapes or 'nothing'}.")


def random_filters(like: FilterBank, seed: int = 0) -> FilterBank:
    """Return filters that nothing has trained: normal noise of the same sizes, each as strong as one of the bank.

    Args:
        like: the bank whose shape and norms are taken.
        seed: of the noise.
    """
    instance("like", like, FilterBank, "what models.first_filters returns")
    noise = np.random.default_rng(whole_number("seed", seed, 0)).normal(size=like.kernels.shape)
    norms = [np.sqrt((values**2).sum(axis=(1, 2, 3), keepdims=True)) for values in (like.kernels, noise)]
    return FilterBank(f"random, as strong as {like.name}", (noise * norms[0] / norms[1]).astype(np.float32))


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    try:
        if path.suffix in (".npy", ".npz"):
            return read_arrays(path)
        if path.suffix in (".pth", ".pt"):
            with open(path, "rb") as file:
                zipped = file.read(2) == b"PK"
            return _torch_arrays(path) if zipped else read_state(path)
    except DAMAGE as error:
        raise ValueError(f"'{path}' holds no arrays that can be read: {damage(error)}") from error
    raise refusal("path", "a file of weights that ends in .pth, .pt, .npy or .npz", str(path))


def _torch_arrays(path: Path) -> Mapping[str, np.ndarray]:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ValueError("it has torch's zip format, which needs torch (make lpips installs it)") from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {key: tensor.numpy() for key, tensor in state.items()}
    except Exception as error:  # torch trips over another file in zip, pickle or what is no tensor
        raise ValueError(f"it is no state dict of torch ({first_line(error)})") from error


def _channels_last(values: np.ndarray) -> np.ndarray | None:
    """Return filters (n, h, w, 3), or None for what reads no three colours."""
    if np.ndim(values) != 4 or values.dtype.kind != "f":
        return None
    if values.shape[1] == 3 and values.shape[2] == values.shape[3]:
        return values.transpose(0, 2, 3, 1)
    return values.transpose(3, 0, 1, 2) if values.shape[2] == 3 and values.shape[0] == values.shape[1] else None


def _batch_norm_scale(rest: list[tuple[str, np.ndarray]], count: int) -> np.ndarray:
    """Return what a batch norm multiplies the filters with, if one comes before the next convolution."""
    found = {}
    for key, values in rest:
        if np.ndim(values) == 4:
            break
        found[key] = values
    variance = next((key for key in found if key.endswith(".running_var") and len(found[key]) == count), None)
    if variance is None:
        return np.ones(count)
    gamma = found.get(variance.replace(".running_var", ".weight"), np.ones(count))
    return gamma / np.sqrt(found[variance] + TORCH_EPSILON)
