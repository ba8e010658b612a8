"""Tell a student right from wrong: each function judges the answer to one exercise, prints why, and returns a verdict.

An answer of None is an exercise not begun: it is neither right nor wrong, and the notebook runs on.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ..ascent.objectives import Objective
from ..ascent.octaves import Octaves
from ..ascent.result import Result
from ..data import shapes
from ..metrics.spectra import high_frequency
from ..models.backbone import Backbone


def _say(right: bool, good: str, bad: str) -> bool:
    print(f"Right: {good}" if right else f"Not yet: {bad}")
    return right


def _begun(answer: object) -> bool:
    if answer is None:
        print("Not answered yet: replace None by your answer and run the cell again.")
    return answer is not None


def channel_count(answer: int | None, backbone: Backbone, layer: str) -> bool | None:
    """Judge how many channels a layer has."""
    if not _begun(answer):
        return None
    count = backbone.layers[backbone.resolve(layer)]
    return _say(
        answer == count, f"{layer} has {count} channels.", f"{answer} is not it. Try backbone.layers['{layer}']."
    )


def climbs_higher(answer: Result | None, than: Result) -> bool | None:
    """Judge whether a second ascent of the same units reached higher activations."""
    if not _begun(answer):
        return None
    if answer.labels != than.labels:
        return _say(False, "", f"climb the same units as before ({', '.join(than.labels)}), not {answer.labels}.")
    gain = answer.activations - than.activations
    return _say(
        bool((gain > 0).all()),
        f"every unit is higher, by {np.min(gain):.2f} at least.",
        f"{int((gain <= 0).sum())} of {len(gain)} units did not get higher. What else does maximize() offer?",
    )


def gradient_is_activation(answer: Callable[[tf.Tensor], tf.Tensor] | None) -> bool | None:
    """Judge a function of a layer's activations whose gradient must be the activations themselves."""
    if not _begun(answer):
        return None
    maps = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 3, 4)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        value = answer(maps)
    if len(value.shape):
        return _say(False, "", f"an objective is one number; yours has the shape {tuple(value.shape)}. Add it up.")
    slope = tape.gradient(value, maps)
    if slope is None:
        return _say(False, "", "the result does not depend on the activations. Use TensorFlow operations on them.")
    ratio = tf.reduce_mean(slope / maps).numpy()
    return _say(
        bool(np.allclose(slope, maps, rtol=1e-4, atol=1e-5)),
        "its gradient is the activation.",
        f"on random activations the gradient is {ratio:.2f} times the activation on average, not 1.00 everywhere.",
    )


def octave_sizes(answer: Sequence[int] | None, octaves: Octaves, size: int) -> bool | None:
    """Judge the side of the image at every octave, smallest first."""
    if not _begun(answer):
        return None
    sides = [height for height, _ in octaves.sizes(size, size)]
    return _say(
        list(answer) == sides,
        f"{sides}.",
        f"{list(answer)}: {len(sides)} sizes, the last of them {size}, and the ratio of two is always the same.",
    )


def one_step(answer: np.ndarray | None, start: np.ndarray, backbone: Backbone, layer: str, channel: int,
             step_size: float) -> bool | None:  # fmt: skip
    """Judge one step of plain ascent, the gradient divided by its standard deviation, clipped to [-1, 1]."""
    if not _begun(answer):
        return None
    images = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_mean(backbone.truncate(layer)(backbone.preprocess(images))[..., channel])
    slope = tape.gradient(value, images).numpy()
    expected = np.clip(start + step_size * slope / slope.std(), -1, 1)
    if np.shape(answer) != expected.shape:
        return _say(False, "", f"the image must keep its shape {expected.shape}; yours is {np.shape(answer)}.")
    moved = np.abs(np.asarray(answer) - start).mean()
    return _say(
        bool(np.allclose(answer, expected, atol=0.02 * step_size)),
        "that is one step uphill.",
        f"your pixels moved by {moved:.4f} on average, and {np.abs(expected - start).mean():.4f} is right; "
        "check the sign, the division by the standard deviation, and the clipping.",
    )


def combination(answer: Objective | None, weights: dict[tuple[str, int], float]) -> bool | None:
    """Judge an objective of channels alone: `weights` maps (layer, channel) to the factor it must have."""
    if not _begun(answer):
        return None
    found: dict[tuple[str, int], float] = {}
    for term in answer.terms:
        key = (term.layer, int(term.units["channel"][0])) if term.kind == "channel" else (term.layer, -1)
        found[key] = found.get(key, 0.0) + float(term.weight[0])
    return _say(
        found.keys() == weights.keys() and all(np.isclose(found[key], weights[key]) for key in weights),
        "objectives add, subtract and scale like the functions they are.",
        f"yours is {', '.join(answer.broadcast(answer.count).names())}.",
    )


def favourite_class(
    answer: str | None, backbone: Backbone, layer: str, channel: int, data: shapes.Shapes
) -> bool | None:
    """Judge which class of Shapes a channel answers to most strongly on average."""
    if not _begun(answer):
        return None
    if answer not in shapes.CLASSES:
        return _say(False, "", f"'{answer}' is not a class of Shapes; they are in fv.shapes.CLASSES.")
    means = backbone.activations(data.images, layer)[..., channel].mean(axis=(1, 2))
    by_class = {name: means[data.key["class"] == name].mean() for name in set(data.key["class"])}
    order = sorted(by_class, key=by_class.get, reverse=True)
    return _say(
        answer == order[0],
        f"'{order[0]}' is its favourite.",
        f"'{answer}' comes as number {order.index(answer) + 1} of {len(order)}. Average the channel over each class.",
    )


def number(answer: float | None, value: float, tolerance: float, hint: str) -> bool | None:
    """Judge a number: right within `tolerance` of `value`; `hint` says how to find it."""
    if not _begun(answer):
        return None
    return _say(bool(abs(answer - value) <= tolerance), f"{value:.4g}.", f"{answer:.4g} is not it. {hint}")


def best_of(answer: str | None, scores: Mapping[str, float], what: str) -> bool | None:
    """Judge which name has the highest of the scores; `what` names the score."""
    if not _begun(answer):
        return None
    if answer not in scores:
        return _say(False, "", f"'{answer}' is not among {', '.join(scores)}.")
    order = sorted(scores, key=scores.get, reverse=True)
    return _say(
        answer == order[0],
        f"'{answer}' has the highest {what}.",
        f"'{answer}' comes as number {order.index(answer) + 1} of {len(order)} in {what}.",
    )


def same_function(
    answer: Callable[[np.ndarray], np.ndarray] | None, reference: Callable[[np.ndarray], np.ndarray], hint: str
) -> bool | None:
    """Judge a function of images (N, H, W, 3) by what it returns for random ones; `hint` says what to look at."""
    if not _begun(answer):
        return None
    images = np.random.default_rng(0).uniform(-1, 1, (2, 24, 32, 3)).astype(np.float32)
    expected, given = np.asarray(reference(tf.constant(images))), np.asarray(answer(images))
    if given.shape != expected.shape:
        return _say(
            False, "", f"for images of shape {images.shape} it must return {expected.shape}, not {given.shape}."
        )
    away = np.abs(given - expected).mean() / np.abs(expected).mean()
    return _say(
        bool(away < 1e-3), "the same on random images.", f"on random images it is {away:.0%} off on average. {hint}"
    )


def smoother(answer: Result | None, than: Result, keep: float) -> bool | None:
    """Judge whether an ascent has half the share of high frequencies, or less, at a share `keep` of the activation."""
    if not _begun(answer):
        return None
    if answer.labels != than.labels:
        return _say(False, "", f"climb the same units as before ({', '.join(than.labels)}), not {answer.labels}.")
    rough = high_frequency(answer.images).mean() / high_frequency(than.images).mean()
    left = answer.activations.mean() / than.activations.mean()
    told = f"{rough:.0%} of the share of high frequencies and {left:.0%} of the activation are left"
    return _say(
        bool(rough <= 0.5 and left >= keep), f"{told}.", f"{told}; wanted: at most 50% and at least {keep:.0%}."
    )
