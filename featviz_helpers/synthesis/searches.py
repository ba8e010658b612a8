"""Searches that need many attacks: the smallest epsilon that changes an answer, and pictures that get one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..attribution.probe import Probe
from ..common.checks import MOST_STEPS, instance, number_above, whole_number
from ..data.images import check_range
from ..models.backbone import Backbone
from .adversaries import Classes, correct, cross_entropy, pgd
from .balls import L2, radii

Attack = Callable[[Backbone, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def smallest_epsilon(
    backbone: Backbone,
    images: np.ndarray,
    classes: Classes,
    most: float = 16 / 255,
    rounds: int = 8,
    attack: Attack = pgd,
) -> np.ndarray:
    """Halve an interval until it is known how large a change each image needs to lose its class.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1].
        classes: class number, or one per image: the true one, or what the network said before.
        most: the largest epsilon that is tried, in units of the pixel range [0, 1]. An attack in L-infinity takes it
            below 1 only, one in L2 any.
        rounds: the answer is known to `most` / 2**rounds.
        attack: called as attack(backbone, images, classes, epsilon) with one class and one epsilon per image.

    Returns:
        (N,): an epsilon with which the attack did change the answer, 0 for an image that does not have its class
        without any (so zeros alone where no image has its class: `correct` tells), and infinity where the attack did
        not change the answer at `most`. It is the smallest one of this attack, not of all; and only where an attack
        that succeeds also succeeds with more. FGSM may change an answer with a little and not with `most`, and then
        infinity means no more than that.

    Raises:
        ValueError: `most` of 0 or below, no attack; see also `correct` and the attack.
    """
    images, rounds = check_range(images), whole_number("rounds", rounds, 1, 20)
    largest = np.full(len(images), number_above("most", most, 0.0, 1e6))  # the attack knows what else it allows
    instance("attack", attack, Callable, "a function such as fv.synthesis.pgd")
    at_first = correct(backbone, images, classes)
    own = np.broadcast_to(np.asarray(classes), len(images))
    high = np.where(at_first, np.inf, 0.0)

    def loses(rows: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
        return ~correct(backbone, attack(backbone, images[rows], own[rows], epsilon), own[rows])

    rows = np.flatnonzero(at_first)
    try:
        rows = rows[loses(rows, largest[rows])] if len(rows) else rows
    except ValueError as error:  # the attack blames its epsilon, which is our `most`
        if not str(error).startswith("epsilon"):
            raise
        raise ValueError(str(error).replace("epsilon", "most, the epsilon of this attack,", 1)) from error
    high[rows], low = largest[rows], np.zeros(len(images))
    for _ in range(rounds if len(rows) else 0):
        middle = (low[rows] + high[rows]) / 2
        lost = loses(rows, middle)
        high[rows[lost]], low[rows[~lost]] = middle[lost], middle[~lost]
    return high


class Fooled(NamedTuple):
    """Pictures that were brought to a class.

    Attributes:
        images: (N, H, W, 3) float32 in [-1, 1].
        probability: (N,) of the class.
        steps: (N,) that were taken.
        change: (N,) root of the mean squared difference from the start, as a share of the pixel range [0, 1].
    """

    images: np.ndarray
    probability: np.ndarray
    steps: np.ndarray
    change: np.ndarray


def fooling(
    backbone: Backbone,
    images: np.ndarray,
    classes: Classes,
    probability: float = 0.99,
    step_size: float = 1 / 255,
    most_steps: int = 100,
    batch: int | None = None,
) -> Fooled:
    """Change pictures, noise or photographs, until the network is sure of a class (Nguyen et al., 2015).

    Each step goes down the gradient of the class's cross-entropy, brought to one length, and each picture stops
    where its class has the probability. Nothing else bounds the change.

    Args:
        backbone: the network.
        images: (N, H, W, 3) in [-1, 1] to start from, such as `noise(...)`.
        classes: class number, or one per image, that the pictures are to get.
        probability: above 0, below 1, at which a picture is done.
        step_size: root of the mean squared change of a step, as a share of the pixel range [0, 1].
        most_steps: after which a picture is left as it is.
        batch: pictures at once; None takes as many as have 1.6 million pixels.

    Returns:
        The pictures, with probability, steps and change.

    Raises:
        ValueError: a number out of its range; see also `Probe`.
    """
    probe = Probe(backbone, cross_entropy(classes), images, batch=batch)
    enough = -np.log(number_above("probability", probability, 0.0, 1 - 1e-6))
    most, pictures = whole_number("most_steps", most_steps, 1, MOST_STEPS), probe.images.copy()
    values = np.prod(pictures.shape[1:])
    length = radii("step_size", number_above("step_size", step_size, 0.0, 1.0), len(pictures), "l2") * np.sqrt(values)
    losses, steps = np.empty(len(pictures)), np.zeros(len(pictures), int)
    for rows, _ in probe.pairs(len(pictures), 1):
        for taken in range(most + 1):
            loss, slopes = probe.slope(pictures[rows], rows)
            losses[rows], steps[rows] = loss, taken
            far = loss > enough
            rows, slopes = rows[far], slopes[far]
            if taken == most or not len(rows):
                break
            anywhere = L2(pictures[rows], length[rows])
            pictures[rows] = anywhere.step(pictures[rows], -slopes, length[rows])
    change = np.sqrt(((pictures - probe.images) ** 2).mean(axis=(1, 2, 3))) / 2
    return Fooled(pictures, np.exp(-losses), steps, change)
