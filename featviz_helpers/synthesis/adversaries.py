"""Adversarial examples: a small change of an image after which the network says something else.

Every attack takes the classes it is to leave (or, with `targeted`, to reach) from whoever calls: the true ones, or the
ones the network gave before. None of them looks up what the network says now.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..ascent.objectives import ClassScore
from ..ascent.per_image import Numbers
from ..attribution.baselines import content_key
from ..attribution.probe import Probe
from ..common.checks import MOST_STEPS, flag, whole_number, whole_numbers
from ..common.random_streams import start_uniform
from ..data.images import check_range
from ..models.backbone import Backbone
from .balls import BALLS, Ball, radii

OUT = -1e9  # added to a score that is not to count
REACH = 2.5  # all steps together, in units of epsilon (Madry et al., 2018)

Classes = int | Sequence[int] | np.ndarray


class Lead(ClassScore):
    """How far the other classes together are ahead of one, in scores: the logarithm of (1 - p) / p.

    The cross-entropy is its softplus, so both grow in the same direction. But the slope of the softplus vanishes where
    a network is very sure, and an attack along it would stand still; the lead keeps its slope.
    """

    kind = "lead"

    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        own = tf.one_hot(units["channel"], activation.shape[1], on_value=OUT, off_value=0.0)
        return tf.reduce_logsumexp(activation + own, axis=1) - super().value(activation, units)


class CrossEntropy(Lead):
    """Minus the logarithm of a class's probability, from the scores before the softmax.

    It is written with what the other classes have together: the usual form takes the probability from 1, and loses a
    sure answer in rounding.
    """

    kind = "cross entropy"

    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.nn.softplus(super().value(activation, units))


def cross_entropy(classes: Classes) -> CrossEntropy:
    """Return the loss of a class, or of one class per image, as an objective."""
    return CrossEntropy("logits", channel=_class_numbers(classes))


def lead(classes: Classes) -> Lead:
    """Return the lead of the other classes over one, or over one per image, as an objective."""
    return Lead("logits", channel=_class_numbers(classes))


def _class_numbers(classes: Classes) -> np.ndarray:
    return np.asarray(whole_numbers("A class", classes, 0, 2**31 - 1), np.int32)


def correct(backbone: Backbone, images: np.ndarray, classes: Classes, batch: int = 32) -> np.ndarray:
    """Return whether each image has its highest score for the class that is given: (N,) bool.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1].
        classes: class number, or one per image: the true one, or what the network said before.
        batch: images at once.

    Raises:
        ValueError: images outside [-1, 1] or too small, a class that the network does not have, another number of
            classes than of images, or a network without class scores.
    """
    images, wanted = check_range(images), whole_numbers("classes", classes)
    backbone.check_channels("logits", wanted, "classes")
    if len(wanted) not in (1, len(images)):
        raise ValueError(f"{len(wanted)} classes and {len(images)} images: give one class per image, or one for all.")
    return backbone.activations(images, "logits", batch).argmax(axis=1) == np.array(wanted)


def fgsm(
    backbone: Backbone,
    images: np.ndarray,
    classes: Classes,
    epsilon: Numbers,
    *,
    targeted: bool = False,
    batch: int | None = None,
) -> np.ndarray:
    """Take one step of the fast gradient sign method (Goodfellow, Shlens and Szegedy, 2015).

    picture = clip(image + 2 epsilon * sign(gradient of the cross-entropy at the image)), minus with `targeted`.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1].
        classes: class number, or one per image, that the images are to lose; with `targeted`, to get.
        epsilon: largest change as a share of the pixel range [0, 1], such as 8/255, below 1; or one per image. Since
            our images live in [-1, 1], 8/255 moves a value by 16/255.
        targeted: go down the loss of the class instead of up.
        batch: pictures at once; None takes as many as have 1.6 million pixels.

    Returns:
        (N, H, W, 3) float32 in [-1, 1].

    Raises:
        ValueError: epsilon below 0, or 1 and more; see also `Probe`.
    """
    probe = Probe(backbone, lead(classes), images, batch=batch)
    radius = radii("epsilon", epsilon, len(probe.images), "linf")
    return _climb(probe, "linf", radius, radius, 1, _sign(targeted), None)


def pgd(
    backbone: Backbone,
    images: np.ndarray,
    classes: Classes,
    epsilon: Numbers,
    *,
    norm: str = "linf",
    steps: int = 10,
    step_size: Numbers | None = None,
    targeted: bool = False,
    random_start: bool = True,
    seed: int = 0,
    batch: int | None = None,
) -> np.ndarray:
    """Climb the cross-entropy step by step inside the ball (projected gradient descent, Madry et al., 2018).

    Args:
        backbone, images, classes, targeted, batch: as for `fgsm`.
        epsilon: as for `fgsm`; with norm="l2" the largest length of the change, the root of the summed squares over all
            values of an image in [0, 1], which may be above 1.
        norm: "linf", where a step is the sign of the gradient, or "l2", where it is the gradient brought to length 1.
        steps: 1 to 1,000,000.
        step_size: in units of epsilon's range; 2.5 epsilon / steps by default, so that a path can cross the ball.
        random_start: begin at a random image of the ball; else at the image itself.
        seed: of the start, which depends on the seed and the image alone, in any batch.

    Returns:
        (N, H, W, 3) float32 in [-1, 1], the last picture of each path: inside the ball, also after rounding.

    Raises:
        ValueError: see `fgsm`; also an unknown norm, a step size below 0, fewer than one step.
    """
    probe = Probe(backbone, lead(classes), images, batch=batch)
    count, steps = len(probe.images), whole_number("steps", steps, 1, MOST_STEPS)
    radius = radii("epsilon", epsilon, count, norm)
    length = REACH / steps * radius if step_size is None else radii("step_size", step_size, count, norm)
    start = whole_number("seed", seed, -(2**63), 2**63 - 1) if flag("random_start", random_start) else None
    return _climb(probe, norm, radius, length, steps, _sign(targeted), start)


def random_signs(images: np.ndarray, epsilon: Numbers, seed: int = 0) -> np.ndarray:
    """Return each image with every value moved by epsilon up or down at random: the control of an attack.

    Args:
        images: (N, H, W, 3) in [-1, 1].
        epsilon: as for `fgsm`.
        seed: of the signs, which depend on the seed and the image alone.

    Returns:
        (N, H, W, 3) float32 in [-1, 1].

    Raises:
        ValueError: images outside [-1, 1], epsilon below 0, or 1 and more.
    """
    images = check_range(images)
    radius = radii("epsilon", epsilon, len(images), "linf")
    ball, seed = BALLS["linf"](images, radius), whole_number("seed", seed, -(2**63), 2**63 - 1)
    return ball.step(images, _random(images, seed), radius)


def _sign(targeted: bool) -> float:
    return -1.0 if flag("targeted", targeted) else 1.0


def _climb(
    probe: Probe, norm: str, radius: np.ndarray, length: np.ndarray, steps: int, sign: float, seed: int | None
) -> np.ndarray:
    """Return the ends of all paths, a batch at a time; without a seed they begin at the images."""
    found = np.empty_like(probe.images)
    for rows, _ in probe.pairs(len(probe.images), 1):
        images = probe.images[rows]
        ball = BALLS[norm](images, radius[rows])
        pictures = images if seed is None else _start(ball, seed)
        for _ in range(steps):
            pictures = ball.step(pictures, sign * probe.slope(pictures, rows)[1], length[rows])
        found[rows] = pictures
    return found


def _start(ball: Ball, seed: int) -> np.ndarray:
    """Return a random picture of each ball: a random direction, and a share of the radius for each value or for all."""
    draws = _random(ball.images, seed)
    if isinstance(ball, BALLS["linf"]):
        return ball.project(ball.images + draws * ball.radius.astype(np.float32))
    return ball.step(ball.images, draws, ball.radius * np.abs(draws[:, :1, :1, :1]))


def _random(images: np.ndarray, seed: int) -> np.ndarray:
    """Return values in [-1, 1) for each image, from a stream of its own."""
    return np.stack([2 * start_uniform(seed, content_key(image), image.shape) - 1 for image in images])
