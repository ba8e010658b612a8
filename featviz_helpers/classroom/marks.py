"""One question and its mark: points with a reason, from the answer alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..common.checks import shown
from .given import given
from .variants import Variant

SMALL = 0.05  # of the largest case: no case is held to less


class Mark(NamedTuple):
    """What an answer earned, and why."""

    points: float
    reason: str


class Verdict(NamedTuple):
    """The share of a question's points that an answer earns, 0 to 1, and why."""

    share: float
    reason: str


class Mistake(NamedTuple):
    """A mistake that is often made: what it gives, what it earns, and how it is called."""

    share: float
    reason: str
    answer: np.ndarray


@dataclass(frozen=True)
class Question:
    """One question of an assignment.

    Attributes:
        name: of the answer in the hand-in.
        title: for people.
        points: what a right answer earns.
        judge: answer and variant -> verdict; None for what is graded by hand.
    """

    name: str
    title: str
    points: int
    judge: Callable[[Any, Variant], Verdict] | None = None

    def grade(self, answer: np.ndarray | str | None, variant: Variant) -> Mark:
        """Return the mark of an answer. It depends on the two arguments alone, and never raises for an odd answer.

        Args:
            answer: an array of numbers, or text, as `reading.read_answers` returns it; None for none.
            variant: the student's.
        """
        if answer is None:
            return Mark(0.0, "not handed in")
        if self.judge is None:
            words = len(answer.split()) if isinstance(answer, str) else 0
            return Mark(0.0, f"{words} words, to be graded by hand: up to {self.points} points")
        share, reason = self.judge(answer, variant)
        return Mark(round(self.points * share, 1), reason)


def compare(
    answer: Any, truth: np.ndarray, mistakes: Sequence[Mistake] = (), tolerance: float = 1e-3, whole: bool = False
) -> Verdict:
    """Compare numbers with the right ones: all points, those of a known mistake, or those of the rows that are right.

    Args:
        answer: what was handed in.
        truth: the right answer; its first axis is the cases, of which each counts the same.
        mistakes: what is recognised, in this order.
        tolerance: the largest difference in a case, as a share of the right answer's size there.
        whole: whether there are no points for some of the cases.
    """
    wrong = flaw(answer, truth.shape)
    if wrong:
        return Verdict(0.0, wrong)
    answer = np.asarray(answer, np.float64)
    right = _near(answer, truth, tolerance)
    if right.all():
        return Verdict(1.0, "right")
    for share, reason, given_by_it in mistakes:
        if _near(answer, np.asarray(given_by_it, np.float64), tolerance).all():
            return Verdict(share, reason)
    count = int(right.sum())
    if count and not whole:
        return Verdict(count / len(truth), f"{count} of {len(truth)} cases are right")
    return Verdict(0.0, "not right in any case" if not count else "not right in every case")


def _near(answer: np.ndarray, truth: np.ndarray, tolerance: float) -> np.ndarray:
    axes = tuple(range(1, truth.ndim))
    size = np.abs(truth).max(axis=axes) if axes else np.abs(truth)
    off = np.abs(answer - truth).max(axis=axes) if axes else np.abs(answer - truth)
    # A number that happens to lie near 0 is held to the size of the others: rounding in float32 is as large there.
    return off <= tolerance * np.maximum(size, max(SMALL * size.max(initial=0.0), 1e-12))


def flaw(answer: Any, shape: tuple[int, ...]) -> str:
    """Return why an answer is no array of finite numbers of this shape; "" if it is one."""
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "fiub":
        return f"wanted are numbers of shape {shape}, not {shown(answer)}"
    if answer.shape != shape:
        return f"wanted is the shape {shape}, and this one is {answer.shape}"
    return "" if np.isfinite(answer).all() else "some of its numbers are infinite or not a number"


def given_to(variant: Variant, *names: str) -> list[np.ndarray]:
    """Return some of the arrays that a student was given."""
    found = given(variant)
    return [found[name] for name in names]
