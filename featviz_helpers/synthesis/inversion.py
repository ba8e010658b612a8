"""What does a layer still know? Pictures whose features are those of an image (Mahendran and Vedaldi, 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..ascent.maximize import maximize
from ..ascent.penalties import Norm, Penalty, TotalVariation
from ..ascent.result import Result
from ..ascent.term import Term
from ..common.checks import shown
from ..data.images import check_range
from ..models.backbone import Backbone

PENALTIES = (TotalVariation(1e-4, beta=2.0), Norm(1e-6, p=6.0))


class FeatureDistance(Term):
    """How far a picture's features are from wanted ones: |phi(x) - phi_0|^2 / |phi_0|^2.

    0 at the image that the features are of, and 1 for a picture without any activation. It is an objective like any
    other: subtract it from what is to be climbed.

    Args:
        layer: layer name.
        features: (N, h, w, C) or (N, C), the layer's output for one image, or for one per picture.
    """

    kind = "feature distance"

    def __init__(self, layer: str, features: np.ndarray) -> None:
        super().__init__(layer, features=np.asarray(features, np.float32))

    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        wanted = units["features"]
        return _squares(activation - wanted) / tf.maximum(_squares(wanted), 1e-12)

    def key(self, image: int) -> tuple:
        """Leave the features out, whose last bits differ from batch to batch: a start must not."""
        return (self.kind,)

    def check(self, backbone: Backbone) -> None:
        channels, own = backbone.layers[self.layer], self.units["features"].shape
        if own[-1] != channels:
            raise ValueError(f"Features of '{self.layer}' of {backbone.name} must have {channels} channels; got {own}.")

    def check_images(self, backbone: Backbone, size: Sequence[int]) -> None:
        own = self.units["features"].shape[1:]
        here = backbone.truncate(self.layer).compute_output_shape((1, *size, 3))[1:]
        if own != tuple(here):
            raise ValueError(
                f"Features {own} do not fit '{self.layer}' of {backbone.name}, which has {tuple(here)} on images of "
                f"{size[0]} x {size[1]} pixels: take them from images of that size."
            )


def feature_distance(
    backbone: Backbone, pictures: np.ndarray, images: np.ndarray, layer: str = "auto", batch: int = 32
) -> np.ndarray:
    """Return |phi(picture) - phi(image)|^2 / |phi(image)|^2 for each pair: (N,).

    Args:
        backbone: the network.
        pictures, images: (N, H, W, 3) in [-1, 1], of the same size; or one image for all pictures.
        layer: whose output phi is.
        batch: images at once.

    Raises:
        ValueError: an unknown layer, images that do not fit each other, are too small or outside [-1, 1].
    """
    pictures, images = check_range(pictures, name="pictures"), check_range(images)
    if images.shape not in (pictures.shape, (1, *pictures.shape[1:])):
        raise ValueError(
            f"Pictures of shape {pictures.shape} need images of the same shape, or one; got {images.shape}."
        )
    ours, theirs = (backbone.activations(one, layer, batch) for one in (pictures, images))
    axes = tuple(range(1, ours.ndim))
    return ((ours - theirs) ** 2).sum(axis=axes) / np.maximum((theirs**2).sum(axis=axes), 1e-12)


def invert(
    backbone: Backbone,
    images: np.ndarray,
    layer: str = "auto",
    *,
    start: np.ndarray | None = None,
    penalties: Sequence[Penalty] = PENALTIES,
    **options: Any,
) -> Result:
    """Look for pictures with the features of given images (Mahendran and Vedaldi, 2015).

    It climbs minus `FeatureDistance` with `maximize`, so everything that an ascent has works here: Fourier space,
    transforms, another optimizer, precision, snapshots.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1].
        layer: whose features are to be met.
        start: images of the same size to begin with; weak noise by default.
        penalties: the paper's two by default, the squared differences of neighbours and the sixth powers of the
            values, so weak that they decide only what the layer leaves open.
        options: of `maximize`, such as `parameterization`, `steps`, `seed` or `optimizer`; none that changes the size,
            which is that of the images. Transforms move the picture against the features that it is to meet.

    Returns:
        The result; `-result.activations` are the distances that were reached.

    Raises:
        ValueError: another size; see also `maximize`.
        DeadStart: a start whose features are met already.
    """
    images = check_range(images)
    size = images.shape[1:3]
    if sized := [name for name in ("size", "octaves", "tile") if name in options]:
        raise ValueError(f"invert takes no {sized[0]}: the features of an image belong to its size, {size}.")
    if start is not None and (start := check_range(start, name="start")).shape[1:3] != size:
        raise ValueError(f"start must have the size of the images, {size}; got {shown(start)}.")
    wanted = FeatureDistance(backbone.resolve(layer), backbone.activations(images, layer))
    return maximize(
        backbone,
        -1.0 * wanted,
        penalties=penalties,
        start=start,
        size=size,
        **options,
    )


def _squares(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values**2, axis=list(range(1, values.shape.rank)))
