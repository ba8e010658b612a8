"""The distances by name: LPIPS and its relatives, SSIM, the mean squared difference of pixels."""

from __future__ import annotations

import numpy as np

from ..common.checks import flag, shown
from ..common.errors import nearest
from .distance_base import Distance, EmbeddingDistance


class Pixels(EmbeddingDistance):
    """The mean squared difference of the pixels: the plainest of all."""

    name = "pixels"
    label = "mean squared difference of pixels"

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        flat = pictures.reshape(len(pictures), -1)
        return flat / np.sqrt(flat.shape[1], dtype=np.float32)


class SSIM(Distance):
    """One minus the structural similarity (Wang et al., 2004), from scikit-image: 0 for equal pictures, up to 2."""

    name = "ssim"
    label = "1 - SSIM"
    min_size = 11  # the Gaussian window

    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        from skimage.metrics import structural_similarity

        first, second = (first + 1.0) / 2.0, (second + 1.0) / 2.0  # SSIM depends on where zero lies
        options = {"channel_axis": -1, "data_range": 1.0, "gaussian_weights": True, "use_sample_covariance": False}
        values = [1.0 - structural_similarity(a, b, **options) for a, b in zip(first, second, strict=True)]
        return np.array(values, np.float32)


class ShapesNetDistance(EmbeddingDistance):
    """The form of LPIPS on the features of the bundled ShapesNet, with equal weights; NOT the published LPIPS.

    At every position of every block the features are scaled to length 1; the distance is the squared difference,
    summed over channels, averaged over positions and summed over blocks (Zhang et al., 2018, without the weights that
    they fitted to human judgements).
    """

    name = "shapesnet"
    label = "LPIPS-form distance on ShapesNet"
    min_size = 7
    blocks = ("mixed0", "mixed1", "mixed2", "mixed3", "mixed4")

    def __init__(self) -> None:
        from ..models.load import load_model

        self.backbone = load_model("shapesnet")

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        parts = []
        for features in self.backbone.forward(pictures, *self.blocks):
            length = tf.sqrt(tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)) + 1e-10
            parts.append(self._flat((features / length).numpy()))
        return np.concatenate(parts, axis=1)

    def _flat(self, unit: np.ndarray) -> np.ndarray:
        """Return the part (N, D) of one block's features (N, h, w, C), whose squares are averaged over positions."""
        return unit.reshape(len(unit), -1) / np.sqrt(unit.shape[1] * unit.shape[2], dtype=np.float32)


class PlaceFreeShapesNet(ShapesNetDistance):
    """The same features, averaged over all places before they are compared; see `PlaceFreeLPIPS`."""

    name = "shapesnet-place-free"
    label = "place-free features (ShapesNet)"

    def _flat(self, unit: np.ndarray) -> np.ndarray:
        return np.concatenate([unit.mean(axis=(1, 2)), unit.std(axis=(1, 2))], axis=1)


LPIPS_NETS = ("alex", "squeeze", "vgg")
PLACE_FREE = tuple(f"{net}-place-free" for net in (*LPIPS_NETS, "shapesnet"))
NETS = (*LPIPS_NETS, "shapesnet", "ssim", "pixels", *PLACE_FREE)


def distance(net: str = "alex", download: bool = False) -> Distance:
    """Return a distance by name.

    Args:
        net: "alex", "squeeze" or "vgg" (LPIPS v0.1; needs that network's torchvision weights), "shapesnet" (LPIPS-form
            distance on the bundled network), "ssim" or "pixels". The first four with "-place-free" at the end compare
            what a picture holds, not where, such as "alex-place-free".
        download: fetch the weights when they are not on this machine; the call then says so.

    Returns:
        The distance.

    Raises:
        ValueError: no such name.
        MissingWeights: the network's weights are not on this machine.
    """
    if not isinstance(net, str) or net not in NETS:
        raise ValueError(f"There is no distance {shown(net)}: {nearest(net, NETS)}")
    download = flag("download", download)
    features = net.removesuffix("-place-free")
    if features in LPIPS_NETS:
        from .lpips_distance import LPIPS, PlaceFreeLPIPS

        return (LPIPS if features == net else PlaceFreeLPIPS)(features, download=download)
    bundled = (ShapesNetDistance, PlaceFreeShapesNet, SSIM, Pixels)
    return next(kind for kind in bundled if kind.name == net)()
