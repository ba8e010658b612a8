"""Judge answers about the code of a generator, and about distances to drawings."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

from ..models.backbone import Backbone
from ..synthesis.prior import GeneratorPrior
from .answers import ARRAY, FUNCTION, Kind, judge, say

PRIOR = Kind("a GeneratorPrior", lambda answer: isinstance(answer, GeneratorPrior))
ROUNDING = 1e-4


@judge(FUNCTION)
def fair_distance(
    answer: Callable[[np.ndarray, np.ndarray], np.ndarray] | None,
    members: np.ndarray,
    fresh: np.ndarray,
    others: Mapping[str, np.ndarray],
    foreign: np.ndarray,
) -> bool:
    """Judge a distance of pictures (N, H, W, 3) to a set (M, H, W, 3): new ones of a kind must be the nearest.

    Args:
        answer: a function of pictures and set, returning (N,).
        members: the set.
        fresh: new pictures of its kind.
        others: name -> pictures that must be farther away on average.
        foreign: another set, to which the fresh ones must be farther.
    """
    far = np.asarray(answer(fresh, members))
    if far.shape != (len(fresh),) or not np.isfinite(far).all():
        return say(False, "", f"for {len(fresh)} pictures it must return as many numbers, not shape {far.shape}.")
    means = {name: float(np.mean(answer(pictures, members))) for name, pictures in others.items()}
    own, abroad = float(far.mean()), float(np.mean(answer(fresh, foreign)))
    figures = f"fresh ones {own:.3g}, " + ", ".join(f"{name} {mean:.3g}" for name, mean in means.items())
    if nearer := [name for name, mean in means.items() if not mean > own]:
        return say(False, "", f"{figures}: {' and '.join(nearer)} must be farther away than the fresh ones.")
    return say(
        abroad > own, f"{figures}.", f"the fresh ones are {abroad:.3g} from the other set, and {own:.3g} from theirs."
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
