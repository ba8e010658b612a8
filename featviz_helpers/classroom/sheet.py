"""The student's side: what is given, whether a function is right on practice data, and the file of answers.

What is printed here helps the student and counts for nothing: the answers are graded elsewhere, by what they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ..common.checks import file_name, instance, refusal, shown
from ..common.files import replacing, write_text
from .given import Given, given
from .reading import MOST_NAME, MOST_TEXT, Unreadable, read_answers
from .variants import NOBODY, PRACTICE, Variant, same_id

ARRAY_KINDS = "fiub"
TAKEN = ("assignment", "student", "file", "allow_pickle")  # by the head of the file, and by what numpy calls its own


class Sheet:
    """The answer sheet of one student for one assignment.

    Args:
        assignment: "dreams", "regularisers" or "evaluation".
        student: the id that the teacher knows the student by.
        path: the file of answers: .npz, or .json. One of the same student and assignment is taken up again.

    Attributes:
        channel: the student's channel of ShapesNet's `layer`.
        given: the arrays that the answers are computed from.

    Raises:
        ValueError: an unknown assignment, an id of no printable characters, or a file name with another ending.
    """

    def __init__(self, assignment: str, student: str, path: str | Path = "answers.npz") -> None:
        self.variant = Variant(assignment, student)
        self.path = file_name("path", path)
        if self.path.suffix not in (".npz", ".json"):
            raise refusal("the ending of the file of answers", "one of '.npz', '.json'", path)
        self.answers = _earlier(self.path, self.variant)
        if self.variant.student == NOBODY:
            print("Write your id into STUDENT, and run that cell and this one again.")

    @property
    def channel(self) -> int:
        """The student's channel."""
        return self.variant.channel

    @property
    def layer(self) -> str:
        """The layer of the channel."""
        return self.variant.layer

    @property
    def given(self) -> Given:
        """What the answers are computed from, by name."""
        return given(self.variant)

    def __repr__(self) -> str:
        done = ", ".join(self.answers) or "nothing yet"
        return f"{self.variant.assignment} of {self.variant.student}: channel {self.channel}; handed in: {done}"

    def try_out(self, question: str, function: Callable[[Given], Any]) -> bool | None:
        """Try a function on practice data, whose numbers are other ones than the student's, and say what is wrong.

        Args:
            question: its name.
            function: takes what is given for the practice data, as `given`, and returns the answer for it.

        Returns:
            Whether the answer is right; None if there is none yet.

        Raises:
            ValueError: there is no such question.
        """
        from .grading import question_of  # what is handed in never needs it

        instance("function", function, Callable, "a function of what is given")
        practice = Variant(self.variant.assignment, PRACTICE)
        wanted = question_of(practice, question)
        answer = function(given(practice))
        if answer is None:
            print("Not answered yet: fill in the function and run both cells again.")
            return None
        points, reason = wanted.grade(_plain(question, answer), practice)
        right = points == wanted.points
        print(f"Right: {reason}." if right and reason != "right" else "Right." if right else f"Not yet: {reason}.")
        return right

    def hand_in(self, question: str, answer: Any) -> None:
        """Write an answer into the file, beside the others; the last one of each question counts.

        Args:
            question: its name.
            answer: an array of numbers, a picture (H, W, 3) in uint8, or text; None is no answer yet.

        Raises:
            ValueError: it is something else, or there is no id yet.
        """
        named = isinstance(question, str) and question.isidentifier() and len(question) <= MOST_NAME
        if not named or question in TAKEN:
            raise ValueError(f"the question must be the name of a question; got {shown(question)}.")
        if answer is None:
            print(f"{question}: not answered yet, nothing is handed in.")
            return
        if self.variant.student == NOBODY:
            raise ValueError(
                f"the student must be you; got '{NOBODY}'. Write your id into STUDENT at the top, run that cell "
                "and the one below it, and hand this in again."
            )
        if not self.answers:
            _set_aside(self.path)
        self.answers[question] = _plain(question, answer)
        write_answers(self.path, self.variant, self.answers)
        print(f"{question}: written to {self.path.name} ({len(self.answers)} answers).")


def write_answers(path: Path, variant: Variant, answers: Mapping[str, np.ndarray | str]) -> None:
    """Write a file of answers, .npz or .json, which appears whole or not at all."""
    head = {"assignment": variant.assignment, "student": variant.student}
    if path.suffix == ".npz":
        texts = {name: np.array(text) for name, text in head.items()}
        with replacing(path) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **texts, **answers)
    else:
        plain = {name: answer if isinstance(answer, str) else answer.tolist() for name, answer in answers.items()}
        write_text(path, json.dumps({**head, "answers": plain}))


def _earlier(path: Path, variant: Variant) -> dict[str, np.ndarray | str]:
    """Return what the same student handed in before the kernel was started anew."""
    try:
        found = read_answers(path)
    except Unreadable:
        return {}
    own = found.assignment == variant.assignment and same_id(found.student, variant.student)
    return found.answers if own else {}


def _set_aside(path: Path) -> None:
    """Give a file that is somebody else's, or of another assignment, another name, so that nothing of it is lost."""
    if not path.exists():
        return
    names = (path.with_name(f"{path.stem}_before_{number}{path.suffix}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    print(f"{path.name} was there already, with nothing of yours for this assignment; it is now {aside.name}.")


def _plain(question: str, answer: Any) -> np.ndarray | str:
    if isinstance(answer, str):
        if len(text := answer.strip()) > MOST_TEXT:
            raise refusal(question, f"a text of at most {MOST_TEXT:,} characters", answer, f"It has {len(text):,}.")
        return text
    try:
        array = np.asarray(answer)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if array.dtype.kind not in ARRAY_KINDS:
        raise ValueError(f"{question} must be an array of numbers, or text; got {shown(answer)}.")
    return array
