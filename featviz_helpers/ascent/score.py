"""What a network says to finished pictures: the objective's value, and how much of it a small change leaves."""

import numpy as np
import tensorflow as tf

from ..common.checks import instance, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone
from . import kinds
from .term import Objective
from .transform_base import Transform

MOST_DRAWS = 10_000


def score(backbone: Backbone, objective: Objective, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Return the objective's value for each image, without transforms or penalties.

    Args:
        backbone: the network.
        objective: what is measured; one unit for all images, or one per image.
        images: (N, H, W, 3) in [-1, 1]; NaN for a dead start.
        batch: images at once.

    Returns:
        (N,) float32, the same number that `maximize` reports as an activation; NaN for a dead start.

    Raises:
        ValueError: as many units as images are needed, or one; images too small for the layer, or not in [-1, 1].
    """
    images, batch = check_range(images, dead=True), whole_number("batch", batch, 1)
    kinds.one("backbone", backbone)
    kinds.one("objective", objective)
    objective = objective.resolve(backbone)
    if objective.count not in (1, len(images)):
        raise ValueError(f"{objective.count} units and {len(images)} images: give one unit per image, or one for all.")
    objective.check_size(backbone, images.shape[1:3])
    objective = objective.broadcast(len(images))
    batch = len(images) if objective.couples else batch
    values = []
    for first in range(0, len(images), batch):
        part = slice(first, first + batch)
        answer = backbone.forward(images[part], *objective.layers)
        units = [{name: tf.constant(array[part]) for name, array in term.units.items()} for term in objective.terms]
        terms = objective.values(dict(zip(objective.layers, answer, strict=True)), units).numpy()
        weights = np.stack([term.weight[part] for term in objective.terms], axis=1)
        values.append((terms * weights).sum(axis=1))
    return np.where(np.isnan(images).any(axis=(1, 2, 3)), np.nan, np.concatenate(values)).astype(np.float32)


def robustness(
    backbone: Backbone, objective: Objective, images: np.ndarray, transform: Transform, draws: int = 8, seed: int = 0
) -> np.ndarray:
    """Return the share of the activation that is left when the picture is shifted, turned or scaled.

    Args:
        backbone: the network.
        objective: what is measured, see `score`.
        images: (N, H, W, 3) in [-1, 1].
        transform: the change; its draws are the same for every set of images of the same length.
        draws: how many changes to average over, 1 to 10,000.
        seed: of the draws.

    Returns:
        (N,): 1 where the change makes no difference, 0 where nothing is left; NaN where there was nothing to lose.

    Raises:
        ValueError: see `score`.
    """
    draws = whole_number("draws", draws, 1, MOST_DRAWS)
    instance("transform", transform, Transform, "such as fv.Jitter(8) or fv.standard()")
    plain = score(backbone, objective, images)
    changed = [score(backbone, objective, transform(images, seed, step)) for step in range(draws)]
    return np.divide(np.mean(changed, axis=0), plain, out=np.full_like(plain, np.nan), where=plain > 0)
