"""Several pictures of one unit that differ: a term that pushes them apart, and the measure of how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count as counted

import numpy as np
import tensorflow as tf

from ..ascent.term import Term
from ..common.checks import choice, whole_numbers
from ..data.images import check_range
from ..models.backbone import Backbone
from .style import gram

FEATURES = ("gram", "mean")
FLOOR = 1e-30  # of a squared length: a map without any activation is like nothing, and not like NaN


class Diversity(Term):
    """Minus the summed cosine of an image's Gram matrix with those of its group (Olah et al., 2017).

    value of image i = - 1/2 sum over j != i of its group of cos(G_i, G_j), with G = (1 / hw) sum of a a^T over places.
    Over a whole group that adds up to minus the sum over its pairs. The Gram matrix says which channels of the layer
    answer together, and not where. The gradient of an image depends on the others of its group and on none else, so all
    images of a call are climbed as one batch.

    In a group of k pictures each is pushed by k - 1 others. Give the pictures of one group one weight: with different
    ones, an image also feels the weights of the others.

    Args:
        layer: layer name, with a map.
        groups: whole numbers, one per image; pictures with the same number are pushed apart. By default all of a call
            are one group. The channels themselves do: `channel(layer, c) + 2 * Diversity(layer, c)`.

    Raises:
        ValueError: no whole numbers; on use, a group of one picture, or a layer without a map.
    """

    kind = "diversity"
    couples = True

    def __init__(self, layer: str, groups: int | Sequence[int] | None = None) -> None:
        numbers = [0] if groups is None else whole_numbers("Diversity: groups", groups, 0, 2**31 - 1)
        super().__init__(layer, group=np.asarray(numbers, np.int32))

    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        group, member = units["group"], units["member"]
        others = tf.cast((group[:, None] == group) & (member[:, None] != member), tf.float32)
        unit = tf.math.l2_normalize(_rows(activation), axis=1, epsilon=FLOOR)
        return -0.5 * tf.reduce_sum(others * tf.matmul(unit, unit, transpose_b=True), axis=1)

    def check(self, backbone: Backbone) -> None:
        backbone.check_map(self.layer)

    def spread(self, count: int) -> Term:
        """Number the members of each group: their starts differ also where the seed is the same."""
        term = super().spread(count)
        group = term.units["group"].tolist()
        alone = sorted({number for number in group if group.count(number) == 1})
        if alone:
            raise ValueError(
                f"Diversity compares the pictures of a group, and a picture alone has no other; got {count} "
                f"{'picture' if count == 1 else 'pictures'}, and one only in group {alone[0]}. Ask for two or more: "
                "fv.channel(layer, [c, c]) + weight * Diversity(layer)."
            )
        numbers = {number: counted() for number in set(group)}
        member = np.asarray([next(numbers[number]) for number in group], np.int32)
        return term.replace(units=term.units | {"member": member})

    def key(self, image: int) -> tuple:
        """Leave out what the group is called: a picture starts alike whatever else is made beside its group."""
        return (self.kind, int(self.units["member"][image]))


def _rows(activation: tf.Tensor) -> tf.Tensor:
    """Return the Gram matrices of activations (N, h, w, C) as rows (N, C * C)."""
    return tf.reshape(gram(activation), [-1, activation.shape[3] ** 2])


def pairwise_similarity(
    backbone: Backbone, pictures: np.ndarray, layer: str = "auto", features: str = "gram", batch: int = 32
) -> float:
    """Return the mean cosine of the features of all pairs of pictures: 1 where all are alike.

    Args:
        backbone: the network.
        pictures: (N, H, W, 3) in [-1, 1], two or more.
        layer: whose features are compared.
        features: "gram", what `Diversity` pushes apart, or "mean", the mean activations of the layer's channels.
        batch: images at once.

    Raises:
        ValueError: one picture, an unknown layer or one without a map, other features.
    """
    pictures = check_range(pictures, name="pictures")
    if len(pictures) < 2:
        raise ValueError(f"The likeness of pictures needs two or more, to make a pair; got {len(pictures)}.")
    backbone.check_map(layer)
    maps = tf.constant(backbone.activations(pictures, layer, batch))
    rows = _rows(maps) if choice("features", features, FEATURES) == "gram" else tf.reduce_mean(maps, axis=[1, 2])
    unit = tf.math.l2_normalize(rows, axis=1, epsilon=FLOOR).numpy()
    return float((unit @ unit.T)[np.triu_indices(len(unit), 1)].mean())
