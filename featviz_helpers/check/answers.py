"""Judge plain answers: numbers, names, functions; and what every judge of the room has in common."""

from collections.abc import Callable, Mapping
from functools import wraps
from numbers import Integral, Real
from typing import Any, NamedTuple, ParamSpec

import numpy as np
import tensorflow as tf

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
RESULT = Kind("what fv.maximize returns", lambda answer: isinstance(answer, Result))


def judge(kind: Kind) -> Callable[[Callable[P, bool]], Callable[P, bool | None]]:
    """Make a function of an answer a judge of answers of one kind.

    An answer of None is an exercise not begun, neither right nor wrong. A tensor is taken as the array that it holds,
    and an array of one value as that value; an answer of another kind is told what is wanted.
    """

    def decorate(function: Callable[P, bool]) -> Callable[P, bool | None]:
        @wraps(function)
        def judge_answer(answer: Any, *args: P.args, **kwargs: P.kwargs) -> bool | None:
            if answer is None:
                print("Not answered yet: replace None by your answer and run the cell again.")
                return None
            answer = answer.numpy() if tf.is_tensor(answer) else answer
            answer = answer.item() if isinstance(answer, np.ndarray | np.generic) and answer.size == 1 else answer
            if not kind.fits(answer):
                return say(False, "", f"this exercise wants {kind.words}, and {_describe(answer)} is none.")
            return function(answer, *args, **kwargs)

        return judge_answer

    return decorate


def _describe(answer: Any) -> str:
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
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
