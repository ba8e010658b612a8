"""From answers to points: pure functions, the same for every face of the class room."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..common.checks import choice, instance
from . import dreams, evaluation, regularisers
from .marks import Mark, Question
from .reading import read_answers
from .variants import Variant

Answers = Mapping[str, np.ndarray | str]
QUESTIONS: dict[str, tuple[Question, ...]] = {
    "dreams": dreams.QUESTIONS,
    "regularisers": regularisers.QUESTIONS,
    "evaluation": evaluation.QUESTIONS,
}


def grade(variant: Variant, answers: Answers) -> dict[str, Mark]:
    """Grade the answers of one student to one assignment.

    Args:
        variant: assignment and student.
        answers: question -> array or text.

    Returns:
        Question -> points and reason, for every question of the assignment; what was not asked is not looked at.

    Raises:
        ValueError: no variant, or answers without names.
    """
    instance("variant", variant, Variant, "such as Variant('dreams', 'ada')")
    instance("answers", answers, Mapping, "question -> array or text")
    return {question.name: question.grade(answers.get(question.name), variant) for question in questions(variant)}


def question_of(variant: Variant, name: str) -> Question:
    """Return a question of an assignment.

    Raises:
        ValueError: there is none of this name.
    """
    known = {question.name: question for question in questions(variant)}
    return known[choice("the question", name, known)]


def questions(variant: Variant) -> tuple[Question, ...]:
    """Return the questions of a variant's assignment."""
    return QUESTIONS[variant.assignment]


def total(marks: Mapping[str, Mark]) -> float:
    """Return the sum of the points."""
    return round(sum(mark.points for mark in marks.values()), 1)


def points_in(path: Path, name: str) -> float:
    """Return the points of one answer in a file, for nbgrader's hidden tests; 0 without the file.

    They run in the student's own process, so they are a preview: `featviz class grade` is what counts.
    """
    if not path.is_file():
        return 0.0
    hand_in = read_answers(path)
    variant = Variant(hand_in.assignment, hand_in.student)
    return question_of(variant, name).grade(hand_in.answers.get(name), variant).points
