"""Judge plain answers: numbers, names, functions; and what every judge of the room has in common."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec

import numpy as np
import tensorflow as tf

P = ParamSpec("P")


def judge(function: Callable[P, bool]) -> Callable[P, bool | None]:
    """Make a function of an answer a judge: an answer of None is an exercise not begun, neither right nor wrong."""

    @wraps(function)
    def judge_answer(*args: P.args, **kwargs: P.kwargs) -> bool | None:
        answer = args[0] if args else kwargs.get("answer")
        if answer is None:
            print("Not answered yet: replace None by your answer and run the cell again.")
            return None
        return function(*args, **kwargs)

    return judge_answer


def say(right: bool, good: str, bad: str) -> bool:
    """Print the verdict with its reason, and return it."""
    print(f"Right: {good}" if right else f"Not yet: {bad}")
    return right


@judge
def number(answer: float | None, value: float, tolerance: float, hint: str) -> bool:
    """Judge a number: right within `tolerance` of `value`; `hint` says how to find it."""
    return say(bool(abs(answer - value) <= tolerance), f"{value:.4g}.", f"{answer:.4g} is not it. {hint}")


@judge
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


@judge
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
