"""Judge plain answers: numbers, names, functions; and what every judge of the room has in common."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import wraps
from numbers import Integral, Real
from typing import Any, NamedTuple, ParamSpec

import numpy as np
import tensorflow as tf

from ..ascent.penalties import TotalVariation
from ..ascent.result import Result

P = ParamSpec("P")


class Kind(NamedTuple):
    """What an exercise wants: in words, and how an answer of that kind is told from any other."""

    words: str
    fits: Callable[[Any], bool]


NUMBER = Kind("a number", lambda answer: isinstance(answer, Real) and not isinstance(answer, bool))
WHOLE_NUMBER = Kind("a whole number", lambda answer: isinstance(answer, Integral) and not isinstance(answer, bool))
NAME = Kind("a name in quotation marks", lambda answer: isinstance(answer, str))
FUNCTION = Kind("a function", callable)
IMAGES = Kind("an array of images", lambda answer: isinstance(answer, np.ndarray) and answer.dtype.kind in "fiu")
ARRAY = Kind("an array of numbers", lambda answer: isinstance(answer, np.ndarray) and answer.dtype.kind in "fiu")
RESULT = Kind("what fv.maximize returns", lambda answer: isinstance(answer, Result))


def judge(kind: Kind) -> Callable[[Callable[P, bool]], Callable[P, bool | None]]:
    """Make a function of an answer a judge of answers of one kind.

    An answer of None is an exercise not begun, neither right nor wrong. A tensor is taken as the array that it holds,
    and an array of one value as that value where no array is wanted; an answer of another kind is told what is wanted.
    """

    def decorate(function: Callable[P, bool]) -> Callable[P, bool | None]:
        @wraps(function)
        def judge_answer(answer: Any, *args: P.args, **kwargs: P.kwargs) -> bool | None:
            if answer is None:
                print("Not answered yet: replace None by your answer and run the cell again.")
                return None
            answer = answer.numpy() if tf.is_tensor(answer) else answer
            answer = _plain(answer, kind)
            if not kind.fits(answer):
                return say(False, "", f"this exercise wants {kind.words}, and {_describe(answer)} is none.")
            return function(answer, *args, **kwargs)

        return judge_answer

    return decorate


def _plain(answer: Any, kind: Kind) -> Any:
    """Return a number of numpy, a fraction, or an array of one value that is not of the kind itself as Python's own."""
    if isinstance(answer, Fraction):
        return float(answer)
    if not isinstance(answer, np.ndarray | np.generic):
        return answer
    if answer.dtype == tf.bfloat16.as_numpy_dtype:  # for numpy no number at all
        answer = answer.astype(np.float32)
    unpacked = answer.size == 1 and (isinstance(answer, np.generic) or not kind.fits(answer))
    return answer.item() if unpacked else answer


def close(given: np.ndarray, wanted: np.ndarray) -> bool:
    """Return whether numbers are the wanted ones, but for the rounding of float32."""
    return bool(np.allclose(given, wanted, rtol=1e-3, atol=1e-5))


def in_range(pictures: np.ndarray) -> bool:
    """Return whether all values of pictures are finite and lie in [-1, 1], but for rounding."""
    return bool((np.abs(np.asarray(pictures, float)) <= 1 + 1e-6).all())


def is_row(answer: Any) -> bool:
    """Return whether an answer is a list, or an array with one axis."""
    return isinstance(answer, list | tuple) or (isinstance(answer, np.ndarray) and answer.ndim == 1)


def _describe(answer: Any) -> str:
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}" + (f", {answer.dtype}," if answer.dtype.kind not in "fiu" else "")
    words = repr(answer)
    return f"{type(answer).__name__} {words if len(words) < 60 else words[:57] + '...'}"


def say(right: bool, good: str, bad: str) -> bool:
    """Print the verdict with its reason, and return it."""
    print(f"Right: {good}" if right else f"Not yet: {bad}")
    return right


@judge(NUMBER)
def number(answer: float | None, value: float, tolerance: float, hint: str) -> bool:
    """Judge a number: right within `tolerance` of `value`; `hint` says how to find it."""
    return say(bool(abs(answer - value) <= tolerance), f"{value:.4g}.", f"{answer:.4g} is not it. {hint}")


@judge(NUMBER)
def l2_weight(answer: float | None, factor: float, size: int) -> bool:
    """Judge which weight of `L2` charges as much as `factor` times the plain sum of squares at `size` pixels."""
    return _equation(answer, -factor * size**2 / 224**2, "Divide what the paper subtracts by our sum of squares.")


@judge(NUMBER)
def resting_value(answer: float | None, step: float, decay: float) -> bool:
    """Judge where a value rests that climbs by `step` and then loses the share `decay`, again and again."""
    return _equation(answer, step * (1 - decay) / decay, "One step and one decay must leave the value as it was.")


@judge(NUMBER)
def edge_price(answer: float | None, size: int) -> bool:
    """Judge the total variation of a square picture whose left half is -1 and right half 1, in three colours."""
    return _equation(answer, 2 * 3 * 224**2 / size, "One jump in each row and each colour. How high is it?")


def _equation(answer: float, value: float, hint: str) -> bool:
    return say(bool(np.isclose(answer, value, rtol=0.02)), f"{value:.4g}.", f"{answer:.4g} is not it. {hint}")


@judge(NAME)
def best_of(answer: str | None, scores: Mapping[str, float], what: str) -> bool:
    """Judge which name has the highest of the scores; `what` names the score."""
    if answer not in scores:
        return say(False, "", f"'{answer}' is not among {', '.join(scores)}.")
    order = sorted(scores, key=scores.get, reverse=True)
    return say(
        answer == order[0],
        f"'{answer}' has the highest {what}.",
        f"'{answer}' is number {order.index(answer) + 1} of {len(order)} in {what}.",
    )


@judge(IMAGES)
def silent_votes(answer: np.ndarray | None, spread: float) -> bool:
    """Judge a picture (1, 32, 32, 3), not all grey, whose gradient of total variation is 0 inside the border."""
    if np.shape(answer) != (1, 32, 32, 3):
        return say(False, "", f"the picture must have the shape (1, 32, 32, 3); yours has {np.shape(answer)}.")
    if not in_range(answer):
        return say(
            False, "", f"a picture lies in [-1, 1]; yours goes from {np.min(answer):.4g} to {np.max(answer):.4g}."
        )
    up, left = (np.sign(np.diff(np.asarray(answer, float), axis=axis)) for axis in (1, 2))
    inside = np.diff(up, axis=1)[:, :, 1:-1] + np.diff(left, axis=2)[:, 1:-1]
    figures = f"{(inside == 0).mean():.0%} of the votes are 0, and the standard deviation is {np.std(answer):.2f}"
    return say(
        bool((inside == 0).all() and np.std(answer) >= spread),
        f"{figures}.",
        f"{figures}; wanted: all, and {spread:g}.",
    )


def squared_differences(answer: Callable[[np.ndarray], np.ndarray] | None) -> bool | None:
    """Judge a function (N, H, W, 3) -> (N,): total variation with squares."""
    return same_function(answer, TotalVariation(1.0, beta=2.0).value, "Start from total_variation above.")


@judge(FUNCTION)
def same_function(
    answer: Callable[[np.ndarray], np.ndarray] | None, reference: Callable[[np.ndarray], np.ndarray], hint: str
) -> bool:
    """Judge a function of images (N, H, W, 3) by what it returns for random ones; `hint` says what to look at."""
    images = np.random.default_rng(0).uniform(-1, 1, (2, 24, 32, 3)).astype(np.float32)
    expected, returned = np.asarray(reference(tf.constant(images))), np.asarray(answer(images))
    if returned.shape != expected.shape:
        return say(
            False, "", f"for images of shape {images.shape} it must return {expected.shape}, not {returned.shape}."
        )
    error = np.abs(returned - expected).mean() / np.abs(expected).mean()
    return say(
        bool(error < 1e-3), "the same on random images.", f"on random images it is {error:.0%} off on average. {hint}"
    )
