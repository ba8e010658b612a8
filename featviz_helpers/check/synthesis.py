"""Judge answers about adversarial examples and pictures with the features of another."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..models.backbone import Backbone
from ..synthesis.adversaries import correct
from ..synthesis.inversion import feature_distance
from .answers import ARRAY, FUNCTION, IMAGES, in_range, judge, say

ROUNDING = 1e-4  # in units of our images: what float32 and another order of additions may do
ALIKE = 0.9  # of the values: the sign of a gradient near 0 hangs on rounding, and each step inherits it

Attack = Callable[[np.ndarray, Sequence[int], Any], np.ndarray]


@judge(FUNCTION)
def attack(
    answer: Attack | None, reference: Attack, images: np.ndarray, classes: Sequence[int], epsilon: float
) -> bool:
    """Judge an attack as a function of images, classes and epsilon: it must do what the reference does."""
    given = np.asarray(answer(images, classes, epsilon))
    if given.shape != images.shape:
        return say(False, "", f"for images of shape {images.shape} it returns {given.shape}.")
    if np.abs(given).max() > 1 + ROUNDING:
        return say(False, "", f"its values reach {np.abs(given).max():.3f}: an image ends at -1 and 1.")
    largest, allowed = np.abs(given - images).max(), 2 * epsilon
    if largest > allowed + ROUNDING:
        return say(False, "", f"it moves a value by up to {largest:.4f}, out of the ball; allowed are {allowed:.4f}.")
    wanted = reference(images, classes, epsilon)
    same = float((np.abs(given - wanted) <= ROUNDING).mean())
    hint = " Our pixel range is 2 wide." if 2 * largest <= allowed + ROUNDING else ""
    if (np.abs(given + wanted - 2 * images) <= ROUNDING).mean() > max(same, 0.5):
        hint = " It goes the other way: the loss of the class has to rise."
    return say(same > ALIKE, f"{same:.0%} of the values agree.", f"{same:.0%} of the values agree.{hint}")


@judge(ARRAY)
def smallest(
    answer: np.ndarray | None,
    backbone: Backbone,
    images: np.ndarray,
    classes: Sequence[int],
    method: Attack,
    tolerance: float,
) -> bool:
    """Judge an epsilon for each image: it must change the answer, and one smaller by the tolerance must not."""
    if np.shape(answer) != (len(images),):
        return say(False, "", f"{len(images)} images need as many numbers; yours have the shape {np.shape(answer)}.")
    epsilon = np.asarray(answer, float)
    if not (epsilon > 0).all() or epsilon.max() >= 1:
        return say(False, "", "each must be above 0 and below 1: a share of the pixel range, such as 1/255.")
    fooled = ~correct(backbone, method(images, classes, epsilon), classes)
    if not fooled.all():
        return say(False, "", f"{len(images) - fooled.sum()} of {len(images)} images keep their class with yours.")
    held = correct(backbone, method(images, classes, np.maximum(epsilon - tolerance, 0)), classes)
    figures = f"with {255 * tolerance:.2g}/255 less, {held.sum()} of {len(images)} keep their class"
    return say(bool(held.all()), f"all lose their class, and {figures}.", f"all lose their class, but {figures}.")


@judge(IMAGES)
def fooling_image(
    answer: np.ndarray | None, backbone: Backbone, image: np.ndarray, label: int, probability: float, change: float
) -> bool:
    """Judge a picture (1, H, W, 3): sure of a class, and no further from an image than `change`.

    Args:
        answer: the picture.
        backbone: the network to be fooled.
        image: (1, H, W, 3) that it has to be close to.
        label: class number that it must get.
        probability: of that class, at least.
        change: most, as root of the mean squared difference and a share of the pixel range [0, 1].
    """
    if (wrong := _unfit(answer, image)) is not None:
        return say(False, "", wrong)
    scores = backbone.activations(np.asarray(answer, np.float32), "logits")[0]
    sure = 1 / np.exp(scores - scores[label]).sum()
    far = float(np.sqrt(((answer - image) ** 2).mean())) / 2
    figures = f"probability {sure:.2f}, {255 * far:.2f}/255 from the image"
    wanted = f"wanted {probability:g} or more, and at most {255 * change:.2f}/255"
    return say(bool(sure >= probability and far <= change), f"{figures}.", f"{figures}; {wanted}.")


@judge(IMAGES)
def metamer(
    answer: np.ndarray | None,
    backbone: Backbone,
    image: np.ndarray,
    layer: str,
    near: float,
    far: float,
) -> bool:
    """Judge a picture (1, H, W, 3) that a layer cannot tell from an image, and that is another picture.

    Args:
        answer: the picture.
        backbone: the network.
        image: (1, H, W, 3).
        layer: whose features are compared, and then the class.
        near: largest relative feature distance.
        far: smallest root of the mean squared difference of the pixels, as a share of the pixel range [0, 1].
    """
    if (wrong := _unfit(answer, image)) is not None:
        return say(False, "", wrong)
    picture = np.asarray(answer, np.float32)
    distance = feature_distance(backbone, picture, image, layer)[0]
    apart = float(np.sqrt(((picture - image) ** 2).mean())) / 2
    same = bool(correct(backbone, picture, int(backbone.activations(image, "logits").argmax()))[0])
    figures = f"feature distance {distance:.3f}, pixels {apart:.2f} apart, {'the same' if same else 'another'} class"
    right = bool(distance <= near and apart >= far and same)
    return say(right, f"{figures}.", f"{figures}; wanted at most {near:g}, at least {far:g}, the same class.")


def _unfit(picture: np.ndarray, image: np.ndarray) -> str | None:
    if np.shape(picture) != image.shape:
        return f"the picture must have the shape {image.shape}; yours has {np.shape(picture)}."
    if not in_range(picture):
        return "a picture lies in [-1, 1]."
    return None
