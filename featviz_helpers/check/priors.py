"""Judge answers about ascent in the code of a generator."""

from collections.abc import Callable

import keras
import numpy as np

from ..models.backbone import Backbone
from ..synthesis.prior import GeneratorPrior
from .answers import ARRAY, FUNCTION, Kind, judge, say

PRIOR = Kind("a GeneratorPrior", lambda answer: isinstance(answer, GeneratorPrior))
ROUNDING = 1e-4


@judge(FUNCTION)
def code_step(
    answer: Callable[[np.ndarray, np.ndarray, float], np.ndarray] | None, prior: GeneratorPrior, seed: int = 0
) -> bool:
    """Judge a function of codes, gradients and step size: one step, shrunk and clipped as the prior does it."""
    chance = np.random.default_rng(seed)
    codes = chance.uniform(prior.low, prior.high, (4, *prior.code)).astype(np.float32)
    slopes = chance.normal(size=codes.shape).astype(np.float32) * 3.0
    inner = tuple(range(1, codes.ndim))
    unit = slopes / slopes.std(axis=inner, keepdims=True)
    given = np.asarray(answer(codes, slopes, 0.5))
    if given.shape != codes.shape:
        return say(False, "", f"for codes of shape {codes.shape} it returns {given.shape}.")
    wanted = prior.constrain(codes + 0.5 * unit).numpy()
    if np.abs(given - wanted).max() <= ROUNDING:
        return say(True, "all codes are where the prior puts them.", "")
    outside = float(((given < prior.low - ROUNDING) | (given > prior.high + ROUNDING)).mean())
    if outside:
        return say(False, "", f"{outside:.0%} of the units end outside their limits.")
    if np.abs(given - np.clip(codes + 0.5 * unit, prior.low, prior.high)).max() <= ROUNDING:
        return say(False, "", "the codes are clipped, but they do not shrink.")
    same = float((np.abs(given - wanted) <= ROUNDING).mean())
    return say(
        False, "", f"{same:.0%} of the units agree. Step, then shrink, then clip; the step goes up the gradient."
    )


@judge(ARRAY)
def typical_code(
    answer: np.ndarray | None, prior: GeneratorPrior, backbone: Backbone, label: int, probability: float, typical: float
) -> bool:
    """Judge a code: its picture must be sure of a class, and the code no longer than those of data.

    Args:
        answer: (1, *code).
        prior: the generator.
        backbone: the network that is asked.
        label: class number.
        probability: of that class, at least.
        typical: most, as root of the mean square of the code in standard deviations from the middle of the limits.
    """
    if np.shape(answer) != (1, *prior.code):
        return say(False, "", f"one code has the shape {(1, *prior.code)}; yours has {np.shape(answer)}.")
    code = np.asarray(answer, np.float32)
    if not np.isfinite(code).all() or ((code < prior.low - ROUNDING) | (code > prior.high + ROUNDING)).any():
        return say(False, "", "some units lie outside their limits.")
    middle, sigma = (prior.low + prior.high) / 2, (prior.high - prior.low) / 6
    far = float(np.sqrt((((code - middle) / sigma) ** 2).mean()))
    scores = backbone.activations(prior.draw(code), "logits")[0]
    sure = float(1 / np.exp(scores - scores[label]).sum())
    figures = f"probability {sure:.2f}, {far:.2f} standard deviations from the middle"
    wanted = f"wanted {probability:g} or more, and at most {typical:g}"
    return say(sure >= probability and far <= typical, f"{figures}.", f"{figures}; {wanted}.")


@judge(PRIOR)
def takes_generator(answer: GeneratorPrior | None, generator: keras.Model, seed: int = 0) -> bool:
    """Judge a prior made of a generator whose pictures lie in [0, 1]: the same pictures, in [-1, 1]."""
    shape = tuple(generator.inputs[0].shape[1:])
    if answer.code != shape:
        return say(False, "", f"its codes have the shape {answer.code}, and those of the generator {shape}.")
    codes = np.random.default_rng(seed).uniform(answer.low, answer.high, (8, *shape)).astype(np.float32)
    raw = np.asarray(generator(codes, training=False))
    made = answer.draw(codes)
    if np.abs(made - raw).max() <= ROUNDING:
        return say(False, "", "its pictures still lie in [0, 1]: nothing in them is darker than middle grey.")
    apart = float(np.abs(made - (2.0 * raw - 1.0)).max())
    return say(apart <= 1e-3, "black is -1 and white is 1.", f"its pictures are up to {apart:.2f} from those wanted.")
