"""Judge answers about activation maximisation: objectives, steps, octaves, results."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from ..ascent.objectives import Objective
from ..ascent.octaves import Octaves
from ..ascent.result import Result
from ..metrics import spectra
from ..metrics.spectra import high_frequency, mean_frequency
from ..models.backbone import Backbone
from .answers import FUNCTION, IMAGES, RESULT, Kind, is_row, judge, say

OBJECTIVE = Kind("an objective such as 2 * fv.channel(...)", lambda answer: isinstance(answer, Objective))
SIZES = Kind("a list of numbers", lambda answer: is_row(answer) and all(np.size(one) == 1 for one in answer))


@judge(RESULT)
def climbs_higher(answer: Result | None, than: Result) -> bool:
    """Judge whether a second ascent of the same units reached higher activations."""
    if answer.labels != than.labels:
        return _other_units(answer, than)
    gain = answer.activations - than.activations
    return say(
        bool((gain > 0).all()),
        f"every channel is higher, by at least {np.min(gain):.2f}.",
        f"{int((~(gain > 0)).sum())} of {len(gain)} channels did not get higher. What else does maximize() offer?",
    )


@judge(RESULT)
def smoother(answer: Result | None, than: Result, keep: float) -> bool:
    """Judge whether an ascent has half the share of high frequencies, or less, at a share `keep` of the activation."""
    if answer.labels != than.labels:
        return _other_units(answer, than)
    roughness = high_frequency(answer.images).mean() / high_frequency(than.images).mean()
    activation = answer.activations.mean() / than.activations.mean()
    figures = f"{roughness:.0%} of the share of high frequencies and {activation:.0%} of the activation are left"
    return say(
        bool(roughness <= 0.5 and activation >= keep),
        f"{figures}.",
        f"{figures}; wanted: at most 50% and at least {keep:.0%}.",
    )


@judge(RESULT)
def faint(answer: Result | None, than: Result, contrast: float, keep: float) -> bool:
    """Judge an ascent of another's first unit: at most a root mean square `contrast`, a share `keep` of its height."""
    if answer.labels != than.labels[:1]:
        return _other_units(answer, than, 1)
    strength = float(spectra.contrast(answer.images)[0])
    kept = float(answer.activations[0] / than.activations[0])
    figures = f"contrast {strength:.3f}, and {kept:.0%} of the activation are left"
    return say(
        bool(strength <= contrast and kept >= keep),
        f"{figures}.",
        f"{figures}; wanted: at most {contrast:g} and at least {keep:.0%}.",
    )


def _other_units(answer: Result, than: Result, count: int | None = None) -> bool:
    wanted = ", ".join(than.labels[:count])
    return say(False, "", f"climb the same units as before ({wanted}), not {', '.join(answer.labels)}.")


@judge(FUNCTION)
def gradient_is(
    answer: Callable[[tf.Tensor], tf.Tensor] | None, wanted: Callable[[np.ndarray], np.ndarray], name: str
) -> bool:
    """Judge a function of a layer's activations by its gradient: `wanted` of the activations, called `name`."""
    maps = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 3, 4)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        given = answer(maps)
        value = None if given is None else tf.convert_to_tensor(given)
    if value is None:
        return say(False, "", "the function returns None. Does it end with return?")
    if len(value.shape):
        return say(False, "", f"an objective is one number; yours has the shape {tuple(value.shape)}. Add it up.")
    slope = tape.gradient(value, maps)
    if slope is None:
        return say(False, "", "the result does not depend on the activations. Use TensorFlow operations on them.")
    slope = tf.convert_to_tensor(slope)  # of tf.gather it is a list of rows
    expected = wanted(maps.numpy())
    size = np.abs(slope).mean() / np.abs(expected).mean()
    return say(
        bool(np.allclose(slope, expected, rtol=1e-4, atol=1e-5)),
        f"its gradient is {name}.",
        f"on random activations the gradient is not {name}; it is {size:.2f} times as large on average.",
    )


@judge(RESULT)
def coarser_change(answer: Result | None, start: np.ndarray, than: Result, share: float) -> bool:
    """Judge whether what an ascent added to its start has at most `share` of another's mean frequency."""
    if answer.images.shape != than.images.shape:
        return say(False, "", f"dream on the same photograph, {than.images.shape}, not on {answer.images.shape}.")
    ratio = (mean_frequency(answer.images - start) / mean_frequency(than.images - start)).mean()
    return say(
        bool(ratio <= share),
        f"its mean frequency is {ratio:.0%} of the other's.",
        f"its mean frequency is {ratio:.0%} of the other's; wanted: at most {share:.0%}.",
    )


@judge(SIZES)
def octave_sizes(answer: Sequence[int] | None, octaves: Octaves, size: int) -> bool:
    """Judge the side of the image at every octave, smallest first."""
    sides = [height for height, _ in octaves.sizes(size, size)]
    return say(
        list(answer) == sides,
        f"{sides}.",
        f"{list(answer)}: there are {len(sides)} sizes, the last of them is {size}, and each is the same factor "
        "larger than the one before.",
    )


@judge(IMAGES)
def one_step(answer: np.ndarray | None, start: np.ndarray, backbone: Backbone, layer: str, channel: int,
             step_size: float) -> bool:  # fmt: skip
    """Judge one plain step along the gradient over its standard deviation, clipped; below 0 it goes downhill."""
    images = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_mean(backbone.truncate(layer)(backbone.preprocess(images))[..., channel])
    slope = tape.gradient(value, images).numpy()
    expected = np.clip(start + step_size * slope / slope.std(), -1, 1)
    if np.shape(answer) != expected.shape:
        return say(False, "", f"the image must keep its shape {expected.shape}; yours is {np.shape(answer)}.")
    moved = np.abs(np.asarray(answer) - start).mean()
    return say(
        bool(np.allclose(answer, expected, atol=0.02 * abs(step_size))),
        f"that is one step {'uphill' if step_size > 0 else 'downhill'}.",
        f"your pixels moved by {moved:.4f} on average, and {np.abs(expected - start).mean():.4f} is right; "
        "check the sign, the division by the standard deviation, and the clipping.",
    )


@judge(OBJECTIVE)
def combination(answer: Objective | None, weights: dict[tuple[str, int], float]) -> bool:
    """Judge an objective of channels alone: `weights` maps (layer, channel) to the factor it must have."""
    if answer.count != 1:
        return say(
            False, "", f"one picture is wanted, and yours is for {answer.count}: give each channel as one number."
        )
    factors: dict[tuple[str, int], float] = {}
    for term in answer.terms:
        key = (term.layer, int(term.units["channel"][0])) if term.kind == "channel" else (term.layer, -1)
        factors[key] = factors.get(key, 0.0) + float(term.weight[0])
    return say(
        factors.keys() == weights.keys() and all(np.isclose(factors[key], weights[key]) for key in weights),
        "objectives add, subtract and scale like the functions they are.",
        f"yours is {', '.join(answer.broadcast(answer.count).names())}.",
    )
